//! What sockets are reminded of, and by which of several processes.

use std::time::Duration;

use crate::domain::{RoomId, Timestamp};

use crate::store::tests::{TestDatabase, on_both_databases};

const MINUTE: Duration = Duration::from_secs(60);

on_both_databases! {
    async fn one_process_at_a_time_holds_a_lease(database: &TestDatabase) {
        assert_eq!(database.lease("work", "one", MINUTE).await, Ok(true));
        assert_eq!(database.lease("work", "two", MINUTE).await, Ok(false));
        assert_eq!(database.lease("other work", "two", MINUTE).await, Ok(true));
        assert_eq!(database.lease("work", "one", Duration::ZERO).await, Ok(true), "it keeps it, for no time");
        assert_eq!(database.open_again().lease("work", "two", MINUTE).await, Ok(true));
    }

    async fn the_head_of_a_room_is_its_last_event_and_no_earlier_one(database: &TestDatabase) {
        let (start, ada) = (Timestamp::now(), database.sign_up("ada").await);
        let room = database.open_room(ada, &[]).await;
        database.post(ada, room, "one").await.expect("posted");
        let (middle, all) = (Timestamp::now(), Timestamp::now().after(MINUTE));
        database.post(ada, room, "two").await.expect("posted");
        let heads = database.log_heads_of_rooms(vec![room, RoomId(999)]).await.expect("readable");
        let (_, head) = heads[0];
        assert_eq!(database.log_heads_between(start, all).await, Ok(heads));
        assert_eq!(database.log_heads_between(middle, all).await, Ok(vec![(room, head)]));
        assert_eq!(database.log_heads_between(start, middle).await, Ok(Vec::new()), "a later event tells of it");
    }

    async fn a_removal_counts_until_the_person_comes_back(database: &TestDatabase) {
        let (start, ada, eve) = (Timestamp::now(), database.sign_up("ada").await, database.sign_up("eve").await);
        let room = database.open_room(ada, &[]).await;
        database.join_room(eve, room).await.expect("open");
        database.remove_member(ada, room, eve, false).await.expect("hers");
        let all = Timestamp::now().after(MINUTE);
        let removals = database.ended_memberships_between(start, all).await.expect("readable");
        assert_eq!(removals.iter().map(|removal| (removal.room_id, removal.user_id)).collect::<Vec<_>>(), [(room, eve)]);
        database.join_room(eve, room).await.expect("open");
        assert_eq!(database.ended_memberships_between(start, all).await, Ok(Vec::new()));
    }
}
