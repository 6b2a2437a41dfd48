//! Something that happens to the workers.

use super::configuration::Variant;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A request on a worker, with events by name and the webhooks that want them.
    Submit(usize, Vec<(u8, u8)>),
    /// The SDK sends an earlier request again, perhaps to another worker.
    SendAgain(usize, usize),
    /// The SDK sends the events of two earlier requests again in one, the last ones first.
    Regroup(usize, usize, usize),
    /// A call under way ends.
    End(usize, usize, Ending),
    /// The host refuses calls to a webhook, or makes them again.
    Refuse(usize, usize, bool),
    Pass(u64),
    /// Time passes for all workers while none of them runs, as on a machine that is suspended.
    Freeze(u64),
    /// A worker's VM dies and comes back empty.
    Die(usize),
    /// A worker gets a new configuration. The old one works beside it until it is retired.
    Replace(usize, Variant),
    /// A configuration that has been replaced ends: it gives away what it keeps.
    Retire(usize),
    /// A configuration that has been replaced, and has not ended, comes back.
    TakeBack(usize),
    /// Somebody wants what a worker keeps to be tried at once.
    RetryNow(usize, Option<usize>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Delivered,
    Status(u16),
    RetryAfter(u32),
    Broken,
    TimedOut,
}
