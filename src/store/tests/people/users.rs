//! Signing up and finding people.

use std::time::Duration;

use crate::domain::{Refusal, Role, Timestamp, UserId, Username};
use crate::store::{SignUpPermission, StoreError};

use crate::store::tests::database::{new_user, person_name, token};
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn the_first_person_becomes_administrator_and_needs_no_invitation(database: &TestDatabase) {
        assert_eq!(database.is_first_run().await, Ok(true));
        let ada = database.create_user(new_user("ada", SignUpPermission::Invite(None))).await.expect("the first may").0;
        assert_eq!(ada.role, Role::Administrator);
        assert_eq!(database.is_first_run().await, Ok(false));
        let bob = database.create_user(new_user("bob", SignUpPermission::Open)).await.expect("sign-up is open").0;
        assert_eq!(bob.role, Role::Member);
        assert_eq!(database.user(ada.id).await, Ok(Some(ada)));
        assert_eq!(database.user(UserId(99)).await, Ok(None));
    }

    async fn of_two_who_race_to_be_first_one_becomes_administrator(database: &TestDatabase) {
        let (one, other) = ((*database).clone(), database.open_again());
        let (ada, bob) = tokio::join!(
            one.create_user(new_user("ada", SignUpPermission::Open)),
            other.create_user(new_user("bob", SignUpPermission::Open)),
        );
        let roles = [ada.expect("signs up").0.role, bob.expect("signs up").0.role];
        let administrators = roles.iter().filter(|role| **role == Role::Administrator).count();
        assert_eq!(administrators, 1, "{roles:?}");
    }

    async fn a_user_name_belongs_to_one_person(database: &TestDatabase) {
        database.sign_up("ada").await;
        let again = database.create_user(new_user("Ada", SignUpPermission::Open)).await;
        assert_eq!(again, Err(StoreError::Refused(Refusal::UsernameTaken)));
        let (one, other) = ((*database).clone(), database.open_again());
        let (first, second) = tokio::join!(
            one.create_user(new_user("bob", SignUpPermission::Open)),
            other.create_user(new_user("bob", SignUpPermission::Open)),
        );
        let ((Ok(_), Err(refusal)) | (Err(refusal), Ok(_))) = (first, second) else { panic!("two people are bob") };
        assert_eq!(refusal, StoreError::Refused(Refusal::UsernameTaken));
    }

    async fn an_invitation_lets_people_in_until_it_expires(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let now = Timestamp::now();
        database.create_invite(ada, token(1), None).await.expect("administrators invite");
        database.create_invite(ada, token(2), Some(now.after(Duration::from_secs(60)))).await.expect("invited");
        database.create_invite(ada, token(3), Some(now)).await.expect("invited");
        for (username, code) in [("bob", Some(token(1))), ("eve", Some(token(1))), ("joe", Some(token(2)))] {
            let admitted = database.create_user(new_user(username, SignUpPermission::Invite(code))).await;
            assert!(admitted.is_ok(), "{admitted:?}");
        }
        for code in [None, Some(token(3)), Some(token(4))] {
            let refused = database.create_user(new_user("mallory", SignUpPermission::Invite(code))).await;
            assert_eq!(refused, Err(StoreError::Refused(Refusal::SignUpClosed)));
        }
    }

    async fn only_administrators_invite(database: &TestDatabase) {
        database.sign_up("ada").await;
        let bob = database.sign_up("bob").await;
        assert_eq!(database.create_invite(bob, token(1), None).await, Err(StoreError::Refused(Refusal::NotAllowed)));
        let refused = database.create_user(new_user("eve", SignUpPermission::Invite(Some(token(1))))).await;
        assert_eq!(refused, Err(StoreError::Refused(Refusal::SignUpClosed)));
    }

    async fn credentials_are_found_by_user_name(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let found = database.credentials(&Username::parse("ADA").expect("valid")).await.expect("readable");
        let (user, password_hash) = found.expect("ada has signed up");
        assert_eq!((user.id, password_hash.as_str()), (ada, "hash of ada"));
        assert_eq!(database.credentials(&Username::parse("bob").expect("valid")).await, Ok(None));
    }

    async fn people_are_found_by_the_beginning_of_any_of_their_names(database: &TestDatabase) {
        for (username, name) in [("grace", "Hopper, Grace"), ("ada", "Ada Lovelace"), ("emil", "Émil Ägidius"), ("x_y", "50% off")] {
            let mut new = new_user(username, SignUpPermission::Open);
            new.name = person_name(name);
            database.create_user(new).await.expect("signs up");
        }
        for (query, expected) in [
            ("", vec!["x_y", "ada", "grace", "emil"]),
            ("  ADA ", vec!["ada"]),
            ("love", vec!["ada"]),
            ("gra", vec!["grace"]),
            ("äg", vec!["emil"]),
            ("É", vec!["emil", "ada", "grace"]),
            ("ovel", vec!["ada"]),
            ("@ada", vec!["ada"]),
            ("lace ada", vec!["ada"]),
            ("ada grace", vec![]),
            ("%", vec![]),
            ("_", vec![]),
            ("x_", vec!["x_y"]),
            ("50%", vec!["x_y"]),
            ("\\", vec![]),
        ] {
            let found = database.find_users(query, 10).await.expect("readable");
            let names: Vec<_> = found.iter().map(|user| user.username.as_str()).collect();
            assert_eq!(names, expected, "{query:?}");
        }
        assert_eq!(database.find_users("", 2).await.expect("readable").len(), 2);
    }
}
