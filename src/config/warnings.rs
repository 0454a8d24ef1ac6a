//! What is worth a warning at the start: settings that work, and let others listen.

use std::net::IpAddr;

use url::Url;

use super::bus::is_loopback;
use super::{BusAddress, ServeConfig};

impl ServeConfig {
    /// A sentence for each setting that sends or takes secrets over a network without TLS.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if is_public(self.listen.ip()) {
            warnings.push(format!(
                "HUBBUB_LISTEN: {} can be reached from other machines and has no TLS; put a proxy with TLS before it, and \
                 listen on 127.0.0.1",
                self.listen
            ));
        }
        if let Ok(BusAddress::Nats(servers)) = self.bus.address() {
            let is_open = |url: &Url| url.username().is_empty();
            let urls = servers.iter().filter_map(|server| Url::parse(server.expose()).ok());
            for url in urls.filter(is_open) {
                let host = url.host_str().unwrap_or_default();
                warnings.push(format!(
                    "HUBBUB_BUS: nats://{host} has no credentials, so whoever reaches it reads and sends every event"
                ));
            }
        }
        if let Some(url) = &self.database_url
            && let Ok(url) = Url::parse(url.expose())
            && url.scheme().starts_with("postgres")
            && let Some(host) = url.host_str().filter(|host| !host.is_empty() && !is_loopback(host))
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
        ] {
            let words = [vec!["hubbub"], arguments.clone()].concat();
            let warnings = Cli::try_parse_from(words).expect("settings").serve.warnings().join("\n");
            assert_eq!(part.is_some(), !warnings.is_empty(), "{arguments:?}: {warnings}");
            assert!(warnings.contains(part.unwrap_or_default()) && !warnings.contains("s3cret"), "{warnings}");
        }
    }
}
