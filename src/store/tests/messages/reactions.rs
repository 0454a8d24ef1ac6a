//! Emoji under messages.

use tokio::task::JoinSet;

use crate::domain::{EventKind, MessageId, ReactionEmoji, Refusal, RoomId, Seq, Subject, UserId};
use crate::store::messages::history::{HistoryFrom, HistoryPage};
use crate::store::tests::database::draft;
use crate::store::tests::{TestDatabase, on_both_databases};
use crate::store::{Posted, StoreError};

const MAX: usize = 3;

fn emoji(text: &str) -> ReactionEmoji {
    ReactionEmoji::parse(text).expect("a reaction")
}

async fn post(database: &TestDatabase, author: UserId, room: RoomId) -> MessageId {
    match database.post_message(author, room, draft("hello", None)).await.expect("stored") {
        Posted::New { message, .. } | Posted::Replayed(message) => message.id,
    }
}

/// What is under a message: each emoji with its count and the user names of those who are named.
async fn under(database: &TestDatabase, viewer: UserId, room: RoomId, id: MessageId) -> Vec<(String, i64, String)> {
    let message = database.message(viewer, room, id).await.expect("there");
    let names = |users: &[crate::domain::UserRef]| {
        users.iter().map(|user| user.username.as_str()).collect::<Vec<_>>().join(" ")
    };
    let row = |used: &crate::domain::EmojiCount| (used.emoji.as_str().to_owned(), used.count, names(&used.users));
    message.reactions.iter().map(row).collect()
}

on_both_databases! {
    async fn reactions_are_counted_in_the_order_of_their_first_use_and_each_counts_once(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        let [first, second] = [post(database, ada, room).await, post(database, ada, room).await];
        let add = async |user, id, text: &str| {
            database.add_reaction(user, room, id, emoji(text), MAX).await.expect("added").1.is_some()
        };
        assert!(add(bob, first, "🎉").await && add(ada, first, "👍").await && add(ada, first, "🎉").await);
        assert!(add(ada, second, "+1").await);
        assert!(!add(ada, first, "🎉").await, "once for each person");
        let expected = [("🎉".to_owned(), 2, "bob ada".to_owned()), ("👍".to_owned(), 1, "ada".to_owned())];
        assert_eq!(under(database, bob, room, first).await, expected);
        let page = HistoryPage { from: HistoryFrom::Latest, limit: 10 };
        let history = database.history(bob, room, page).await.expect("read");
        let counts: Vec<usize> = history.items.iter().map(|message| message.reactions.len()).collect();
        assert_eq!(counts, [2, 1]);

        let (message, event) = database.remove_reaction(bob, room, first, emoji("🎉")).await.expect("removed");
        let event = event.expect("an event");
        assert_eq!((event.kind, event.seq, message.changed_seq), (EventKind::ReactionRemoved, event.seq, event.seq));
        let (_, event) = database.remove_reaction(bob, room, first, emoji("🎉")).await.expect("removed");
        assert_eq!(event, None);
        assert_eq!(under(database, bob, room, first).await[0], ("👍".to_owned(), 1, "ada".to_owned()), "now the first");
    }

    async fn a_reaction_is_an_entry_of_the_log_and_says_which_change_of_the_message_it_is(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let id = post(database, ada, room).await;
        let (message, event) = database.add_reaction(ada, room, id, emoji("🎉"), MAX).await.expect("added");
        let event = event.expect("an event");
        assert_eq!((message.seq, message.changed_seq, event.seq), (Seq(3), Seq(4), Seq(4)));
        let Subject::Reaction(reaction) = &event.subject else { panic!("{event:?}") };
        assert_eq!((reaction.message_id, reaction.emoji.as_str(), reaction.user.id), (id, "🎉", ada));
        let log = database.events_after(ada, room, Seq(3), 10, 100).await.expect("read");
        assert_eq!(log.events, [event]);
    }

    async fn who_may_not_react_and_what_may_not_be_reacted_to_is_refused(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[]).await;
        let other = database.open_room(bob, &[ada]).await;
        let id = post(database, ada, room).await;
        let add = async |user, room, text: &str| {
            database.add_reaction(user, room, id, emoji(text), MAX).await.map(drop)
        };
        assert_eq!(add(bob, room, "👍").await, Err(StoreError::Refused(Refusal::NotAMember)));
        assert_eq!(add(ada, other, "👍").await, Err(StoreError::Refused(Refusal::MessageNotFound)));
        for text in ["1", "2", "3"] {
            assert_eq!(add(ada, room, text).await, Ok(()));
        }
        assert_eq!(add(ada, room, "4").await, Err(StoreError::Refused(Refusal::TooManyReactions)));
        database.join_room(bob, room).await.expect("joined");
        assert_eq!(add(bob, room, "3").await, Ok(()), "one that is there already");
        let (message, _) = database.delete_message(ada, room, id).await.expect("deleted");
        assert!(message.reactions.is_empty());
        assert_eq!(add(ada, room, "1").await, Err(StoreError::Refused(Refusal::MessageNotFound)));
        assert_eq!(under(database, ada, room, id).await, []);
    }

    async fn people_who_react_at_the_same_moment_are_all_counted_and_fifty_are_named(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let id = post(database, ada, room).await;
        let mut reactions = JoinSet::new();
        for number in 0..60 {
            let user = database.sign_up(&format!("u{number}")).await;
            database.join_room(user, room).await.expect("joined");
            let store = (*database).clone();
            reactions.spawn(async move { store.add_reaction(user, room, id, emoji("👍"), MAX).await.map(drop) });
        }
        while let Some(added) = reactions.join_next().await {
            assert_eq!(added.expect("no panic"), Ok(()));
        }
        let message = database.message(ada, room, id).await.expect("there");
        assert_eq!((message.reactions[0].count, message.reactions[0].users.len()), (60, 50));
    }

    async fn a_message_goes_with_its_entries_and_takes_its_reactions_with_it(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let id = post(database, ada, room).await;
        database.add_reaction(ada, room, id, emoji("👍"), MAX).await.expect("added");
        // The entries of the room, of its member and of the message are old, that of the reaction is not.
        let kept_from = crate::domain::Timestamp::now();
        database.trim_room(room, kept_from, 3).await.expect("trimmed");
        assert_eq!(database.message(ada, room, id).await, Err(StoreError::Refused(Refusal::MessageNotFound)));
        let log = database.events_after(ada, room, Seq(3), 10, 100).await.expect("read");
        assert_eq!(log.events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::ReactionAdded]);
    }
}
