//! Replies that several dialects share.

use std::fmt::Write as _;

use super::Report;
use crate::json;
use crate::local_reply::LocalReply;

/// Success in fixed words.
pub(super) fn text(body: &'static str) -> LocalReply {
    LocalReply::text(200, body)
}

/// A transparent image of one pixel (GIF89a), where anything else would show as a broken image.
pub(super) fn pixel() -> LocalReply {
    let image = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0\
        ,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    LocalReply::bytes(200, "image/gif", image[..].into())
}

/// Success as a JSON object: `member`, and the invalid events if there are any.
pub(super) fn object(member: &str, report: &Report) -> LocalReply {
    if report.reasons().is_empty() {
        return LocalReply::json(200, format!("{{{member}}}"));
    }
    let mut body = format!("{{{member},\"invalid\":[");
    for (position, (index, reason)) in report.reasons().iter().enumerate() {
        let comma = if position == 0 { "" } else { "," };
        let reason = json::quoted(&reason.to_string());
        // Writing to a String does not fail.
        let _ = write!(body, "{comma}{{\"index\":{index},\"error\":{reason}}}");
    }
    body.push_str("]}");
    LocalReply::json(200, body)
}

/// A failure in plain text, for SDKs that look at the status alone.
pub(super) fn plain_failure(_verbose: bool, status: u16, sentence: &str) -> LocalReply {
    LocalReply::text(status, sentence.to_owned())
}
