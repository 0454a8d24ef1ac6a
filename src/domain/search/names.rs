//! Finding people by parts of their names.

use unicode_normalization::char::is_combining_mark;

use super::fold::{fold, is_invisible};

/// What people are found by: the words of the name and the user name, folded, each with a space before it. An
/// apostrophe parts a name, and also does not: `O'Connor` is `o`, `connor` and `oconnor`.
#[must_use]
pub fn name_words(name: &str, username: &str) -> String {
    let mut list = String::new();
    let mut push = |word: &str| {
        if !word.is_empty() {
            list.push(' ');
            list.push_str(word);
        }
    };
    for word in [name, username].into_iter().flat_map(str::split_whitespace) {
        let parts = parts(word);
        parts.iter().for_each(|part| push(part));
        if parts.len() > 1 {
            push(&parts.concat());
        }
    }
    list
}

/// The parts of names that somebody looks for, folded; all of them must be found, in any order. Empty when there is
/// nothing to look for.
#[must_use]
pub fn searched_name_words(text: &str) -> Vec<String> {
    text.split_whitespace().flat_map(parts).collect()
}

/// The parts of a word between punctuation.
fn parts(word: &str) -> Vec<String> {
    let is_punctuation = |c: char| !(c.is_alphanumeric() || is_combining_mark(c) || is_invisible(c));
    word.split(is_punctuation).map(fold).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(name: &str, username: &str, looked_for: &str) -> bool {
        let list = name_words(name, username);
        let wanted = searched_name_words(looked_for);
        !wanted.is_empty() && wanted.iter().all(|part| list.contains(part.as_str()))
    }

    #[test]
    fn a_person_is_found_by_any_part_of_the_name_in_any_order() {
        for (name, username, searches) in [
            ("Ada Lovelace", "ada", &["ada", "@ada", "lovelace ada", "love", "lace", "ADA LOVE", "a"][..]),
            ("Sinéad O'Connor", "sinead.o", &["connor", "oconnor", "o'connor", "O’Connor", "sinead", "@sinead.o"]),
            ("Елена Ёлкина", "lena", &["елкин", "Ёлкина", "елена", "@lena"]),
            ("Søren Kierkegaard", "sk", &["soren", "Søren", "kierke"]),
            ("Jose\u{301} Nu\u{301}n\u{303}ez", "jose", &["josé", "jose", "Núñez", "nunez"]),
            ("أحمد مُحَمَّد", "ahmad", &["احمد", "محمد احمد"]),
            ("山田太郎", "taro", &["太郎", "山田", "@taro"]),
        ] {
            for search in searches {
                assert!(is_found(name, username, search), "{search} finds {name}");
            }
        }
        for search in ["bob", "ada bob", "@bob", "lovelacex"] {
            assert!(!is_found("Ada Lovelace", "ada", search), "{search}");
        }
        assert!(searched_name_words(" @ ' ").is_empty());
    }
}
