//! Header maps as proxy-wasm writes them: a count, the sizes, then each name and value ended by NUL.

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

fn split_u32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number) as usize, rest))
}

fn take(content: &mut &[u8], size: usize) -> Option<Vec<u8>> {
    let (taken, rest) = content.split_at_checked(size)?;
    *content = rest.strip_prefix(b"\0")?;
    Some(taken.to_vec())
}
