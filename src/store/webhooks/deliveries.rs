//! The log of a webhook's deliveries.

use diesel::prelude::*;

use crate::domain::{DeliveryId, Refusal, UserId, WebhookId, webhook_host};
use crate::store::engine::schema::webhook_deliveries;
use crate::store::jobs::queue::run_now;
use crate::store::jobs::task::Task;
use crate::store::{Store, StoreError};

use super::delivery::{Delivery, DeliveryRow, DeliveryStatus};
use super::webhook::see_webhook;

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
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read_snapshot(move |connection| {
            see_webhook(connection, viewer, webhook)?;
            let before = before.map_or(i64::MAX, |id| id.0);
            let rows: Vec<DeliveryRow> = webhook_deliveries::table
                .filter(webhook_deliveries::webhook_id.eq(webhook.0).and(webhook_deliveries::id.lt(before)))
                .order(webhook_deliveries::id.desc())
                .limit(limit)
                .select(DeliveryRow::as_select())
                .load(connection)?;
            rows.into_iter().map(Delivery::try_from).collect()
        })
        .await
    }

    /// Has a delivery sent again, whatever became of it.
    ///
    /// # Errors
    /// [`Refusal::WebhookNotFound`], [`Refusal::DeliveryNotFound`].
    pub async fn retry_delivery(&self, by: UserId, webhook: WebhookId, id: DeliveryId) -> Result<Delivery, StoreError> {
        self.write(move |connection| {
            let url = see_webhook(connection, by, webhook)?;
            let of_webhook = webhook_deliveries::table.find(id.0).filter(webhook_deliveries::webhook_id.eq(webhook.0));
            let row: Option<DeliveryRow> = of_webhook.select(DeliveryRow::as_select()).first(connection).optional()?;
            let mut delivery = Delivery::try_from(row.ok_or(StoreError::Refused(Refusal::DeliveryNotFound))?)?;
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
