//! A set of configured webhooks.

/// Webhooks by their index in the configuration, which allows 32 at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WebhookSet(u32);

impl WebhookSet {
    /// No webhook.
    pub const EMPTY: Self = Self(0);

    /// Adds the webhook at `index`; an index past 31 is no webhook and is left out.
    pub fn insert(&mut self, index: usize) {
        self.0 |= Self::bit(index);
    }

    /// Takes the webhook at `index` out.
    pub fn remove(&mut self, index: usize) {
        self.0 &= !Self::bit(index);
    }

    /// Is the webhook at `index` in the set?
    #[must_use]
    pub fn contains(self, index: usize) -> bool {
        self.0 & Self::bit(index) != 0
    }

    /// The webhooks in `self` that are not in `other`.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The webhooks in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Is a webhook in both?
    #[must_use]
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Is no webhook in the set?
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many webhooks are in the set.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The indices, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let index = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (index < u32::BITS).then_some(index as usize)
        })
    }

    fn bit(index: usize) -> u32 {
        u32::try_from(index)
            .ok()
            .and_then(|index| 1_u32.checked_shl(index))
            .unwrap_or(0)
    }
}

impl FromIterator<usize> for WebhookSet {
    fn from_iter<I: IntoIterator<Item = usize>>(indices: I) -> Self {
        let mut set = Self::EMPTY;
        for index in indices {
            set.insert(index);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_every_index_a_configuration_can_have() {
        let all: WebhookSet = (0..32).collect();
        assert_eq!(all.len(), 32);
        assert_eq!(all.iter().collect::<Vec<_>>(), (0..32).collect::<Vec<_>>());
    }

    #[test]
    fn leaves_out_an_index_past_the_last() {
        let mut set = WebhookSet::EMPTY;
        set.insert(32);
        set.insert(usize::MAX);
        assert!(set.is_empty());
        assert!(!set.contains(32));
    }

    #[test]
    fn takes_out_and_subtracts() {
        let mut set: WebhookSet = [0, 3, 31].into_iter().collect();
        set.remove(3);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 31]);
        assert_eq!(
            set.minus([31].into_iter().collect())
                .iter()
                .collect::<Vec<_>>(),
            [0]
        );
    }
}
