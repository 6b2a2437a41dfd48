//! Freshpaint iOS and Android: Segment's shape, with the session among the properties.

use super::{segment, Said};
use crate::event::Own;
use crate::intake::invalid::Fault;
use crate::json::Object;

pub(super) fn read(event: Object<'_>) -> Result<Said<'_>, Fault> {
    segment::read_with(event, None, Own::Dollar)
}
