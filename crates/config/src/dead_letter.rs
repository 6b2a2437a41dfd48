//! Reads `dead_letter`: the webhook that gets what would be dropped.

use super::quote::shown;
use super::read::{Object, Reader};
use super::tree::Node;

/// The place of the webhook whose name `dead_letter` gives.
pub(super) fn read(root: &Object<'_>, reader: &mut Reader<'_>) -> Option<usize> {
    let field = root.get("dead_letter")?;
    let name = field.string("the name of a webhook", reader)?;
    let names = names(root);
    let at = names.iter().position(|own| *own == Some(name));
    let default = (0..names.len()).find(|at| format!("webhook_{at}") == name);
    let wrong = match (at, default) {
        (Some(at), _) if names.len() > 1 => {
            if has_batch(root, at) {
                let message = "is on the dead letter webhook, which gets one event in each call; \
                               leave it out";
                reader.problem(&format!("webhooks[{at}].batch"), message);
            }
            return Some(at);
        }
        (Some(_), _) => format!(
            "is {}, the only webhook, and a dead letter gets no other events; write a second \
             webhook",
            shown(name)
        ),
        (None, Some(at)) => format!(
            "is {}, the name that webhooks[{at}] has by default; write a name of its own there and \
             here",
            shown(name)
        ),
        (None, None) => format!(
            "is {}, and no webhook has that name; write the name of a webhook",
            shown(name)
        ),
    };
    reader.problem(&field.path, wrong);
    None
}

/// The name that is written for each webhook, also for those that are refused.
fn names<'n>(root: &Object<'n>) -> Vec<Option<&'n str>> {
    webhooks(root).iter().map(name).collect()
}

fn webhooks<'n>(root: &Object<'n>) -> &'n [Node] {
    match root.get("webhooks").map(|field| field.node) {
        Some(Node::List(webhooks)) => webhooks,
        _ => &[],
    }
}

fn name(webhook: &Node) -> Option<&str> {
    match member(webhook, "name") {
        Some(Node::String(name)) => Some(name),
        _ => None,
    }
}

fn has_batch(root: &Object<'_>, at: usize) -> bool {
    let webhook = webhooks(root).get(at);
    webhook.is_some_and(|webhook| member(webhook, "batch").is_some())
}

fn member<'n>(webhook: &'n Node, wanted: &str) -> Option<&'n Node> {
    let Node::Object(members) = webhook else {
        return None;
    };
    let (_, value) = members.iter().find(|(key, _)| key == wanted)?;
    Some(value)
}
