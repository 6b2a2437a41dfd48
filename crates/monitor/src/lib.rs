//! The live page: what becomes of events, as it happens.
//!
//! A listener of its own serves it, from the same VMs as the collector. Each worker records what
//! happens to its events while somebody looks ([`freshpaint_core::observe::recorder`]) and shares
//! it with the others as text ([`snapshot`]), so that whichever worker is asked can answer for all
//! ([`api`]). [`Monitor`] is the part of one worker.
//!
//! Nothing of it is on the path of an event, so the module has it compiled for size.
#![forbid(unsafe_code)]

mod answers;
pub mod api;
mod asked;
pub mod cursor;
mod page;
mod server;
pub mod snapshot;

pub use server::{Monitor, Next, Visit};
