//! The host and port of a url, in the form that the url standard gives them: what goes on the wire, and what browsers say.
//!
//! `url` reads more than is wanted here (numbers that stand for addresses, percent-encoded hosts) and is 45 KiB of the
//! module; the tests hold this against it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::host;

/// Where a url points to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authority {
    /// A name in lower case and punycode, or an address; one of IPv6 in its brackets.
    pub(super) host: String,
    /// `None` for the scheme's own.
    pub(super) port: Option<u16>,
    pub(super) is_address: bool,
}

/// What is wrong with a host or a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Its letters would need Unicode's tables.
    Letters,
    /// In the words of the url standard.
    Url(&'static str),
}

impl Authority {
    /// Reads what stands between `scheme://` and the path; without user-info, which the caller has looked for.
    pub(super) fn parse(written: &str, scheme: &str) -> Result<Self, Malformed> {
        let (host, port) = match written.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, after)) => match after.strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None => return Err(Malformed::Url("invalid port number")),
            },
            None => match written.split_once(':') {
                Some((host, port)) if !host.starts_with('[') => (host, Some(port)),
                _ => (written, None),
            },
        };
        if host.is_empty() {
            return Err(Malformed::Url("empty host"));
        }
        let (host, is_address) = match host.strip_prefix('[') {
            Some(address) if written.contains(']') => (ipv6(address)?, true),
            Some(_) => return Err(Malformed::Url("invalid IPv6 address")),
            None => name(host)?,
        };
        let port = match port.unwrap_or_default() {
            "" => None,
            digits => Some(number(digits).ok_or(Malformed::Url("invalid port number"))?),
        };
        Ok(Self {
            host,
            port: port.filter(|port| Some(*port) != default_port(scheme)),
            is_address,
        })
    }
}

impl std::fmt::Display for Authority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(out, ":{port}"),
            None => Ok(()),
        }
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}

/// Digits alone, where `parse` takes a sign too.
fn number(digits: &str) -> Option<u16> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

fn ipv6(written: &str) -> Result<String, Malformed> {
    let address: Ipv6Addr = written
        .parse()
        .map_err(|_| Malformed::Url("invalid IPv6 address"))?;
    Ok(match (address.to_ipv4_mapped(), address.segments()) {
        // Which the standard library alone writes with dots.
        (Some(_), [.., high, low]) => format!("[::ffff:{high:x}:{low:x}]"),
        _ => format!("[{address}]"),
    })
}

/// A name, or an address of IPv4, and whether it is one.
fn name(written: &str) -> Result<(String, bool), Malformed> {
    let name = host::to_ascii(written)
        .ok_or(Malformed::Letters)?
        .to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| !label.is_empty() && label.bytes().all(plain);
    let labels = name.strip_suffix('.').unwrap_or(&name);
    if !labels.split('.').all(label) {
        return Err(Malformed::Url("invalid host name"));
    }
    if !is_number(labels.rsplit('.').next().unwrap_or_default()) {
        return Ok((name, false));
    }
    let address: Result<Ipv4Addr, _> = labels.parse();
    match address {
        Ok(address) => Ok((address.to_string(), true)),
        Err(_) => Err(Malformed::Url("invalid IPv4 address")),
    }
}

/// Whether a last label makes an address of the whole, as the url standard has it.
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x");
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(written: &str) -> Result<String, Malformed> {
        Authority::parse(written, "https").map(|authority| authority.to_string())
    }

    #[test]
    fn hosts_are_taken_in_the_form_of_the_standard() {
        for (written, form) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com."),
            ("example.com:", "example.com"),
            ("example.com:443", "example.com"),
            ("example.com:080", "example.com:80"),
            ("a_b.example:65535", "a_b.example:65535"),
            ("b\u{fc}cher.example:1", "xn--bcher-kva.example:1"),
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("[0:0::0:1]:8080", "[::1]:8080"),
            ("[2001:DB8::]", "[2001:db8::]"),
            ("[::ffff:10.0.0.1]", "[::ffff:a00:1]"),
            ("localhost", "localhost"),
            ("1.example", "1.example"),
        ] {
            assert_eq!(parse(written), Ok(form.into()), "{written}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let name = Malformed::Url("invalid host name");
        let ipv4 = Malformed::Url("invalid IPv4 address");
        let ipv6 = Malformed::Url("invalid IPv6 address");
        let port = Malformed::Url("invalid port number");
        let empty = Malformed::Url("empty host");
        for (written, why) in [
            ("", empty),
            (":8443", empty),
            ("a..b", name),
            (".", name),
            ("exa|mple.com", name),
            ("%65xample.com", name),
            ("*.example.com", name),
            ("a[b", name),
            ("a]b", port),
            ("1.2.3.999", ipv4),
            ("1.2.3", ipv4),
            ("0x7f.1", ipv4),
            ("2130706433", ipv4),
            ("010.0.0.1", ipv4),
            ("a.1", ipv4),
            ("a.0x", ipv4),
            ("[::1", ipv6),
            ("[]", ipv6),
            ("[::1%25eth0]", ipv6),
            ("[1.2.3.4]", ipv6),
            ("[::1]8080", port),
            ("a:b", port),
            ("a:+1", port),
            ("a:65536", port),
            ("a:1:2", port),
            ("\u{ff45}xample.com", Malformed::Letters),
        ] {
            assert_eq!(parse(written), Err(why), "{written}");
        }
    }
}
