//! Posts that are stored together answer as if they had been stored one after the other.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::domain::{Refusal, Seq};
use crate::store::engine::connection::DbConnection;
use crate::store::{FileStorage, Posted, StoreError};

use crate::store::tests::database::{body, draft, queued};
use crate::store::tests::files::keep;
use crate::store::tests::script::{
    PostAnswer, ScriptedPost, Stage, assert_sound, new, post, post_answers, post_together, replayed, rows,
};
use crate::store::tests::search::found;
use crate::store::tests::webhooks::{heard, webhook};
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn every_post_of_a_batch_gets_the_answer_it_would_get_alone(database: &TestDatabase) {
        use PostAnswer::Refused;
        use Refusal::{ClientIdReused, NotAMember, RoomNotFound, UserNotFound};

        let stage = Stage::set(database).await;
        let earlier = post(0, 0, "earlier", Some("e-1"));
        assert_eq!(PostAnswer::from(earlier.start(database, &stage).await), new(4, 1, "ada", "earlier"));
        let script = [
            (post(0, 0, "one", None), new(5, 2, "ada", "one")),
            (post(0, 0, "two", Some("c-1")), new(6, 3, "ada", "two")),
            (post(1, 1, "other room", Some("c-1")), new(4, 1, "bob", "other room")),
            (post(2, 0, "a stranger", Some("c-1")), Refused(NotAMember.into())),
            (post(2, 1, "a stranger", None), Refused(RoomNotFound.into())),
            (post(0, 2, "no room", Some("c-2")), Refused(RoomNotFound.into())),
            (post(3, 0, "no person", None), Refused(UserNotFound.into())),
            // A refused post leaves its client id free.
            (post(0, 0, "three", Some("c-2")), new(7, 4, "ada", "three")),
            // Repeats of what is in the batch: the same, in another room, with another text.
            (post(0, 0, "two", Some("c-1")), replayed(6, 3, "two")),
            (post(0, 1, "two", Some("c-1")), Refused(ClientIdReused.into())),
            (post(0, 0, "else", Some("c-1")), Refused(ClientIdReused.into())),
            // Repeats of what was stored before it.
            (earlier, replayed(4, 1, "earlier")),
            (post(0, 0, "later", Some("e-1")), Refused(ClientIdReused.into())),
            (post(1, 0, "earlier", Some("e-1")), new(8, 5, "bob", "earlier")),
            (earlier, replayed(4, 1, "earlier")),
            (post(1, 1, "last", None), new(5, 2, "bob", "last")),
        ];
        let (posts, expected): (Vec<_>, Vec<_>) = script.into_iter().unzip();
        assert_eq!(post_together(database, &stage, &posts).await, expected);
        // Ada had read everything up to bob's message, and bob nothing of the first room, where one message is his own.
        assert_eq!(stage.unread(database).await[..4], [Some(1), Some(2), Some(4), Some(0)]);
        let log = stage.logs(database).await;
        let texts: Vec<_> = log.iter().filter_map(|(room, .., text)| Some((room.0, text.as_deref()?))).collect();
        let [first, second] = [stage.rooms[0].0, stage.rooms[1].0];
        let in_first = ["earlier", "one", "two", "three", "earlier"].map(|text| (first, text));
        let in_second = ["other room", "last"].map(|text| (second, text));
        assert_eq!(texts, [in_first.as_slice(), in_second.as_slice()].concat());
        assert_sound(database, &stage).await;
    }

    async fn random_batches_answer_like_the_same_posts_one_after_another_on_sqlite(database: &TestDatabase) {
        let reference = TestDatabase::sqlite();
        let stage = Stage::set(database).await;
        assert_eq!(Stage::set(&reference).await.rooms, stage.rooms);
        let webhooks = [
            webhook(database, stage.people[0], None, &["message.posted"]).await,
            webhook(&reference, stage.people[0], None, &["message.posted"]).await,
        ];
        let mut random = SmallRng::seed_from_u64(7);
        for round in 0..12 {
            let mut script = Vec::new();
            for _ in 0..random.random_range(1..120) {
                script.push(ScriptedPost {
                    person: *[0, 0, 0, 1, 1, 1, 2, 3].choose(&mut random).expect("not empty"),
                    room: *[0, 0, 0, 1, 1, 2].choose(&mut random).expect("not empty"),
                    text: ["hello", "good *day*", "🎉", "Größe `x` https://example.org"].choose(&mut random).expect("not empty"),
                    client_id: *[None, None, Some("a"), Some("b"), Some("c"), Some("d"), Some("e")]
                        .choose(&mut random)
                        .expect("not empty"),
                });
            }
            let answers = post_together(database, &stage, &script).await;
            for (number, (post, answer)) in script.iter().zip(answers).enumerate() {
                let expected = PostAnswer::from(post.start(&reference, &stage).await);
                assert_eq!(answer, expected, "round {round}, post {number}: {post:?}");
            }
            assert_eq!(stage.unread(database).await, stage.unread(&reference).await, "round {round}");
            let heard = [heard(database, &webhooks[0]).await, heard(&reference, &webhooks[1]).await];
            assert_eq!(heard[0], heard[1], "round {round}");
        }
        assert_eq!(rows(database).await, rows(&reference).await);
        for text in ["day", "hel", "größ", "from:bob", "has:link", "has:code"] {
            let found = [found(database, stage.people[0], text).await, found(&reference, stage.people[0], text).await];
            assert_eq!(found[0], found[1], "{text}");
            assert!(!found[0].is_empty(), "{text}");
        }
        assert_sound(database, &stage).await;
    }

    async fn posts_with_files_keep_their_place_in_a_batch(database: &TestDatabase) {
        let stage = Stage::set(database).await;
        let (ada, room) = (stage.people[0], stage.rooms[0]);
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let file = keep(&library, ada, room, b"content").await.expect("kept");
        let with_file = |client_id| {
            let mut draft = draft("see", Some(client_id));
            draft.file_ids.push(file.id);
            draft
        };
        let drafts = [
            draft("one", Some("c-1")),
            with_file("c-2"),
            draft("two", None),
            // The file is taken, the client ids too.
            with_file("c-3"),
            with_file("c-2"),
            with_file("c-1"),
            draft("see", Some("c-2")),
        ];
        let hold = database.hold_writer().await;
        let mut posts = Vec::new();
        for draft in drafts {
            posts.push(queued(database.post_message(ada, room, draft)).await);
        }
        drop(hold);
        let expected = [
            new(4, 1, "ada", "one"),
            new(5, 2, "ada", "see"),
            new(6, 3, "ada", "two"),
            PostAnswer::Refused(StoreError::Refused(Refusal::FileNotFound)),
            replayed(5, 2, "see"),
            PostAnswer::Refused(StoreError::Refused(Refusal::ClientIdReused)),
            PostAnswer::Refused(StoreError::Refused(Refusal::ClientIdReused)),
        ];
        assert_eq!(post_answers(posts).await, expected);
    }

    async fn posts_keep_their_place_among_the_other_changes_of_a_batch(database: &TestDatabase) {
        let stage = Stage::set(database).await;
        let [ada, bob] = [stage.people[0], stage.people[1]];
        let room = stage.rooms[0];
        let first = database.post(ada, room, "first").await.expect("stored").id;
        let hold = database.hold_writer().await;
        let before = [queued(database.post(bob, room, "a")).await, queued(database.post(bob, room, "b")).await];
        let edit = queued(database.edit_message(ada, room, first, body("edited"))).await;
        let between = queued(database.post(bob, room, "c")).await;
        let removal = queued(database.remove_member(ada, room, bob, false)).await;
        let refused = [queued(database.post(bob, room, "d")).await, queued(database.post(bob, room, "e")).await];
        let return_of_bob = queued(database.join_room(bob, room)).await;
        let after = [queued(database.post(ada, room, "f")).await, queued(database.post(bob, room, "g")).await];
        let deletion = queued(database.delete_message(ada, room, first)).await;
        drop(hold);
        for post in before.into_iter().chain([between]).chain(after) {
            assert!(post.await.is_ok());
        }
        for post in refused {
            assert_eq!(post.await, Err(StoreError::Refused(Refusal::NotAMember)));
        }
        let seqs = [
            edit.await.expect("edited").1.seq,
            removal.await.expect("removed").events[0].seq,
            return_of_bob.await.expect("joined").1.expect("was no member").seq,
            deletion.await.expect("deleted").1.expect("was not deleted").seq,
        ];
        assert_eq!(seqs, [Seq(7), Seq(9), Seq(10), Seq(13)]);
        let texts: Vec<_> = stage.logs(database).await.into_iter().filter_map(|(.., text)| text).collect();
        assert_eq!(texts, ["", "a", "b", "c", "f", "g"]);
    }

    async fn a_post_that_the_database_refuses_fails_alone(database: &TestDatabase) {
        let stage = Stage::set(database).await;
        database.write(|connection| Ok(refuse_poison(connection)?)).await.expect("the rule is made");
        let script = [post(0, 0, "one", None), post(1, 0, "poison", None), post(1, 0, "two", None)];
        let answers = post_together(database, &stage, &script).await;
        assert_eq!([&answers[0], &answers[2]], [&new(4, 1, "ada", "one"), &new(5, 2, "bob", "two")]);
        assert!(matches!(&answers[1], PostAnswer::Refused(StoreError::Internal(_))), "{:?}", answers[1]);
    }

    async fn two_processes_that_post_to_the_same_rooms_leave_no_gap_and_no_double(database: &TestDatabase) {
        const POSTERS: usize = 24;
        const POSTS: usize = 40;
        let stage = Stage::set(database).await;
        let stores = [(**database).clone(), database.open_again()];
        let mut posters = JoinSet::new();
        for poster in 0..POSTERS {
            let store = stores[poster % 2].clone();
            let (author, rooms) = (stage.people[poster / 2 % 2], [stage.rooms[0], stage.rooms[1]]);
            posters.spawn(async move {
                let mut outcomes = Vec::new();
                for number in 0..POSTS {
                    // Two posters, in different processes, use the same client ids.
                    let client_id = format!("{}-{number}", poster / 4);
                    let room = rooms[(poster / 4 + number) % 2];
                    outcomes.push(store.post_message(author, room, draft("hello", Some(&client_id))).await);
                }
                outcomes
            });
        }
        let (mut new, mut replayed) = (Vec::new(), Vec::new());
        for outcome in posters.join_all().await.into_iter().flatten() {
            match outcome.expect("accepted") {
                Posted::New { message, .. } => new.push(message),
                Posted::Replayed(message) => replayed.push(message),
            }
        }
        assert_eq!((new.len(), replayed.len()), (POSTERS * POSTS / 2, POSTERS * POSTS / 2));
        for message in &replayed {
            assert!(new.contains(message), "{message:?}");
        }
        stage.logs(database).await;
        for &room in &stage.rooms[..2] {
            let mut of_room: Vec<_> = new.iter().filter(|message| message.room_id == room).collect();
            of_room.sort_by_key(|message| message.id);
            let places: Vec<_> = of_room.iter().map(|message| (message.seq.0, message.number)).collect();
            // Three events, of the room's making and its members, came before.
            let expected: Vec<_> = (1..).map(|number| (number + 3, number)).take(places.len()).collect();
            assert_eq!(places, expected);
            let room = database.room(stage.people[0], room).await.expect("visible").room;
            assert_eq!(places.last().copied(), Some((room.last_seq.0, room.message_count)));
        }
        assert_sound(database, &stage).await;
    }
}

/// Has the database refuse messages of one text.
fn refuse_poison(connection: &mut DbConnection) -> diesel::QueryResult<()> {
    use diesel::connection::SimpleConnection;
    connection.batch_execute(match connection {
        DbConnection::Sqlite(_) => {
            "CREATE TRIGGER no_poison BEFORE INSERT ON messages WHEN new.body = 'poison' \
             BEGIN SELECT RAISE(ABORT, 'poison'); END"
        }
        DbConnection::Postgres(_) => "ALTER TABLE messages ADD CONSTRAINT no_poison CHECK (body <> 'poison')",
    })
}
