//! The shape of the load: how many events, to how many webhooks.

use std::fmt;

/// One shape of load; every contender that takes part gets the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Events in a collection request; one is sent by itself, more as a batch.
    pub(crate) events: usize,
    /// Webhooks that answer.
    pub(crate) webhooks: usize,
    /// Webhooks after them whose port refuses connections.
    pub(crate) dead: usize,
    /// HTTP/2 to the webhooks, else HTTP/1.1.
    pub(crate) http2: bool,
    /// About how many bytes of properties an event has.
    pub(crate) properties: usize,
}

impl Shape {
    pub(crate) const fn new(events: usize, webhooks: usize, http2: bool) -> Self {
        Self {
            events,
            webhooks,
            dead: 0,
            http2,
            properties: 250,
        }
    }

    /// The calls that one request must make at the webhooks that answer.
    pub(crate) fn calls(&self) -> u64 {
        (self.events * self.webhooks) as u64
    }

    /// Whether something but the plain job is the point.
    pub(crate) fn is_special(&self) -> bool {
        self.dead > 0 || self.properties > 1000
    }

    /// The name for `BENCH_ONLY`: `<events>x<webhooks>-h<1 or 2>`, with `-dead` or `-10k` where
    /// that is the point.
    pub(crate) fn id(&self) -> String {
        let http = if self.http2 { 2 } else { 1 };
        let dead = if self.dead > 0 { "-dead" } else { "" };
        let large = if self.properties > 1000 { "-10k" } else { "" };
        format!("{}x{}-h{http}{dead}{large}", self.events, self.webhooks)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let (events, webhooks) = (self.events, self.webhooks + self.dead);
        write!(f, "{events} event{}", plural(events))?;
        if self.properties > 1000 {
            write!(f, " with {} KB of properties", self.properties / 1000)?;
        }
        write!(f, ", {webhooks} webhook{}", plural(webhooks))?;
        if self.dead > 0 {
            write!(f, ", {} of them dead", self.dead)?;
        }
        write!(
            f,
            ", HTTP/{} upstream",
            if self.http2 { "2" } else { "1.1" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Shape = Shape::new(1, 1, false);

    #[test]
    fn the_id_has_the_numbers_and_what_is_special() {
        let (dead, properties) = (1, 10_000);
        let shapes = [
            Shape::new(20, 3, true),
            Shape { dead, ..SMALL },
            Shape {
                properties,
                ..SMALL
            },
        ];
        assert_eq!(
            shapes.map(|shape| shape.id()),
            ["20x3-h2", "1x1-h1-dead", "1x1-h1-10k"]
        );
    }

    #[test]
    fn says_what_it_is() {
        let (dead, properties) = (1, 10_000);
        assert_eq!(
            Shape { dead, ..SMALL }.to_string(),
            "1 event, 2 webhooks, 1 of them dead, HTTP/1.1 upstream"
        );
        let large = Shape {
            properties,
            ..SMALL
        };
        assert_eq!(
            large.to_string(),
            "1 event with 10 KB of properties, 1 webhook, HTTP/1.1 upstream"
        );
    }
}
