//! What is worth a warning at the start: settings that work, and let others listen.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use url::Url;

use super::bus::is_loopback;
use super::{BusAddress, ServeConfig};

impl ServeConfig {
    /// A sentence for each setting that sends or takes secrets over a network without TLS. The listener's address is known
    /// later: see [`listener_warning`].
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Ok(BusAddress::Nats(servers)) = self.bus.address() {
            let urls: Vec<Url> = servers.iter().filter_map(|server| Url::parse(server.expose()).ok()).collect();
            // The credentials of one count for all of the list.
            if urls.iter().all(|url| url.username().is_empty()) {
                let hosts: Vec<&str> = urls.iter().filter_map(Url::host_str).collect();
                warnings.push(format!(
                    "HUBBUB_BUS: {} has no credentials, so whoever reaches it reads and sends every event",
                    hosts.join(", ")
                ));
            }
        }
        if let Some(url) = &self.database_url
            && let Ok(url) = Url::parse(url.expose())
            && url.scheme().starts_with("postgres")
            && let Some(host) = remote_database_host(&url)
        {
            let mode = url.query_pairs().find(|(name, _)| name == "sslmode").map(|(_, mode)| mode.into_owned());
            if !matches!(mode.as_deref(), Some("require" | "verify-ca" | "verify-full")) {
                warnings.push(format!(
                    "HUBBUB_DATABASE_URL: the connection to {host} may be without TLS; add sslmode=verify-full"
                ));
            }
        }
        warnings
    }
}

/// A sentence, when a plain listener at this address can be reached from a network that is not private.
#[must_use]
pub fn listener_warning(address: SocketAddr) -> Option<String> {
    is_public(address.ip()).then(|| {
        format!(
            "HUBBUB_LISTEN: {address} can be reached from other machines and has no TLS; put a proxy with TLS before it, and \
             listen on 127.0.0.1"
        )
    })
}

/// A sentence, when a webhook is called on another machine without TLS.
#[must_use]
pub fn webhook_warning(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let host = url.host_str().filter(|host| !is_loopback(host))?;
    Some(format!(
        "a webhook is called at http://{host}: what it says can be read on the way; its URL should begin with https://"
    ))
}

/// The first host of a Postgres URL that is not this machine. It may stand in the parameters too, as libpq allows; one
/// that begins with / is a socket's directory.
fn remote_database_host(url: &Url) -> Option<String> {
    let is_host = |(name, _): &(Cow<'_, str>, Cow<'_, str>)| name == "host" || name == "hostaddr";
    let named = url.query_pairs().filter(is_host).map(|(_, hosts)| hosts.into_owned());
    let hosts: Vec<String> = url.host_str().map(str::to_owned).into_iter().chain(named).collect();
    let remote = |host: &&str| !host.is_empty() && !host.starts_with('/') && !is_loopback(host);
    hosts.iter().flat_map(|hosts| hosts.split(',')).find(remote).map(str::to_owned)
}

/// Whether other machines than those of a private network may reach an address.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !(address.is_loopback() || address.is_private() || address.is_link_local()),
        IpAddr::V6(address) => !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        serve: ServeConfig,
    }

    #[test]
    fn what_goes_over_a_network_without_tls_is_warned_of() {
        for (arguments, part) in [
            (vec!["--listen", "0.0.0.0:8080"], Some("HUBBUB_LISTEN")),
            (vec!["--listen", "203.0.113.7:80"], Some("HUBBUB_LISTEN")),
            (vec!["--listen", "10.0.0.7:8080"], None),
            (vec!["--listen", "localhost:8080"], None),
            (vec!["--bus", "nats://10.0.0.1:4222"], Some("HUBBUB_BUS")),
            (vec!["--bus", "nats://u:s3cret@10.0.0.1:4222"], None),
            (vec!["--database-url", "postgres://u:s3cret@db.example.org/hubbub"], Some("db.example.org")),
            (vec!["--database-url", "postgres://u:s3cret@db.example.org/h?sslmode=prefer"], Some("sslmode")),
            (vec!["--database-url", "postgres://u:s3cret@db.example.org/h?sslmode=verify-full"], None),
            (vec!["--database-url", "postgres://u:s3cret@localhost/h"], None),
            (vec!["--database-url", "postgres:///h"], None),
            (vec!["--database-url", "postgres:///h?host=db.example.org"], Some("db.example.org")),
            (vec!["--database-url", "postgres:///h?hostaddr=203.0.113.9"], Some("203.0.113.9")),
            (vec!["--database-url", "postgres:///h?host=/run/postgresql"], None),
            (vec!["--bus", "nats://u:s3cret@10.0.0.1:4222,10.0.0.2:4222"], None),
            (vec!["--listen", "[::ffff:203.0.113.7]:80"], Some("HUBBUB_LISTEN")),
            (vec!["--listen", "[::]:80"], Some("HUBBUB_LISTEN")),
        ] {
            let words = [vec!["hubbub"], arguments.clone()].concat();
            let config = Cli::try_parse_from(words).expect("settings").serve;
            let warnings = config.warnings().into_iter().chain(listener_warning(config.listen));
            let warnings = warnings.collect::<Vec<_>>().join("\n");
            assert_eq!(part.is_some(), !warnings.is_empty(), "{arguments:?}: {warnings}");
            assert!(warnings.contains(part.unwrap_or_default()) && !warnings.contains("s3cret"), "{warnings}");
        }
    }

    #[test]
    fn a_webhook_on_another_machine_without_tls_is_warned_of() {
        for (url, is_warned) in [
            ("http://hooks.example.org/x", true),
            ("http://10.0.0.7/x", true),
            ("https://hooks.example.org/x", false),
            ("http://127.0.0.1:9000/x", false),
            ("http://[::1]/x", false),
            ("http://localhost/x", false),
        ] {
            assert_eq!(webhook_warning(url).is_some(), is_warned, "{url}");
        }
        assert!(!webhook_warning("http://h/secret-path?key=1").is_some_and(|text| text.contains("secret-path")));
    }
}
