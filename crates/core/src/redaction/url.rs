//! The part of a page's url that may go.

/// How much of a url is kept. User-info, query and fragment never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPart {
    /// `https://example.com/`
    Origin,
    /// Up to the path; also of a path alone.
    Path,
}

impl UrlPart {
    pub(super) fn of(self, url: &str) -> Option<String> {
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let (kept, _) = url.split_at_checked(end)?;
        let Some((scheme, rest)) = kept.split_once("://") else {
            return (self == Self::Path && kept.starts_with('/')).then(|| kept.to_owned());
        };
        let (authority, path) =
            rest.split_at_checked(rest.find(['/', '\\']).unwrap_or(rest.len()))?;
        let host = authority.rsplit('@').next()?;
        let path = match self {
            Self::Origin => "/",
            Self::Path => path,
        };
        let is_web = ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str());
        is_web.then(|| format!("{scheme}://{host}{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_to_what_may_go() {
        let cases = [
            (
                "https://a.test/x/y?q=1#f",
                Some("https://a.test/"),
                Some("https://a.test/x/y"),
            ),
            (
                "https://a.test?q=1",
                Some("https://a.test/"),
                Some("https://a.test"),
            ),
            (
                "https://a.test#/x?q",
                Some("https://a.test/"),
                Some("https://a.test"),
            ),
            (
                "HTTP://u:p@a.test:81/x@y",
                Some("HTTP://a.test:81/"),
                Some("HTTP://a.test:81/x@y"),
            ),
            (
                "https://a.test\\x",
                Some("https://a.test/"),
                Some("https://a.test\\x"),
            ),
            ("/x/y?q=1", None, Some("/x/y")),
            ("/x?u=https://b.test/", None, Some("/x")),
            ("x/y", None, None),
            ("mailto:hello@example.com", None, None),
            ("android-app://com.example/x", None, None),
            ("?q=1", None, None),
            ("", None, None),
        ];
        for (url, origin, path) in cases {
            assert_eq!(UrlPart::Origin.of(url).as_deref(), origin, "{url}");
            assert_eq!(UrlPart::Path.of(url).as_deref(), path, "{url}");
        }
    }
}
