//! Messages that answer others.

use crate::domain::{Message, MessageDraft, MessageId, Refusal, RoomId, UserId};
use crate::store::tests::database::{body, draft};
use crate::store::tests::{TestDatabase, on_both_databases};
use crate::store::{Posted, StoreError};

async fn post(
    database: &TestDatabase,
    author: UserId,
    room: RoomId,
    text: &str,
    reply_to: Option<MessageId>,
) -> Result<Message, StoreError> {
    let posted = database.post_message(author, room, MessageDraft { reply_to, ..draft(text, None) }).await?;
    match posted {
        Posted::New { message, .. } => Ok(message),
        Posted::Replayed(message) => panic!("replayed: {message:?}"),
    }
}

on_both_databases! {
    async fn an_answer_carries_the_beginning_of_what_it_answers_as_it_is_now(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        let asked = post(database, ada, room, "**When** is it?", None).await.expect("stored");
        let answer = post(database, bob, room, "At noon", Some(asked.id)).await.expect("stored");
        let excerpt = async || {
            let read = database.message(ada, room, answer.id).await.expect("there");
            read.reply_to.map(|replied_to| (replied_to.id, replied_to.author.map(|author| author.id), replied_to.excerpt))
        };
        let expected = |text: Option<&str>| Some((asked.id, Some(ada), text.map(str::to_owned)));
        assert_eq!(database.message(ada, room, answer.id).await, Ok(answer.clone()));
        assert_eq!(excerpt().await, expected(Some("When is it?")));
        database.edit_message(ada, room, asked.id, body("When and *where*?")).await.expect("edited");
        assert_eq!(excerpt().await, expected(Some("When and where?")));
        database.delete_message(ada, room, asked.id).await.expect("deleted");
        assert_eq!(excerpt().await, expected(None));
    }

    async fn what_is_not_in_the_room_cannot_be_answered_and_nothing_is_stored(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let (room, other) = (database.open_room(ada, &[]).await, database.open_room(ada, &[]).await);
        let elsewhere = post(database, ada, other, "hello", None).await.expect("stored");
        let gone = post(database, ada, room, "hello", None).await.expect("stored");
        database.delete_message(ada, room, gone.id).await.expect("deleted");
        for id in [elsewhere.id, gone.id, MessageId(999), MessageId(-1), MessageId(i64::MAX)] {
            let refused = post(database, ada, room, "an answer", Some(id)).await.map(|message| message.id);
            assert_eq!(refused, Err(StoreError::Refused(Refusal::InvalidReply)), "{id}");
        }
        assert_eq!(database.room(ada, room).await.expect("visible").room.message_count, 1);
    }

    async fn an_answer_outlives_what_it_answers(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let asked = post(database, ada, room, "hello", None).await.expect("stored");
        let answer = post(database, ada, room, "hello yourself", Some(asked.id)).await.expect("stored");
        database.trim_room(room, crate::domain::Timestamp::now(), 3).await.expect("trimmed");
        let read = database.message(ada, room, answer.id).await.expect("there");
        let replied_to = read.reply_to.expect("it answers");
        assert_eq!((replied_to.id, replied_to.author, replied_to.excerpt), (asked.id, None, None));
    }

    async fn a_repeated_answer_is_the_same_only_if_it_answers_the_same(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let asked = post(database, ada, room, "hello", None).await.expect("stored");
        let answer = |reply_to| MessageDraft { reply_to, ..draft("yes", Some("c-1")) };
        let first = database.post_message(ada, room, answer(Some(asked.id))).await.expect("stored");
        let Posted::New { message, .. } = first else { panic!("a first post was replayed") };
        let repeat = database.post_message(ada, room, answer(Some(asked.id))).await;
        assert_eq!(repeat, Ok(Posted::Replayed(message)));
        let other = database.post_message(ada, room, answer(None)).await;
        assert_eq!(other, Err(StoreError::Refused(Refusal::ClientIdReused)));
    }
}
