//! Where a page is in the records of the workers.

/// Up to which record of each worker a page has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(Vec<(u32, u64)>);

impl Cursor {
    /// Reads `<worker>:<next>,...`; anything else stands for the beginning.
    pub(super) fn read(text: &str) -> Self {
        let pairs = text.split(',').filter_map(|pair| {
            let (worker, next) = pair.split_once(':')?;
            Some((worker.parse().ok()?, next.parse().ok()?))
        });
        Self(pairs.collect())
    }

    pub(super) fn of(&self, worker: u32) -> u64 {
        let mut all = self.0.iter();
        all.find(|(known, _)| *known == worker)
            .map_or(0, |(_, next)| *next)
    }
}
