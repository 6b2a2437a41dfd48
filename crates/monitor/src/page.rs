//! The page itself: three files that the browser loads from the module.

use std::borrow::Cow;

use freshpaint_core::intake::gunzip;
use freshpaint_core::local_reply::LocalReply;

/// Nothing but this page's own files, no frames, no forms that leave it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! compressed {
    ($file:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".gz")).as_slice()
    };
}

/// The file at `path`, which begins with `/` and has no query. A browser takes it compressed.
pub(super) fn file(path: &str, takes_gzip: bool) -> Option<LocalReply> {
    let (content_type, compressed) = match path {
        "/" => ("text/html; charset=utf-8", compressed!("index.html")),
        "/monitor.css" => ("text/css; charset=utf-8", compressed!("monitor.css")),
        "/monitor.js" => ("text/javascript; charset=utf-8", compressed!("monitor.js")),
        _ => return None,
    };
    let reply = |body| LocalReply::bytes(200, content_type, body).with("vary", "accept-encoding");
    Some(guard(if takes_gzip {
        reply(Cow::Borrowed(compressed)).with("content-encoding", "gzip")
    } else {
        reply(gunzip(compressed).into())
    }))
}

/// Adds the headers that every reply of the monitor has.
#[must_use]
pub(super) fn guard(reply: LocalReply) -> LocalReply {
    reply
        .with("cache-control", "no-store")
        .with("content-security-policy", CONTENT_SECURITY_POLICY)
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer")
        .with("cross-origin-resource-policy", "same-origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = concat!(
        include_str!("page/base.js"),
        include_str!("page/records.js"),
        include_str!("page/table.js"),
        include_str!("page/webhooks.js"),
        include_str!("page/tester.js"),
        include_str!("page/wiring.js"),
    );
    const PATHS: [&str; 3] = ["/", "/monitor.css", "/monitor.js"];

    #[test]
    fn the_page_takes_less_than_9_kib_of_the_module() {
        let sizes = PATHS.map(|path| file(path, true).unwrap().body.len());
        assert!(sizes.iter().sum::<usize>() < 9 * 1024, "{sizes:?}");
    }

    #[test]
    fn a_client_that_takes_no_gzip_gets_the_files_but_for_comments_and_indentation() {
        for (path, content) in PATHS.into_iter().zip([
            include_str!("page/index.html"),
            include_str!("page/monitor.css"),
            SCRIPT,
        ]) {
            let reply = file(path, false).unwrap();
            let lines = content.lines().map(str::trim_start);
            let kept = lines.filter(|line| !line.is_empty() && !line.starts_with('/'));
            let kept: Vec<_> = kept.collect();
            let body = String::from_utf8(reply.body.to_vec()).unwrap();
            assert_eq!(body.lines().collect::<Vec<_>>(), kept, "{path}");
            assert!(!reply
                .headers
                .iter()
                .any(|(name, _)| *name == "content-encoding"));
        }
        assert_eq!(file("/monitor.js.map", true), None);
    }

    #[test]
    fn nothing_in_the_page_needs_more_than_its_policy() {
        let html = include_str!("page/index.html");
        for forbidden in ["<style", "style=", "onclick", "http://", "https://", "<img"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "eval(",
            "document.write",
        ] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn every_reply_forbids_storing_and_framing() {
        let reply = file("/", true).unwrap();
        let header = |name: &str| {
            let mut all = reply.headers.iter();
            all.find(|(known, _)| *known == name)
                .map(|(_, value)| value.as_ref())
        };
        assert_eq!(header("cache-control"), Some("no-store"));
        assert_eq!(
            header("content-security-policy"),
            Some(CONTENT_SECURITY_POLICY)
        );
    }
}
