//! The log of deliveries: a line of JSON for each attempt at each event.

use std::fmt::Write as _;
use std::rc::Rc;

use super::per_second::PerSecond;
use super::record::Record;
use crate::clock::{Now, SteadyMillis};
use crate::config::Config;
use crate::event::Kind;
use crate::hashed_id;

/// The log of `observe.log: deliveries`. Of an event, a line holds the type and the hashed id
/// alone.
#[derive(Debug)]
pub(crate) struct DeliveryLog {
    config: Rc<Config>,
    rate: PerSecond,
    /// Milliseconds from the steady clock to the Unix epoch; `None` before the first request.
    unix_offset: Option<u64>,
}

impl DeliveryLog {
    /// The log of a worker with this configuration, if that has one.
    pub(crate) fn of(config: &Rc<Config>) -> Option<Box<Self>> {
        let log = || Self {
            config: Rc::clone(config),
            rate: PerSecond::default(),
            unix_offset: None,
        };
        config.observe.log.then(log).map(Box::new)
    }

    /// Sets the difference between the two clocks.
    pub(crate) fn set_clock(&mut self, now: Now) {
        self.unix_offset = Some(now.unix_offset());
    }

    /// Whether another line may be written in this second.
    pub(crate) fn admits(&mut self, now: SteadyMillis) -> bool {
        self.rate.admits(now, self.config.observe.max_log_lines)
    }

    /// The line of an attempt that ended now.
    pub(crate) fn line(&self, record: &Record<'_>, now: SteadyMillis) -> String {
        let webhook = record
            .webhook
            .and_then(|index| self.config.webhooks.get(index));
        let mut line = String::from("{");
        // Writing to a String does not fail.
        if let Some(offset) = self.unix_offset {
            let _ = write!(line, "\"time\":{},", now.saturating_add(offset));
        }
        let _ = write!(
            line,
            "\"webhook\":\"{}\",\"type\":\"{}\",\"id\":\"{}\",\"attempt\":{},\"outcome\":\"{}\"",
            webhook.map_or("", |webhook| &webhook.name),
            record.kind.map_or("", Kind::as_str),
            hashed_id::of_escaped(record.escaped_id),
            record.attempt,
            record.outcome,
        );
        if record.status > 0 {
            let _ = write!(line, ",\"status\":{}", record.status);
        }
        if let Some(took) = record.took {
            let _ = write!(line, ",\"ms\":{took}");
        }
        line.push('}');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use crate::testing::config_with;

    fn log(max_log_lines: usize) -> Box<DeliveryLog> {
        let config = config_with(&["crm"], |config| {
            config.observe.log = true;
            config.observe.max_log_lines = max_log_lines;
        });
        DeliveryLog::of(&config.into()).unwrap()
    }

    #[test]
    fn a_line_tells_of_the_attempt_and_nothing_of_the_event() {
        let mut log = log(1);
        let record = Record {
            kind: Some(Kind::Track),
            escaped_name: "Signed Up",
            escaped_id: "m-1",
            source: 7,
            webhook: Some(0),
            attempt: 2,
            outcome: "rejected",
            reason: "why",
            status: 500,
            took: Some(12),
            next: Some(5_000),
        };
        let line = concat!(
            r#""webhook":"crm","type":"track","id":"a461b472cb41a9ec","attempt":2,"#,
            r#""outcome":"rejected","status":500,"ms":12}"#,
        );
        assert_eq!(log.line(&record, 23), format!("{{{line}"));
        log.set_clock(Now {
            steady: 23,
            unix: UnixMillis(1_700_000_000_123),
        });
        let next = format!("{{\"time\":1700000000124,{line}");
        assert_eq!(log.line(&record, 24), next);
        let record = Record {
            status: 0,
            took: None,
            outcome: "not_sent",
            ..record
        };
        assert_eq!(
            log.line(&record, 24),
            concat!(
                r#"{"time":1700000000124,"webhook":"crm","type":"track","id":"a461b472cb41a9ec","#,
                r#""attempt":2,"outcome":"not_sent"}"#,
            )
        );
    }

    #[test]
    fn each_second_has_so_many_lines() {
        let mut log = log(2);
        let admitted = |log: &mut DeliveryLog, now| (0..5).filter(|_| log.admits(now)).count();
        assert_eq!(admitted(&mut log, 999), 2);
        assert_eq!(admitted(&mut log, 1_000), 2);
        assert_eq!(admitted(&mut log, 1_999), 0);
    }

    #[test]
    fn without_the_setting_there_is_none() {
        let config = config_with(&["crm"], |_| ());
        assert!(DeliveryLog::of(&config.into()).is_none());
    }
}
