//! A worker and the host around it, for tests, benchmarks and fuzz targets of the workspace.

mod shared_memory;

use crate::clock::SteadyMillis;
use crate::config::Config;
use crate::delivery::dedupe::{Owner, Shared};
use crate::delivery::outcome::CallResponse;
use crate::intake::Head;
use crate::upload::{Gathering, Upload};
use crate::worker::{Identity, Worker};

pub use shared_memory::SharedMemory;

/// The only worker of its process.
#[must_use]
pub fn worker(config: Config) -> Worker {
    let identity = Identity {
        owner: Owner(1),
        seed: 7,
        id_key: [7; 16],
        plugin: b"webhooks",
    };
    Worker::new(config, &identity, 0)
}

/// Gives a worker the head of a request and its body in one piece; `None` when the path is not
/// ours, or the request is refused.
pub fn gather(
    worker: &mut Worker,
    head: &Head<'_>,
    body: &[u8],
    now: SteadyMillis,
    shared: &mut dyn Shared,
) -> Option<Gathering> {
    let upload = worker.handle_head(head)?;
    match worker.handle_piece(upload, body.len(), || body.to_vec(), || now, shared) {
        Upload::Gathering(whole) => Some(whole),
        Upload::Refused(_) => None,
    }
}

/// A webhook's answer with this status.
#[must_use]
pub fn answer(status: u16) -> CallResponse {
    CallResponse {
        status: Some(status),
        answered: true,
        ..CallResponse::default()
    }
}
