//! Lines of dashes below a text, which are no tables.

use std::borrow::Cow;

use comrak::nodes::NodeValue;
use comrak::{Arena, Options};

use super::separator::SEPARATOR;

/// Hides from the parser the lines of dashes that it would take for a table of one column: `--` below a line of text.
/// A table has a `|` in its second line.
///
/// Gives up tables altogether in a text where there is still one after three rounds.
pub(super) fn without_tables_of_dashes(source: &str, options: &mut Options<'_>) -> Option<String> {
    let mut changed: Option<String> = None;
    for _ in 0..3 {
        let source = changed.as_deref().unwrap_or(source);
        if !source.lines().any(is_row_of_dashes) {
            return changed;
        }
        let arena = Arena::new();
        let document = comrak::parse_document(&arena, source, options);
        let headers: Vec<usize> = document
            .descendants()
            .filter(|node| matches!(node.data().value, NodeValue::TableRow(true)))
            .map(|row| row.data().sourcepos.start.line)
            .collect();
        // Lines are counted from 1, so the number of the header is the index of the line below it.
        let mut lines: Vec<Cow<str>> = source.split_inclusive('\n').map(Cow::from).collect();
        let mut found = false;
        for header in headers {
            if let Some(line) = lines.get_mut(header)
                && is_row_of_dashes(line)
            {
                *line = hide_dashes(line).into();
                found = true;
            }
        }
        if !found {
            return changed;
        }
        changed = Some(lines.concat());
    }
    options.extension.table = false;
    changed
}

/// Whether `line` could be the second line of a table of one column, but for the `|`.
fn is_row_of_dashes(line: &str) -> bool {
    line.contains('-')
        && !line.contains('|')
        && line.chars().all(|c| c.is_whitespace() || ">*+-:.)0123456789".contains(c))
}

/// A rule stays a rule (`---` as `- - -`), anything else becomes text.
fn hide_dashes(line: &str) -> String {
    let dashes = line.rfind(|c: char| !(c == '-' || c == ':' || c.is_whitespace())).map_or(0, |last| last + 1);
    let (before, row) = line.split_at(dashes);
    let is_rule = row.matches('-').count() >= 3 && !row.contains(':');
    if is_rule {
        format!("{before}{}", row.replace('-', "- "))
    } else {
        format!("{before} {SEPARATOR}{}", row.trim_start_matches(' '))
    }
}
