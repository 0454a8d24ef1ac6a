use std::fs;
use std::path::Path;

use crate::domain::EventKind;

/// Statements of the hot path are constant texts, and Diesel keeps them prepared only as such. So they name events
/// literally, and this holds the names to the list of events.
#[test]
fn names_of_events_in_sql_are_those_of_the_list() {
    let mut found = 0;
    look_into(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"), &mut found);
    assert!(found >= 5, "only {found} names were found: this test no longer sees the statements");
}

fn look_into(directory: &Path, found: &mut usize) {
    for entry in fs::read_dir(directory).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            look_into(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file of source");
        for quoted in text.split('\'') {
            let (subject, verb) = quoted.split_once('.').unwrap_or_default();
            let is_name = ["room", "message", "member", "document"].contains(&subject)
                && !verb.is_empty()
                && verb.chars().all(|c| c.is_ascii_lowercase());
            if is_name {
                *found += 1;
                assert!(EventKind::from_name(quoted).is_some(), "{}: {quoted}", path.display());
            }
        }
    }
}
