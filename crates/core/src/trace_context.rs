//! The trace that a collection request belongs to (W3C Trace Context, `traceparent`).
//!
//! Nothing of the header goes on as it came: the header of a call is written anew from the bytes
//! that were read, with a span id of the call's own.

use std::ops::Range;

/// Names the trace, and the span that a request comes from.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// `00-<trace id>-<parent id>-<flags>`.
const LENGTH: usize = 55;

/// Where the parent id stands: the span that a call is.
const PARENT_ID: Range<usize> = 36..52;

/// The flags that the specification knows: sampled, and random trace id. Others have to be sent as
/// zero (Level 2, "Other Flags").
const KNOWN_FLAGS: u8 = 0x03;

/// In later versions only this flag has a known meaning (Level 2, "Versioning of traceparent").
const SAMPLED: u8 = 0x01;

/// A trace, and what its client wants of it: a valid `traceparent` whose parent id is zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext([u8; LENGTH]);

impl TraceContext {
    /// Bytes of memory, for the bounds: its own, the two counts of an `Rc`, and the allocator's.
    pub(crate) const COST_BYTES: usize = 72;

    /// Reads the value of `traceparent`; `None` unless it is valid. Several headers of that name,
    /// with commas between them, never are.
    ///
    /// A later version may have more behind its flags, after a dash.
    #[must_use]
    #[inline(never)]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (known, more) = value.split_first_chunk::<LENGTH>()?;
        let mut places = known.iter().enumerate();
        let has_form = places.all(|(at, byte)| match at {
            2 | 35 | 52 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
        let [v, w, _, ids @ .., _, flags] = known;
        let (is_whole, known_flags) = match (v, w) {
            (b'0', b'0') => (more.is_empty(), KNOWN_FLAGS),
            (b'f', b'f') => (false, 0),
            _ => {
                let ends = more.first().is_none_or(|byte| *byte == b'-');
                (ends && !more.contains(&b','), SAMPLED)
            }
        };
        let (trace_id, parent_id) = ids.split_at(32);
        if !(has_form && is_whole) || is_zero(trace_id) || is_zero(parent_id) {
            return None;
        }
        let mut text = *known;
        for (at, byte) in text.iter_mut().enumerate() {
            match at {
                0 | 1 | 53 => *byte = b'0',
                54 => *byte = b'0' + (value_of(*flags) & known_flags),
                at if PARENT_ID.contains(&at) => *byte = b'0',
                _ => {}
            }
        }
        Some(Self(text))
    }

    /// The value of `traceparent` for a call that is this span, which is not zero.
    #[must_use]
    #[inline(never)]
    pub fn header(&self, span_id: u64) -> String {
        let mut text = self.0.to_vec();
        let mut rest = span_id;
        for byte in text.get_mut(PARENT_ID).into_iter().flatten().rev() {
            let [.., low] = rest.to_be_bytes();
            *byte = digit_of(low & 0x0f);
            rest >>= 4;
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Digits and dashes.
fn is_zero(id: &[u8]) -> bool {
    id.iter().all(|byte| matches!(byte, b'0' | b'-'))
}

/// The value of a hexadecimal digit.
fn value_of(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    }
}

/// The hexadecimal digit of this value.
fn digit_of(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    fn sent(value: &str) -> Option<String> {
        let context = TraceContext::parse(value.as_bytes())?;
        Some(context.header(0x00f0_67aa_0ba9_02b7))
    }

    #[test]
    fn a_valid_one_goes_on_with_a_span_of_our_own() {
        for (flags, known) in [
            ("00", "00"),
            ("01", "01"),
            ("02", "02"),
            ("03", "03"),
            ("ff", "03"),
        ] {
            assert_eq!(
                sent(&format!("00-{TRACE}-{PARENT}-{flags}")),
                Some(format!("00-{TRACE}-00f067aa0ba902b7-{known}")),
            );
        }
    }

    #[test]
    fn a_later_version_goes_on_as_the_version_that_is_known() {
        for version in ["01", "cc", "fe"] {
            for more in ["", "-", "-what-the-future-is-like"] {
                assert_eq!(
                    sent(&format!("{version}-{TRACE}-{PARENT}-03{more}")),
                    Some(format!("00-{TRACE}-00f067aa0ba902b7-01")),
                );
            }
        }
    }

    #[test]
    fn nothing_else_is_a_trace() {
        let good = format!("00-{TRACE}-{PARENT}-01");
        let later = good.replacen("00", "01", 1);
        let zeros = |count| "0".repeat(count);
        for value in [
            String::new(),
            good.to_uppercase(),
            format!("{good} "),
            format!(" {good}"),
            format!("{good}-"),
            format!("{good},{good}"),
            format!("{later},{good}"),
            format!("{later}-,{good}"),
            format!("{later}x"),
            format!("00-{TRACE}-{PARENT}-0"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("0x-{TRACE}-{PARENT}-01"),
            format!("00-{}-{PARENT}-01", zeros(32)),
            format!("00-{TRACE}-{}-01", zeros(16)),
            format!("00-{TRACE}-{PARENT}-0g"),
            format!("00-{TRACE}-{PARENT}--1"),
            format!("00_{TRACE}_{PARENT}_01"),
            format!("00-{TRACE}{PARENT}--01"),
            format!("00-{}-{PARENT}0-01", TRACE.replacen('0', "", 1)),
            format!("00-{}\u{e9}-{PARENT}-01", TRACE.replacen("0a", "", 1)),
        ] {
            assert_eq!(sent(&value), None, "{value}");
        }
    }

    /// Bytes that are often near to a header.
    fn values() -> impl Strategy<Value = Vec<u8>> {
        let near = "[0-9a-gA-F-]{2}-[0-9a-gA]{31,33}-[0-9a-f]{15,17}-[0-9a-f]{1,3}[-,x]{0,2}";
        let valid = "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[ -~]{0,9})?";
        prop_oneof![
            any::<Vec<u8>>(),
            near.prop_map(String::into_bytes),
            valid.prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #[test]
        fn any_trace_that_goes_on_is_valid_and_the_same(
            value in values(),
            span_id in 1..=u64::MAX,
        ) {
            if let Some(context) = TraceContext::parse(&value) {
                let header = context.header(span_id);
                prop_assert_eq!(header.len(), LENGTH);
                prop_assert_eq!(TraceContext::parse(header.as_bytes()), Some(context));
                prop_assert_eq!(header.as_bytes().get(3..35), value.get(3..35));
                let span = format!("{span_id:016x}");
                prop_assert_eq!(header.get(PARENT_ID), Some(span.as_str()));
            }
        }
    }
}
