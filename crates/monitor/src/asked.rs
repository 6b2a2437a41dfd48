//! The wishes of pages to all workers: to be shown something, and to try kept events now.
//!
//! Any worker serves a page, so it leaves what the page asks under two keys of the host's shared
//! data, which are named after the filter that is shown. Every worker looks there.

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::observe::peers::Board;

/// A page that has not asked for this long has gone.
pub(super) const WATCHED_FOR_MILLIS: SteadyMillis = 10_000;

/// Kept events that are to be tried now, on every worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Retry {
    /// Only those that wait for the webhook of this name.
    pub(super) webhook: Option<String>,
    /// Only the event with this hashed id.
    pub(super) id: Option<String>,
}

/// The wishes of the pages that show one filter.
#[derive(Debug)]
pub(super) struct Asked {
    plugin: String,
    /// The last order that this worker has carried out.
    done: u64,
}

impl Asked {
    /// Of the filter with this name. Orders from before now are not for this worker.
    #[must_use]
    pub(super) fn new(plugin: &str, board: &mut dyn Board) -> Self {
        let mut asked = Self {
            plugin: plugin.to_owned(),
            done: 0,
        };
        asked.done = asked.last_order(board).map_or(0, |(number, _)| number);
        asked
    }

    /// Somebody looks.
    pub(super) fn watch(&self, now: SteadyMillis, board: &mut dyn Board) {
        let until = now.saturating_add(WATCHED_FOR_MILLIS);
        change(board, &self.key("watched"), |_| until.to_string());
    }

    /// Does somebody look?
    pub(super) fn is_watched(&self, now: SteadyMillis, board: &mut dyn Board) -> bool {
        let until = read(board, &self.key("watched"));
        until.is_some_and(|until| until.parse::<SteadyMillis>().is_ok_and(|until| now < until))
    }

    /// Gives an order to all workers, this one included.
    pub(super) fn order(&self, retry: &Retry, board: &mut dyn Board) {
        let (webhook, id) = (retry.webhook.as_deref(), retry.id.as_deref());
        change(board, &self.key("order"), |last| {
            let number = read_order(last).map_or(0, |(number, _)| number) + 1;
            format!("{number}\n{}\n{}", webhook.unwrap_or(""), id.unwrap_or(""))
        });
    }

    /// The order that this worker has yet to carry out; each is given once. Of several that were
    /// given since the last time of asking, this is the last.
    pub(super) fn next_order(&mut self, board: &mut dyn Board) -> Option<Retry> {
        let (number, retry) = self.last_order(board)?;
        (number > self.done).then(|| {
            self.done = number;
            retry
        })
    }

    fn last_order(&self, board: &mut dyn Board) -> Option<(u64, Retry)> {
        read_order(&read(board, &self.key("order"))?)
    }

    fn key(&self, what: &str) -> String {
        format!("freshpaint.monitor.{what}.{}", self.plugin)
    }
}

fn read(board: &mut dyn Board, key: &str) -> Option<String> {
    String::from_utf8(board.read(key)?.0).ok()
}

/// Replaces the text under `key` by what `change` makes of it, though others write there too.
fn change(board: &mut dyn Board, key: &str, change: impl Fn(&str) -> String) {
    loop {
        let (known, version) = board.read(key).unzip();
        let known = String::from_utf8(known.unwrap_or_default()).unwrap_or_default();
        if board.write(key, change(&known).as_bytes(), version) {
            return;
        }
    }
}

fn read_order(text: &str) -> Option<(u64, Retry)> {
    let mut lines = text.split('\n');
    let number = lines.next()?.parse().ok()?;
    let mut only = || {
        lines
            .next()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
    };
    let (webhook, id) = (only(), only());
    Some((number, Retry { webhook, id }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use freshpaint_core::observe::peers::Version;

    #[derive(Default)]
    struct Fake(BTreeMap<String, (Vec<u8>, Version)>);

    impl Board for Fake {
        fn read(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
            self.0.get(key).cloned()
        }

        fn write(&mut self, key: &str, value: &[u8], replaced: Option<Version>) -> bool {
            let known = self.0.get(key).map(|(_, version)| *version);
            if known != replaced {
                return false;
            }
            let version = Version(known.map_or(1, |Version(number)| number + 1));
            self.0.insert(key.into(), (value.into(), version));
            true
        }
    }

    #[test]
    fn a_look_lasts_ten_seconds_and_is_for_one_filter() {
        let board = &mut Fake::default();
        let (asked, other) = (Asked::new("a", board), Asked::new("b", board));
        assert!(!asked.is_watched(0, board));
        asked.watch(500, board);
        asked.watch(1_000, board);
        assert!(asked.is_watched(10_999, board) && !asked.is_watched(11_000, board));
        assert!(!other.is_watched(1_000, board));
    }

    #[test]
    fn every_worker_carries_an_order_out_once_and_none_from_before_its_time() {
        let board = &mut Fake::default();
        let mut early = Asked::new("a", board);
        let crm = Retry {
            webhook: Some("crm".into()),
            id: None,
        };
        early.order(&crm, board);
        let mut late = Asked::new("a", board);
        assert_eq!(early.next_order(board), Some(crm));
        assert_eq!(early.next_order(board), None);
        assert_eq!(late.next_order(board), None);
        let one = Retry {
            webhook: None,
            id: Some("a1b2".into()),
        };
        late.order(&one, board);
        assert_eq!(late.next_order(board), Some(one.clone()));
        assert_eq!(early.next_order(board), Some(one));
    }
}
