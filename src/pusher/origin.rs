//! The pages that may connect to an app.

use thiserror::Error;
use url::Url;

/// An entry of `allowed_origins`: one origin, or several by a pattern.
///
/// | entry | allows |
/// |---|---|
/// | `*` | every page |
/// | `https://example.org`, `https://example.org:443` | that origin: a default port may be there or not |
/// | `https://*.example.org` | every host below `example.org`, however deep, and not `example.org` itself |
/// | `example.org`, `*.example.org:8443` | the same with `http` and with `https`; without a port, at any |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Every page.
    Every,
    /// The pages of a host, or of all below it.
    Host(HostPattern),
}

/// The hosts of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    /// `None`: any.
    scheme: Option<String>,
    host: String,
    /// Whether the entry is for the hosts below `host`.
    is_below: bool,
    /// `None`: any.
    port: Option<u16>,
}

/// An entry that no page can ever match.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "allowed_origins: {0:?} can never match: an entry is *, SCHEME://HOST[:PORT], HOST[:PORT], or one whose host begins with \
     *. (a page's origin has no path)"
)]
pub struct InvalidOrigin(pub String);

impl AllowedOrigin {
    /// Parses an entry.
    ///
    /// # Errors
    /// [`InvalidOrigin`] for an entry that no origin of a browser matches: one with a path, a user, spaces, or a `*` elsewhere.
    pub fn parse(entry: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(entry.to_owned());
        if entry == "*" {
            return Ok(Self::Every);
        }
        let (scheme, rest) = match entry.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, entry),
        };
        let (is_below, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let rest = if scheme.is_some() { rest.strip_suffix('/').unwrap_or(rest) } else { rest };
        if rest.is_empty()
            || rest.contains(|character: char| "/?#@*\\".contains(character) || character.is_whitespace())
        {
            return Err(invalid());
        }
        // The parser brings the host into the form that browsers send: lower case, Punycode, no port that goes without saying.
        let known_scheme = scheme.as_deref().unwrap_or("http");
        if known_scheme.is_empty()
            || !known_scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        {
            return Err(invalid());
        }
        let is_web = matches!(known_scheme, "http" | "https");
        let url = Url::parse(&format!("{known_scheme}://{rest}")).map_err(|_| invalid())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(invalid)?.to_ascii_lowercase();
        let port = match &scheme {
            Some(_) if is_web => url.port_or_known_default(),
            Some(_) => url.port(),
            // The parser drops 80, which says something here.
            None => explicit_port(rest),
        };
        Ok(Self::Host(HostPattern { scheme, host, is_below, port }))
    }

    /// Whether a page of this origin, as its browser says it, may connect.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        let Self::Host(pattern) = self else { return true };
        let Ok(url) = Url::parse(origin) else { return false };
        let Some(host) = url.host_str() else { return false };
        let host = host.to_ascii_lowercase();
        let is_host = match pattern.is_below {
            true => host.strip_suffix(&pattern.host).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            false => host == pattern.host,
        };
        let is_scheme = match &pattern.scheme {
            Some(scheme) => scheme == url.scheme(),
            None => matches!(url.scheme(), "http" | "https"),
        };
        let port = url.port_or_known_default();
        let is_port = match (&pattern.scheme, pattern.port) {
            (None, None) => true,
            (_, wanted) => port == wanted,
        };
        is_host && is_scheme && is_port
    }
}

fn explicit_port(authority: &str) -> Option<u16> {
    // A colon within brackets belongs to an IPv6 address.
    let after_host = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    after_host.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_allows_what_it_says_and_nothing_else() {
        let cases: [(&str, &[&str], &[&str]); 11] = [
            ("*", &["https://example.org", "http://localhost:3000", "null", "capacitor://localhost"], &[]),
            (
                "https://example.org",
                &["https://example.org", "https://EXAMPLE.org"],
                &[
                    "http://example.org",
                    "https://example.org:8443",
                    "https://a.example.org",
                    "https://example.org.evil.test",
                    "null",
                ],
            ),
            ("https://example.org/", &["https://example.org"], &["https://example.com"]),
            ("https://example.org:443", &["https://example.org"], &["https://example.org:80"]),
            ("http://example.org:80", &["http://example.org"], &["https://example.org"]),
            (
                "https://*.example.org",
                &["https://a.example.org", "https://a.b.example.org"],
                &[
                    "https://example.org",
                    "https://aexample.org",
                    "http://a.example.org",
                    "https://a.example.org:444",
                    "https://.example.org",
                ],
            ),
            ("http://localhost:*", &[], &[]),
            (
                "example.org",
                &["https://example.org", "http://example.org", "https://example.org:8443"],
                &["https://a.example.org", "ftp://example.org", "null"],
            ),
            (
                "localhost:3000",
                &["http://localhost:3000", "https://localhost:3000"],
                &["http://localhost", "http://localhost:3001"],
            ),
            ("*.bücher.example", &["https://a.xn--bcher-kva.example"], &["https://xn--bcher-kva.example"]),
            ("http://[::1]:3000", &["http://[::1]:3000"], &["http://[::1]"]),
        ];
        for (entry, allowed, refused) in cases {
            if entry.ends_with(":*") {
                assert!(AllowedOrigin::parse(entry).is_err(), "{entry}");
                continue;
            }
            let parsed = AllowedOrigin::parse(entry).expect(entry);
            assert!(allowed.iter().all(|origin| parsed.allows(origin)), "{entry} allows {allowed:?}");
            assert!(refused.iter().all(|origin| !parsed.allows(origin)), "{entry} refuses {refused:?}");
        }
    }

    #[test]
    fn an_entry_that_can_never_match_is_refused() {
        for entry in [
            "",
            " ",
            "https://",
            "https://example.org/chat",
            "https://example.org?x",
            "https://user@example.org",
            "https://*",
            "https://exa*mple.org",
            "https://example.*",
            "*.*.example.org",
            "https://a b",
            "https://example.org:x",
            "https://example.org, https://example.com",
            "example.org/chat",
            "://example.org",
            "https://example.org:99999",
        ] {
            assert_eq!(AllowedOrigin::parse(entry), Err(InvalidOrigin(entry.to_owned())), "{entry:?}");
        }
    }
}
