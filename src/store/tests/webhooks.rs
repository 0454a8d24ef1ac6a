//! What webhooks are told of: written with the event, and only what their maker may read.

use std::time::Duration;

use crate::domain::{EventKind, Refusal, RoomId, Seq, UserId, WebhookUrl};
use crate::store::{
    DeliveryStatus, LeasedJob, NewWebhook, Posted, StoreError, Task, Undeliverable, Webhook, WebhookDelivery,
};

use super::database::{draft, queued};
use super::{TestDatabase, on_both_databases};

fn new_webhook(room_id: Option<RoomId>, events: &[&str]) -> NewWebhook {
    NewWebhook {
        url: WebhookUrl::parse("https://example.org/hook").expect("valid"),
        secret: "whsec_c2VjcmV0".to_owned(),
        room_id,
        event_types: events.iter().map(|name| EventKind::from_name(name).expect("known")).collect(),
    }
}

pub(super) async fn webhook(database: &TestDatabase, by: UserId, room: Option<RoomId>, events: &[&str]) -> Webhook {
    database.create_webhook(by, new_webhook(room, events)).await.expect("made")
}

async fn log(database: &TestDatabase, webhook: &Webhook) -> Vec<WebhookDelivery> {
    database.deliveries(webhook.created_by, webhook.id, None, 100).await.expect("readable")
}

pub(super) async fn heard(database: &TestDatabase, webhook: &Webhook) -> Vec<(RoomId, Seq, &'static str)> {
    let log = log(database, webhook).await.into_iter().rev();
    log.map(|delivery| (delivery.room_id, delivery.seq, delivery.event_type.name())).collect()
}

async fn take_jobs(database: &TestDatabase) -> Vec<LeasedJob> {
    database.lease_jobs("worker", "example.org", 100, Duration::from_secs(60)).await.expect("leased")
}

on_both_databases! {
    async fn a_delivery_and_its_job_are_written_with_the_event(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let webhook = webhook(database, ada, Some(room), &["message.posted"]).await;
        // In one batch; the second is a repeat, the third is refused.
        let hold = database.hold_writer().await;
        let first = queued(database.post_message(ada, room, draft("hello", Some("c-1")))).await;
        let repeat = queued(database.post_message(ada, room, draft("hello", Some("c-1")))).await;
        let refused = queued(database.post_message(ada, RoomId(999), draft("hello", None))).await;
        drop(hold);
        assert!(matches!(first.await, Ok(Posted::New { .. })) && matches!(repeat.await, Ok(Posted::Replayed(_))));
        assert_eq!(refused.await, Err(StoreError::Refused(Refusal::RoomNotFound)));
        assert_eq!(heard(database, &webhook).await, [(room, Seq(3), "message.posted")]);
        assert_eq!(take_jobs(database).await.len(), 1);
    }

    async fn a_webhook_hears_of_its_room_and_its_types_only(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (room, other) = (database.open_room(ada, &[]).await, database.open_room(ada, &[]).await);
        let webhook = webhook(database, ada, Some(room), &["message.posted", "member.joined"]).await;
        database.post(ada, other, "elsewhere").await.expect("stored");
        let message = database.post(ada, room, "hello").await.expect("stored");
        database.delete_message(ada, room, message.id).await.expect("taken back");
        database.join_room(bob, room).await.expect("joined");
        let expected = [(room, Seq(3), "message.posted"), (room, Seq(5), "member.joined")];
        assert_eq!(heard(database, &webhook).await, expected);
    }

    async fn a_webhook_for_all_rooms_hears_of_those_its_maker_is_in(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let webhook = webhook(database, ada, None, &["message.posted"]).await;
        let (room, secret) = (database.closed_room(bob, &[ada]).await, database.closed_room(bob, &[]).await);
        for room in [room, secret] {
            database.post(bob, room, "hello").await.expect("stored");
        }
        assert_eq!(heard(database, &webhook).await, [(room, Seq(4), "message.posted")]);
    }

    async fn a_webhook_whose_maker_has_left_is_told_nothing_more(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.closed_room(bob, &[ada]).await;
        let webhook = webhook(database, ada, None, &["message.posted"]).await;
        database.post(bob, room, "before").await.expect("stored");
        database.remove_member(bob, room, ada, false).await.expect("removed");
        database.post(bob, room, "after").await.expect("stored");
        let log = log(database, &webhook).await;
        assert_eq!(log.len(), 1);
        // What was written before is not sent after.
        let to_send = database.delivery_to_send(log[0].id).await.expect("readable").expect("there");
        assert_eq!(to_send.event, Err(Undeliverable::NotAMember));
    }

    async fn what_is_sent_is_the_event_as_the_log_shows_it(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let webhook = webhook(database, ada, Some(room), &["message.posted"]).await;
        database.post(ada, room, "hello").await.expect("stored");
        let delivery = log(database, &webhook).await[0].id;
        let to_send = database.delivery_to_send(delivery).await.expect("readable").expect("there");
        let logged = database.events_after(ada, room, Seq(2), 1, 100).await.expect("readable").events.remove(0);
        assert_eq!((to_send.event, to_send.webhook_id), (Ok(logged), webhook.id));
        database.delete_webhook(ada, webhook.id).await.expect("removed");
        assert!(database.delivery_to_send(delivery).await.expect("readable").is_none());
    }

    async fn sending_again_revives_a_delivery(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let webhook = webhook(database, ada, Some(room), &["message.posted"]).await;
        database.post(ada, room, "hello").await.expect("stored");
        let job = take_jobs(database).await.remove(0);
        let id = log(database, &webhook).await[0].id;
        let dead = crate::store::JobOutcome::Permanent("no answer".to_owned());
        let attempt = crate::store::DeliveryAttempt {
            at: crate::domain::Timestamp::now(),
            answer: Some((500, "oh".to_owned())),
        };
        database.settle_delivery(id, job, dead, crate::domain::Timestamp::now(), Some(attempt.clone())).await.expect("settled");
        let failed = log(database, &webhook).await.remove(0);
        assert_eq!((failed.status, failed.attempts, failed.last_attempt), (DeliveryStatus::Failed, 1, Some(attempt)));
        assert_eq!(failed.error.as_deref(), Some("no answer"));
        let again = database.retry_delivery(ada, webhook.id, id).await.expect("there");
        assert_eq!(again.status, DeliveryStatus::Pending);
        let job = take_jobs(database).await.remove(0);
        assert_eq!((job.task, job.attempts), (Task::Deliver(id), 1));
        // One that is under way is left to its worker.
        database.retry_delivery(ada, webhook.id, id).await.expect("there");
        assert_eq!(take_jobs(database).await, []);
    }

    async fn deliveries_wait_by_the_host_that_they_go_to(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        for url in ["https://a.example/1", "https://b.example:8443/", "https://a.example/2"] {
            let url = crate::domain::WebhookUrl::parse(url).expect("valid");
            let new = crate::store::NewWebhook { url, ..new_webhook(Some(room), &["message.posted"]) };
            database.create_webhook(ada, new).await.expect("made");
        }
        for text in ["one", "two"] {
            database.post(ada, room, text).await.expect("stored");
        }
        let hosts = database.waiting_jobs().await.expect("readable");
        assert_eq!(hosts.iter().map(|waiting| waiting.host.as_str()).collect::<Vec<_>>(), ["a.example", "b.example:8443"]);
        let lease = async |host: &str, limit| {
            database.lease_jobs("worker", host, limit, Duration::from_secs(60)).await.expect("leased").len()
        };
        assert_eq!((lease("a.example", 3).await, lease("a.example", 3).await, lease("b.example", 3).await), (3, 1, 0));
        let first = database.waiting_jobs().await.expect("readable").remove(0);
        assert_eq!((first.host.as_str(), first.next_at < crate::domain::Timestamp::now()), ("b.example:8443", true));
        assert_eq!(lease(&first.host, 9).await, 2);
    }

    async fn webhooks_are_their_makers_and_the_administrators(database: &TestDatabase) {
        let (admin, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let room = database.open_room(bob, &[admin, eve]).await;
        let made = webhook(database, bob, Some(room), &["message.posted"]).await;
        webhook(database, admin, Some(room), &["message.posted"]).await;
        for refused in [new_webhook(Some(room), &["message.posted"]), new_webhook(None, &["message.posted"])] {
            assert_eq!(database.create_webhook(eve, refused).await, Err(StoreError::Refused(Refusal::NotAllowed)));
        }
        assert_eq!(database.webhooks(bob).await, Ok(vec![made.clone()]));
        assert_eq!(database.webhooks(eve).await, Ok(vec![]));
        assert_eq!(database.webhooks(admin).await.map(|all| all.len()), Ok(2));
        assert_eq!(database.deliveries(eve, made.id, None, 10).await, Err(StoreError::Refused(Refusal::WebhookNotFound)));
        assert_eq!(database.delete_webhook(eve, made.id).await, Err(StoreError::Refused(Refusal::WebhookNotFound)));
        assert_eq!(database.delete_webhook(admin, made.id).await, Ok(()));
    }
}
