//! Writing what is left.

/// An object or a list being written, in which any member may turn out to be left out.
pub(super) struct Members<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl<'o> Members<'o> {
    pub(super) fn open(out: &'o mut Vec<u8>, bracket: u8) -> Self {
        out.push(bracket);
        let is_first = true;
        Self { out, is_first }
    }

    /// `key` as it was written, empty in a list; `write` says whether the member stays.
    pub(super) fn write(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.out.len();
        if !self.is_first {
            self.out.push(b',');
        }
        if !key.is_empty() {
            self.out.extend_from_slice(key.as_bytes());
            self.out.push(b':');
        }
        if write(self.out) {
            self.is_first = false;
        } else {
            self.out.truncate(start);
        }
    }

    pub(super) fn close(self, bracket: u8) {
        self.out.push(bracket);
    }
}
