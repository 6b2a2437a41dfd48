//! The host's ids of the metrics.

use std::cell::RefCell;
use std::rc::Rc;

use freshpaint_core::config::Webhook;
use freshpaint_core::observe::{self, Change, Metric, Observe};

use crate::fnv::fnv_1a;

use super::{define_metric, increment, raise, record};

/// The ids of a VM by the hashes of their names.
///
/// The host keeps a definition for as long as the VM lives, also where one of the same name is
/// there. So a new configuration must not repeat them.
type Defined = RefCell<Vec<(u64, u32)>>;

/// Ids by the index that the core gives to a metric.
#[derive(Debug)]
pub(crate) struct Metrics {
    ids: Vec<Option<u32>>,
    defined: Rc<Defined>,
}

impl Metrics {
    /// Defines every metric, unless the `known` ones of another plugin of the VM have it. Nothing
    /// may be counted here, because each VM that loads the configuration runs it.
    pub(crate) fn define(webhooks: &[Webhook], known: Option<&Self>) -> Self {
        let defined = known.map(|known| Rc::clone(&known.defined));
        let defined = defined.unwrap_or_default();
        let metrics = observe::metrics(webhooks);
        let ids = metrics.iter().map(|metric| id_of(metric, &defined));
        Self {
            ids: ids.collect(),
            defined,
        }
    }

    /// Hands the changes over.
    pub(crate) fn flush(&self, observe: &mut Observe) {
        observe.take_changes(|metric, change| {
            let Some(Some(id)) = self.ids.get(metric.index()) else {
                return;
            };
            match change {
                Change::Add(count) => increment(*id, count),
                Change::Record(value) => record(*id, value),
                Change::Raise(value) => raise(*id, value),
            }
        });
    }
}

/// The id of a metric, which is defined if it has none.
fn id_of(metric: &Metric, defined: &Defined) -> Option<u32> {
    let name = fnv_1a(metric.name.as_bytes());
    let mut defined = defined.borrow_mut();
    if let Some((_, id)) = defined.iter().find(|(known, _)| *known == name) {
        return Some(*id);
    }
    let id = define_metric(metric)?;
    defined.push((name, id));
    Some(id)
}
