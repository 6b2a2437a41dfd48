//! Paths: where in a payload a rule applies.

/// The members of a payload that hold what customers and SDKs say; they stay, if need be empty, and
/// `allow` is about them.
pub const CONTAINERS: [&str; 3] = ["properties", "traits", "context"];
/// The other members that paths may name.
pub const IDS: [&str; 3] = ["userId", "anonymousId", "groupId"];

/// Where a value stands: keys from the payload down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// `*`: every key of an object, every item of a list.
    Any,
    Key(String),
}

impl Segment {
    pub(super) fn matches(&self, key: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Key(wanted) => key == Some(wanted),
        }
    }
}

impl Path {
    /// Whether this path names what stands at `other`, or something that holds it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.0.len() <= other.0.len()
            && pairs.all(|(own, other)| *own == Segment::Any || own == other)
    }

    /// From the payload down.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Most segments of a path.
    pub const MAX_SEGMENTS: usize = 16;

    /// Reads segments between dots; `\` takes the special meaning from the dot, `*` or `\` that
    /// follows.
    ///
    /// # Errors
    ///
    /// The problem of the path.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (mut segments, mut key, mut stars) = (Vec::new(), String::new(), 0);
        let mut characters = text.chars();
        loop {
            match characters.next() {
                Some('\\') => {
                    let escaped = characters.next().ok_or("ends with a \\")?;
                    key.push(escaped);
                }
                end @ (Some('.') | None) => {
                    if key.is_empty() {
                        return Err("has an empty part");
                    }
                    let key = std::mem::take(&mut key);
                    segments.push(match std::mem::take(&mut stars) {
                        0 => Segment::Key(key),
                        _ if key == "*" => Segment::Any,
                        _ => return Err("has a * beside other characters of a key"),
                    });
                    if end.is_none() {
                        break;
                    }
                }
                Some(character) => {
                    stars += usize::from(character == '*');
                    key.push(character);
                }
            }
        }
        let path = Self(segments);
        match path.0.as_slice() {
            _ if path.0.len() > Self::MAX_SEGMENTS => Err("has more than 16 parts"),
            [Segment::Key(id)] if IDS.contains(&id.as_str()) => Ok(path),
            [Segment::Key(container), _, ..] if CONTAINERS.contains(&container.as_str()) => {
                Ok(path)
            }
            [Segment::Key(container)] if CONTAINERS.contains(&container.as_str()) => {
                Err("names the whole of it; write it with .*")
            }
            _ => {
                Err("begins with none of properties, traits, context, userId, anonymousId, groupId")
            }
        }
    }
}
