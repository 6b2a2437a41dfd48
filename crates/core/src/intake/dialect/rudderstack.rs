//! RudderStack's beacon: Segment's batch under another path. The other calls of RudderStack's SDKs
//! go to Segment's paths.

use super::{segment, Credential, Dialect, Methods, Path, Replies};
use crate::intake::response;

pub(super) static BEACON: Dialect = Dialect {
    name: "rudderstack_beacon",
    about: "RudderStack's beacon",
    paths: &[Path::new("/beacon/v1/batch", segment::read)],
    methods: Methods::Post,
    list: "batch",
    credential: Credential::Authorization,
    replies: Replies {
        success: |_, _| response::text("OK"),
        failure: response::plain_failure,
    },
};
