//! Bare addresses: where they end, and those that the parser does not see.

use std::borrow::Cow;

use comrak::Arena;
use comrak::nodes::{Node, NodeLink, NodeValue};

use super::super::is_blank;
use super::separator::ADDRESS_END;
use super::written::opens;

/// Punctuation of other scripts and of print, at which an address ends wherever it stands.
const STOPS: &str = "，。、；：！？（）「」『』【】《》〈〉〔〕“”„«»‹›،؛؟۔…";

/// What does not belong to an address at its end.
const TRAILING: &str = "?!.,:;*_~'";

/// Marks the end of each address that the parser would read on, as in `https://example.org/a，then`.
pub(super) fn end_addresses(source: &str) -> Cow<'_, str> {
    let mut ended = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some((start, length)) = find_web_address(source, from) {
        let end = start + length;
        from = end;
        let before = &source[..start];
        let is_delimited = (before.ends_with('<') && !before.ends_with("\\<")) || before.ends_with("](");
        let behind = source[end..].split(|c: char| c.is_ascii_whitespace() || c == '<').next().unwrap_or_default();
        if is_delimited || behind.chars().all(|c| TRAILING.contains(c)) || behind.starts_with("](") {
            continue;
        }
        ended.push_str(&source[done..end]);
        ended.push('<');
        ended.push(ADDRESS_END);
        done = end;
    }
    if done == 0 {
        return source.into();
    }
    ended.push_str(&source[done..]);
    ended.into()
}

/// Makes links of the addresses in texts: after marks of print, in capitals, in HTML.
pub(super) fn link_addresses<'a>(arena: &'a Arena<'a>, document: Node<'a>) {
    let texts: Vec<Node<'a>> =
        document.descendants().filter(|node| matches!(node.data().value, NodeValue::Text(_))).collect();
    for node in texts {
        let is_inside_link =
            node.ancestors().any(|ancestor| matches!(ancestor.data().value, NodeValue::Link(_) | NodeValue::Image(_)));
        if is_inside_link {
            continue;
        }
        let NodeValue::Text(text) = node.data().value.clone() else { continue };
        let mut done = 0;
        let mut from = 0;
        while let Some((start, length, url)) = find_address(&text, from) {
            from = start + length;
            if !opens(&url) {
                continue;
            }
            let before = &text[done..start];
            if !before.is_empty() {
                node.insert_before(text_node(arena, before));
            }
            let link = arena.alloc(NodeValue::Link(Box::new(NodeLink { url, title: String::new() })).into());
            link.append(text_node(arena, &text[start..from]));
            node.insert_before(link);
            done = from;
        }
        if done > 0 {
            node.data_mut().value = NodeValue::Text(text[done..].to_owned().into());
        }
    }
}

fn text_node<'a>(arena: &'a Arena<'a>, text: &str) -> Node<'a> {
    arena.alloc(NodeValue::Text(text.to_owned().into()).into())
}

/// The first address of `text` at or after `from`: its place, its length and where it leads.
fn find_address(text: &str, from: usize) -> Option<(usize, usize, String)> {
    let web = find_web_address(text, from).map(|(start, length)| {
        let address = &text[start..start + length];
        let has_scheme = address.contains("://");
        (start, length, if has_scheme { address.to_owned() } else { format!("http://{address}") })
    });
    let mail = find_mail_address(text, from)
        .map(|(start, length)| (start, length, format!("mailto:{}", &text[start..start + length])));
    match (web, mail) {
        (Some(web), Some(mail)) => Some(if mail.0 < web.0 { mail } else { web }),
        (web, mail) => web.or(mail),
    }
}

/// The first address of a page at or after `from`, and its length.
fn find_web_address(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let begins = |start: usize, begin: &str| {
        bytes.get(start..start + begin.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(begin.as_bytes()))
    };
    for start in from..bytes.len() {
        if !matches!(bytes[start], b'h' | b'H' | b'w' | b'W') {
            continue;
        }
        let before = text[..start].chars().next_back();
        let scheme = ["http://", "https://"].into_iter().find(|scheme| begins(start, scheme));
        if let Some(scheme) = scheme {
            let length = address_length(&text[start..]);
            if length > scheme.len() && !before.is_some_and(|c| c.is_ascii_alphanumeric()) {
                return Some((start, length));
            }
        } else if begins(start, "www.") && !before.is_some_and(|c| c.is_ascii_alphanumeric() || "./-@\\".contains(c)) {
            let length = address_length(&text[start..]);
            let host = text[start..start + length].split(['/', '?', '#', ':']).next().unwrap_or_default();
            if host.matches('.').count() > 1 {
                return Some((start, length));
            }
        }
    }
    None
}

/// The length of the address that `text` begins with.
fn address_length(text: &str) -> usize {
    let mut open = Vec::new();
    let path = text.find("://").map_or(0, |mark| mark + 3);
    let path = text[path..].find(['/', '?', '#']).map_or(text.len(), |index| path + index);
    let mut length = text.len();
    for (index, c) in text.char_indices() {
        let rest = &text[index + c.len_utf8()..];
        let ends = match c {
            '<' | '>' | '"' | '`' => true,
            ',' | ';' | '!' | '|' => index < path,
            '(' | '[' | '{' => {
                open.push(c);
                false
            }
            ')' => open.pop() != Some('('),
            ']' => open.pop() != Some('['),
            '}' => open.pop() != Some('{'),
            '\\' => rest.starts_with(['<', '>', '(', ')', '[', ']', '{', '}', '*', '`', '"', '\'']),
            // Emphasis that ends before a letter of another script.
            '*' | '~' => rest.trim_start_matches(c).starts_with(|next: char| !next.is_ascii()),
            '’' | '‘' => !rest.starts_with(char::is_alphanumeric),
            '\u{200C}' | '\u{200D}' => !rest.starts_with(char::is_alphanumeric),
            c => c.is_whitespace() || c.is_control() || STOPS.contains(c) || is_blank(c.encode_utf8(&mut [0; 4])),
        };
        if ends {
            length = index;
            break;
        }
    }
    text[..length].trim_end_matches(|c| TRAILING.contains(c)).len()
}

/// The first mail address at or after `from`, and its length.
fn find_mail_address(text: &str, from: usize) -> Option<(usize, usize)> {
    for (at, _) in text[from..].match_indices('@').map(|(at, mark)| (from + at, mark)) {
        let is_local = |c: char| c.is_ascii_alphanumeric() || ".+-_".contains(c);
        let start = text[from..at].trim_end_matches(is_local).len() + from;
        let domain: &str = &text[at + 1..];
        let length = domain.find(|c: char| !(c.is_ascii_alphanumeric() || ".-_".contains(c))).unwrap_or(domain.len());
        let is_cut = domain[length..].starts_with('@');
        let domain = domain[..length].trim_end_matches(['.', '-', '_']);
        let is_domain = domain.contains('.') && domain.ends_with(|c: char| c.is_ascii_alphabetic());
        let before = &text[..start];
        let is_part = before.ends_with(['@', '/']) || before.ends_with("xmpp:");
        if start < at && is_domain && !is_cut && !is_part {
            return Some((start, at + 1 + domain.len() - start));
        }
    }
    None
}
