//! Saves of documents: whatever bytes come, nothing panics, and what is stored can be read and merged again.
//!
//! The input is two updates, the first one's length before it, in two bytes.

#![no_main]

use hubbub_fuzz::yjs::{EMPTY_STATE, UpdateError, changes_to, merge, missing_from, read_text};
use libfuzzer_sys::fuzz_target;

const MAX_BYTES: usize = 65_536;

fuzz_target!(|input: &[u8]| {
    let Some((length, rest)) = input.split_first_chunk() else { return };
    let (first, second) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
    let mut state = EMPTY_STATE.to_vec();
    for update in [first, second] {
        match merge(&state, update, MAX_BYTES) {
            Ok(merged) => {
                assert_eq!(read_text(&merged.state).expect("it was just written").text, merged.now.text);
                let again = merge(&merged.state, update, MAX_BYTES).expect("it was merged before");
                assert!(!again.is_changed, "a repeat changes nothing");
                let told = merge(&state, &merged.update, MAX_BYTES).expect("it is a part of what was merged");
                assert_eq!((told.now.text, told.is_complete), (merged.now.text, true));
                state = merged.state;
            }
            Err(UpdateError::Invalid(_) | UpdateError::TooLarge { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        match missing_from(update, &state) {
            Ok(missing) => assert!(merge(&state, &missing, MAX_BYTES).is_ok_and(|merged| !merged.is_changed)),
            Err(error) => assert_eq!(error, UpdateError::InvalidStateVector),
        }
    }
    if let Ok(text) = std::str::from_utf8(second) {
        let text = text.replace('\0', "");
        let update = changes_to(&text, &state).expect("a sound state");
        assert_eq!(merge(&state, &update, usize::MAX).expect("an update of ours").now.text, text);
    }
});
