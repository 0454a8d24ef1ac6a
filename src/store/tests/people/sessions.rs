//! Sessions and the chain of their refresh tokens.

use std::time::Duration;

use crate::domain::{Credential, EndedCredential, Refusal, SessionId, UserId};
use crate::store::{Rotation, SessionLimits, StoreError};

use crate::store::tests::database::{SESSIONS, token};
use crate::store::tests::{TestDatabase, on_both_databases};

async fn rotate(database: &TestDatabase, presented: u8, next: u8) -> Result<SessionId, StoreError> {
    match database.rotate_session(token(presented), token(next), SESSIONS).await? {
        Rotation::Renewed(session, _) => Ok(session),
        Rotation::Ended(_) => panic!("taken for a stolen one"),
    }
}

/// Lets the time of grace of all replaced tokens pass.
async fn pass_half_a_minute(database: &TestDatabase) {
    database.run_sql("UPDATE session_tokens SET replaced_at = replaced_at - 31000000").await;
}

on_both_databases! {
    async fn a_session_lives_on_through_its_refresh_tokens(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let session = database.create_session(ada, token(1), SESSIONS).await.expect("begins").0;
        for (presented, next) in [(1, 2), (2, 3), (3, 4)] {
            let rotated = database.rotate_session(token(presented), token(next), SESSIONS).await.expect("accepted");
            assert!(matches!(rotated, Rotation::Renewed(id, user) if (id, user.id) == (session, ada)));
        }
        let user = database.session_user(session).await.expect("readable");
        assert_eq!(user.map(|user| user.id), Some(ada));
        assert_eq!(rotate(database, 9, 10).await, Err(StoreError::Refused(Refusal::SessionEnded)));
        assert_eq!(database.create_session(UserId(99), token(5), SESSIONS).await, Err(StoreError::Refused(Refusal::UserNotFound)));
    }

    async fn two_tabs_that_refresh_at_once_both_stay_signed_in(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let session = database.create_session(ada, token(1), SESSIONS).await.expect("begins").0;
        let (one, other) = tokio::join!(rotate(database, 1, 2), rotate(database, 1, 3));
        assert_eq!((one, other), (Ok(session), Ok(session)));
        pass_half_a_minute(database).await;
        // Whichever answer came last is in the cookie.
        assert_eq!(rotate(database, 2, 4).await, Ok(session));
        assert_eq!(rotate(database, 3, 5).await, Ok(session), "the other tab is within the grace of that rotation");
    }

    async fn a_token_that_was_replaced_long_ago_ends_the_session(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let session = database.create_session(ada, token(1), SESSIONS).await.expect("begins").0;
        let elsewhere = database.create_session(ada, token(11), SESSIONS).await.expect("begins").0;
        rotate(database, 1, 2).await.expect("accepted");
        rotate(database, 2, 3).await.expect("accepted");
        pass_half_a_minute(database).await;
        let stolen = database.rotate_session(token(1), token(4), SESSIONS).await;
        assert_eq!(stolen, Ok(Rotation::Ended(EndedCredential { credential: Credential::Session(session), user_id: ada })), "a thief's copy");
        assert_eq!(database.session_user(session).await, Ok(None));
        assert_eq!(rotate(database, 3, 5).await, Err(StoreError::Refused(Refusal::SessionEnded)), "its owner signs in again");
        assert_eq!(rotate(database, 11, 12).await, Ok(elsewhere), "other sessions go on");
    }

    async fn an_ended_session_stays_ended(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let session = database.create_session(ada, token(1), SESSIONS).await.expect("begins").0;
        database.end_session(session).await.expect("ends");
        database.end_session(session).await.expect("ending it again is harmless");
        assert_eq!(database.session_user(session).await, Ok(None));
        assert_eq!(rotate(database, 1, 2).await, Err(StoreError::Refused(Refusal::SessionEnded)));
        let next = database.create_session(ada, token(3), SESSIONS).await.expect("begins").0;
        assert!(next > session, "an id that stands in valid access tokens is never given again");
    }

    async fn a_session_that_is_not_used_expires(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let session = database.create_session(ada, token(1), SessionLimits { unused: Duration::ZERO, ..SESSIONS }).await.expect("begins").0;
        assert_eq!(database.session_user(session).await, Ok(None));
        assert_eq!(rotate(database, 1, 2).await, Err(StoreError::Refused(Refusal::SessionEnded)));
    }

    async fn a_person_has_so_many_sessions_and_none_lives_for_ever(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let two = SessionLimits { per_person: 2, ..SESSIONS };
        let (first, _) = database.create_session(ada, token(1), two).await.expect("begins");
        database.create_session(ada, token(2), two).await.expect("begins");
        let (_, ended) = database.create_session(ada, token(3), two).await.expect("begins");
        assert_eq!(ended, [EndedCredential { credential: Credential::Session(first), user_id: ada }]);
        let over = SessionLimits { absolute: Duration::ZERO, ..SESSIONS };
        database.rotate_session(token(3), token(4), over).await.expect("accepted once more");
        let again = database.rotate_session(token(4), token(5), over).await;
        assert_eq!(again, Err(StoreError::Refused(Refusal::SessionEnded)));
    }
}
