//! The rules of delivery, one test each, on a fake clock and a fake host.

mod bed;
mod bounds;
mod held;
mod resends;
mod rounds;
mod workers;
