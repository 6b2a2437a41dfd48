//! The monitor's requests: what they may ask, and the JSON that answers them.
//!
//! Version 1. `GET /api/v1/status`, `GET /api/v1/records?after=<cursor>`, `POST /api/v1/retry` and
//! `POST /api/v1/test`. A wrong request gets `{"error": "..."}` and touches nothing.

use super::answers::error;
use super::cursor::Cursor;
use super::page;
use freshpaint_core::intake::Head;
use freshpaint_core::json::{self, Object, Value};
use freshpaint_core::local_reply::LocalReply;

/// Every action has to bring this header with the value `1`. A page of another origin cannot send
/// it: the browser would ask first, and the monitor answers no such question.
pub const ACTION_HEADER: &str = "x-freshpaint-monitor";

/// Largest body of an action, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The meaning of a request for the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Nothing: this is the answer.
    Reply(LocalReply),
    /// To read what all workers share.
    Read(Read),
    /// To gather the body; then [`action`] says what it asks.
    Body(Action),
}

/// The data that a request reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// The state of all workers.
    Status,
    /// The records of all workers after this cursor.
    Records(Cursor),
}

/// An action whose body has yet to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `POST /api/v1/retry`
    Retry,
    /// `POST /api/v1/test`
    Test,
}

/// The order in the body of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Try kept events now.
    Retry {
        /// Only those that wait for the webhook of this name.
        webhook: Option<String>,
        /// Only the event with this hashed id.
        id: Option<String>,
    },
    /// Show, or do, what an SDK's request leads to.
    Test {
        /// Path and query of the SDK's request.
        path: String,
        /// Its body.
        body: String,
        /// Deliver it as if the SDK had sent it.
        deliver: bool,
    },
}

/// Judges a request by its head. `allowed_hosts` are names beside those of this machine under which
/// the monitor may be asked; any other name could be a page that made its own name lead here.
#[must_use]
pub fn judge(head: &Head<'_>, allowed_hosts: &[String]) -> Ask {
    let headers = head.headers;
    let host = headers.get(":authority").unwrap_or_default();
    if !is_allowed_host(&host, allowed_hosts) {
        let sentence = "The monitor is not asked under this name; add it to monitor.hosts.";
        return Ask::Reply(error(421, sentence));
    }
    let path = std::str::from_utf8(head.path).unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let get = |ask: Ask| match head.method {
        b"GET" => ask,
        b"HEAD" => Ask::Reply(page::guard(LocalReply::text(200, ""))),
        _ => Ask::Reply(error(405, "This is read with GET.").with("allow", "GET, HEAD")),
    };
    let takes_gzip = || {
        let encodings = headers.get("accept-encoding").unwrap_or_default();
        encodings.windows(4).any(|found| found == b"gzip")
    };
    if let Some(file) = page::file(path, takes_gzip()) {
        return get(Ask::Reply(file));
    }
    let action = match path {
        "/api/v1/status" => return get(Ask::Read(Read::Status)),
        "/api/v1/records" => {
            let mut parameters = query.split('&');
            let after = parameters.find_map(|parameter| parameter.strip_prefix("after="));
            let after = Cursor::read(after.unwrap_or_default());
            return get(Ask::Read(Read::Records(after)));
        }
        "/api/v1/retry" => Action::Retry,
        "/api/v1/test" => Action::Test,
        _ => {
            return Ask::Reply(error(
                404,
                "The monitor has no such path; the page is at /.",
            ))
        }
    };
    if head.method != b"POST" {
        return Ask::Reply(error(405, "This is asked with POST.").with("allow", "POST"));
    }
    if headers.get(ACTION_HEADER).as_deref() != Some(b"1") {
        return Ask::Reply(error(403, "The header x-freshpaint-monitor: 1 is missing."));
    }
    let content_type = headers.get("content-type").unwrap_or_default();
    if !content_type.starts_with(b"application/json") {
        return Ask::Reply(error(415, "The body must be application/json."));
    }
    Ask::Body(action)
}

/// The answer to a body of more than [`MAX_BODY_BYTES`].
#[must_use]
pub fn too_large() -> LocalReply {
    error(413, "The body is larger than 262144 bytes.")
}

/// Reads the body of an action.
///
/// # Errors
///
/// The answer when the body is not what the action wants.
pub fn action(action: Action, body: &[u8]) -> Result<Order, LocalReply> {
    let text = std::str::from_utf8(body).map_err(|_| error(400, "The body is not UTF-8."))?;
    let text = text.trim();
    json::check(text).map_err(|wrong| error(400, &format!("The body is not JSON: {wrong}.")))?;
    let object = Value::of_checked(text)
        .object()
        .ok_or_else(|| error(400, "The body is not an object."))?;
    match action {
        Action::Retry => Ok(Order::Retry {
            webhook: string(object, "webhook")?,
            id: string(object, "id")?,
        }),
        Action::Test => Ok(Order::Test {
            path: string(object, "path")?
                .filter(|path| path.starts_with('/'))
                .ok_or_else(|| error(400, "path is missing; write one such as \"/track\"."))?,
            body: string(object, "body")?.unwrap_or_default(),
            deliver: object
                .member("deliver")
                .is_some_and(|value| value.get() == "true"),
        }),
    }
}

fn string(object: Object<'_>, key: &str) -> Result<Option<String>, LocalReply> {
    let Some(value) = object.member(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let text = value
        .text()
        .ok_or_else(|| error(400, &format!("{key} is not a string.")))?;
    Ok(Some(text.decoded().into_owned()))
}

/// This machine by any of its names, or one of those that the configuration allows.
fn is_allowed_host(authority: &[u8], allowed: &[String]) -> bool {
    let Ok(authority) = std::str::from_utf8(authority) else {
        return false;
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let is_address = host.parse::<std::net::Ipv4Addr>().is_ok() || host.starts_with('[');
    is_address
        || host.eq_ignore_ascii_case("localhost")
        || allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests;
