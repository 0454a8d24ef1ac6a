//! Posts of a script, played together or one after the other, and what they were answered.

use std::pin::Pin;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::domain::{EventKind, Message, RoomEvent, RoomId, Seq, Subject, UserId};
use crate::store::{Posted, Snapshot, Store, StoreError};

use super::TestDatabase;
use super::database::{draft, posted_message, queued};

/// Two people in two rooms, and what surrounds them.
pub(super) struct Stage {
    pub(super) people: Vec<UserId>,
    pub(super) rooms: Vec<RoomId>,
}

impl Stage {
    /// The same on every new database, ids too. Ada and bob are in both rooms, eve in neither, and nobody is the last.
    pub(super) async fn set(database: &TestDatabase) -> Self {
        let (ada, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let rooms =
            vec![database.open_room(ada, &[bob]).await, database.closed_room(ada, &[bob]).await, RoomId(1_000_000)];
        Self { people: vec![ada, bob, eve, UserId(1_000_000)], rooms }
    }

    /// How many messages each has not read in each room that exists.
    pub(super) async fn unread(&self, database: &TestDatabase) -> Vec<Option<i64>> {
        let mut unread = Vec::new();
        for &person in &self.people {
            for &room in &self.rooms[..2] {
                let view = database.room(person, room).await.ok();
                let membership = view.as_ref().and_then(|view| view.membership.as_ref());
                unread.push(view.as_ref().zip(membership).map(|(view, own)| own.unread(&view.room)));
            }
        }
        unread
    }

    /// Both rooms' logs, without the times.
    pub(super) async fn logs(
        &self,
        database: &TestDatabase,
    ) -> Vec<(RoomId, Seq, UserId, &'static str, Option<String>)> {
        let mut logs = Vec::new();
        for &room in &self.rooms[..2] {
            let log = database.events_after(self.people[0], room, Seq(0), 10_000, 10_000).await.expect("readable");
            assert_contiguous(&log.events);
            logs.extend(log.events.into_iter().map(|event| {
                let name = event.kind.name();
                let text = match (event.kind, event.subject) {
                    (EventKind::MessagePosted, Subject::Message(message)) => Some(message.body),
                    _ => None,
                };
                (event.room_id, event.seq, event.actor.id, name, text)
            }));
        }
        logs
    }
}

/// What was stored agrees with itself, and no batch was undone to be stored one by one: on Postgres that leaves a gap
/// in the ids, which would hide that the batch itself had decided wrongly.
pub(super) async fn assert_sound(database: &TestDatabase, stage: &Stage) {
    assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
    let mut ids = Vec::new();
    for &room in &stage.rooms[..2] {
        let log = database.events_after(stage.people[0], room, Seq(0), 10_000, 10_000).await.expect("readable");
        ids.extend(log.events.into_iter().filter_map(|event| match (event.kind, event.subject) {
            (EventKind::MessagePosted, Subject::Message(message)) => Some(message.id.0),
            _ => None,
        }));
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..).take(ids.len()).collect::<Vec<_>>());
}

/// A post by indices into the stage's people and rooms.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScriptedPost {
    pub(super) person: usize,
    pub(super) room: usize,
    pub(super) text: &'static str,
    pub(super) client_id: Option<&'static str>,
}

impl ScriptedPost {
    async fn play(self, store: Store, author: UserId, room: RoomId) -> Result<Posted, StoreError> {
        store.post_message(author, room, draft(self.text, self.client_id)).await
    }

    pub(super) fn start(
        self,
        database: &TestDatabase,
        stage: &Stage,
    ) -> impl Future<Output = Result<Posted, StoreError>> + use<> {
        self.play((**database).clone(), stage.people[self.person], stage.rooms[self.room])
    }
}

/// What an answer says, apart from ids and times.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PostAnswer {
    New { seq: i64, number: i64, author: String, text: String },
    Replayed { seq: i64, number: i64, text: String },
    Refused(StoreError),
}

impl From<Result<Posted, StoreError>> for PostAnswer {
    fn from(outcome: Result<Posted, StoreError>) -> Self {
        match outcome {
            Ok(Posted::New { message, event }) => {
                assert_eq!(event.kind.name(), "message.posted");
                let (event_seq, actor) = (event.seq, event.actor.clone());
                assert_eq!(posted_message(*event), message);
                let Message { seq, number, author, body, .. } = message;
                assert_eq!((event_seq, &actor), (seq, &author));
                Self::New { seq: seq.0, number, author: author.username, text: body }
            }
            Ok(Posted::Replayed(Message { seq, number, body, .. })) => {
                Self::Replayed { seq: seq.0, number, text: body }
            }
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// Queues all of them while the writer is held, so that they are one batch.
pub(super) async fn post_together(database: &TestDatabase, stage: &Stage, script: &[ScriptedPost]) -> Vec<PostAnswer> {
    let hold = database.hold_writer().await;
    let mut posts = Vec::new();
    for post in script {
        posts.push(queued(post.start(database, stage)).await);
    }
    drop(hold);
    post_answers(posts).await
}

pub(super) async fn post_answers<F: Future<Output = Result<Posted, StoreError>>>(
    posts: Vec<Pin<Box<F>>>,
) -> Vec<PostAnswer> {
    let mut answers = Vec::new();
    for post in posts {
        answers.push(PostAnswer::from(post.await));
    }
    answers
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// All that posts write, row by row, but for the times, which only have to agree with each other. The queries run on
/// both databases.
const ROWS: [&str; 6] = [
    "SELECT 'room ' || id || ' ' || last_seq || ' ' || message_count AS row FROM rooms ORDER BY id",
    "SELECT 'member ' || room_id || ' ' || user_id || ' ' || read_number || ' ' || uncounted AS row FROM memberships \
     ORDER BY room_id, user_id",
    "SELECT 'message ' || id || ' ' || room_id || ' ' || seq || ' ' || number || ' ' || author_id || ' ' || \
     coalesce(client_id, '-') || ' ' || body || ' ' || html AS row FROM messages \
     WHERE edited_at IS NULL AND deleted_at IS NULL ORDER BY id",
    "SELECT 'event ' || events.room_id || ' ' || events.seq || ' ' || kind || ' ' || actor_id || ' ' || \
     coalesce(message_id, 0) || ' ' || coalesce(member_id, 0) || ' ' || coalesce(data, '-') || ' ' || \
     CASE WHEN messages.created_at <> events.created_at THEN 'at another time' ELSE '' END AS row \
     FROM events LEFT JOIN messages ON messages.id = events.message_id ORDER BY events.room_id, events.seq",
    "SELECT 'delivery ' || deliveries.id || ' ' || webhook_id || ' ' || room_id || ' ' || seq || ' ' || event_type || \
     ' ' || status || ' ' || jobs.kind || ' ' || jobs.payload || ' ' || jobs.host || ' ' || jobs.attempts || ' ' || \
     CASE WHEN jobs.run_at <> deliveries.created_at THEN 'at another time' ELSE '' END AS row \
     FROM webhook_deliveries AS deliveries \
     LEFT JOIN jobs ON jobs.unique_key = 'webhook.deliver:' || deliveries.id ORDER BY deliveries.id",
    "SELECT DISTINCT 'word ' || word AS row FROM search_words ORDER BY row",
];

/// What stands in the tables that posts write.
pub(super) async fn rows(database: &TestDatabase) -> Vec<String> {
    let all = database.read(|connection| {
        let mut all = Vec::new();
        for query in ROWS {
            let rows: Vec<Row> = diesel::sql_query(query).load(connection)?;
            all.extend(rows.into_iter().map(|row| row.row));
        }
        Ok(all)
    });
    all.await.expect("readable")
}

fn assert_contiguous(events: &[RoomEvent]) {
    let seqs: Vec<_> = events.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, (1..).take(events.len()).collect::<Vec<_>>());
}

pub(super) const fn post(
    person: usize,
    room: usize,
    text: &'static str,
    client_id: Option<&'static str>,
) -> ScriptedPost {
    ScriptedPost { person, room, text, client_id }
}

pub(super) fn new(seq: i64, number: i64, author: &str, text: &str) -> PostAnswer {
    PostAnswer::New { seq, number, author: author.to_owned(), text: text.to_owned() }
}

pub(super) fn replayed(seq: i64, number: i64, text: &str) -> PostAnswer {
    PostAnswer::Replayed { seq, number, text: text.to_owned() }
}
