//! Merging, with `yrs` as the clients.

use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update, WriteTxn};

use super::*;

const ROOMY: usize = 1_000_000;

/// A client that inserts `text` at `index` of what it has, and its update.
fn insert(document: &Doc, index: u32, text: &str) -> Vec<u8> {
    let shared = document.get_or_insert_text(TEXT);
    let mut transaction = document.transact_mut();
    shared.insert(&mut transaction, index, text);
    transaction.encode_update_v1()
}

fn remove(document: &Doc, index: u32, length: u32) -> Vec<u8> {
    let shared = document.get_or_insert_text(TEXT);
    let mut transaction = document.transact_mut();
    shared.remove_range(&mut transaction, index, length);
    transaction.encode_update_v1()
}

fn read(document: &Doc) -> String {
    let shared = document.get_or_insert_text(TEXT);
    shared.get_string(&document.transact())
}

fn receive(document: &Doc, update: &[u8]) {
    let update = Update::decode_v1(update).expect("an update");
    document.transact_mut().apply_update(update).expect("applied");
}

fn merged(state: &[u8], update: &[u8]) -> Merged {
    merge(state, update, ROOMY).expect("merged")
}

#[test]
fn two_savers_never_overwrite_each_other_whoever_is_first() {
    let (ada, bob) = (Doc::with_client_id(1), Doc::with_client_id(2));
    let (hers, his) = (insert(&ada, 0, "ada "), insert(&bob, 0, "bob "));
    let one_way = merged(&merged(&EMPTY_STATE, &hers).state, &his);
    let the_other = merged(&merged(&EMPTY_STATE, &his).state, &hers);
    assert_eq!(one_way.now.text, the_other.now.text);
    assert!(one_way.now.text.contains("ada ") && one_way.now.text.contains("bob "));
}

#[test]
fn a_repeat_changes_nothing_and_a_deletion_does() {
    let ada = Doc::with_client_id(1);
    let typed = insert(&ada, 0, "hello");
    let first = merged(&EMPTY_STATE, &typed);
    assert!(first.is_changed);
    let again = merged(&first.state, &typed);
    assert!(!again.is_changed && again.state == first.state);
    assert!(!merged(&first.state, &EMPTY_STATE).is_changed, "an empty update");
    let removed = remove(&ada, 1, 3);
    let deleted = merged(&first.state, &removed);
    assert!(deleted.is_changed && deleted.now.state_vector == first.now.state_vector);
    assert_eq!(deleted.now.text, "ho");
    assert!(!merged(&deleted.state, &removed).is_changed && !merged(&deleted.state, &typed).is_changed);
}

#[test]
fn what_builds_on_something_missing_is_left_out_and_the_rest_merged() {
    let ada = Doc::with_client_id(1);
    let first = insert(&ada, 0, "one ");
    let second = insert(&ada, 4, "two");
    let alone = merged(&EMPTY_STATE, &second);
    assert!(!alone.is_complete && !alone.is_changed && alone.state == EMPTY_STATE);
    let state = merged(&EMPTY_STATE, &first).state;
    // Bob has missed the second, heard a third that builds on it, and writes something of his own.
    let (bob, eve) = (Doc::with_client_id(2), Doc::with_client_id(3));
    [&first, &second].into_iter().for_each(|update| receive(&eve, update));
    let third = insert(&eve, 7, " three");
    receive(&bob, &first);
    receive(&bob, &third);
    insert(&bob, 0, "bob ");
    let whole = bob.transact().encode_state_as_update_v1(&StateVector::default());
    let partly = merged(&state, &whole);
    assert_eq!((partly.now.text.as_str(), partly.is_complete, partly.is_changed), ("bob one ", false, true));
    assert_eq!(merged(&state, &partly.update).state, partly.state, "what was merged is told");
    let removed = merged(&partly.state, &remove(&eve, 0, 7));
    assert_eq!((removed.now.text.as_str(), removed.is_complete), ("bob ", false), "deletes what is there");
    let all = merged(&merged(&removed.state, &second).state, &third);
    assert!(all.is_complete);
}

#[test]
fn what_a_state_vector_lacks_is_answered_with_all_deletions() {
    let ada = Doc::with_client_id(1);
    let before = merged(&EMPTY_STATE, &insert(&ada, 0, "hello "));
    let bob = Doc::with_client_id(2);
    receive(&bob, &before.state);
    insert(&ada, 6, "world");
    remove(&ada, 0, 1);
    let whole = ada.transact().encode_state_as_update_v1(&StateVector::default());
    let after = merged(&before.state, &whole);
    let lacking = missing_from(&bob.transact().state_vector().encode_v1(), &after.state).expect("an update");
    assert!(lacking.len() < after.state.len());
    receive(&bob, &lacking);
    assert_eq!(read(&bob), "ello world");
    let nothing = missing_from(&after.now.state_vector, &after.state).expect("an update");
    assert!(!merged(&after.state, &nothing).is_changed);
    assert_eq!(missing_from(&EMPTY_STATE_VECTOR, &after.state).as_deref(), Ok(after.state.as_slice()));
    for sound in [b"".as_slice(), b"\x01", b"\xff\xff\xff\xff\x0f", b"\x01\x01\x01\x01"] {
        assert_eq!(missing_from(sound, &after.state), Err(UpdateError::InvalidStateVector));
    }
}

#[test]
fn a_text_becomes_another_by_the_smallest_change_around_the_differences() {
    let ada = Doc::with_client_id(1);
    let old = merged(&EMPTY_STATE, &insert(&ada, 0, "größer 𝄞 kleiner"));
    for text in
        ["größer 𝄞 kleiner", "", "größer 𝄢 kleiner", "groß", "er 𝄞 kleiner", "aa größer 𝄞 kleiner", "größer kleiner"]
    {
        let update = changes_to(text, &old.state).expect("an update");
        let new = merged(&old.state, &update);
        assert_eq!((new.now.text.as_str(), new.is_changed), (text, text != "größer 𝄞 kleiner"));
    }
    // Somebody who wrote meanwhile loses nothing.
    let typed = insert(&ada, 0, "NEW ");
    let restored = merged(&old.state, &changes_to("größer", &old.state).expect("an update"));
    assert_eq!(merged(&restored.state, &typed).now.text, "NEW größer");
}

#[test]
fn a_state_beyond_the_limit_is_refused() {
    let update = insert(&Doc::with_client_id(1), 0, &"x".repeat(1_000));
    assert!(merge(&EMPTY_STATE, &update, 1_100).is_ok());
    let refused = merge(&EMPTY_STATE, &update, 1_000);
    assert!(matches!(refused, Err(UpdateError::TooLarge { bytes: 1_001.., max_bytes: 1_000 })), "{refused:?}");
}

#[test]
fn an_update_of_another_document_adds_to_this_one_or_is_left_out_and_harms_nothing() {
    let (here, there) = (Doc::with_client_id(1), Doc::with_client_id(2));
    let state = merged(&EMPTY_STATE, &insert(&here, 0, "here")).state;
    insert(&there, 0, "there");
    let later = insert(&there, 5, "!");
    let refused = merged(&state, &later);
    assert!(!refused.is_complete && !refused.is_changed && refused.state == state);
    let whole = there.transact().encode_state_as_update_v1(&StateVector::default());
    let both = merged(&state, &whole).now.text;
    assert!(both.contains("here") && both.contains("there!"), "{both}");
}

#[test]
fn other_types_than_the_text_are_refused() {
    let document = Doc::with_client_id(1);
    let mut transaction = document.transact_mut();
    let other = transaction.get_or_insert_text("another");
    other.insert(&mut transaction, 0, "hidden");
    let update = transaction.encode_update_v1();
    assert!(matches!(merge(&EMPTY_STATE, &update, ROOMY), Err(UpdateError::Invalid(_))));
}

#[test]
fn an_insertion_that_would_be_read_elsewhere_the_next_time_is_refused() {
    let state = merged(&EMPTY_STATE, b"\x01\x01\x07\x00\x04\x01\x04text\x08\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e\x00").state;
    // Behind the third and before the second.
    let update = b"\x01\x01\x08\x00\xc4\x07\x02\x07\x01\x01x\x00";
    let refused = merge(&state, update, ROOMY);
    assert!(matches!(refused, Err(UpdateError::Invalid(_))), "{refused:?}");
}

#[test]
fn a_character_that_a_database_does_not_keep_is_shown_as_one_that_was_lost() {
    let merged = merged(&EMPTY_STATE, &insert(&Doc::with_client_id(1), 0, "a\0b"));
    assert_eq!(merged.now.text, "a\u{FFFD}b");
    assert_eq!(read_text(&merged.state).expect("readable"), merged.now);
}

#[test]
fn a_thousand_new_clients_at_once_are_too_many() {
    let everybody = Doc::with_client_id(1);
    for client in 1..=1_001 {
        receive(&everybody, &insert(&Doc::with_client_id(client), 0, "x"));
    }
    let whole = everybody.transact().encode_state_as_update_v1(&StateVector::default());
    assert!(matches!(merge(&EMPTY_STATE, &whole, ROOMY), Err(UpdateError::Invalid(_))));
    assert!(!merged(&whole, &whole).is_changed, "known ones do not count");
}
