//! The broadcaster and its hubs together, without a network.

use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::{LocalSet, spawn_local};

use super::{Broadcaster, BroadcasterHandle, BroadcasterLimits, Hub, HubLimits, OutboxLimits, Socket};
use crate::domain::{Timestamp, UserId};
use crate::events::{BusMessage, Carrier, Envelope, LocalBus, Revocation, local_bus};
use crate::pusher::{ChannelName, Member};

const LIMITS: BroadcasterLimits =
    BroadcasterLimits { mailbox: 16, sockets: 10, presence_members: 10, authorization: Duration::from_secs(60) };
const HUB_LIMITS: HubLimits = HubLimits {
    outbox: OutboxLimits { frames: 8, bytes: 10_000 },
    activity_timeout: Duration::from_secs(120),
    pong_timeout: Duration::from_secs(30),
};

/// A broadcaster with two hubs, all on one thread.
struct Stage {
    bus: LocalBus,
    handle: BroadcasterHandle,
    hubs: [Rc<Hub>; 2],
}

impl Stage {
    fn set(limits: BroadcasterLimits) -> Self {
        let (bus, receiver) = local_bus(16);
        let (broadcaster, handle) = Broadcaster::new(receiver, limits);
        spawn_local(broadcaster.run());
        let hubs = [0, 1].map(|_| {
            let (hub, work) = Hub::new(handle.clone(), HUB_LIMITS);
            spawn_local(work);
            hub
        });
        Self { bus, handle, hubs }
    }

    fn publish(&self, channel: &str, data: &str, except: Option<String>) {
        let (channel, event, data) = (channel.to_owned(), "e".to_owned(), data.to_owned());
        self.bus.carry(BusMessage::Event(Envelope { channel, event, data, except, head: None, trace: None }));
    }
}

fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).expect("valid")
}

fn member(channel_data: &str) -> Option<Member> {
    Some(Member::parse(channel_data).expect("valid"))
}

/// The texts that a socket gets until one contains `last`.
async fn texts_until(socket: &Socket, last: &str) -> Vec<String> {
    let mut texts = Vec::new();
    while !texts.last().is_some_and(|text: &String| text.contains(last)) {
        let bytes = std::future::poll_fn(|cx| socket.outbox().poll_write(cx)).await.expect("not closed");
        texts.extend(String::from_utf8_lossy(&bytes).split('\u{FFFD}').map(str::to_owned));
    }
    texts
}

async fn on_one_thread(test: impl Future<Output = ()>) {
    let deadline = Duration::from_secs(10);
    tokio::time::timeout(deadline, LocalSet::new().run_until(test)).await.expect("within the deadline");
}

#[tokio::test]
async fn an_event_reaches_the_sockets_of_its_channel_on_all_hubs_and_no_other() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS);
        let sockets = [0, 1, 0].map(|hub| (&stage.hubs[hub], stage.hubs[hub].open_socket().expect("room")));
        for (hub, socket) in &sockets {
            hub.subscribe(socket, channel("all"), None).await;
        }
        for (hub, socket) in &sockets[..2] {
            hub.subscribe(socket, channel("c"), None).await;
        }
        stage.publish("c", "secret", None);
        stage.publish("c", "not for the first", Some(sockets[0].1.id().to_string()));
        stage.publish("all", "sentinel", None);
        let counts = [(0, 1, 0), (1, 1, 1), (2, 0, 0)];
        for (socket, secrets, excepted) in counts {
            let texts = texts_until(&sockets[socket].1, "sentinel").await.join("\n");
            assert_eq!(texts.matches("secret").count(), secrets, "socket {socket}: {texts}");
            assert_eq!(texts.matches("not for the first").count(), excepted, "socket {socket}: {texts}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_others_hear_of_a_person_once_however_many_tabs_there_are() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS);
        let [first, second] = &stage.hubs;
        let room = channel("presence-room");
        let watcher = first.open_socket().expect("room");
        first.subscribe(&watcher, room.clone(), member(r#"{"user_id":1}"#)).await;
        let tabs = [0, 1].map(|_| second.open_socket().expect("room"));
        for tab in &tabs {
            second.subscribe(tab, room.clone(), member(r#"{"user_id":2}"#)).await;
        }
        second.unsubscribe(&tabs[0], &room);
        second.remove_socket(&tabs[1]);
        let texts = texts_until(&watcher, "member_removed").await.join("\n");
        assert_eq!(texts.matches("member_added").count(), 1, "{texts}");
        let first_tab = texts_until(&tabs[0], "subscription_succeeded").await.join("\n");
        assert!(first_tab.contains(r#"\"count\":2"#) && !first_tab.contains("member_added"), "{first_tab}");
    })
    .await;
}

#[tokio::test]
async fn someone_whose_right_is_revoked_gets_nothing_more_and_cannot_come_back_with_the_old_one() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS);
        let hub = &stage.hubs[0];
        let socket = hub.open_socket().expect("room");
        let room = channel("private-room.1");
        let right = member(r#"{"user_id":"7","issued_at":1000}"#);
        hub.subscribe(&socket, room.clone(), right.clone()).await;
        hub.subscribe(&socket, channel("all"), None).await;
        let (user_id, revoked_at) = (UserId(7), Timestamp(2_000_000));
        stage.bus.carry(BusMessage::Revoke(Revocation { user_id, channel: room.to_string(), revoked_at }));
        stage.publish("all", "revoked by now", None);
        texts_until(&socket, "revoked by now").await;
        assert!(!socket.is_in(&room));
        hub.subscribe(&socket, room.clone(), right).await;
        stage.publish("private-room.1", "secret", None);
        stage.publish("all", "sentinel", None);
        let texts = texts_until(&socket, "sentinel").await.join("\n");
        assert!(texts.contains("Revoked") && !texts.contains("secret"), "{texts}");
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_does_not_read_is_closed_and_the_others_get_everything() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS);
        let hub = &stage.hubs[0];
        let (slow, quick) = (hub.open_socket().expect("room"), hub.open_socket().expect("room"));
        for socket in [&slow, &quick] {
            hub.subscribe(socket, channel("c"), None).await;
        }
        for number in 0..20 {
            stage.publish("c", &format!("event {number}"), None);
            texts_until(&quick, &format!("event {number}")).await;
        }
        assert!(slow.is_closing() && !quick.is_closing(), "{slow:?} {quick:?}");
        let Poll::Ready(Some(last)) = slow.outbox().poll_write(&mut Context::from_waker(Waker::noop())) else {
            panic!("the close frame waits")
        };
        assert_eq!(last[2..4], 4100_u16.to_be_bytes());
    })
    .await;
}

#[tokio::test]
async fn one_socket_too_many_finds_no_room() {
    on_one_thread(async {
        let stage = Stage::set(BroadcasterLimits { sockets: 1, ..LIMITS });
        let socket = stage.hubs[0].open_socket().expect("room");
        assert!(stage.hubs[1].open_socket().is_err());
        stage.hubs[0].remove_socket(&socket);
        assert!(stage.hubs[1].open_socket().is_ok());
        assert_eq!(stage.handle.socket_count(), 1);
    })
    .await;
}

#[tokio::test]
async fn closing_all_sockets_is_spread_over_time_and_lets_nobody_new_in() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS);
        let sockets = [0, 1, 0, 1].map(|hub| stage.hubs[hub].open_socket().expect("room"));
        stage.handle.close_sockets(Duration::from_millis(60));
        for socket in &sockets {
            socket.closing().await;
        }
        assert!(stage.hubs.iter().all(|hub| hub.open_socket().is_err()));
    })
    .await;
}
