//! The headers of a webhook's calls: those configured, and the two that every call has.

use freshpaint_core::config::BatchFormat;
use freshpaint_core::secret::Secret;

use super::read::{Field, Object, Reader, TEXT};
use super::tree::Node;
use super::{environment, secrets};

/// Most headers of one webhook.
pub(super) const MAX_HEADERS: usize = 64;
/// Longest name, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 128;
/// Longest value, in bytes, after `${NAME}` is replaced.
pub(super) const MAX_VALUE_BYTES: usize = 8_192;
/// All names and values of one webhook, in bytes: well below the 60 KiB at which Envoy itself
/// refuses a request.
pub(super) const MAX_BYTES: usize = 32_768;

const WANTED: &str = r#"an object of header names and values, such as {"X-Api-Key": "${CRM_KEY}"}"#;

/// Sent unless the configuration says otherwise.
const USER_AGENT: &str = concat!("freshpaint-webhooks/", env!("CARGO_PKG_VERSION"));

/// Names that are not the configuration's to set, and why.
pub(super) const RESERVED: [(&str, &[&str]); 3] = [
    (
        "is written by Envoy from the url and the body",
        &["host", "content-length", "expect"],
    ),
    (
        // RFC 9110, section 7.6.1; `trailer` and the proxy's own as RFC 2616, section 13.5.1, had
        // them.
        "concerns one connection, which is Envoy's",
        &[
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ],
    ),
    // Standard Webhooks, "Webhook Headers".
    (
        "belongs to signed webhooks",
        &["webhook-id", "webhook-timestamp", "webhook-signature"],
    ),
];

/// W3C Trace Context.
const TRACE: [&str; 2] = ["traceparent", "tracestate"];

/// The defaults alone; `format` is that of a webhook with `batch`.
pub(super) fn defaults(format: Option<BatchFormat>) -> Vec<(String, Secret)> {
    let content_type = format.map_or("application/json", BatchFormat::content_type);
    [("content-type", content_type), ("user-agent", USER_AGENT)]
        .map(|(name, value)| (name.to_owned(), value.into()))
        .into()
}

/// Reads the object of headers: lower-case names, in alphabetical order, with the defaults.
pub(super) fn read(
    field: Field<'_>,
    format: Option<BatchFormat>,
    reader: &mut Reader<'_>,
) -> Vec<(String, Secret)> {
    let path = field.path.clone();
    let Some(object) = field.map(WANTED, reader) else {
        return defaults(format);
    };
    let mut headers: Vec<(String, Secret)> = Vec::new();
    for (written, field) in object.fields() {
        let name = written.to_ascii_lowercase();
        if let Err(message) = check_name(&name) {
            reader.problem(&field.path, message);
        } else if headers.iter().any(|(known, _)| *known == name) {
            reader.problem(
                &field.path,
                "is given twice, in other letter case; write it once",
            );
        } else {
            let value = value(&name, &field, reader).unwrap_or_default();
            insert(&mut headers, (name, value.into()));
        }
    }
    if headers.len() > MAX_HEADERS {
        reader.problem(
            &path,
            format!("has {} headers; write at most {MAX_HEADERS}", headers.len()),
        );
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.expose().len())
        .sum();
    if size > MAX_BYTES {
        reader.problem(
            &path,
            format!("is {size} bytes in all; write at most {MAX_BYTES}"),
        );
    }
    for default in defaults(format) {
        if headers.iter().all(|(name, _)| *name != default.0) {
            insert(&mut headers, default);
        }
    }
    headers
}

/// Refuses the headers of webhooks that `observe.trace` sends, or that mean nothing beside its own.
pub(super) fn leave_traces(root: &Object<'_>, reader: &mut Reader<'_>) {
    let webhooks = root.get("webhooks");
    for webhook in webhooks.iter().flat_map(Field::items) {
        let headers = webhook.member("headers");
        let Some(Node::Object(members)) = headers.as_ref().map(|headers| headers.node) else {
            continue;
        };
        for (name, _) in members {
            let is_trace = TRACE.iter().any(|trace| name.eq_ignore_ascii_case(trace));
            let field = headers.as_ref().and_then(|headers| headers.member(name));
            if let (true, Some(field)) = (is_trace, field) {
                reader.problem(
                    &field.path,
                    "belongs to the trace that observe.trace sends; write the webhook without it",
                );
            }
        }
    }
}

/// Keeps the few headers in alphabetical order; a sort is 10 KiB of the module.
fn insert(headers: &mut Vec<(String, Secret)>, header: (String, Secret)) {
    let at = headers.partition_point(|known| *known < header);
    headers.insert(at, header);
}

fn check_name(name: &str) -> Result<(), String> {
    // RFC 9110, section 5.6.2.
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.starts_with(':') {
        return Err("is a pseudo-header; write the url, which sets it".into());
    }
    if name.is_empty() || !name.bytes().all(token) {
        return Err("is not a header name; write letters, digits and \"-\"".into());
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(format!(
            "is {} bytes long; write a name of at most {MAX_NAME_BYTES}",
            name.len()
        ));
    }
    if name.starts_with("x-envoy-") {
        return Err("steers Envoy and never reaches a webhook; write another name".into());
    }
    match RESERVED.iter().find(|(_, names)| names.contains(&name)) {
        Some((why, _)) => Err(format!("{why}; write the webhook without it")),
        None => Ok(()),
    }
}

fn value(name: &str, field: &Field<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let written = field.string(TEXT, reader)?;
    let expanded = field.expand(written, reader)?;
    let value = match check_value(written, &expanded) {
        Ok(value) => value,
        Err(message) => {
            reader.problem(&field.path, message);
            return None;
        }
    };
    if secrets::is_secret(name) && !value.is_empty() && !environment::refers(written) {
        let variable = name
            .to_ascii_uppercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        reader.plain_secret(&field.path, &variable);
    }
    Some(value)
}

/// The value as sent: without spaces and tabs around it, and without control bytes.
fn check_value(written: &str, value: &str) -> Result<String, String> {
    let value = value.trim_matches([' ', '\t']);
    let control = |text: &str| {
        text.bytes()
            .find(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)
    };
    if let Some(byte) = control(written) {
        return Err(format!(
            "holds the control byte 0x{byte:02x}; write one line of text"
        ));
    }
    if let Some(byte) = control(value) {
        return Err(format!(
            "holds the control byte 0x{byte:02x} from an environment variable; write one line of \
             text into the variable"
        ));
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(format!(
            "is {} bytes long; write at most {MAX_VALUE_BYTES}",
            value.len()
        ));
    }
    Ok(value.to_owned())
}
