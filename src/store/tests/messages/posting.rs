//! Posting, editing and taking back.

use tokio::task::JoinSet;

use crate::domain::{EventKind, MessageId, Refusal, RoomId, Seq, Subject, UserId};
use crate::store::{Posted, StoreError};

use crate::store::tests::database::{body, draft, posted_message};
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn concurrent_posts_take_contiguous_places_in_the_order_of_storing(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let rooms = [database.open_room(ada, &[]).await, database.open_room(ada, &[]).await];
        let mut posts = JoinSet::new();
        for number in 0..200 {
            let (store, room) = ((*database).clone(), rooms[number % 2]);
            posts.spawn(async move { store.post_message(ada, room, draft("hello", None)).await });
        }
        let mut messages = Vec::new();
        while let Some(posted) = posts.join_next().await {
            match posted.expect("no panic").expect("stored") {
                Posted::New { message, .. } => messages.push(message),
                Posted::Replayed(message) => panic!("replayed: {message:?}"),
            }
        }
        for room in rooms {
            let mut of_room: Vec<_> = messages.iter().filter(|message| message.room_id == room).collect();
            of_room.sort_by_key(|message| message.id);
            let numbers: Vec<_> = of_room.iter().map(|message| message.number).collect();
            assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
            // room.created and member.joined came before.
            let seqs: Vec<_> = of_room.iter().map(|message| message.seq.0).collect();
            assert_eq!(seqs, (3..=102).collect::<Vec<_>>());
            let view = database.room(ada, room).await.expect("visible");
            assert_eq!((view.room.last_seq, view.room.message_count), (Seq(102), 100));
        }
    }

    async fn a_posted_message_can_be_read_as_it_was_answered(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let Posted::New { event, .. } =
            database.post_message(ada, room, draft("**hi** 🎉", Some("c-1"))).await.expect("stored")
        else {
            panic!("a first post was replayed");
        };
        assert_eq!((event.room_id, event.actor.id), (room, ada));
        let message = posted_message(*event);
        assert_eq!(message.html, "<p><strong>hi</strong> 🎉</p>\n");
        assert_eq!((message.author.username.as_str(), message.client_id.as_deref()), ("ada", Some("c-1")));
        assert_eq!(database.message(ada, room, message.id).await, Ok(message));
    }

    async fn a_repeated_post_answers_with_the_first_message(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let first = database.post_message(ada, room, draft("hello", Some("c-1"))).await.expect("stored");
        let Posted::New { event, .. } = first else { panic!("a first post was replayed") };
        let repeat = database.post_message(ada, room, draft("hello", Some("c-1"))).await;
        assert_eq!(repeat, Ok(Posted::Replayed(posted_message(*event))));
        let view = database.room(ada, room).await.expect("visible");
        assert_eq!((view.room.message_count, view.room.last_seq), (1, Seq(3)));
    }

    async fn a_client_id_stands_for_one_text_in_one_room(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (room, other) = (database.open_room(ada, &[bob]).await, database.open_room(ada, &[]).await);
        database.post_message(ada, room, draft("hello", Some("c-1"))).await.expect("stored");
        for (room, text) in [(room, "goodbye"), (other, "hello")] {
            let reused = database.post_message(ada, room, draft(text, Some("c-1"))).await;
            assert_eq!(reused, Err(StoreError::Refused(Refusal::ClientIdReused)));
        }
        let of_another = database.post_message(bob, room, draft("hello", Some("c-1"))).await;
        assert!(matches!(of_another, Ok(Posted::New { .. })), "{of_another:?}");
        assert_eq!(database.room(ada, room).await.expect("visible").room.message_count, 2);
    }

    async fn racing_repeats_store_one_message(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        // A second process's writer races too.
        let stores = [(*database).clone(), database.open_again()];
        let mut posts = JoinSet::new();
        for number in 0..32 {
            let store = stores[number % 2].clone();
            posts.spawn(async move { store.post_message(ada, room, draft("once", Some("c-1"))).await });
        }
        let posts: Vec<_> = posts.join_all().await.into_iter().map(|posted| posted.expect("accepted")).collect();
        let new: Vec<_> = posts.iter().filter(|posted| matches!(posted, Posted::New { .. })).collect();
        assert_eq!((new.len(), posts.len()), (1, 32));
        assert_eq!(database.room(ada, room).await.expect("visible").room.last_seq, Seq(3));
    }

    async fn a_repeat_of_a_message_that_was_changed_since_is_still_a_repeat(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let repeat = async || database.post_message(ada, room, draft("hello", Some("c-1"))).await.expect("accepted");
        let Posted::New { message, .. } = repeat().await else { panic!("a first post was replayed") };
        let id = message.id;
        database.edit_message(ada, room, id, body("goodbye")).await.expect("edited");
        assert!(matches!(repeat().await, Posted::Replayed(message) if message.body == "goodbye"));
        database.delete_message(ada, room, id).await.expect("deleted");
        assert!(matches!(repeat().await, Posted::Replayed(message) if message.deleted_at.is_some()));
    }

    async fn only_members_post_and_read(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (open, closed) = (database.open_room(ada, &[]).await, database.closed_room(ada, &[]).await);
        let nowhere = RoomId(closed.0 + 1);
        for (room, refusal) in [
            (open, StoreError::Refused(Refusal::NotAMember)),
            (closed, StoreError::Refused(Refusal::RoomNotFound)),
            (nowhere, StoreError::Refused(Refusal::RoomNotFound)),
        ] {
            let id = MessageId(1);
            assert_eq!(database.post(bob, room, "hello").await, Err(refusal.clone()));
            assert_eq!(database.message(bob, room, id).await, Err(refusal.clone()));
            assert_eq!(database.edit_message(bob, room, id, body("x")).await, Err(refusal.clone()));
            assert_eq!(database.delete_message(bob, room, id).await, Err(refusal));
        }
        assert_eq!(database.post(UserId(99), open, "hello").await, Err(StoreError::Refused(Refusal::UserNotFound)));
        assert_eq!(database.room(ada, open).await.expect("visible").room.message_count, 0);
    }

    async fn an_edit_replaces_the_text_and_keeps_the_place(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let posted = database.post(ada, room, "helo").await.expect("stored");
        let (message, event) = database.edit_message(ada, room, posted.id, body("*hello*")).await.expect("edited");
        assert_eq!((event.seq, event.actor.id), (Seq(4), ada));
        assert_eq!(event.kind, EventKind::MessageEdited);
        let Subject::Message(edited) = event.subject else { panic!("{:?}", event.subject) };
        assert_eq!(*edited, message);
        assert_eq!((edited.seq, edited.number), (posted.seq, posted.number));
        assert_eq!((edited.body.as_str(), edited.html.as_str()), ("*hello*", "<p><em>hello</em></p>\n"));
        assert!(edited.edited_at.is_some());
        assert_eq!(database.message(ada, room, posted.id).await, Ok(*edited));
    }

    async fn only_its_author_edits_a_message(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (room, other) = (database.open_room(bob, &[ada]).await, database.open_room(bob, &[]).await);
        let id = database.post(bob, room, "mine").await.expect("stored").id;
        let by_administrator = database.edit_message(ada, room, id, body("yours")).await;
        assert_eq!(by_administrator, Err(StoreError::Refused(Refusal::NotAllowed)));
        let through_another_room = database.edit_message(bob, other, id, body("mine")).await;
        assert_eq!(through_another_room, Err(StoreError::Refused(Refusal::MessageNotFound)));
        assert_eq!(database.message(bob, room, id).await.expect("there").body, "mine");
    }

    async fn a_deleted_message_loses_its_text_and_keeps_its_place(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let posted = database.post(ada, room, "a secret").await.expect("stored");
        let (deleted, event) = database.delete_message(ada, room, posted.id).await.expect("deleted");
        assert_eq!((deleted.body.as_str(), deleted.html.as_str(), deleted.number), ("", "", 1));
        let event = event.expect("it was not deleted before");
        assert_eq!(event.kind, EventKind::MessageDeleted);
        assert_eq!(event.subject, Subject::Message(Box::new(deleted.clone())));
        assert_eq!(database.message(ada, room, posted.id).await, Ok(deleted.clone()));
        assert_eq!(database.delete_message(ada, room, posted.id).await, Ok((deleted, None)));
        let edit = database.edit_message(ada, room, posted.id, body("again")).await;
        assert_eq!(edit, Err(StoreError::Refused(Refusal::MessageNotFound)));
        // Nothing of the text is left in the database's rows.
        let log = database.events_after(ada, room, Seq(0), 100, 100).await.expect("a member reads");
        assert!(!format!("{log:?}").contains("secret"));
    }

    async fn administrators_delete_what_they_can_see_and_members_only_their_own(database: &TestDatabase) {
        let (ada, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let (open, closed) = (database.open_room(bob, &[eve]).await, database.closed_room(bob, &[eve]).await);
        let in_open = database.post(bob, open, "hello").await.expect("stored").id;
        let in_closed = database.post(bob, closed, "hello").await.expect("stored").id;
        assert_eq!(database.delete_message(eve, open, in_open).await, Err(StoreError::Refused(Refusal::NotAllowed)));
        assert_eq!(database.delete_message(ada, closed, in_closed).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
        let (_, event) = database.delete_message(ada, open, in_open).await.expect("an administrator may");
        assert_eq!(event.expect("it was not deleted before").actor.id, ada);
    }
}
