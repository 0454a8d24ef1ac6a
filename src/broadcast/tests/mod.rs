//! The broadcaster and its hubs together, without a network.

mod cluster;

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};

use super::{
    AppTable, Apps, Broadcaster, BroadcasterHandle, BroadcasterLimits, Frame, Hub, HubLimits, SendQueueLimits, Socket,
    WebhookTrigger,
};
use crate::bus::{Broker, BusMessage, Cluster, Envelope, LocalBus, Revocation, SingleNode, Termination, local_bus};
use crate::domain::{Timestamp, UserId};
use crate::pusher::{
    App, AppId, AppWebhook, ChannelKey, ChannelName, Code, PresenceMember, SignedInUser, SocketId, server_frame,
};

const LIMITS: BroadcasterLimits = BroadcasterLimits {
    mailbox: 16,
    sockets: 10,
    cached_channels: 10,
    authorization: Duration::from_secs(60),
    presence_hold: Duration::ZERO,
};
const HUB_LIMITS: HubLimits = HubLimits {
    send_queue: SendQueueLimits { frames: 8, bytes: 10_000 },
    activity_timeout: Duration::from_secs(120),
    pong_timeout: Duration::from_secs(30),
};

/// A broadcaster with two hubs, all on one thread.
struct Stage {
    app: App,
    bus: LocalBus,
    handle: BroadcasterHandle,
    hubs: [Rc<Hub>; 2],
    occurrences: mpsc::Receiver<WebhookTrigger>,
}

impl Stage {
    fn set(limits: BroadcasterLimits, app: App) -> Self {
        Self::among(Arc::new(SingleNode::default()), limits, app)
    }

    fn among(cluster: Arc<dyn Cluster>, limits: BroadcasterLimits, app: App) -> Self {
        let (bus, receiver) = local_bus(16);
        let (sender, occurrences) = mpsc::channel(100);
        let apps = Apps::new(AppTable::new([app.clone()]).expect("one app"));
        let (broadcaster, handle) = Broadcaster::new(receiver, cluster, apps, sender, limits);
        spawn_local(broadcaster.run());
        let hubs = [0, 1].map(|_| {
            let (hub, work) = Hub::new(handle.clone(), HUB_LIMITS);
            spawn_local(work);
            hub
        });
        Self { app, bus, handle, hubs, occurrences }
    }

    fn socket(&self, hub: usize) -> Rc<Socket> {
        self.hubs[hub].open_socket(&self.app).expect("room")
    }

    /// A socket of the first hub that is signed in as somebody.
    async fn signed_in(&self, user_data: &str) -> Rc<Socket> {
        let socket = self.socket(0);
        let user = SignedInUser::parse(user_data).expect("valid");
        let channel = ChannelName::of_user(&user.id).expect("valid");
        let frame = Frame::text(&server_frame::signin_success(user_data));
        self.hubs[0].sign_in(&socket, channel, user, frame).await;
        socket
    }

    /// What webhooks were told until now.
    fn told(&mut self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.occurrences.try_recv().ok());
        events.map(|told| serde_json::to_string(&told.event).expect("JSON")).collect()
    }

    fn publish(&self, channel: &str, data: &str, except: Option<SocketId>) {
        let (event, data) = ("e".to_owned(), data.to_owned());
        let channel = ChannelKey { app: self.app.id, name: ChannelName::parse(channel).expect("valid") };
        let envelope = Envelope { channel, event, data, except, head: None, timeline: None };
        assert_eq!(self.bus.publish(BusMessage::Event(envelope)), Ok(()));
    }
}

fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).expect("valid")
}

fn member(channel_data: &str) -> Option<PresenceMember> {
    Some(PresenceMember::parse(channel_data).expect("valid"))
}

/// The texts that a socket gets until one contains `last`.
async fn texts_until(socket: &Socket, last: &str) -> Vec<String> {
    let mut texts = Vec::new();
    while !texts.iter().any(|text: &String| text.contains(last)) {
        let bytes = std::future::poll_fn(|cx| socket.send_queue().poll_write(cx)).await.expect("not closed");
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
        let stage = Stage::set(LIMITS, App::example());
        let sockets = [0, 1, 0].map(|hub| (&stage.hubs[hub], stage.socket(hub)));
        for (hub, socket) in &sockets {
            hub.subscribe(socket, channel("all"), None).await;
        }
        for (hub, socket) in &sockets[..2] {
            hub.subscribe(socket, channel("c"), None).await;
        }
        stage.publish("c", "secret", None);
        stage.publish("c", "not for the first", Some(sockets[0].1.id()));
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
        let stage = Stage::set(LIMITS, App::example());
        let [first, second] = &stage.hubs;
        let room = channel("presence-room");
        let watcher = stage.socket(0);
        first.subscribe(&watcher, room.clone(), member(r#"{"user_id":1}"#)).await;
        let tabs = [1, 1].map(|hub| stage.socket(hub));
        for tab in &tabs {
            second.subscribe(tab, room.clone(), member(r#"{"user_id":2}"#)).await;
        }
        second.unsubscribe(&tabs[0], &tabs[0].key_of(room));
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
        let stage = Stage::set(LIMITS, App::example());
        let hub = &stage.hubs[0];
        let socket = stage.socket(0);
        let room = channel("private-room.1");
        let right = member(r#"{"user_id":"7","issued_at":1000}"#);
        hub.subscribe(&socket, room.clone(), right.clone()).await;
        hub.subscribe(&socket, channel("all"), None).await;
        let (user_id, revoked_at) = (UserId(7), Timestamp(2_000_000));
        let revocation = Revocation { app: stage.app.id, user_id, channel: room.clone(), revoked_at };
        assert_eq!(stage.bus.publish(BusMessage::Revoke(revocation)), Ok(()));
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
        let stage = Stage::set(LIMITS, App::example());
        let hub = &stage.hubs[0];
        let (slow, quick) = (stage.socket(0), stage.socket(0));
        for socket in [&slow, &quick] {
            hub.subscribe(socket, channel("c"), None).await;
        }
        for number in 0..20 {
            stage.publish("c", &format!("event {number}"), None);
            texts_until(&quick, &format!("event {number}")).await;
        }
        assert!(slow.is_closing() && !quick.is_closing(), "{slow:?} {quick:?}");
        let Poll::Ready(Some(last)) = slow.send_queue().poll_write(&mut Context::from_waker(Waker::noop())) else {
            panic!("the close frame waits")
        };
        assert_eq!(last[2..4], 4100_u16.to_be_bytes());
    })
    .await;
}

#[tokio::test]
async fn one_socket_too_many_finds_no_room() {
    on_one_thread(async {
        let stage = Stage::set(BroadcasterLimits { sockets: 1, ..LIMITS }, App::example());
        let socket = stage.socket(0);
        assert!(stage.hubs[1].open_socket(&stage.app).is_err());
        stage.hubs[0].remove_socket(&socket);
        assert!(stage.hubs[1].open_socket(&stage.app).is_ok());
        assert_eq!(stage.handle.socket_count(), 1);
    })
    .await;
}

#[tokio::test]
async fn closing_all_sockets_is_spread_over_time() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS, App::example());
        let sockets = [0, 1, 0, 1].map(|hub| stage.socket(hub));
        stage.handle.close_sockets(Duration::from_millis(60), Code::OverCapacity);
        for socket in &sockets {
            socket.closing().await;
        }
        stage.handle.refuse_new_sockets();
        assert!(stage.hubs.iter().all(|hub| hub.is_stopping()));
    })
    .await;
}

#[tokio::test]
async fn whoever_joins_a_cache_channel_late_gets_its_last_event_at_once() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS, App::example());
        let (hub, early, late) = (&stage.hubs[0], stage.socket(0), stage.socket(0));
        hub.subscribe(&early, channel("cache-score"), None).await;
        stage.publish("cache-score", "1:0", None);
        let texts = texts_until(&early, "1:0").await.join("\n");
        assert!(texts.contains("pusher:cache_miss"), "{texts}");
        hub.subscribe(&late, channel("cache-score"), None).await;
        let texts = texts_until(&late, "1:0").await.join("\n");
        assert!(!texts.contains("pusher:cache_miss"), "{texts}");
    })
    .await;
}

#[tokio::test]
async fn a_signed_in_user_is_reached_on_every_socket_and_nobody_else_is() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS, App::example());
        let sockets = [stage.signed_in(r#"{"id":"7"}"#).await, stage.signed_in(r#"{"id":"7"}"#).await];
        let stranger = stage.signed_in(r#"{"id":"8"}"#).await;
        stage.publish("#server-to-user-7", "for seven", None);
        stage.publish("#server-to-user-8", "sentinel", None);
        for socket in &sockets {
            texts_until(socket, "for seven").await;
        }
        let texts = texts_until(&stranger, "sentinel").await.join("\n");
        assert!(!texts.contains("for seven"), "{texts}");
    })
    .await;
}

#[tokio::test]
async fn a_user_whose_connections_are_terminated_is_closed_on_every_socket_and_nobody_else_is() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS, App::example());
        let (user, other) = (stage.signed_in(r#"{"id":"7"}"#).await, stage.signed_in(r#"{"id":"8"}"#).await);
        let termination = Termination { app: stage.app.id, user_id: "7".to_owned() };
        assert_eq!(stage.bus.publish(BusMessage::Terminate(termination)), Ok(()));
        user.closing().await;
        texts_until(&user, "4009").await;
        assert!(!other.is_closing());
    })
    .await;
}

#[tokio::test]
async fn a_watcher_hears_who_is_online_and_who_comes_and_goes() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS, App::example());
        let online = stage.signed_in(r#"{"id":"a"}"#).await;
        let watcher = stage.signed_in(r#"{"id":"w","watchlist":["a","b"]}"#).await;
        let texts = texts_until(&watcher, "watchlist_events").await.join("\n");
        let status = r#"[{"name":"online","user_ids":["a"]},{"name":"offline","user_ids":["b"]}]"#;
        assert!(texts.contains(status), "{texts}");
        let tab = stage.signed_in(r#"{"id":"a"}"#).await;
        stage.hubs[0].remove_socket(&online);
        stage.signed_in(r#"{"id":"b"}"#).await;
        let texts = texts_until(&watcher, r#""user_ids":["b"]"#).await.join("\n");
        assert!(!texts.contains(r#"["a"]"#), "another tab came and went unnoticed: {texts}");
        stage.hubs[0].remove_socket(&tab);
        texts_until(&watcher, r#"{"name":"offline","user_ids":["a"]}"#).await;
    })
    .await;
}

#[tokio::test]
async fn subscribers_hear_how_many_they_are_when_their_app_wants_it() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS, App { has_subscription_counts: true, ..App::example() });
        let (hub, first, second) = (&stage.hubs[0], stage.socket(0), stage.socket(0));
        hub.subscribe(&first, channel("c"), None).await;
        hub.subscribe(&second, channel("c"), None).await;
        texts_until(&first, r#"\"subscription_count\":2"#).await;
        hub.remove_socket(&second);
        texts_until(&first, r#"\"subscription_count\":1"#).await;
    })
    .await;
}

#[tokio::test]
async fn webhooks_are_told_of_channels_members_and_misses() {
    on_one_thread(async {
        let webhook: AppWebhook = serde_json::from_str(r#"{"url":"http://x"}"#).expect("valid");
        let mut stage =
            Stage::set(LIMITS, App { webhooks: vec![webhook], has_subscription_counts: true, ..App::example() });
        let sockets = [stage.socket(0), stage.socket(0)];
        for socket in &sockets {
            stage.hubs[0].subscribe(socket, channel("presence-cache-c"), member(r#"{"user_id":1}"#)).await;
        }
        for socket in &sockets {
            stage.hubs[0].remove_socket(socket);
        }
        let last = stage.socket(1);
        stage.hubs[1].subscribe(&last, channel("public"), None).await;
        let expected = [
            r#"{"name":"member_added","channel":"presence-cache-c","user_id":"1"}"#,
            r#"{"name":"channel_occupied","channel":"presence-cache-c"}"#,
            r#"{"name":"cache_miss","channel":"presence-cache-c"}"#,
            r#"{"name":"member_removed","channel":"presence-cache-c","user_id":"1"}"#,
            r#"{"name":"channel_vacated","channel":"presence-cache-c"}"#,
            r#"{"name":"channel_occupied","channel":"public"}"#,
            r#"{"name":"subscription_count","channel":"public","subscription_count":1}"#,
        ];
        assert_eq!(stage.told(), expected);
    })
    .await;
}

#[tokio::test]
async fn two_apps_use_the_same_name_and_hear_nothing_of_each_other() {
    on_one_thread(async {
        let stage = Stage::set(LIMITS, App::example());
        let other = App { id: AppId::numbered(2), key: "other".to_owned(), ..App::example() };
        let both = AppTable::new([stage.app.clone(), other.clone()]).expect("two apps");
        stage.handle.apps().replace(both);
        let theirs = stage.hubs[0].open_socket(&other).expect("room");
        let ours = stage.socket(0);
        for socket in [&theirs, &ours] {
            stage.hubs[0].subscribe(socket, channel("c"), None).await;
        }
        stage.publish("c", "ours alone", None);
        texts_until(&ours, "ours alone").await;
        let envelope = Envelope {
            channel: ChannelKey { app: other.id, name: channel("c") },
            event: "e".to_owned(),
            data: "sentinel".to_owned(),
            except: None,
            head: None,
            timeline: None,
        };
        assert_eq!(stage.bus.publish(BusMessage::Event(envelope)), Ok(()));
        let texts = texts_until(&theirs, "sentinel").await.join("\n");
        assert!(!texts.contains("ours alone"), "{texts}");
    })
    .await;
}
