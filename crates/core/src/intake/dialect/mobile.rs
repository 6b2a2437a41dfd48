//! Freshpaint iOS and Android: Segment's shape, with the session among the properties.

use super::{segment, Credential, Dialect, Methods, Path};
use crate::event::ReservedKeys;

pub(super) static MOBILE: Dialect = Dialect {
    name: "mobile",
    about: "Freshpaint for iOS and Android",
    paths: &[Path::new("/android", |event, _| {
        segment::read_with(event, None, ReservedKeys::Dollar)
    })],
    methods: Methods::Post,
    list: "batch",
    credential: Credential::Authorization,
    replies: segment::REPLIES,
};
