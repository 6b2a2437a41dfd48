//! The replies to clients.

use super::{Ticket, Worker};
use crate::access_log;
use crate::delivery::Verdict;
use crate::local_reply::LocalReply;
use crate::observe::labels::RequestOutcome;
use crate::upload::Unread;

impl Worker {
    /// The next reply and the stream that waits for it.
    pub fn poll_reply(&mut self) -> Option<(u32, LocalReply)> {
        if let Some(refused) = self.bodies.pop_refused() {
            return Some(refused);
        }
        let (stream, ticket, verdict) = self.outbox.poll_verdict()?;
        let reply = self.reply(ticket, &verdict);
        let test = self.tests.iter().position(|test| test.stream == stream);
        let reply = match test {
            None => reply,
            Some(test) => self.tests.swap_remove(test).into_reply(&reply),
        };
        Some((stream, reply))
    }

    fn reply(&mut self, ticket: Ticket, verdict: &Verdict) -> LocalReply {
        let Ticket {
            collection,
            mut report,
        } = ticket;
        self.count(match verdict {
            Verdict::Accepted { .. } => RequestOutcome::Accepted,
            Verdict::Retry { .. } | Verdict::Overloaded { .. } => RequestOutcome::Retry,
        });
        let access_log = self.config.observe.access_log;
        let access_log = access_log.then(|| access_log::of_verdict(verdict, &report));
        if let Verdict::Accepted { refused } = verdict {
            for index in refused {
                report.add_invalid(*index, collection.refused(*index));
            }
        }
        LocalReply {
            access_log: access_log.unwrap_or_default().into(),
            ..collection.answer(verdict, &report)
        }
    }

    /// The access log's text about a request of which nothing was taken, with this reply.
    #[must_use]
    pub fn noted(&self, reply: LocalReply) -> LocalReply {
        if !self.config.observe.access_log {
            return reply;
        }
        LocalReply {
            access_log: access_log::of_status(reply.status).into(),
            ..reply
        }
    }

    /// Refuses a request whose body never comes.
    pub fn refuse_unread(&mut self, unread: Unread) -> LocalReply {
        if !unread.was_refused {
            self.count(RequestOutcome::Retry);
        }
        self.noted(unread.reply)
    }
}
