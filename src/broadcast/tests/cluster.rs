//! The broadcaster among those of other processes, which are played by the test.

use std::sync::{Arc, Mutex};

use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use super::{LIMITS, Stage, channel, member, on_one_thread, texts_until};
use crate::broadcast::{ChannelKey, Socket};
use crate::bus::{
    BoxFuture, ChannelDelta, ChannelSnapshot, Cluster, ClusterEvent, ClusterMessage, Digest, EncodedFrame, NodeId,
    NodeShare, Query, QueryResult, Recipient,
};
use crate::pusher::{App, PresenceMember};

/// Notes what the broadcaster does, and does nothing.
struct Notes {
    node: NodeId,
    notes: mpsc::UnboundedSender<Note>,
    answer: Mutex<QueryResult>,
}

#[derive(Debug)]
enum Note {
    Listen(ChannelKey),
    Offer(ChannelKey),
    Ignore(ChannelKey),
    Find(ChannelKey),
    Told(Recipient, ClusterMessage),
}

impl Notes {
    fn note(&self, note: Note) {
        self.notes.send(note).expect("the test listens");
    }
}

impl Cluster for Notes {
    fn has_others(&self) -> bool {
        true
    }

    fn this_node(&self) -> NodeId {
        self.node
    }

    fn subscribe(&self, channel: &ChannelKey) {
        self.note(Note::Listen(channel.clone()));
    }

    fn serve_snapshots(&self, channel: &ChannelKey) {
        self.note(Note::Offer(channel.clone()));
    }

    fn unsubscribe(&self, channel: &ChannelKey) {
        self.note(Note::Ignore(channel.clone()));
    }

    fn send(&self, recipient: Recipient, message: ClusterMessage) {
        self.note(Note::Told(recipient, message));
    }

    fn request_snapshot(&self, channel: &ChannelKey) {
        self.note(Note::Find(channel.clone()));
    }

    fn watch_node(&self, _: NodeId) {}

    fn query(&self, _: Query) -> BoxFuture<QueryResult> {
        let answer = self.answer.lock().expect("no panic").clone();
        Box::pin(async move { answer })
    }
}

/// A stage, what its broadcaster tells others, and two others.
struct Among {
    stage: Stage,
    notes: mpsc::UnboundedReceiver<Note>,
    others: [NodeId; 2],
    key: ChannelKey,
}

impl Among {
    fn set() -> Self {
        let (sender, notes) = mpsc::unbounded_channel();
        let peers = Notes { node: NodeId::random(), notes: sender, answer: Mutex::default() };
        let app = App::example();
        let key = ChannelKey { app: app.id, name: channel("presence-c") };
        let stage = Stage::among(Arc::new(peers), LIMITS, app);
        Self { stage, notes, others: [NodeId::random(), NodeId::random()], key }
    }

    async fn note(&mut self) -> Note {
        self.notes.recv().await.expect("the broadcaster runs")
    }

    fn says(&self, node: usize, message: ClusterMessage) {
        self.stage.bus.report(ClusterEvent::Message(self.others[node], message));
    }

    fn part(&self, node: usize, stamp: u64, ids: &[&str]) -> NodeShare {
        NodeShare {
            owner: self.others[node],
            stamp,
            sockets: ids.len(),
            members: ids.iter().map(|id| person(id)).collect(),
        }
    }

    fn change(&self, before: u64, stamp: u64, joined: &[&str], left: &[&str]) -> ClusterMessage {
        let joined = joined.iter().map(|id| person(id)).collect();
        let left = left.iter().map(|&id| id.to_owned()).collect();
        ClusterMessage::Delta(ChannelDelta { channel: self.key.clone(), before, stamp, joined, left, sockets: 1 })
    }

    /// A socket that has joined as ada, while the others said that they hold these parts.
    async fn ada(&mut self, parts: Vec<NodeShare>) -> (std::rc::Rc<Socket>, Vec<String>) {
        let socket = self.stage.socket(0);
        let hub = std::rc::Rc::clone(&self.stage.hubs[0]);
        let joining = hub.subscribe(&socket, channel("presence-c"), member(r#"{"user_id":"ada"}"#));
        let answering = async {
            assert!(matches!(self.note().await, Note::Listen(key) if key == self.key), "first it listens");
            assert!(matches!(self.note().await, Note::Find(key) if key == self.key));
            let held = ChannelSnapshot { channel: self.key.clone(), parts, cached: None };
            self.stage.bus.report(ClusterEvent::Snapshot(self.key.clone(), Some(Box::new(held))));
        };
        tokio::join!(joining, answering);
        let texts = texts_until(&socket, "subscription_succeeded").await;
        assert!(matches!(self.note().await, Note::Offer(key) if key == self.key), "whoever knows all may be asked");
        assert!(matches!(self.note().await, Note::Listen(_)));
        let told = self.note().await;
        assert!(matches!(
            told,
            Note::Told(Recipient::Channel(_), ClusterMessage::Delta(ChannelDelta { before: 0, sockets: 1, ref joined, .. }))
                if joined.len() == 1
        ));
        (socket, texts)
    }

    /// What a socket has got by the time that all that was said has been heard.
    async fn heard(&self, socket: &Socket) -> Vec<String> {
        // Orders and events go different ways: a question goes the way of orders, an event the other.
        let (sender, answer) = oneshot::channel();
        self.stage.bus.report(ClusterEvent::Query(Query::Users(self.key.clone()), sender));
        answer.await.expect("answered");
        self.stage.publish("presence-c", "sentinel", None);
        texts_until(socket, "sentinel").await
    }
}

fn person(id: &str) -> PresenceMember {
    PresenceMember::parse(&format!(r#"{{"user_id":"{id}"}}"#)).expect("valid")
}

fn count(texts: &[String], event: &str, user_id: &str) -> usize {
    texts.iter().filter(|text| text.contains(event) && text.contains(&format!(r#"\"{user_id}\""#))).count()
}

#[tokio::test]
async fn the_first_socket_of_a_presence_channel_sees_who_is_there_on_other_nodes() {
    on_one_thread(async {
        let mut among = Among::set();
        let parts = vec![among.part(0, 5, &["bob", "ada"]), among.part(1, 9, &["carol"])];
        let (_socket, texts) = among.ada(parts).await;
        let succeeded = texts.join("\n");
        assert!(succeeded.contains(r#"\"count\":3"#), "{succeeded}");
        assert!(["ada", "bob", "carol"].iter().all(|id| succeeded.contains(id)), "{succeeded}");
    })
    .await;
}

#[tokio::test]
async fn what_was_missed_is_asked_for_and_announced_once() {
    on_one_thread(async {
        let mut among = Among::set();
        let parts = vec![among.part(0, 5, &["bob"])];
        let (socket, _) = among.ada(parts).await;
        among.says(0, among.change(5, 6, &["carol"], &[]));
        among.says(0, among.change(5, 6, &["carol"], &[]));
        among.says(0, among.change(7, 8, &["erin"], &[]));
        let texts = among.heard(&socket).await;
        assert_eq!((count(&texts, "member_added", "carol"), count(&texts, "member_added", "erin")), (1, 0));
        let asked =
            |note: &Note, node| matches!(note, Note::Told(Recipient::Node(to), ClusterMessage::RequestShare(_)) if *to == node);
        assert!(asked(&among.note().await, among.others[0]), "one was missed");

        let digest = ClusterMessage::Digest(Digest { channel: among.key.clone(), stamp: 3 });
        among.says(1, digest);
        assert!(asked(&among.note().await, among.others[1]), "a node that nothing is known of");

        let parts = vec![among.part(0, 8, &["carol", "dave", "erin"])];
        among.says(0, ClusterMessage::Snapshot(Box::new(ChannelSnapshot { channel: among.key.clone(), parts, cached: None })));
        let texts = among.heard(&socket).await;
        assert_eq!(count(&texts, "member_removed", "bob"), 1, "{texts:?}");
        assert_eq!(["carol", "dave", "erin"].map(|id| count(&texts, "member_added", id)), [0, 1, 1], "{texts:?}");
    })
    .await;
}

#[tokio::test]
async fn those_of_a_node_that_is_gone_leave_unless_they_are_elsewhere_too() {
    on_one_thread(async {
        let mut among = Among::set();
        let parts = vec![among.part(0, 5, &["bob", "ada", "carol"]), among.part(1, 5, &["carol"])];
        let (socket, _) = among.ada(parts).await;
        among.stage.bus.report(ClusterEvent::NodeLost(among.others[0]));
        let texts = among.heard(&socket).await;
        let left = ["bob", "ada", "carol"].map(|id| count(&texts, "member_removed", id));
        assert_eq!(left, [1, 0, 0], "{texts:?}");
    })
    .await;
}

#[tokio::test]
async fn a_nodes_part_is_told_to_whoever_asks_and_after_it_was_away() {
    on_one_thread(async {
        let mut among = Among::set();
        let (_socket, _) = among.ada(Vec::new()).await;
        among.says(0, ClusterMessage::RequestShare(among.key.clone()));
        let Note::Told(Recipient::Node(to), ClusterMessage::Snapshot(held)) = among.note().await else {
            panic!("an answer")
        };
        let members: Vec<_> = held.parts.iter().flat_map(|part| &part.members).map(|m| m.user_id.as_str()).collect();
        assert_eq!((to, held.parts.len(), members), (among.others[0], 1, vec!["ada"]));

        among.stage.bus.report(ClusterEvent::Reconnected);
        assert!(matches!(among.note().await, Note::Told(Recipient::All, ClusterMessage::RequestDigests)));
        let Note::Told(Recipient::Channel(_), ClusterMessage::Digest(digest)) = among.note().await else {
            panic!("a digest")
        };
        assert_eq!(digest.stamp, held.parts[0].stamp);
    })
    .await;
}

#[tokio::test]
async fn two_nodes_that_begin_in_the_same_moment_find_each_other() {
    on_one_thread(async {
        let mut among = Among::set();
        let (socket, _) = among.ada(Vec::new()).await;
        among.says(0, among.change(0, 3, &["bob"], &[]));
        let Note::Told(Recipient::Node(to), ClusterMessage::Digest(_)) = among.note().await else { panic!("a digest") };
        assert_eq!(to, among.others[0]);
        let texts = among.heard(&socket).await;
        assert_eq!(count(&texts, "member_added", "bob"), 1, "{texts:?}");
    })
    .await;
}

#[tokio::test]
async fn a_frame_of_another_node_is_sent_as_it_is() {
    on_one_thread(async {
        let mut among = Among::set();
        let (socket, _) = among.ada(Vec::new()).await;
        let text = r#"{ "event":"e","channel":"presence-c","data":"1.0" }"#;
        let frame = RawValue::from_string(text.to_owned()).expect("JSON");
        let event = EncodedFrame { channel: among.key.clone(), except: None, head: None, frame };
        among.says(0, ClusterMessage::Event(EncodedFrame { except: Some(socket.id()), ..event.clone() }));
        among.says(0, ClusterMessage::Event(event));
        let texts = among.heard(&socket).await;
        assert_eq!(texts.iter().filter(|got| got.contains(text)).count(), 1, "{texts:?}");
    })
    .await;
}

#[tokio::test]
async fn a_channel_is_listened_to_while_it_has_a_socket_here() {
    on_one_thread(async {
        let mut among = Among::set();
        let (hub, socket) = (std::rc::Rc::clone(&among.stage.hubs[0]), among.stage.socket(0));
        let key = socket.key_of(channel("c"));
        hub.subscribe(&socket, channel("c"), None).await;
        assert!(
            matches!(among.note().await, Note::Listen(listened) if listened == key),
            "nobody is asked for a plain one"
        );
        hub.unsubscribe(&socket, &key);
        assert!(matches!(among.note().await, Note::Ignore(ignored) if ignored == key));
    })
    .await;
}
