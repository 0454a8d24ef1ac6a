//! A database for one test, and the people and rooms that most tests need.

use std::env;
use std::future::poll_fn;
use std::io::Write;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tempfile::TempDir;

use crate::domain::yjs::{changes_to, merge};
use crate::domain::{
    ClientId, DocumentContent, DocumentId, DocumentTitle, Limits, Message, MessageBody, MessageDraft, MessageId,
    PersonName, RetentionRules, RoomEvent, RoomId, RoomKind, RoomName, RoomTopic, Subject, UserId, Username,
};
use crate::store::{
    DatabaseUrl, DocumentSave, NewRoom, NewUser, Posted, SignUpPermission, Store, StoreError, StoreOptions, TokenHash,
    VersionPolicy,
};

pub(super) const LIMITS: Limits = Limits {
    message_chars: 10_000,
    room_name_chars: 80,
    room_topic_chars: 250,
    document_title_chars: 120,
    user_name_chars: 80,
    password_chars_min: 10,
};

pub(super) const OPTIONS: StoreOptions = StoreOptions {
    read_connections: 2,
    read_timeout: Duration::from_secs(10),
    page_bytes: 1_048_576,
    write_queue: 512,
    write_batch: 256,
};

/// A shorter retention counts at once.
pub(super) const RULES: RetentionRules = RetentionRules { default_days: None, min_days: 1, delay: Duration::ZERO };

/// A store on a database of its own, which goes away with it.
pub(super) struct TestDatabase {
    pub(super) url: DatabaseUrl,
    store: Store,
    _place: Place,
}

enum Place {
    Directory { _directory: TempDir },
    Schema(TestSchema),
}

impl Deref for TestDatabase {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestDatabase {
    pub(super) fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = DatabaseUrl::Sqlite(directory.path().join("hubbub.db"));
        let store = Store::open(&url, &OPTIONS).expect("a new database opens");
        Self { url, store, _place: Place::Directory { _directory: directory } }
    }

    /// `None` when no server is named, which is said once.
    pub(super) fn postgres() -> Option<Self> {
        let schema = TestSchema::create()?;
        let url = schema.url.parse().expect("a valid URL");
        let store = Store::open(&url, &OPTIONS).expect("a new schema opens");
        Some(Self { url, store, _place: Place::Schema(schema) })
    }

    /// Another store on the same database, as a second process has it.
    pub(super) fn open_again(&self) -> Store {
        self.open_again_with(&OPTIONS)
    }

    /// The same with other sizes.
    pub(super) fn open_again_with(&self, options: &StoreOptions) -> Store {
        Store::open(&self.url, options).expect("it opens again")
    }

    /// A connection beside the store, for tests that interfere.
    pub(super) fn postgres_connection(&self) -> Option<PgConnection> {
        match &self._place {
            Place::Directory { .. } => None,
            Place::Schema(schema) => Some(PgConnection::establish(&schema.url).expect("the server answers")),
        }
    }

    pub(super) async fn sign_up(&self, username: &str) -> UserId {
        self.create_user(new_user(username, SignUpPermission::Open)).await.expect("signs up").0.id
    }

    pub(super) async fn open_room(&self, by: UserId, members: &[UserId]) -> RoomId {
        self.room_of_kind(by, RoomKind::Open, members).await
    }

    pub(super) async fn closed_room(&self, by: UserId, members: &[UserId]) -> RoomId {
        self.room_of_kind(by, RoomKind::Closed, members).await
    }

    async fn room_of_kind(&self, by: UserId, kind: RoomKind, members: &[UserId]) -> RoomId {
        self.create_room(by, new_room("Lobby", kind, members)).await.expect("a room is made").0.room.id
    }

    pub(super) async fn post(&self, author: UserId, room: RoomId, text: &str) -> Result<Message, StoreError> {
        match self.post_message(author, room, draft(text, None)).await? {
            Posted::New { message, .. } => Ok(message),
            Posted::Replayed(message) => panic!("a post without client id was replayed: {message:?}"),
        }
    }

    /// Posts `count` messages and answers their ids.
    /// Makes a document in which each of these words was saved behind the one before, each save making a version.
    pub(super) async fn write_document(&self, by: UserId, room: RoomId, words: &[&str]) -> DocumentId {
        let title = DocumentTitle::parse("Agenda", &LIMITS).expect("valid");
        let id = self.create_document(by, room, title).await.expect("made").0.id;
        let version_policy = VersionPolicy { interval: Duration::ZERO, most: 100 };
        let mut text = String::new();
        for word in words {
            text.push_str(word);
            let stored = self.document_content(by, id).await.expect("readable");
            let update = changes_to(&text, &stored.state).expect("an update");
            let content = DocumentContent::from(merge(&stored.state, &update, 1_000_000).expect("merged"));
            let save = DocumentSave { id, revision: stored.document.revision, content, version_policy };
            self.save_document(by, save).await.expect("saved").expect("nobody was faster");
        }
        id
    }

    pub(super) async fn post_many(&self, author: UserId, room: RoomId, count: usize) -> Vec<MessageId> {
        let mut ids = Vec::new();
        for number in 1..=count {
            ids.push(self.post(author, room, &format!("message {number}")).await.expect("stored").id);
        }
        ids
    }

    /// Runs SQL on the writer's connection, in a batch like any other change.
    pub(super) async fn run_sql(&self, sql: &'static str) {
        self.write(move |connection| Ok(connection.batch_execute(sql)?)).await.expect("the SQL runs");
    }

    /// Stops the writer within a change of its own, until the answer is dropped: whatever is queued meanwhile becomes
    /// one batch.
    pub(super) async fn hold_writer(&self) -> mpsc::Sender<()> {
        hold_writer_of(&self.store).await
    }
}

pub(super) async fn hold_writer_of(store: &Store) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (held, is_held) = tokio::sync::oneshot::channel::<()>();
    let (held, released) = (std::sync::Mutex::new(Some(held)), std::sync::Mutex::new(released));
    let store = store.clone();
    tokio::spawn(async move {
        let hold = store.write(move |_| {
            drop(held.lock().expect("one user").take());
            // Ends with an error when the test drops its end.
            let _ = released.lock().expect("one user").recv();
            Ok(())
        });
        hold.await
    });
    // The other end is dropped when the writer has begun.
    let _ = is_held.await;
    release
}

/// Polls a call of the store once, which queues its write.
pub(super) async fn queued<F: Future>(call: F) -> Pin<Box<F>> {
    let mut call = Box::pin(call);
    poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending(), "the writer was to be held");
        Poll::Ready(())
    })
    .await;
    call
}

pub(super) fn new_user(username: &str, admission: SignUpPermission) -> NewUser {
    NewUser {
        username: Username::parse(username).expect("a valid user name"),
        name: PersonName::parse(&username.to_uppercase(), &LIMITS).expect("a valid name"),
        password_hash: format!("hash of {username}"),
        admission,
    }
}

pub(super) fn new_room(name: &str, kind: RoomKind, members: &[UserId]) -> NewRoom {
    NewRoom { name: room_name(name), kind, topic: RoomTopic::default(), member_ids: members.to_vec() }
}

pub(super) fn person_name(name: &str) -> PersonName {
    PersonName::parse(name, &LIMITS).expect("a valid name")
}

pub(super) fn room_name(name: &str) -> RoomName {
    RoomName::parse(name, &LIMITS).expect("a valid room name")
}

pub(super) fn room_topic(topic: &str) -> RoomTopic {
    RoomTopic::parse(topic, &LIMITS).expect("a valid topic")
}

pub(super) fn body(text: &str) -> MessageBody {
    MessageBody::parse(text, &LIMITS).expect("a valid body")
}

pub(super) fn draft(text: &str, client_id: Option<&str>) -> MessageDraft {
    let client_id = client_id.map(|id| ClientId::parse(id).expect("a valid client id"));
    MessageDraft { body: body(text), client_id, file_ids: Vec::new(), reply_to: None }
}

pub(super) fn token(byte: u8) -> TokenHash {
    TokenHash([byte; 32])
}

pub(super) fn posted_message(event: RoomEvent) -> Message {
    match event.subject {
        Subject::Message(message) => *message,
        other => panic!("not a post: {other:?}"),
    }
}

/// A schema of its own within the server's database, dropped at the end.
struct TestSchema {
    server: String,
    name: String,
    url: String,
}

impl TestSchema {
    fn create() -> Option<Self> {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let Some(server) = env::var("HUBBUB_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) else {
            report_skipped();
            return None;
        };
        let name = format!("hubbub_{}_{}", std::process::id(), CREATED.fetch_add(1, Ordering::Relaxed));
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{name}&application_name={name}");
        let mut connection = PgConnection::establish(&server).expect("HUBBUB_TEST_POSTGRES_URL names a server");
        connection.batch_execute(&format!("CREATE SCHEMA {name}")).expect("a schema can be made");
        Some(Self { server, name, url })
    }
}

impl Drop for TestSchema {
    fn drop(&mut self) {
        if let Ok(mut connection) = PgConnection::establish(&self.server) {
            // What is left behind stays in a throw-away server.
            let _ = connection.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}

/// Writes past the capture of output by the test harness, which shows nothing of tests that pass.
fn report_skipped() {
    static REPORTED: Once = Once::new();
    assert_ne!(
        env::var("HUBBUB_TEST_REQUIRE_POSTGRES").as_deref(),
        Ok("1"),
        "HUBBUB_TEST_REQUIRE_POSTGRES is 1 but HUBBUB_TEST_POSTGRES_URL names no server (tests/postgres.sh starts one)"
    );
    REPORTED.call_once(|| {
        let notice =
            "SKIPPED: the store's tests on Postgres, for HUBBUB_TEST_POSTGRES_URL is not set (tests/postgres.sh)";
        // Without standard error there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{notice}");
    });
}
