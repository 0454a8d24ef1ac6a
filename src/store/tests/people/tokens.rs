//! API tokens.

use crate::domain::{Refusal, UserId};
use crate::store::StoreError;

use crate::store::tests::database::token;
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn a_token_stands_for_its_owner_until_it_is_revoked(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let made = database.create_api_token(ada, "backup".to_owned(), token(1)).await.expect("made");
        let (id, user) = database.api_token_user(token(1)).await.expect("readable").expect("known");
        assert_eq!((id, user.id), (made.id, ada));
        database.delete_api_token(ada, made.id).await.expect("revoked");
        assert_eq!(database.api_token_user(token(1)).await, Ok(None));
        assert_eq!(database.delete_api_token(ada, made.id).await, Err(StoreError::Refused(Refusal::TokenNotFound)));
        let nobodys = database.create_api_token(UserId(99), "x".to_owned(), token(2)).await;
        assert_eq!(nobodys, Err(StoreError::Refused(Refusal::UserNotFound)));
    }

    async fn tokens_are_listed_for_their_owner_and_revoked_by_nobody_else(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let first = database.create_api_token(ada, "one".to_owned(), token(1)).await.expect("made");
        let second = database.create_api_token(ada, "two".to_owned(), token(2)).await.expect("made");
        assert_eq!(database.delete_api_token(bob, first.id).await, Err(StoreError::Refused(Refusal::TokenNotFound)));
        assert_eq!(database.api_tokens(ada).await, Ok(vec![first, second]));
        assert_eq!(database.api_tokens(bob).await, Ok(Vec::new()));
    }

    async fn the_last_use_is_noted_once_a_minute(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        database.create_api_token(ada, "bot".to_owned(), token(1)).await.expect("made");
        let last_use = async || {
            database.api_token_user(token(1)).await.expect("readable").expect("known");
            // A note is queued before this write, and so is stored before it.
            database.write(|_| Ok(())).await.expect("written");
            database.api_tokens(ada).await.expect("readable")[0].last_used_at.expect("noted")
        };
        let first = last_use().await;
        assert_eq!(last_use().await, first);
        database.run_sql("UPDATE api_tokens SET last_used_at = last_used_at - 61000000").await;
        assert!(last_use().await >= first);
    }
}
