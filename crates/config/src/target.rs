//! A webhook's url, taken apart into what goes on the wire.

use url::Url;

use super::{advice, host};

/// Where a webhook's calls go: everything in it is ASCII and fit for the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// Host and, unless it is the scheme's default, port; names in punycode, addresses in their
    /// usual form.
    pub(super) authority: String,
    /// Path and query, percent-encoded where RFC 3986 asks for it.
    pub(super) path: String,
    /// Whether the shipped egress never calls it.
    pub(super) is_private: bool,
}

/// Longest url, in bytes: what servers commonly take as a request target.
pub(super) const MAX_BYTES: usize = 8_192;

const EXAMPLE: &str = "write an absolute url such as https://example.com/events";

/// Reads an absolute http or https url without user-info and fragment.
///
/// # Errors
///
/// The problem and the remedy, without any part of the url, which may hold a secret.
pub(super) fn parse(text: &str) -> Result<Target, String> {
    if text.len() > MAX_BYTES {
        return Err(format!(
            "is {} bytes long; write at most {MAX_BYTES}",
            text.len()
        ));
    }
    // The url standard drops or repairs these silently. A configuration should say what it means.
    if text.trim() != text {
        return Err("begins or ends with whitespace; write it without".into());
    }
    if text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == '\\')
    {
        return Err(
            "holds whitespace, a control character or a backslash; write it percent-encoded".into(),
        );
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("has no http:// or https:// in front; {EXAMPLE}"));
    };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => "http",
        "https" => "https",
        _ => return Err(format!("is neither http nor https; {EXAMPLE}")),
    };
    let (written, rest) = rest
        .split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
        .unwrap_or_default();
    if written.is_empty() {
        return Err(format!("has no host after {scheme}://; {EXAMPLE}"));
    }
    if written.contains('@') {
        return Err(
            "holds user-info before an \"@\"; write it without, and for basic auth the \
             header Authorization: \"Basic ${BASIC_AUTH}\", with the base64 of user:password \
             in the variable"
                .into(),
        );
    }
    if written.contains('%') {
        return Err("has a percent-encoded host; write the host as it is, or as xn--".into());
    }
    let Some(written) = host::in_ascii(written) else {
        return Err(format!(
            "has a host with letters outside ASCII; write {}",
            host::WANTED
        ));
    };
    let url = Url::parse(&format!("{scheme}://{written}{rest}"))
        .map_err(|error| format!("is not a url ({error}); {EXAMPLE}"))?;
    if url.fragment().is_some() {
        return Err(
            "has a fragment, which is never sent; write it without \"#\" and what follows".into(),
        );
    }
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| format!("has no host; {EXAMPLE}"))?;
    let authority = match url.port() {
        Some(0) => {
            return Err("has port 0; write the webhook's port, or none for the scheme's own".into())
        }
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    Ok(Target {
        scheme,
        authority,
        path: path_and_query(&url)?,
        is_private: url.host().is_some_and(|host| advice::is_private(&host)),
    })
}

/// The request target. The url standard leaves some characters that RFC 3986 does not allow; they
/// are percent-encoded here.
fn path_and_query(url: &Url) -> Result<String, String> {
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut target = String::new();
    for character in url.path().chars().chain(query.chars()) {
        if character == '%' || is_legal(character) {
            target.push(character);
        } else {
            let mut buffer = [0; 4];
            target.extend(
                character
                    .encode_utf8(&mut buffer)
                    .bytes()
                    .map(|byte| format!("%{byte:02X}")),
            );
        }
    }
    if !percent_encoding_is_whole(&target) {
        return Err(
            "has a \"%\" without two hexadecimal digits; write %25 for a literal \"%\"".into(),
        );
    }
    Ok(target)
}

/// The characters that RFC 3986 allows in a path or a query, apart from percent-encoding.
pub(super) fn is_legal(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?".contains(character)
}

/// Whether two hexadecimal digits follow every `%`.
pub(super) fn percent_encoding_is_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut digits = after.chars();
        digits.next().is_some_and(|c| c.is_ascii_hexdigit())
            && digits.next().is_some_and(|c| c.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_scheme_authority_and_path() {
        let cases = [
            ("https://example.com", "https", "example.com", "/"),
            ("https://example.com?k=v", "https", "example.com", "/?k=v"),
            ("HTTPS://EXAMPLE.com:443/In", "https", "example.com", "/In"),
            ("http://example.com:80/", "http", "example.com", "/"),
            ("http://example.com:443/", "http", "example.com:443", "/"),
            (
                "https://example.com:8443/a//b/?",
                "https",
                "example.com:8443",
                "/a//b/?",
            ),
            (
                "https://example.com/a/../b/./c",
                "https",
                "example.com",
                "/b/c",
            ),
            (
                "https://example.com/{id}/[x]|\"y\"",
                "https",
                "example.com",
                "/%7Bid%7D/%5Bx%5D%7C%22y%22",
            ),
            (
                "https://example.com/?q={a}|^`b'",
                "https",
                "example.com",
                "/?q=%7Ba%7D%7C%5E%60b%27",
            ),
            (
                "https://example.com/caf\u{e9}?\u{1f600}",
                "https",
                "example.com",
                "/caf%C3%A9?%F0%9F%98%80",
            ),
            (
                "https://example.com/%2F%e2",
                "https",
                "example.com",
                "/%2F%e2",
            ),
            (
                "https://xn--bcher-kva.example/",
                "https",
                "xn--bcher-kva.example",
                "/",
            ),
            ("http://0x7f.1:9000/", "http", "127.0.0.1:9000", "/"),
            ("http://2130706433/", "http", "127.0.0.1", "/"),
            ("http://[0:0::0:1]:8080/x", "http", "[::1]:8080", "/x"),
            ("http://[::ffff:10.0.0.1]/", "http", "[::ffff:a00:1]", "/"),
            ("http://example.com./", "http", "example.com.", "/"),
        ];
        for (text, scheme, authority, path) in cases {
            let target = parse(text).unwrap();
            let parts = (target.scheme, &*target.authority, &*target.path);
            assert_eq!(parts, (scheme, authority, path), "{text}");
        }
    }

    #[test]
    fn is_taken_again_as_it_was_taken() {
        for text in [
            "https://example.com/{a}?b|c",
            "http://xn--bcher-kva.example:8080/\u{e9}?'",
        ] {
            let target = parse(text).unwrap();
            let again = format!("{}://{}{}", target.scheme, target.authority, target.path);
            assert_eq!(parse(&again), Ok(target));
        }
    }
}
