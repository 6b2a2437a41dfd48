//! Whether, when and how often to try again. To add a rule: CONTRIBUTING.md, "Add a retry rule".

pub mod backoff;
pub(super) mod breaker;
pub mod budget;
pub(super) mod policy;
pub(super) mod schedule;
