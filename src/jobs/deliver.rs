//! Delivers an event to a webhook, as [Standard Webhooks](https://www.standardwebhooks.com) say.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::auth::WebhookSecret;
use crate::domain::{DeliveryId, RoomEvent, Timestamp, WebhookId};
use crate::json::EventPayload;
use crate::store::{DeliveryAttempt, DeliveryToSend, JobOutcome, Store, StoreError};

use super::outgoing::{OutgoingClient, OutgoingError};

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// "Do not call again", as the standard has it.
const GONE: u16 = 410;

/// Tries once. The attempt is `None` when there was nobody to call.
pub(super) async fn deliver(
    store: &Store,
    client: &OutgoingClient,
    id: DeliveryId,
) -> Result<(JobOutcome, Option<DeliveryAttempt>), StoreError> {
    let Some(delivery) = store.delivery_to_send(id).await? else { return Ok((JobOutcome::Done, None)) };
    let at = Timestamp::now();
    let refused = |error: String| Ok((JobOutcome::Permanent(error), Some(DeliveryAttempt { at, answer: None })));
    let event = match &delivery.event {
        Ok(event) => event,
        Err(withheld) => return refused(withheld.to_string()),
    };
    let Some((headers, body)) = sign(&delivery, event, at) else {
        return refused("the webhook's secret is damaged; make the webhook anew".to_owned());
    };
    let (outcome, answer) = match client.post(&delivery.url, headers, body).await {
        Ok(answer) => (judge(answer.status), Some((answer.status, answer.beginning))),
        Err(error @ (OutgoingError::Private(_) | OutgoingError::Url)) => {
            (JobOutcome::Permanent(error.to_string()), None)
        }
        Err(error @ OutgoingError::Failed(_)) => (JobOutcome::Failed(error.to_string()), None),
    };
    Ok((outcome, Some(DeliveryAttempt { at, answer })))
}

fn judge(status: u16) -> JobOutcome {
    match status {
        200..300 => JobOutcome::Done,
        GONE => JobOutcome::Permanent("the answer was 410: it wants no more".to_owned()),
        status => JobOutcome::Failed(format!("the answer was {status}")),
    }
}

/// The call: the event as on the socket, and the three headers of the standard.
fn sign(delivery: &DeliveryToSend, event: &RoomEvent, at: Timestamp) -> Option<(HeaderMap, Vec<u8>)> {
    let body = serde_json::to_vec(&EventPayload::from(event)).ok()?;
    let (id, timestamp) = (message_id(delivery.webhook_id, event), at.unix_seconds());
    let signature = WebhookSecret::stored(delivery.secret.clone()).sign(&id, timestamp, &body)?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(WEBHOOK_ID, HeaderValue::try_from(id).ok()?);
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(timestamp));
    headers.insert(WEBHOOK_SIGNATURE, HeaderValue::try_from(signature).ok()?);
    Some((headers, body))
}

/// The same however often the event is sent to the webhook, so that its receiver can tell a repeat. The time is part of
/// it: after a backup was restored, another event may take the same place in the log.
fn message_id(webhook: WebhookId, event: &RoomEvent) -> String {
    format!("evt_{webhook}_{}_{}_{}", event.room_id, event.seq, event.created_at.0)
}
