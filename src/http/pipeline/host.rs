//! Whether a request is for this instance: a page that lets its own name point to this machine is refused.

use actix_web::HttpRequest;
use actix_web::http::header::HOST;

use crate::config::ServeConfig;

/// The names that the instance has (DNS rebinding: a browser believes that another site's name, once it points here, is that
/// site). An address is no name, so none can point elsewhere.
pub(crate) struct AllowedHosts {
    /// In lower case, without ports.
    names: Vec<String>,
    trusts_proxy: bool,
}

/// What is asked without a name: health checks, and what other applications send, which is signed.
const WITHOUT_NAME: [&str; 3] = ["/health/", "/apps/", "/app/"];

impl AllowedHosts {
    pub(crate) fn new(config: &ServeConfig) -> Self {
        let public = config.public_url.as_deref().and_then(|url| url.split_once("://"));
        let public = public.map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
        let names = public.into_iter().chain(config.http.allowed_hosts.iter().map(String::as_str));
        let names = names.map(|host| name_of(host).to_ascii_lowercase()).collect();
        Self { names, trusts_proxy: config.auth.trust_proxy }
    }

    /// The name that a request is for, unless the instance has it. A request without one is let through: browsers send it.
    pub(crate) fn foreign_name(&self, request: &HttpRequest) -> Option<String> {
        if WITHOUT_NAME.iter().any(|path| request.path().starts_with(path)) {
            return None;
        }
        let host = asked_host(request, self.trusts_proxy)?;
        let name = name_of(&host).to_ascii_lowercase();
        let is_address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        let is_local = name == "localhost" || name.ends_with(".localhost");
        let is_ours = is_address || is_local || self.names.iter().any(|ours| *ours == name || ours == "*");
        (!is_ours).then_some(name)
    }
}

/// The host that was asked: that of the proxy's `X-Forwarded-Host` where the proxy is trusted.
pub(crate) fn asked_host(request: &HttpRequest, trusts_proxy: bool) -> Option<String> {
    let text = |name: &str| request.headers().get_all(name).next_back().map(|value| value.to_str().unwrap_or("?"));
    let forwarded = text("x-forwarded-host").filter(|_| trusts_proxy).and_then(|hosts| hosts.rsplit(',').next());
    forwarded.or_else(|| text(HOST.as_str())).map(|host| host.trim().to_owned())
}

/// A host without its port.
pub(crate) fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => {
            name.trim_end_matches('.')
        }
        Some(_) | None => host.trim_end_matches('.'),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_refused(trusts_proxy: bool, path: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let hosts =
            AllowedHosts { names: ["chat.example.org", "chat.internal"].map(str::to_owned).to_vec(), trusts_proxy };
        let request =
            headers.iter().fold(TestRequest::get().uri(path), |request, header| request.insert_header(*header));
        hosts.foreign_name(&request.to_http_request()).is_some()
    }

    #[test]
    fn the_instance_has_its_own_names_and_every_address() {
        for host in [
            "chat.example.org",
            "CHAT.example.org:443",
            "chat.example.org.",
            "chat.internal:8080",
            "localhost:8080",
            "a.localhost",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "192.0.2.1",
        ] {
            assert!(!is_refused(false, "/", &[("host", host)]), "{host}");
        }
        assert!(!is_refused(false, "/", &[]));
    }

    #[test]
    fn another_name_is_refused_unless_a_trusted_proxy_says_ours() {
        for host in ["evil.example", "chat.example.org.evil.example", "evil.example:8080", "localhost.evil.example", ""]
        {
            assert!(is_refused(false, "/api/v1/instance", &[("host", host)]), "{host}");
        }
        assert!(!is_refused(false, "/health/live", &[("host", "evil.example")]));
        let forwarded = [("host", "evil.example"), ("x-forwarded-host", "chat.example.org")];
        assert!(is_refused(false, "/", &forwarded), "nobody's proxy said so");
        assert!(!is_refused(true, "/", &forwarded));
        assert!(is_refused(true, "/", &[("host", "chat.example.org"), ("x-forwarded-host", "evil.example")]));
    }
}
