//! The rules of delivery, one test each, on a fake clock and a fake host.

mod bounds;
mod bundles;
mod dead_letter;
mod dedupe;
mod each;
mod fixture;
mod halving;
mod handover;
mod held;
#[cfg(not(target_arch = "wasm32"))]
mod model;
mod overload;
mod refusals;
mod resends;
mod rounds;
mod shedding;
mod states;
mod turns;
mod workers;
