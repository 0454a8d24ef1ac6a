//! Merging, with `yrs` as the clients.

use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update, WriteTxn};

use super::outline::TEXT;
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

/// Two characters that take two units of UTF-16 each, by client 7.
const TWO_PAIRS: &[u8] = b"\x01\x01\x07\x00\x04\x01\x04text\x08\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e\x00";

#[test]
fn what_splits_a_character_in_two_replaces_both_halves_as_yjs_does() {
    let state = merged(&EMPTY_STATE, TWO_PAIRS).state;
    let cases: [(&[u8], &str); 7] = [
        (b"\x01\x01\x08\x00\xc4\x07\x00\x07\x01\x01x\x00", "\u{FFFD}x\u{FFFD}𝄞"),
        // Without a right origin it stands behind what was there.
        (b"\x01\x01\x08\x00\x84\x07\x00\x01x\x00", "\u{FFFD}\u{FFFD}𝄞x"),
        // Before the second half.
        (b"\x01\x01\x08\x00\x44\x07\x01\x01x\x00", "\u{FFFD}x\u{FFFD}𝄞"),
        (b"\x01\x01\x08\x00\xc4\x07\x00\x07\x01\x01x\x01\x07\x01\x00\x08", "x"),
        (b"\x00\x01\x07\x01\x01\x01", "\u{FFFD}𝄞"),
        (b"\x00\x01\x07\x02\x00\x01\x02\x01", "\u{FFFD}\u{FFFD}"),
        (b"\x00\x01\x07\x01\x01\x02", "\u{FFFD}\u{FFFD}"),
    ];
    for (update, text) in cases {
        let split = merged(&state, update);
        assert_eq!(split.now.text, text, "{update:?}");
        assert!(!merged(&split.state, update).is_changed, "{update:?}");
        let removed = merged(&split.state, &changes_to("", &split.state).expect("an update"));
        assert_eq!(removed.now.text, "", "{update:?}");
    }
}

/// Numbers that look like chance, the same ones each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32 % end
    }
}

/// A client that counts as Yjs does, in units of UTF-16.
fn like_yjs(client: u64) -> Doc {
    Doc::with_options(Options {
        client_id: ClientID::new(client),
        offset_kind: OffsetKind::Utf16,
        ..Options::default()
    })
}

/// Inserts or deletes anywhere, between the halves of a character too.
fn edit(document: &Doc, numbers: &mut Numbers) -> Vec<u8> {
    let length = read(document).encode_utf16().count() as u32;
    if length > 0 && numbers.below(3) == 0 {
        let index = numbers.below(length);
        return remove(document, index, 1 + numbers.below((length - index).min(3)));
    }
    let text = ["𝄞", "a", "𝄞𝄢", "b𝄞", "ö"][numbers.below(5) as usize];
    insert(document, numbers.below(length + 1), text)
}

#[test]
fn clients_that_split_characters_converge_with_the_stored_state() {
    for round in 1..=50 {
        let mut numbers = Numbers(round * 0x9E37_79B9);
        let clients = [1, 2, 3].map(like_yjs);
        let mut state = EMPTY_STATE.to_vec();
        let mut updates = Vec::new();
        for _ in 0..12 {
            let who = numbers.below(3) as usize;
            let update = edit(&clients[who], &mut numbers);
            // Two of three are heard by everybody at once; the rest comes later.
            if numbers.below(3) > 0 {
                clients.iter().for_each(|client| receive(client, &update));
            }
            state = merged(&state, &update).state;
            updates.push(update);
        }
        for update in &updates {
            state = merged(&state, update).state;
            clients.iter().for_each(|client| receive(client, update));
        }
        clients.iter().for_each(|client| receive(client, &state));
        let text = read_text(&state).expect("a sound state").text;
        for client in &clients {
            assert_eq!(read(client), text, "round {round}");
        }
    }
}

#[test]
fn updates_with_other_clocks_are_merged_or_refused_without_a_panic() {
    for round in 1..=300 {
        let mut numbers = Numbers(round * 0x9E37_79B9);
        let client = like_yjs(7);
        let mut state = EMPTY_STATE.to_vec();
        for _ in 0..4 {
            state = merged(&state, &edit(&client, &mut numbers)).state;
        }
        let other = like_yjs(8);
        receive(&other, &state);
        let mut update = edit(&other, &mut numbers);
        // Small numbers are clients, clocks and lengths.
        for _ in 0..=numbers.below(2) {
            let at = numbers.below(update.len() as u32) as usize;
            if update[at] < 16 {
                update[at] = numbers.below(16) as u8;
            }
        }
        match merge(&state, &update, ROOMY) {
            Ok(merged) => {
                assert_eq!(read_text(&merged.state).as_ref(), Ok(&merged.now), "{state:?} {update:?}");
                let again = merge(&merged.state, &update, ROOMY).expect("it was merged before");
                assert!(!again.is_changed, "{state:?} {update:?}");
                let emptied = merge(&merged.state, &changes_to("", &merged.state).expect("an update"), ROOMY);
                assert_eq!(emptied.expect("an update of ours").now.text, "", "{state:?} {update:?}");
            }
            Err(UpdateError::Invalid(reason)) => {
                assert_ne!(reason, "it cannot be merged", "yrs panicked: {state:?} {update:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}
