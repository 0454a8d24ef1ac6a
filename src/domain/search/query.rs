//! What somebody looks for: words, phrases and operators.

use time::macros::format_description;
use time::{Date, Duration};

use super::phrase::Phrase;
use crate::domain::Refusal;
use crate::domain::{InvalidField, Timestamp};

/// A query, parsed. All of its parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What the text must contain.
    pub phrases: Vec<Phrase>,
    /// `from:` user names; any of them.
    pub from: Vec<String>,
    /// `in:` rooms, by name or id; any of them.
    pub rooms: Vec<String>,
    /// `has:` traits; all of them.
    pub has: Vec<Trait>,
    /// `after:` a day: this time or later.
    pub since: Option<Timestamp>,
    /// `before:` a day: earlier than this time.
    pub until: Option<Timestamp>,
}

/// What a message can have beside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// A link.
    Link,
    /// Code.
    Code,
    /// A file.
    File,
}

impl Trait {
    /// The name in a query.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Code => "code",
            Self::File => "file",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Link, Self::Code, Self::File].into_iter().find(|one| one.name() == name)
    }
}

/// Longest query, in characters: far more than somebody types, far less than would keep a reader busy.
const MAX_CHARS: usize = 1_000;
/// Most words and operators, for the same reason.
const MAX_PARTS: usize = 32;

impl SearchQuery {
    /// Parses what somebody typed: `words`, `"a phrase"`, `from:user`, `in:room`, `in:"a room"`, `before:2026-01-31`,
    /// `after:2026-01-31`, `has:link`, `has:code`, `has:file`. A colon after anything else is punctuation. A quotation
    /// mark without a partner begins a phrase that is still being typed; after a word (`5" disk`) it is punctuation.
    ///
    /// # Errors
    /// `search_empty`, `search_too_long`, `invalid_search`.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let chars = text.chars().count();
        if chars > MAX_CHARS {
            let detail = format!("The search has {chars} characters; at most {MAX_CHARS} are allowed.");
            return Err(InvalidField::new("q", Refusal::SearchTooLong, detail));
        }
        let mut query = Self::default();
        let mut rest = text.trim_start();
        let mut parts = 0;
        while !rest.is_empty() {
            rest = query.take_part(rest)?.trim_start();
            parts += 1;
        }
        let words: usize = query.phrases.iter().map(Phrase::len).sum();
        if parts.max(words) > MAX_PARTS {
            let detail = format!("The search has too many words; at most {MAX_PARTS} are allowed.");
            return Err(InvalidField::new("q", Refusal::SearchTooLong, detail));
        }
        if query == Self::default() {
            return Err(InvalidField::new("q", Refusal::SearchEmpty, "The search has no word to look for."));
        }
        Ok(query)
    }

    /// Takes the first word, phrase or operator of `text`, and answers what follows it.
    fn take_part<'a>(&mut self, text: &'a str) -> Result<&'a str, InvalidField> {
        if let Some(quoted) = text.strip_prefix('"') {
            let (phrase, rest, is_closed) = until_quote(quoted);
            self.look_for(phrase, !is_closed);
            return Ok(rest);
        }
        for (operator, take) in OPERATORS {
            let Some(value) = strip_operator(text, operator) else { continue };
            let (value, rest) = match value.strip_prefix('"') {
                Some(quoted) => {
                    let (value, rest, _) = until_quote(quoted);
                    (value, rest)
                }
                None => until_space(value),
            };
            if value.trim().is_empty() {
                return Err(invalid(format!("{operator}: needs a value right after it.")));
            }
            take(self, value.trim())?;
            return Ok(rest);
        }
        let (word, rest) = until_space(text);
        let Some(quote) = word.find('"') else {
            self.look_for(word, true);
            return Ok(rest);
        };
        // A quotation mark within a word ends it. If it has a partner, a phrase follows.
        let (word, phrase) = text.split_at(quote);
        self.look_for(word, true);
        Ok(if phrase[1..].contains('"') { phrase } else { &phrase[1..] })
    }

    /// Looks for a word or for several that follow each other. Punctuation alone is nothing to look for.
    fn look_for(&mut self, text: &str, is_open: bool) {
        self.phrases.extend(Phrase::new(text, is_open));
    }
}

type TakeOperator = fn(&mut SearchQuery, &str) -> Result<(), InvalidField>;

const OPERATORS: [(&str, TakeOperator); 5] = [
    ("from", |query, value| {
        query.from.push(value.trim_start_matches('@').to_lowercase());
        Ok(())
    }),
    ("in", |query, value| {
        query.rooms.push(value.trim_start_matches('#').to_owned());
        Ok(())
    }),
    ("before", |query, value| {
        let until = start_of(day("before", value)?);
        query.until = Some(query.until.map_or(until, |earlier| earlier.min(until)));
        Ok(())
    }),
    ("after", |query, value| {
        let next = day("after", value)?.saturating_add(Duration::DAY);
        query.since = Some(query.since.map_or(start_of(next), |later| later.max(start_of(next))));
        Ok(())
    }),
    ("has", |query, value| {
        let known = Trait::from_name(&value.to_lowercase());
        let known = known.ok_or_else(|| invalid("has: is followed by link, code or file.".to_owned()))?;
        query.has.push(known);
        Ok(())
    }),
];

fn strip_operator<'a>(text: &'a str, operator: &str) -> Option<&'a str> {
    let name = text.get(..operator.len()).filter(|name| name.eq_ignore_ascii_case(operator))?;
    text[name.len()..].strip_prefix(':')
}

/// What stands before the next quotation mark, what follows it, and whether there is one.
fn until_quote(text: &str) -> (&str, &str, bool) {
    text.split_once('"').map_or((text, "", false), |(quoted, rest)| (quoted, rest, true))
}

fn until_space(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

fn day(operator: &str, value: &str) -> Result<Date, InvalidField> {
    Date::parse(value, format_description!("[year]-[month]-[day]"))
        .map_err(|_| invalid(format!("{operator}: is followed by a day such as 2026-01-31.")))
}

fn start_of(day: Date) -> Timestamp {
    Timestamp(day.midnight().assume_utc().unix_timestamp().saturating_mul(1_000_000))
}

fn invalid(detail: String) -> InvalidField {
    InvalidField::new("q", Refusal::InvalidSearch, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> SearchQuery {
        SearchQuery::parse(text).unwrap_or_else(|invalid| panic!("{text:?}: {invalid}"))
    }

    fn phrases(text: &str) -> Vec<String> {
        let show = |phrase: Phrase| format!("{}{}", phrase.cuts[0].join(" "), if phrase.is_open { "…" } else { "" });
        parsed(text).phrases.into_iter().map(show).collect()
    }

    fn code(text: &str) -> &'static str {
        SearchQuery::parse(text).expect_err(text).refusal.code()
    }

    #[test]
    fn words_phrases_and_operators_are_told_apart() {
        let query = parsed("deploy from:@Ada in:\"Engine room\" HAS:link \"on Friday\" after:2026-01-31");
        assert_eq!(phrases("deploy from:x \"on Friday\""), ["deploy…", "on friday"]);
        assert_eq!((query.from, query.rooms), (vec!["ada".to_owned()], vec!["Engine room".to_owned()]));
        assert_eq!(query.has, [Trait::Link]);
        assert_eq!(query.since.map(|time| time.to_string()).as_deref(), Some("2026-02-01T00:00:00.000Z"));
    }

    #[test]
    fn punctuation_joins_words_into_a_phrase_and_is_no_operator() {
        assert_eq!(phrases("https://example.org/a-b"), ["https example org a b…"]);
        assert_eq!(phrases("note:this x\"y z\""), ["note this…", "x…", "y z"]);
        assert_eq!(phrases("5\" disk"), ["5…", "disk…"]);
        assert_eq!(phrases("\"on fri"), ["on fri…"]);
        assert_eq!(phrases("a && b* OR NOT (c)"), ["a…", "b…", "or…", "not…", "c…"]);
    }

    #[test]
    fn characters_written_without_spaces_become_a_phrase_of_pairs() {
        assert_eq!(phrases("東京都"), ["東京 京都…"]);
        assert_eq!(phrases("中"), ["中…"]);
        assert_eq!(phrases("東京abc"), ["東京 京 abc…"]);
    }

    #[test]
    fn what_is_wrong_with_a_query_is_said() {
        for text in ["before:yesterday", "after:2026-02-30", "has:fun", "from:", "in: lobby", "in:\" \""] {
            assert_eq!(code(text), "invalid_search", "{text}");
        }
        for text in ["", "  ", "!!! ??", "\"\"", "%_*", "\""] {
            assert_eq!(code(text), "search_empty", "{text}");
        }
        assert_eq!(code(&"a".repeat(10_000)), "search_too_long");
        assert_eq!(code(&"a ".repeat(100)), "search_too_long");
    }

    #[test]
    fn the_years_at_the_end_of_the_calendar_do_no_harm() {
        assert!(parsed("after:9999-12-31").since.is_some());
        assert!(parsed("before:0000-01-01").until.is_some());
    }
}
