//! The log of a webhook's deliveries.

use diesel::prelude::*;

use crate::domain::{DeliveryId, Refusal, UserId, WebhookId, webhook_host};
use crate::store::engine::schema::webhook_deliveries;
use crate::store::jobs::queue::run_now;
use crate::store::jobs::task::Task;
use crate::store::{Store, StoreError};

use super::delivery::{DeliveryRow, DeliveryStatus, WebhookDelivery};
use super::webhook::visible_webhook_url;

impl Store {
    /// The log of a webhook, the newest first: those before `before`, at most `limit`.
    ///
    /// # Errors
    /// [`Refusal::WebhookNotFound`], also when it is somebody else's.
    pub async fn deliveries(
        &self,
        viewer: UserId,
        webhook: WebhookId,
        before: Option<DeliveryId>,
        limit: i64,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        self.read_snapshot(move |connection| {
            visible_webhook_url(connection, viewer, webhook)?;
            let before = before.map_or(i64::MAX, |id| id.0);
            let rows: Vec<DeliveryRow> = webhook_deliveries::table
                .filter(webhook_deliveries::webhook_id.eq(webhook.0).and(webhook_deliveries::id.lt(before)))
                .order(webhook_deliveries::id.desc())
                .limit(limit)
                .select(DeliveryRow::as_select())
                .load(connection)?;
            rows.into_iter().map(WebhookDelivery::try_from).collect()
        })
        .await
    }

    /// Sends a delivery again, whatever its status.
    ///
    /// # Errors
    /// [`Refusal::WebhookNotFound`], [`Refusal::DeliveryNotFound`].
    pub async fn retry_delivery(
        &self,
        by: UserId,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<WebhookDelivery, StoreError> {
        self.write_for(by, move |connection| {
            let url = visible_webhook_url(connection, by, webhook)?;
            let of_webhook = webhook_deliveries::table.find(id.0).filter(webhook_deliveries::webhook_id.eq(webhook.0));
            let row: Option<DeliveryRow> = of_webhook.select(DeliveryRow::as_select()).first(connection).optional()?;
            let mut delivery = WebhookDelivery::try_from(row.ok_or(StoreError::Refused(Refusal::DeliveryNotFound))?)?;
            delivery.status = DeliveryStatus::Pending;
            diesel::update(webhook_deliveries::table.find(id.0))
                .set(webhook_deliveries::status.eq(delivery.status.name()))
                .execute(connection)?;
            run_now(connection, Task::Deliver(id), webhook_host(&url))?;
            Ok(delivery)
        })
        .await
    }
}
