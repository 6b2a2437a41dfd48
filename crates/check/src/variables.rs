//! The environment variables of a plugin's VM: what the file lists, and what the shell exports.

use crate::model::Part;
use crate::node::Node;

/// A value that every use of a variable takes: a signing secret of Standard Webhooks, long enough
/// for a key.
const STAND_IN: &str = "whsec_c3RhbmQtaW5zdGFuZC1pbnN0YW5kLWlu";

/// The variables that `vm_config.environment_variables` gives the module.
pub(crate) struct Variables<'a> {
    /// Each name of `host_env_keys`, its line, and what the shell has for it.
    host: Vec<(&'a str, usize, Option<String>)>,
    set: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Variables<'a> {
    /// The variables of a `PluginConfig`.
    pub(crate) fn read(config: &Part<'a>, shell: &dyn Fn(&str) -> Option<String>) -> Self {
        let listed = config.node.get("vm_config.environment_variables");
        let host = listed.and_then(|listed| listed.get("host_env_keys"));
        let host = host.map(Node::items_or_itself).unwrap_or_default();
        let host = host.into_iter();
        let set = listed.and_then(|listed| listed.get("key_values"));
        let set = set.map(Node::members).unwrap_or_default().iter();
        Self {
            host: host
                .filter_map(|item| Some((item.text()?, item.line, shell(item.text()?))))
                .collect(),
            set: set
                .map(|member| (member.key.as_str(), member.node.text()))
                .collect(),
        }
    }

    /// The value that the module reads for a name.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        if let Some((_, value)) = self.set.iter().find(|(key, _)| *key == name) {
            return value.map(str::to_owned);
        }
        let (.., value) = self.host.iter().find(|(key, ..)| *key == name)?;
        Some(value.clone().unwrap_or_else(|| STAND_IN.to_owned()))
    }

    /// Listed and not exported here, with the line.
    pub(crate) fn not_exported(&self) -> impl Iterator<Item = (&'a str, usize)> + '_ {
        let missing = self.host.iter().filter(|(.., value)| value.is_none());
        let missing = missing.filter(|(name, ..)| is_name(name));
        missing.map(|(name, line, _)| (*name, *line))
    }

    /// Listed as something else than a name: the line, and the name that was meant, if it shows.
    pub(crate) fn no_names(&self) -> impl Iterator<Item = (Option<&'a str>, usize)> + '_ {
        let written = self.host.iter().filter(|(name, ..)| !is_name(name));
        written.map(|(name, line, _)| (meant(name), *line))
    }

    /// Listed twice, which Envoy refuses, with the line of the second.
    pub(crate) fn repeated(&self) -> Vec<(&'a str, usize)> {
        let mut repeated = Vec::new();
        for (at, (name, line, _)) in self.host.iter().enumerate() {
            let before = self.host.iter().take(at).any(|(known, ..)| known == name);
            if before || self.set.iter().any(|(known, _)| known == name) {
                repeated.push((*name, *line));
            }
        }
        repeated
    }

    /// Names under `key_values`, whose values Envoy shows.
    pub(crate) fn shown_by_envoy(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.set.iter().map(|(name, _)| *name)
    }

    /// Whether a text takes a variable that is listed and not exported here.
    pub(crate) fn stands_in_for_any(&self, text: &str) -> bool {
        self.not_exported()
            .any(|(name, _)| text.contains(&format!("${{{name}}}")))
    }
}

/// A name that `${NAME}` can take.
fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(word)
}

/// The name in `$NAME`, `${NAME}`, `NAME=value` and ` NAME `; never a part of the value.
fn meant(text: &str) -> Option<&str> {
    let text = text.split('=').next().unwrap_or_default().trim();
    let text = text.strip_prefix('$').unwrap_or(text);
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    let name = inner.unwrap_or(text).trim();
    is_name(name).then_some(name)
}
