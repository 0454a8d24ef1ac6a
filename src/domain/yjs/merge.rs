//! Merging Yjs updates with `yrs`, within limits on size and on what an update may contain.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, TransactionMut, Update,
};

use super::EMPTY_STATE;
use super::mergeable::Mergeable;
use super::mergeable::mergeable;
use super::outline::{TEXT, outline, state_vector_is_sound};

/// Why an update was not merged. The state is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpdateError {
    /// The bytes are no update of a text.
    #[error("this is no Yjs update of a text: {0}")]
    Invalid(&'static str),
    /// The state would grow beyond its limit.
    #[error("the state would have {bytes} bytes")]
    TooLarge {
        /// The length that it would have.
        bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// The bytes are no state vector.
    #[error("this is no Yjs state vector")]
    InvalidStateVector,
    /// The stored state cannot be read: a fault of ours.
    #[error("the stored state is damaged: {0}")]
    Damaged(String),
}

/// A document after an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// All of it, as one update.
    pub state: Vec<u8>,
    /// What it is and what it reads.
    pub now: TextNow,
    /// The part of the update that was merged.
    pub update: Vec<u8>,
    /// Whether it brought anything that the state did not have.
    pub is_changed: bool,
    /// Whether all of the update was merged. Else the state lacks something that the rest builds on.
    pub is_complete: bool,
}

/// What a state amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextNow {
    /// For each client how many of its changes are in the state.
    pub state_vector: Vec<u8>,
    /// What people read.
    pub text: String,
}

/// New clients that one update may bring. Each page that was ever opened on a document is one, and one that is offline for
/// long meets a few hundred others. Placing an insertion among those of others at the same place takes a step for each.
const MAX_NEW_CLIENTS: usize = 1_000;

/// Merges an update into a state.
///
/// What builds on something missing is left out rather than kept for later: whoever made it has what is missing and sends
/// it too, and a stored state that is complete can be read by everybody. (And `yrs` 0.28 mixes up texts when it merges what
/// waits for something missing.)
///
/// # Errors
/// [`UpdateError`]; [`UpdateError::TooLarge`] above `max_bytes`.
pub fn merge(state: &[u8], update: &[u8], max_bytes: usize) -> Result<Merged, UpdateError> {
    guarded(|| {
        let document = open(state)?;
        let Applied { update, is_changed } = apply(&document, update)?;
        let Mergeable { update, is_whole } = update;
        let state = document.transact().encode_diff_v1(&StateVector::default());
        if state.len() > max_bytes {
            return Err(UpdateError::TooLarge { bytes: state.len(), max_bytes });
        }
        let now = text_now(&document.transact());
        drop(document);
        if is_changed && !reads(&state, &now.text) {
            return Err(UpdateError::Invalid("its insertions contradict each other"));
        }
        Ok(Merged { state, now, update, is_changed, is_complete: is_whole })
    })
}

/// Whether a state that is about to be stored says what it is meant to: an insertion that claims to stand between two
/// others which stand the other way round is placed here or there, as it comes.
fn reads(state: &[u8], text: &str) -> bool {
    open(state).is_ok_and(|document| text_now(&document.transact()).text == text)
}

/// What a state lacks whose state vector is given: an update with those insertions and all deletions.
///
/// # Errors
/// [`UpdateError::InvalidStateVector`], [`UpdateError::Damaged`].
pub fn missing_from(state_vector: &[u8], state: &[u8]) -> Result<Vec<u8>, UpdateError> {
    if !state_vector_is_sound(state_vector) {
        return Err(UpdateError::InvalidStateVector);
    }
    guarded(|| yrs::diff_updates_v1(state, state_vector).map_err(|error| UpdateError::Damaged(error.to_string())))
}

/// The update that makes `text` of a state's text. What stands before the first difference and behind the last stays, with
/// everybody's cursors in it.
///
/// # Errors
/// [`UpdateError::Damaged`].
pub fn changes_to(text: &str, state: &[u8]) -> Result<Vec<u8>, UpdateError> {
    guarded(|| {
        let document = open(state)?;
        let shared = document.get_or_insert_text(TEXT);
        let mut transaction = document.transact_mut();
        let old = shared.get_string(&transaction);
        let same = |(a, b): &(char, char)| a == b;
        let before = old.chars().zip(text.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum::<usize>();
        let (old_rest, new_rest) = (&old[before..], &text[before..]);
        let behind = old_rest.chars().rev().zip(new_rest.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8());
        let behind = behind.sum::<usize>();
        let removed = &old_rest[..old_rest.len() - behind];
        let inserted = &new_rest[..new_rest.len() - behind];
        let at = utf16_length(&old[..before])?;
        if !removed.is_empty() {
            shared.remove_range(&mut transaction, at, utf16_length(removed)?);
        }
        if !inserted.is_empty() {
            shared.insert(&mut transaction, at, inserted);
        }
        Ok(transaction.encode_update_v1())
    })
}

/// Reads a stored state.
///
/// # Errors
/// [`UpdateError::Damaged`].
pub fn read_text(state: &[u8]) -> Result<TextNow, UpdateError> {
    outline(state).map_err(|reason| UpdateError::Damaged(reason.to_owned()))?;
    guarded(|| Ok(text_now(&open(state)?.transact())))
}

/// Runs what hands bytes to `yrs`, which may panic on them all the same.
fn guarded<T>(work: impl FnOnce() -> Result<T, UpdateError>) -> Result<T, UpdateError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(UpdateError::Invalid("it cannot be merged")))
}

/// The document that a state is.
///
/// Lengths are in units of UTF-16, as the format has them. An update may split a character of two units; `yrs` then replaces
/// both halves by U+FFFD, as Yjs does. That changes the length in bytes, and with lengths in bytes `yrs` 0.28 would go on
/// with the old one: deleting the halves then subtracts more than there is.
fn open(state: &[u8]) -> Result<Doc, UpdateError> {
    let document = Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..Options::default() });
    document.get_or_insert_text(TEXT);
    if state != EMPTY_STATE {
        let damaged = |error: &dyn std::fmt::Display| UpdateError::Damaged(error.to_string());
        let update = Update::decode_v1(state).map_err(|error| damaged(&error))?;
        let mut transaction = document.transact_mut();
        transaction.apply_update(update).map_err(|error| damaged(&error))?;
        if transaction.has_missing_updates() {
            return Err(damaged(&"changes are missing"));
        }
    }
    Ok(document)
}

/// Applies what can be applied of an update.
fn apply(document: &Doc, update: &[u8]) -> Result<Applied, UpdateError> {
    // Dropping a transaction commits it. One in which `yrs` panicked would panic again, and end the process; leaking it costs
    // the memory of one document.
    let mut transaction = ManuallyDrop::new(document.transact_mut());
    let outcome = catch_unwind(AssertUnwindSafe(|| apply_within(&mut transaction, update)));
    let outcome = outcome.map_err(|_| UpdateError::Invalid("it cannot be merged"))?;
    drop(ManuallyDrop::into_inner(transaction));
    outcome
}

struct Applied {
    update: Mergeable,
    is_changed: bool,
}

fn apply_within(transaction: &mut TransactionMut<'_>, update: &[u8]) -> Result<Applied, UpdateError> {
    let outline = outline(update).map_err(UpdateError::Invalid)?;
    let before = transaction.snapshot();
    let clock_of = |client| before.state_map.get(&ClientID::new(client));
    if outline.sections.iter().filter(|section| clock_of(section.client) == 0).count() > MAX_NEW_CLIENTS {
        return Err(UpdateError::Invalid("it brings more than 1,000 new clients at once"));
    }
    let update = mergeable(&outline, clock_of);
    let decoded = Update::decode_v1(&update.update).map_err(|_| UpdateError::Invalid("it cannot be decoded"))?;
    transaction.apply_update(decoded).map_err(|_| UpdateError::Invalid("it cannot be applied"))?;
    if transaction.has_missing_updates() {
        return Err(UpdateError::Invalid("it builds on itself"));
    }
    Ok(Applied { is_changed: transaction.snapshot() != before, update })
}

fn text_now(transaction: &impl ReadTxn) -> TextNow {
    let text = transaction.get_text(TEXT).map(|text| text.get_string(transaction)).unwrap_or_default();
    // The one character that Postgres does not keep.
    let text = if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text };
    TextNow { state_vector: transaction.state_vector().encode_v1(), text }
}

fn utf16_length(text: &str) -> Result<u32, UpdateError> {
    u32::try_from(text.encode_utf16().count()).map_err(|error| UpdateError::Damaged(error.to_string()))
}
