//! Reads an entry of `collect.allowed_origins`.

use freshpaint_core::config::AllowedOrigin;
use url::Url;

use super::host;

pub(super) const WANTED: &str =
    "scheme://host or scheme://host:port without a path, such as \"https://example.com\" or \
     \"https://*.example.com\"";

/// Reads one entry; `None` when it is no origin.
pub(super) fn parse(text: &str) -> Option<AllowedOrigin> {
    let (scheme, host) = text.split_once("://")?;
    let (subdomains, host) = match host.strip_prefix("*.") {
        Some(host) => (true, host),
        None => (false, host),
    };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"/\\?#@*,%".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let url = Url::parse(&format!("{scheme}://{}", host::in_ascii(host)?)).ok()?;
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let name = url.host_str().filter(|name| !name.is_empty())?;
    let is_address = matches!(url.host()?, url::Host::Ipv4(_) | url::Host::Ipv6(_));
    if subdomains && is_address {
        return None;
    }
    Some(AllowedOrigin::new(
        format!("{}://", url.scheme()),
        subdomains,
        format!("{name}{port}").to_ascii_lowercase(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_origin_is_itself_alone() {
        let origin = parse("HTTPS://Example.com:443").unwrap();
        assert!(origin.matches(b"https://example.com"));
        for other in [
            "https://www.example.com",
            "https://badexample.com",
            "http://example.com",
            "https://example.com:8443",
            "https://example.com.evil.test",
            "null",
            "",
        ] {
            assert!(!origin.matches(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_star_stands_for_subdomains_and_not_for_the_domain() {
        let origin = parse("https://*.example.com:8443").unwrap();
        assert!(origin.matches(b"https://www.example.com:8443"));
        assert!(origin.matches(b"https://a.b.example.com:8443"));
        for other in [
            "https://example.com:8443",
            "https://.example.com:8443",
            "https://badexample.com:8443",
            "https://evil.test/.example.com:8443",
            "https://www.example.com",
        ] {
            assert!(!origin.matches(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn names_are_written_as_a_browser_sends_them() {
        let cases = [
            (
                "https://XN--bcher-kva.example",
                "https://xn--bcher-kva.example",
            ),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ];
        for (text, sent) in cases {
            assert!(parse(text).unwrap().matches(sent.as_bytes()), "{text}");
        }
    }

    #[test]
    fn anything_more_or_less_is_no_origin() {
        for text in [
            "",
            "*",
            "null",
            "example.com",
            "https://",
            "https://*",
            "https://*.",
            "https://example.com/",
            "https://example.com/x",
            "https://example.com?x",
            "https://user@example.com",
            "https://a.*.example.com",
            "https://*.127.0.0.1",
            "https://example.com:99999",
            "https://exa mple.com",
            "https://b\u{fc}cher.example",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
