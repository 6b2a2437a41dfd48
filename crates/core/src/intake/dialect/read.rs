//! Reads the fields of an event, with the reason where one is wrong.

use crate::event::Kind;
use crate::intake::invalid::{Defect, Fault};
use crate::json::{Id, Object, Text, Value};

/// The customer's routing, where freshpaint.js and its relatives put it: `$options.integrations`.
pub(super) fn integrations_of(options: Option<Value<'_>>) -> Option<Value<'_>> {
    options?.object()?.member("integrations")
}

/// A field that may be absent; `null` says the same.
pub(super) fn present(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

/// An object that may be absent; `[]` is an empty one.
#[inline(never)]
pub(super) fn object<'a>(
    kind: Kind,
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Object<'a>>, Fault> {
    present(value)
        .map(|value| {
            value
                .object_or_empty_list()
                .ok_or_else(|| Fault::new(kind, field, Defect::NotObject))
        })
        .transpose()
}

/// An id that may be absent. An empty one counts as absent, and so does `false`, which
/// `user && user.id` makes of nobody.
#[inline(never)]
pub(super) fn id<'a>(
    kind: Kind,
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Id<'a>>, Fault> {
    let id = present(value)
        .filter(|value| value.get() != "false")
        .map(|value| {
            value
                .id()
                .ok_or_else(|| Fault::new(kind, field, Defect::NotId))
        })
        .transpose()?;
    Ok(id.filter(|id| !id.is_empty()))
}

/// The id of a group, which a group event must have.
#[inline(never)]
pub(super) fn group_id<'a>(
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Id<'a>>, Fault> {
    match id(Kind::Group, field, value)? {
        None => Err(Fault::new(Kind::Group, field, Defect::Missing)),
        found => Ok(found),
    }
}

/// An event's name: a string that is not empty.
#[inline(never)]
pub(super) fn name<'a>(
    kind: Option<Kind>,
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Text<'a>, Fault> {
    let fault = |defect| Err(Fault::new(kind, field, defect));
    match present(value).map(Value::text) {
        None => fault(Defect::Missing),
        Some(None) => fault(Defect::NotString),
        Some(Some(name)) if name.is_empty() => fault(Defect::Empty),
        Some(Some(name)) => Ok(name),
    }
}
