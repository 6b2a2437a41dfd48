//! Mixpanel's profile updates: `/engage` says who somebody is, `/groups` what a group is.

use super::tracker::is_device;
use super::{id, object, Draft, Said};
use crate::event::Kind;
use crate::intake::invalid::{Fault, Problem};
use crate::intake::FilteredReason;
use crate::json::{Object, Value};

#[derive(Default)]
struct Fields<'a> {
    time: Option<Value<'a>>,
    token: Option<Value<'a>>,
    distinct_id: Option<Value<'a>>,
    device_id: Option<Value<'a>>,
    user_id: Option<Value<'a>>,
    group_id: Option<Value<'a>>,
    set: Option<Value<'a>>,
    set_once: Option<Value<'a>>,
    /// An operation on what the profile has already.
    operation: bool,
}

pub(super) fn read(update: Object<'_>, kind: Kind) -> Result<Said<'_>, Fault> {
    let fields = Fields::of(update);
    let mut draft = Draft::new(kind);
    draft.traits =
        object(kind, "$set", fields.set)?.or(object(kind, "$set_once", fields.set_once)?);
    if draft.traits.is_none() {
        return if fields.operation {
            Ok(Said::Filtered(Some(kind), FilteredReason::ProfileOperation))
        } else {
            Err(Fault::new(kind, "$set", Problem::Missing))
        };
    }
    let device_id = id(kind, "$device_id", fields.device_id)?;
    let distinct_id = id(kind, "$distinct_id", fields.distinct_id)?;
    draft.anonymous_id = device_id.or(distinct_id);
    draft.user_id = id(kind, "$user_id", fields.user_id)?
        .or_else(|| distinct_id.filter(|distinct| !is_device(*distinct, device_id)));
    if kind == Kind::Group {
        let group_id = id(kind, "$group_id", fields.group_id)?;
        draft.group_id =
            Some(group_id.ok_or_else(|| Fault::new(kind, "$group_id", Problem::Missing))?);
    }
    draft.time = super::present(fields.time);
    draft.source = fields.token.and_then(Value::id);
    Ok(Said::Event(draft))
}

impl<'a> Fields<'a> {
    fn of(update: Object<'a>) -> Self {
        let mut fields = Self::default();
        update.members(|key, value| {
            let field = match &*key.decoded() {
                "$time" => &mut fields.time,
                "$token" => &mut fields.token,
                "$distinct_id" => &mut fields.distinct_id,
                "$device_id" => &mut fields.device_id,
                "$user_id" => &mut fields.user_id,
                "$group_id" => &mut fields.group_id,
                "$set" => &mut fields.set,
                "$set_once" => &mut fields.set_once,
                "$add" | "$append" | "$union" | "$remove" | "$unset" | "$delete" => {
                    fields.operation = true;
                    return;
                }
                _ => return,
            };
            *field = Some(value);
        });
        fields
    }
}
