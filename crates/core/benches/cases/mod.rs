//! The code that is timed. The same code and the same input run natively (`benches/micro.rs`) and
//! inside Envoy's V8 (`benches/in-v8` of the workspace).

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod delivery;
mod intake;
mod memory;
mod request;
mod rules;
mod worst;

/// One thing to time.
pub struct Case {
    pub group: &'static str,
    pub name: String,
    /// Events in one run; ticks, signatures and the like where the name says so.
    pub units: u64,
    prepare: Box<dyn Fn() -> Run>,
}

/// Does it once. Each run makes anew what it needs from before, unless that is never used up.
pub type Run = Box<dyn FnMut()>;

impl Case {
    fn new<R: FnMut() + 'static>(
        group: &'static str,
        name: impl Into<String>,
        units: u64,
        prepare: impl Fn() -> R + 'static,
    ) -> Self {
        Self {
            group,
            name: name.into(),
            units,
            prepare: Box::new(move || Box::new(prepare())),
        }
    }

    /// Sets up what is not timed.
    #[must_use]
    pub fn prepare(&self) -> Run {
        (self.prepare)()
    }
}

/// Every case, from the bytes of a body to the answer.
#[must_use]
pub fn all() -> Vec<Case> {
    let groups = [
        intake::cases(),
        rules::cases(),
        delivery::cases(),
        request::cases(),
        worst::cases(),
    ];
    groups.into_iter().flatten().collect()
}
