//! Jitsu: Segment's events under other paths.

use super::{segment, Credential, Dialect, Methods, Path, Replies};
use crate::intake::response;
use crate::json;
use crate::local_reply::LocalReply;

pub(super) static JITSU: Dialect = Dialect {
    name: "jitsu",
    about: "Jitsu",
    paths: &[
        Path::new("/api/s/<type>", segment::read),
        Path::new("/api/s/s2s/<type>", segment::read),
    ],
    methods: Methods::Post,
    list: "batch",
    credential: Credential::Header("x-write-key"),
    // The SDKs want a JSON object, whatever is in it.
    replies: Replies {
        success: |_, report| response::object("\"ok\":true", report),
        failure: |_, status, sentence| {
            let error = json::quoted(sentence);
            LocalReply::json(status, format!("{{\"ok\":false,\"error\":{error}}}"))
        },
    },
};
