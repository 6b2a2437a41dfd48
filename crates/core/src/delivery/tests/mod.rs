//! The rules of delivery, one test each, on a fake clock and a fake host.

mod bed;
mod bounds;
mod held;
#[cfg(not(target_arch = "wasm32"))]
mod model;
mod resends;
mod rounds;
mod table;
mod workers;
#[cfg(not(target_arch = "wasm32"))]
mod world;
