//! The replies to requests that are refused as a whole.

use std::time::Duration;

use super::body::{Growth, Undecodable};
use super::collection::Collection;
use super::envelope::{NoEvents, Position};
use crate::local_reply::LocalReply;

/// A limit of one request that it would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// `limits.max_rule_time`.
    RuleTime(Duration),
    /// `limits.max_in_flight_bytes`.
    Payloads(usize),
}

/// The reply to a request without a body.
pub(super) fn no_body() -> LocalReply {
    LocalReply::text(400, "The request has no body.")
}

impl Collection {
    /// The reply to a body of more than `limits.max_body_bytes`.
    #[must_use]
    pub fn too_large(&self) -> LocalReply {
        self.refuse_size(&format!(
            "The body is larger than {} bytes.",
            self.max_body_bytes
        ))
    }

    /// The reply where Envoy gives the filter no bodies, which its operator has to set right.
    #[must_use]
    pub fn unread(&self) -> LocalReply {
        let sentence = "The collector is not set up to read request bodies. Nothing was taken.";
        let replies = &self.route.dialect.replies;
        let reply = (replies.failure)(self.verbose, 503, sentence);
        self.admit(reply.with("retry-after", "60"))
    }

    /// The reply to a request that exceeds one of these limits.
    #[must_use]
    pub fn refuse(&self, excess: Excess) -> LocalReply {
        self.refuse_size(&match excess {
            Excess::RuleTime(limit) => format!(
                "The rules of the webhooks would take longer than {} ms for this request; send \
                 fewer or smaller events at a time.",
                limit.as_millis()
            ),
            Excess::Payloads(limit) => format!(
                "The payloads of this request for all webhooks are larger than {limit} bytes; send \
                 fewer or smaller events at a time."
            ),
        })
    }

    fn refuse_size(&self, sentence: &str) -> LocalReply {
        let failure = self.route.dialect.replies.failure;
        self.admit(failure(self.verbose, 413, sentence))
    }

    pub(super) fn refuse_undecodable(&self, fault: &Undecodable, growth: Growth) -> LocalReply {
        let Growth {
            max_bytes,
            max_ratio,
        } = growth;
        let sentence = match fault {
            Undecodable::TooLarge => {
                return self.refuse_size(&format!(
                    "The decoded body is larger than {max_bytes} bytes."
                ));
            }
            Undecodable::Ratio => {
                return self.refuse_size(&format!(
                    "The decoded body is larger than {max_ratio} times the body; send it less \
                     compressed."
                ));
            }
            Undecodable::Layers => {
                return self
                    .refuse_size("The body was compressed more than once; compress it once.");
            }
            Undecodable::Blocks => {
                return self.refuse_size(
                    "The body was compressed in too many small blocks; compress it as a whole.",
                );
            }
            Undecodable::Empty => return self.admit(no_body()),
            _ if self.unknown_encoding => return self.refuse_encoding(),
            Undecodable::Gzip => {
                "The body is damaged: it begins as gzip and does not decode.".to_owned()
            }
            Undecodable::NotUtf8(at) => format!("The body is not JSON: byte {at} is not UTF-8."),
        };
        self.admit(LocalReply::text(400, sentence))
    }

    pub(super) fn refuse_values(&self, list: Option<&str>, index: u32, most: usize) -> LocalReply {
        let which = match list {
            None => "The event".to_owned(),
            Some("") => format!("The event at [{index}]"),
            Some(list) => format!("The event at {list}[{index}]"),
        };
        self.refuse_size(&format!("{which} has more than {most} values."))
    }

    pub(super) fn refuse_shape(&self, fault: &NoEvents, max_events: usize) -> LocalReply {
        let sentence = match fault {
            NoEvents::TooMany => {
                return self
                    .refuse_size(&format!("The request has more than {max_events} events."));
            }
            NoEvents::Scalar => {
                "The body is not an event: it is neither an object nor an array.".to_owned()
            }
            NoEvents::NoArray(list, Position { line, column }) => format!(
                "The body is not an event: {list} is not an array at line {line} column {column}."
            ),
            NoEvents::Json(_) if self.unknown_encoding => return self.refuse_encoding(),
            NoEvents::Json(error) => format!("The body is not JSON: {error}."),
        };
        self.admit(LocalReply::text(400, sentence))
    }

    fn refuse_encoding(&self) -> LocalReply {
        let sentence =
            "The body's Content-Encoding is not one that can be read; send gzip or none.";
        self.admit(LocalReply::text(415, sentence).with("accept-encoding", "gzip"))
    }
}
