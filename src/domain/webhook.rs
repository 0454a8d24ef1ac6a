//! Where a webhook is called.

use std::fmt;

use url::{Host, Url};

use super::InvalidField;
use super::Refusal;

/// The URL of a webhook: `http` or `https`, with a host, without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// Longer ones are refused by some servers, and nobody types them.
    const MAX_CHARS: usize = 2_000;

    /// Parses what somebody typed. Where its name leads is not asked here: that may change between now and a call.
    ///
    /// # Errors
    /// `invalid_webhook_url`.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let refuse = |detail: &str| InvalidField::new("url", Refusal::InvalidWebhookUrl, detail);
        let url = Url::parse(text.trim()).map_err(|_| refuse("This is no URL."))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("A webhook's URL begins with https:// or http://."));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("A webhook's URL has no user name and no password: its calls are signed."));
        }
        if url.as_str().chars().count() > Self::MAX_CHARS {
            return Err(refuse("A webhook's URL has at most 2000 characters."));
        }
        match url.host() {
            Some(Host::Domain("")) | None => Err(refuse("A webhook's URL names a host.")),
            Some(_) => Ok(Self(url.into())),
        }
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The host of a webhook's URL, with its port if the URL names one: what is one server to those who call it.
#[must_use]
pub fn webhook_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_written_in_its_normal_form() {
        let url = WebhookUrl::parse(" HTTPS://Example.org ").expect("valid");
        assert_eq!(url.as_str(), "https://example.org/");
        // Addresses in disguise become plain, so that whoever checks them sees them.
        assert_eq!(WebhookUrl::parse("http://0x7f.1/").expect("valid").as_str(), "http://127.0.0.1/");
    }

    #[test]
    fn webhooks_of_one_server_have_one_host() {
        for (text, host) in [
            ("https://example.org/a/b?c#d", "example.org"),
            ("https://EXAMPLE.org?a=https://b/", "example.org"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("https://example.org:443/", "example.org"),
        ] {
            assert_eq!(webhook_host(WebhookUrl::parse(text).expect("valid").as_str()), host);
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        let long = format!("https://example.org/{}", "x".repeat(2_000));
        for text in
            ["", "example.org", "ftp://example.org", "https://ada:secret@example.org", "file:///etc/passwd", &long]
        {
            assert!(WebhookUrl::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
