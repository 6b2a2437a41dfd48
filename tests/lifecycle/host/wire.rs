//! Header maps as proxy-wasm writes them: a count, the sizes, then each name and value ended by
//! NUL.

use super::Headers;

/// Reads a header map; `None` when it is not one.
pub(super) fn read_map(bytes: &[u8]) -> Option<Headers> {
    let (count, mut sizes) = split_u32(bytes)?;
    let mut content = sizes.get(count.checked_mul(8)?..)?;
    let mut headers = Headers::new();
    for _ in 0..count {
        let (name, rest) = split_u32(sizes)?;
        let (value, rest) = split_u32(rest)?;
        sizes = rest;
        let name = take(&mut content, name)?;
        let value = take(&mut content, value)?;
        headers.push((String::from_utf8(name).ok()?, value));
    }
    content.is_empty().then_some(headers)
}

/// Writes a header map.
pub(super) fn write_map(headers: &Headers) -> Vec<u8> {
    let size = |part: &[u8]| {
        u32::try_from(part.len())
            .expect("a small header")
            .to_le_bytes()
    };
    let count = u32::try_from(headers.len()).expect("few headers");
    let mut bytes = count.to_le_bytes().to_vec();
    for (name, value) in headers {
        bytes.extend([size(name.as_bytes()), size(value)].concat());
    }
    for (name, value) in headers {
        bytes.extend([name.as_bytes(), b"\0", value, b"\0"].concat());
    }
    bytes
}

fn split_u32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number) as usize, rest))
}

fn take(content: &mut &[u8], size: usize) -> Option<Vec<u8>> {
    let (taken, rest) = content.split_at_checked(size)?;
    *content = rest.strip_prefix(b"\0")?;
    Some(taken.to_vec())
}
