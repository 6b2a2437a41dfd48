//! The table of what is refused.

mod bounds;
mod collect;
mod headers;
mod profile;
mod rules;
mod signing;
mod urls;
mod webhooks;
mod whole;

/// What the published schema makes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    /// It refuses the configuration too.
    Sees,
    /// It cannot express the rule, or is given no JSON at all.
    Blind,
}

/// A configuration and every line that is said about it.
pub(super) struct Case {
    pub(super) written: String,
    pub(super) said: Vec<String>,
    pub(super) schema: Schema,
}

impl Case {
    fn new(written: impl Into<String>, said: &[&str], schema: Schema) -> Self {
        Self {
            written: written.into(),
            said: said.iter().map(ToString::to_string).collect(),
            schema,
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
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

const URL: &str = r#""url": "https://example.com/in""#;

/// The members of one webhook, beside a good url.
fn webhook(members: &str, said: &[&str], schema: Schema) -> Case {
    Case::new(
        format!(r#"{{"webhooks": [{{{URL}, {members}}}]}}"#),
        said,
        schema,
    )
}

/// Members of the root, beside a good webhook.
fn root(members: &str, said: &[&str], schema: Schema) -> Case {
    Case::new(
        format!(r#"{{"webhooks": [{{{URL}}}], {members}}}"#),
        said,
        schema,
    )
}
