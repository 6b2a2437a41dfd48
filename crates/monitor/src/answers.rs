//! The JSON that answers the monitor's requests.

use std::fmt::Write as _;

use super::cursor::Cursor;
use super::page;
use super::snapshot::Snapshot;
use freshpaint_core::config::Config;
use freshpaint_core::json::quoted;
use freshpaint_core::local_reply::LocalReply;
use freshpaint_core::observe::totals;

/// The facts that do not change while a configuration lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// The name of the filter that is shown.
    pub(crate) plugin: &'a str,
    /// Its configuration.
    pub(crate) config: &'a Config,
}

/// The answer to [`Ask::Status`], from the sum of what this many workers say.
#[must_use]
pub(crate) fn status(
    facts: &Facts<'_>,
    workers: usize,
    sum: &Snapshot,
    unix_millis: u64,
) -> LocalReply {
    let oldest = match sum.held_since {
        0 => 0,
        since => unix_millis.saturating_sub(since),
    };
    let mut body = format!(
        "{{\"plugin\":{},\"version\":{},\"hipaa\":{},\"now\":{unix_millis},\"workers\":{workers},\
         \"held\":{{\"events\":{},\"bytes\":{},\"oldest_ms\":{oldest}}},\"webhooks\":[",
        quoted(facts.plugin),
        quoted(env!("CARGO_PKG_VERSION")),
        facts.config.hipaa,
        sum.held_events,
        sum.held_bytes,
    );
    for (index, configured) in facts.config.webhooks.iter().enumerate() {
        let webhook = sum.webhooks.get(index).cloned().unwrap_or_default();
        let comma = if index == 0 { "" } else { "," };
        let [held, in_flight, open] = webhook.state();
        let breaker = if open > 0 { "open" } else { "closed" };
        let latencies = webhook.latencies();
        let [p50, p95] = [50, 95].map(|percent| {
            let bound = totals::percentile(&latencies, percent);
            bound.map_or("null".to_owned(), |bound| bound.to_string())
        });
        // Writing to a String does not fail.
        let _ = write!(
            body,
            "{comma}{{\"name\":{},\"breaker\":\"{breaker}\",\"held\":{},\"in_flight\":{},\
             \"p50\":{p50},\"p95\":{p95},\"minutes\":[",
            quoted(&configured.name),
            held,
            in_flight,
        );
        for (index, (delivered, failed)) in webhook.minutes().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(body, "{comma}[{delivered},{failed}]");
        }
        body.push_str("]}");
    }
    body.push_str("],\"dialects\":[");
    for (index, dialect) in facts.config.collect.dialects.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(body, "{comma}{}", quoted(dialect.name));
    }
    let _ = write!(
        body,
        "],\"prefix\":{}}}",
        quoted(&facts.config.collect.path_prefix)
    );
    page::guard(LocalReply::json(200, body))
}

/// The answer to [`Ask::Records`], from each worker's number and what it shares.
///
/// `missed` counts records that this page can no longer get, `sampled` those that were never
/// written because there were too many a second, since the workers began.
#[must_use]
pub(crate) fn records(after: &Cursor, workers: &[String]) -> LocalReply {
    let (mut cursor, mut found) = (String::new(), String::new());
    let (mut missed, mut sampled) = (0, 0);
    for text in workers {
        let Some((snapshot, lines)) = Snapshot::decode(text) else {
            continue;
        };
        let worker = snapshot.worker;
        let from = after.of(worker);
        let mut lines = lines.lines().filter_map(numbered).peekable();
        let oldest = lines.peek().map_or(snapshot.next, |(number, _)| *number);
        if from > 0 {
            missed += oldest.saturating_sub(from);
        }
        for (_, rest) in lines.filter(|(number, _)| *number >= from) {
            let comma = if found.is_empty() { "" } else { "," };
            // Writing to a String does not fail.
            let _ = write!(found, "{comma}{{\"w\":{worker},{rest}");
        }
        sampled += snapshot.skipped;
        let comma = if cursor.is_empty() { "" } else { "," };
        let _ = write!(cursor, "{comma}{worker}:{}", snapshot.next);
    }
    page::guard(LocalReply::json(
        200,
        format!(
            "{{\"cursor\":\"{cursor}\",\"missed\":{missed},\"sampled\":{sampled},\
             \"records\":[{found}]}}"
        ),
    ))
}

/// The number of a record, and the record without its opening brace.
fn numbered(line: &str) -> Option<(u64, &str)> {
    let rest = line.strip_prefix('{')?;
    let (number, _) = rest.strip_prefix("\"n\":")?.split_once([',', '}'])?;
    Some((number.parse().ok()?, rest))
}

/// The answer to [`super::api::Order::Test`].
#[must_use]
pub(crate) fn tested(shown: String) -> LocalReply {
    page::guard(LocalReply::json(200, shown))
}

/// The answer to an action that every worker will do within a second.
#[must_use]
pub(crate) fn accepted() -> LocalReply {
    page::guard(LocalReply::json(202, "{}"))
}

/// The answer to a request that is wrong; `sentence` says what, and what to do instead.
#[must_use]
pub(crate) fn error(status: u16, sentence: &str) -> LocalReply {
    page::guard(LocalReply::json(
        status,
        format!("{{\"error\":{}}}", quoted(sentence)),
    ))
}

#[cfg(test)]
mod tests;
