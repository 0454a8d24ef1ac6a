//! Tables: lines of dashes that are none, and rows that have more cells than their header.

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

/// Lets the last cell of such a row keep all that follows it: `| a | grep x | wc |` below two columns has the cells `a` and
/// `grep x | wc`. The parser would drop what has no column.
pub(super) fn with_surplus_cells(source: &str, options: &Options<'_>) -> Option<String> {
    let begins_table =
        |line: &str| line.contains('-') && line.chars().all(|c| c.is_whitespace() || "|:->*+.)0123456789".contains(c));
    if !source.contains('|') || !source.lines().any(begins_table) {
        return None;
    }
    let arena = Arena::new();
    let document = comrak::parse_document(&arena, source, options);
    let mut lines: Vec<Cow<str>> = source.split_inclusive('\n').map(Cow::from).collect();
    for node in document.descendants() {
        let NodeValue::Table(table) = &node.data().value else { continue };
        let columns = table.num_columns;
        for row in node.children().skip(1) {
            let start = row.data().sourcepos.start;
            if let Some(line) = lines.get_mut(start.line - 1)
                && let Some(escaped) = escape_surplus(line, start.column - 1, columns)
            {
                *line = escaped.into();
            }
        }
    }
    Some(lines.concat())
}

/// Escapes each `|` of the row at `start` of `line` that would begin a cell beyond the last of `columns`.
fn escape_surplus(line: &str, start: usize, columns: usize) -> Option<String> {
    let row = line.get(start..)?.trim_end();
    let bars: Vec<usize> = row
        .match_indices('|')
        .map(|(index, _)| index)
        .filter(|&index| index == 0 || row.as_bytes()[index - 1] != b'\\')
        .collect();
    // The first cell may begin with a bar, and the last end with one.
    let between = bars.iter().filter(|&&bar| bar != 0 && bar + 1 != row.len());
    let surplus: Vec<usize> = between.skip(columns - 1).map(|bar| start + bar).collect();
    if surplus.is_empty() {
        return None;
    }
    let mut escaped = String::with_capacity(line.len() + surplus.len());
    let mut done = 0;
    for bar in surplus {
        escaped.push_str(&line[done..bar]);
        escaped.push('\\');
        done = bar;
    }
    escaped.push_str(&line[done..]);
    Some(escaped)
}
