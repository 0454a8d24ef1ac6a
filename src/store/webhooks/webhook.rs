//! Webhooks: URLs that are called when something happens in a room.

use diesel::prelude::*;

use crate::domain::{EventKind, Refusal, Role, RoomId, Timestamp, User, UserId, WebhookId, WebhookUrl};
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::error::damaged;
use crate::store::engine::schema::{webhook_event_types, webhooks};
use crate::store::people::rows::require_user;
use crate::store::rooms::access::{require_management, require_membership};
use crate::store::{Store, StoreError};

/// A webhook to be created.
#[derive(Clone)]
pub struct NewWebhook {
    /// Where it is called.
    pub url: WebhookUrl,
    /// The secret that signs its calls.
    pub secret: String,
    /// The room whose events it gets; `None`: all rooms of its maker, also later ones.
    pub room_id: Option<RoomId>,
    /// The types of events that it gets.
    pub event_types: Vec<EventKind>,
}

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The webhook.
    pub id: WebhookId,
    /// Where it is called.
    pub url: String,
    /// The room whose events it gets; `None`: all rooms of its maker.
    pub room_id: Option<RoomId>,
    /// The types of events that it gets.
    pub event_types: Vec<EventKind>,
    /// Its maker. It gets only events that this person may read.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Store {
    /// Creates a webhook.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::NotAllowed`] unless `by` made the room or
    /// is an administrator; for all rooms, unless `by` is an administrator.
    pub async fn create_webhook(&self, by: UserId, new: NewWebhook) -> Result<Webhook, StoreError> {
        self.write_for(by, move |connection| create(connection, by, &new)).await
    }

    /// A person's webhooks, the oldest first; for an administrator, all webhooks.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub async fn webhooks(&self, viewer: UserId) -> Result<Vec<Webhook>, StoreError> {
        self.read_snapshot(move |connection| {
            let viewer = require_user(connection, viewer)?;
            let rows: Vec<WebhookRow> =
                webhooks::table.order(webhooks::id).select(WebhookRow::as_select()).load(connection)?;
            let own = rows.into_iter().filter(|row| row.may_be_seen_by(&viewer));
            own.map(|row| row.with_event_types(connection)).collect()
        })
        .await
    }

    /// The URLs of all webhooks that are called without TLS.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn plain_webhook_urls(&self) -> Result<Vec<String>, StoreError> {
        self.read_snapshot(|connection| {
            let plain = webhooks::table.filter(webhooks::url.like("http://%"));
            Ok(plain.order(webhooks::id).select(webhooks::url).load(connection)?)
        })
        .await
    }

    /// Deletes a webhook with its deliveries. A call that has begun may still arrive.
    ///
    /// # Errors
    /// [`Refusal::WebhookNotFound`], also when it is somebody else's.
    pub async fn delete_webhook(&self, by: UserId, id: WebhookId) -> Result<(), StoreError> {
        self.write_for(by, move |connection| {
            visible_webhook_url(connection, by, id)?;
            diesel::delete(webhooks::table.find(id.0)).execute(connection)?;
            Ok(())
        })
        .await
    }
}

fn create(connection: &mut DbConnection, by: UserId, new: &NewWebhook) -> Result<Webhook, StoreError> {
    let maker = require_user(connection, by)?;
    match new.room_id {
        // A webhook is told what its maker may read: an administrator has to be a member too.
        Some(room) => {
            require_membership(connection, by, room)?;
            require_management(connection, by, room)?;
        }
        None if maker.role == Role::Administrator => {}
        None => return Err(StoreError::Refused(Refusal::NotAllowed)),
    }
    let created_at = Timestamp::now();
    let id: i64 = diesel::insert_into(webhooks::table)
        .values((
            webhooks::created_by.eq(by.0),
            webhooks::room_id.eq(new.room_id.map(|room| room.0)),
            webhooks::url.eq(new.url.as_str()),
            webhooks::secret.eq(&new.secret),
            webhooks::created_at.eq(created_at.0),
        ))
        .returning(webhooks::id)
        .get_result(connection)?;
    for event_type in &new.event_types {
        let wish = (webhook_event_types::webhook_id.eq(id), webhook_event_types::event_type.eq(event_type.name()));
        diesel::insert_into(webhook_event_types::table).values(wish).execute(connection)?;
    }
    Ok(Webhook {
        id: WebhookId(id),
        url: new.url.to_string(),
        room_id: new.room_id,
        event_types: new.event_types.clone(),
        created_by: by,
        created_at,
    })
}

/// Checks that the person may see the webhook, and returns its URL.
pub(in crate::store) fn visible_webhook_url(
    connection: &mut DbConnection,
    viewer: UserId,
    id: WebhookId,
) -> Result<String, StoreError> {
    let viewer = require_user(connection, viewer)?;
    let row = webhooks::table.find(id.0).select(WebhookRow::as_select()).first(connection).optional()?;
    row.filter(|row| row.may_be_seen_by(&viewer))
        .map(|row| row.url)
        .ok_or(StoreError::Refused(Refusal::WebhookNotFound))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhooks, check_for_backend(MultiBackend))]
struct WebhookRow {
    id: i64,
    created_by: i64,
    room_id: Option<i64>,
    url: String,
    created_at: i64,
}

impl WebhookRow {
    fn may_be_seen_by(&self, viewer: &User) -> bool {
        self.created_by == viewer.id.0 || viewer.role == Role::Administrator
    }

    fn with_event_types(self, connection: &mut DbConnection) -> Result<Webhook, StoreError> {
        let names: Vec<String> = webhook_event_types::table
            .filter(webhook_event_types::webhook_id.eq(self.id))
            .select(webhook_event_types::event_type)
            .load(connection)?;
        let broken = || damaged("webhook_event_types", self.id, "event_type");
        let types = names.iter().map(|name| EventKind::from_name(name).ok_or_else(broken));
        let mut event_types = types.collect::<Result<Vec<_>, _>>()?;
        event_types.sort_unstable();
        Ok(Webhook {
            id: WebhookId(self.id),
            url: self.url,
            room_id: self.room_id.map(RoomId),
            event_types,
            created_by: UserId(self.created_by),
            created_at: Timestamp(self.created_at),
        })
    }
}
