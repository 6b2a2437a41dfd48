//! The canonical event, borrowing from the request body.

/// The four types that the contract names (seed, "Payload Format", `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A named event.
    Track,
    /// A pageview.
    Page,
    /// Who the user is.
    Identify,
    /// Which group the user belongs to.
    Group,
}

impl Kind {
    /// Every kind, in the order of metrics and documentation.
    pub const ALL: [Self; 4] = [Self::Track, Self::Page, Self::Identify, Self::Group];

    /// The value of the payload's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Identify => "identify",
            Self::Group => "group",
        }
    }
}
