//! Negotiation of extensions in the handshake: permessage-deflate (RFC 7692) without context takeover.
//!
//! Both directions begin anew with each message ("no context takeover"). So a message is deflated once for all sockets
//! that get it, and no socket has a window of its own: 32 KiB there, and some more here.

use actix_web::http::header::{HeaderMap, SEC_WEBSOCKET_EXTENSIONS};

const NAME: &str = "permessage-deflate";

/// Answers the first offer of a handshake that can be accepted, as the value of `Sec-WebSocket-Extensions`.
pub(super) fn accept_deflate(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| split(value, ',')).find_map(accept)
}

/// An offer is accepted as a whole or declined (section 7): `permessage-deflate; client_max_window_bits; …`.
fn accept(offer: &str) -> Option<String> {
    let mut parts = split(offer, ';');
    if parts.next() != Some(NAME) {
        return None;
    }
    let mut answer = format!("{NAME}; server_no_context_takeover; client_no_context_takeover");
    let mut seen = Vec::new();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
            None => (part, None),
        };
        match (name, value) {
            _ if seen.contains(&name) => return None,
            ("server_no_context_takeover" | "client_no_context_takeover", None) => {}
            // A hint that its window may be made smaller: it need not be, for there is one for all clients.
            ("client_max_window_bits", None | Some("8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")) => {}
            // A smaller window would need frames of its own.
            ("server_max_window_bits", Some("15")) => answer.push_str("; server_max_window_bits=15"),
            _ => return None,
        }
        seen.push(name);
    }
    Some(answer)
}

/// The parts of a header's value, a separator within quotes not being one.
fn split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let parts = value.split(move |character| {
        is_quoted ^= character == '"';
        character == separator && !is_quoted
    });
    parts.map(str::trim)
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    fn response(values: &[&'static str]) -> Option<String> {
        let values = values.iter().map(|value| (SEC_WEBSOCKET_EXTENSIONS, value.parse().expect("a value")));
        accept_deflate(&values.collect())
    }

    #[test]
    fn an_offer_that_can_be_honoured_is_accepted() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate ;client_max_window_bits = \"10\" ; server_no_context_takeover",
            "permessage-deflate; client_no_context_takeover; client_max_window_bits=8",
            "x-webkit-deflate-frame, permessage-deflate",
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "x-first; of=\"a, b; c\", permessage-deflate",
        ] {
            assert_eq!(response(&[offer]).as_deref(), Some(ANSWER), "{offer}");
        }
        assert_eq!(response(&["x-first", "permessage-deflate"]).as_deref(), Some(ANSWER), "in several headers");
        let largest = response(&["permessage-deflate; server_max_window_bits=15"]);
        assert_eq!(largest, Some(format!("{ANSWER}; server_max_window_bits=15")));
    }

    #[test]
    fn an_offer_that_cannot_be_honoured_is_declined() {
        for offer in [
            "",
            "x-webkit-deflate-frame",
            "permessage-deflate-2",
            "permessage-deflate; x",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=015",
            "permessage-deflate; client_max_window_bits=",
            "permessage-deflate; client_max_window_bits; client_max_window_bits",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=15",
            "x-first; of=\", permessage-deflate, \"",
        ] {
            assert_eq!(response(&[offer]), None, "{offer}");
        }
        assert_eq!(response(&[]), None);
    }
}
