//! The table of what is refused.

mod bounds;
mod collect;
mod headers;
mod profile;
mod remedies;
mod rules;
mod signing;
mod urls;
mod webhooks;
mod whole;

/// A configuration and every line that is said about it.
pub(super) struct Case {
    pub(super) written: String,
    pub(super) said: Vec<String>,
}

impl Case {
    fn new(written: impl Into<String>, said: &[&str]) -> Self {
        Self {
            written: written.into(),
            said: said.iter().map(ToString::to_string).collect(),
        }
    }

    /// Every case of every group.
    pub(super) fn all() -> Vec<Self> {
        [
            whole::cases(),
            webhooks::cases(),
            urls::cases(),
            headers::cases(),
            signing::cases(),
            rules::cases(),
            profile::cases(),
            bounds::cases(),
            collect::cases(),
            remedies::cases(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

const URL: &str = r#""url": "https://example.com/in""#;

/// The members of one webhook, beside a good url.
fn webhook(members: &str, said: &[&str]) -> Case {
    Case::new(format!(r#"{{"webhooks": [{{{URL}, {members}}}]}}"#), said)
}

/// Members of the root, beside a good webhook.
fn root(members: &str, said: &[&str]) -> Case {
    Case::new(format!(r#"{{"webhooks": [{{{URL}}}], {members}}}"#), said)
}

/// The problem of an unknown key at `path` that is like none of `keys`.
fn keys(path: &str, keys: &[&str]) -> String {
    let listed: Vec<_> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    let listed = listed.join(", ");
    format!("{path}: is not a known key; write one of {listed}")
}
