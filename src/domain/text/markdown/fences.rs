//! The line that opens a block of code, when it says more than a language.

use comrak::nodes::{Node, NodeValue};

use super::sanitiser::is_language;
use super::separator::without_separators;

/// Puts into the code what people wrote behind the fence and Markdown would hide: ```` ```SELECT * FROM a ````.
///
/// One word is the name of a language: `js`, and with attributes `js,ignore` or `{r}`. More words are the first line of
/// the code; before attributes, as in `js title="a"`, the first of them is the language too.
pub(super) fn keep_first_lines(document: Node<'_>, lines: &[&str]) {
    for node in document.descendants() {
        let start = node.data().sourcepos.start;
        let NodeValue::CodeBlock(block) = &mut node.data_mut().value else { continue };
        if !block.fenced || block.info.is_empty() {
            continue;
        }
        // The parser has taken backslashes from its own copy.
        let line = lines.get(start.line - 1).and_then(|line| line.get(start.column - 1..));
        let written = line.map(|line| without_separators(line.trim_start_matches(char::from(block.fence_char)).trim()));
        let info = written.map_or_else(|| block.info.clone(), std::borrow::Cow::into_owned);
        let (word, rest) = info.split_once(char::is_whitespace).unwrap_or((&info, ""));
        let language = language(word);
        let is_shown = language.is_none() || !rest.is_empty();
        let is_named = rest.is_empty() || are_attributes(rest.trim());
        block.info = language.filter(|_| is_named).unwrap_or_default().to_owned();
        if is_shown {
            block.literal.insert_str(0, &format!("{info}\n"));
        }
    }
}

/// Shows the word behind a fence that holds nothing else, in a text that shows something besides.
pub(super) fn keep_words_of_empty_fences(document: Node<'_>) {
    for node in document.descendants() {
        if let NodeValue::CodeBlock(block) = &mut node.data_mut().value
            && block.literal.trim().is_empty()
        {
            let word = std::mem::take(&mut block.info);
            if !word.is_empty() {
                block.literal.insert_str(0, &format!("{word}\n"));
            }
        }
    }
}

/// The language that one word behind a fence names: `js`, `js,ignore`, `{r}`, `{.python}`.
fn language(word: &str) -> Option<&str> {
    let bare = word.strip_prefix('{').and_then(|word| word.strip_suffix('}')).unwrap_or(word);
    let mut parts = bare.trim_start_matches('.').split(',');
    let name = parts.next().filter(|name| is_language(name))?;
    let are_plain = parts.all(|part| part.chars().all(|c| c.is_alphanumeric() || "_=-".contains(c)));
    are_plain.then_some(name)
}

/// Whether all of `rest` is `{…}` or words such as `title="a"`.
fn are_attributes(rest: &str) -> bool {
    let is_attribute = |word: &str| {
        word.split_once('=').is_some_and(|(key, value)| {
            !key.is_empty() && !value.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
        })
    };
    (rest.starts_with('{') && rest.ends_with('}')) || rest.split_whitespace().all(is_attribute)
}
