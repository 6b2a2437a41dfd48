//! Metrics by id: each is registered once, with its name and its kind.

use std::marker::PhantomData;

/// How Envoy treats a metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A sum that only grows.
    Counter,
    /// The last value.
    Gauge,
    /// How values are distributed.
    Histogram,
}

/// A metric as the host is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Without Envoy's prefix `wasmcustom.`.
    pub name: String,
    /// The kind of its values.
    pub kind: MetricKind,
}

/// Names one registered metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricId(usize);

impl MetricId {
    /// The metric's place in the list that [`super::metrics`] gives for the same webhooks.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// The values that one label of a metric can have.
pub trait Label: Copy + PartialEq + 'static {
    /// Each value once.
    const ALL: &'static [Self];

    /// The value as it stands in the metric's name.
    fn as_str(self) -> &'static str;
}

/// An enum whose variants are the values of a label. A variant without its text does not compile.
macro_rules! labels {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}
pub(super) use labels;

/// One metric for each value of a label, or for some of them, registered one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family<L> {
    first: usize,
    /// A bit for each value of the label, set where it has a metric.
    used: u32,
    label: PhantomData<L>,
}

impl<L: Label> Family<L> {
    /// `None` for a value that was left out when the family was registered.
    pub(super) fn id(&self, label: L) -> Option<MetricId> {
        let at = L::ALL.iter().position(|known| *known == label)?;
        let bit = 1_u32.checked_shl(u32::try_from(at).ok()?)?;
        let before = (self.used & (bit - 1)).count_ones();
        (self.used & bit != 0).then_some(MetricId(self.first + before as usize))
    }
}

/// Gives out ids, in the order of registration.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) metrics: Vec<Metric>,
}

impl Registry {
    /// Registers one metric, whose name goes behind the product's prefix.
    // Once for each metric and configuration: inlined, these take 5 KiB of the module.
    #[inline(never)]
    pub(super) fn register(&mut self, kind: MetricKind, name: &str) -> MetricId {
        let id = MetricId(self.metrics.len());
        let name = ["freshpaint_webhooks.", name].concat();
        self.metrics.push(Metric { name, kind });
        id
    }

    /// Registers a counter for each value of the label that ends `name`.
    pub(super) fn counters<L: Label>(&mut self, name: &str) -> Family<L> {
        self.counters_where(name, &|_| true)
    }

    /// Registers a counter for each value of the label that ends `name`, where `is_used` says so.
    pub(super) fn counters_where<L: Label>(
        &mut self,
        name: &str,
        is_used: &dyn Fn(L) -> bool,
    ) -> Family<L> {
        let first = self.metrics.len();
        let used = self.counters_of(name, L::ALL.len(), &|at| {
            let label = L::ALL.get(at).filter(|label| is_used(**label))?;
            Some(label.as_str())
        });
        Family {
            first,
            used,
            label: PhantomData,
        }
    }

    /// Registers a counter for each of `count` values that has a text, and sets a bit for it.
    #[inline(never)]
    fn counters_of(
        &mut self,
        name: &str,
        count: usize,
        text: &dyn Fn(usize) -> Option<&'static str>,
    ) -> u32 {
        let mut used = 0;
        for at in 0..count {
            if let Some(text) = text(at) {
                used |= 1 << at;
                self.register(MetricKind::Counter, &[name, ".", text].concat());
            }
        }
        used
    }
}
