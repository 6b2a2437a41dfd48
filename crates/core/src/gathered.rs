//! The memory that bodies take while they come in.

use std::cell::Cell;
use std::rc::Rc;

/// The bytes of all bodies that are coming in to a worker. Clones of it are one and the same count.
#[derive(Clone, Debug, Default)]
pub(crate) struct GatheredBytes(Rc<Cell<usize>>);

impl GatheredBytes {
    pub(crate) fn get(&self) -> usize {
        self.0.get()
    }

    /// The part of one more body, of which nothing has come.
    pub(crate) fn reserve(&self) -> Reserved {
        Reserved {
            all: self.clone(),
            bytes: 0,
        }
    }
}

/// The part of one body; it ends with the body, also when its client has gone.
#[derive(Debug)]
pub(crate) struct Reserved {
    all: GatheredBytes,
    bytes: usize,
}

impl Reserved {
    pub(crate) fn set(&mut self, bytes: usize) {
        let all = self.bytes_of_others().saturating_add(bytes);
        self.all.0.set(all);
        self.bytes = bytes;
    }

    /// The parts of all other bodies.
    pub(crate) fn bytes_of_others(&self) -> usize {
        self.all.get().saturating_sub(self.bytes)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.set(0);
    }
}
