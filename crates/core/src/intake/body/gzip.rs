//! gzip (RFC 1952), whole bodies at once.
//!
//! miniz_oxide inflates. flate2, which is built on it, is made for streams: it copies through a
//! window, and its table of checksums takes 16 KiB of the module. Here that table is made when the
//! first body needs it.

use std::sync::OnceLock;

use crc::{Crc, Table, CRC_32_ISO_HDLC};
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{decompress, DecompressorOxide};
use miniz_oxide::inflate::TINFLStatus;

/// First two bytes of every member (RFC 1952, 2.3.1).
pub(super) const MAGIC: &[u8] = b"\x1f\x8b";

/// Why bytes cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// They inflate to more than the limit.
    TooLarge,
    /// They are not whole gzip members, or a checksum is wrong.
    Damaged,
}

const DEFLATE: u8 = 8;

const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// No deflate stream grows by a larger factor.
const LARGEST_RATIO: usize = 1_032;

static CHECKSUM: OnceLock<Crc<u32, Table<16>>> = OnceLock::new();

fn checksum(bytes: &[u8]) -> u32 {
    CHECKSUM
        .get_or_init(|| Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC))
        .checksum(bytes)
}

/// Inflates all members, to `max_bytes` in all, so that a bomb costs no more than that.
pub(super) fn decode(mut bytes: &[u8], max_bytes: usize) -> Result<Vec<u8>, Error> {
    let mut inflated = Vec::new();
    let mut state = Box::<DecompressorOxide>::default();
    while !bytes.is_empty() {
        bytes = member(bytes, max_bytes, &mut state, &mut inflated)?;
    }
    Ok(inflated)
}

/// Inflates the first member to the end of `inflated`, and returns the bytes behind it.
fn member<'b>(
    bytes: &'b [u8],
    max_bytes: usize,
    state: &mut DecompressorOxide,
    inflated: &mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    let start = inflated.len();
    let stream = after_header(bytes).ok_or(Error::Damaged)?;
    // Almost every body has a single member, so size the buffer for one.
    let likely = if start == 0 { likely_size(stream) } else { 0 };
    state.init();
    let bytes = inflate(stream, likely, max_bytes, state, inflated)?;
    let ([crc, size], bytes) = words(bytes).ok_or(Error::Damaged)?;
    let inflated = inflated.get(start..).unwrap_or_default();
    // The size is modulo 2^32, which is far over any limit.
    let is_whole = u32::try_from(inflated.len()) == Ok(size) && checksum(inflated) == crc;
    is_whole.then_some(bytes).ok_or(Error::Damaged)
}

/// The size that the last bytes state, but no more than the stream can grow to.
fn likely_size(stream: &[u8]) -> usize {
    let stated = stream
        .last_chunk()
        .map_or(0, |size| u32::from_le_bytes(*size));
    let stated = usize::try_from(stated).unwrap_or(usize::MAX);
    stated.min(stream.len().saturating_mul(LARGEST_RATIO))
}

/// The checksum and the size behind a stream.
fn words(bytes: &[u8]) -> Option<([u32; 2], &[u8])> {
    let (crc, bytes) = bytes.split_first_chunk()?;
    let (size, bytes) = bytes.split_first_chunk()?;
    Some(([u32::from_le_bytes(*crc), u32::from_le_bytes(*size)], bytes))
}

/// The bytes behind the header (RFC 1952, section 2.3).
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    let ([magic @ .., method, flags, _, _, _, _, _, _], mut rest) =
        bytes.split_first_chunk::<10>()?;
    let flags = *flags;
    if magic != MAGIC || *method != DEFLATE || flags & RESERVED != 0 {
        return None;
    }
    if flags & EXTRA != 0 {
        let (length, extra) = rest.split_first_chunk()?;
        rest = extra.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & HEADER_CRC != 0 {
        let header = bytes.get(..bytes.len() - rest.len())?;
        let (crc, stream) = rest.split_first_chunk()?;
        if u32::from(u16::from_le_bytes(*crc)) != checksum(header) & 0xffff {
            return None;
        }
        rest = stream;
    }
    Some(rest)
}

/// Inflates the stream at the start of `bytes`, at first into `likely` bytes of room, and returns
/// the bytes behind it.
fn inflate<'b>(
    mut bytes: &'b [u8],
    likely: usize,
    max_bytes: usize,
    state: &mut DecompressorOxide,
    inflated: &mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    let start = inflated.len();
    // A stream that has one byte more than the limit is too large.
    let most = max_bytes.saturating_add(1) - start;
    let mut room = likely.min(most);
    let mut at = 0;
    loop {
        inflated.resize(start + room, 0);
        let out = inflated.get_mut(start..).unwrap_or_default();
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, written) = decompress(state, bytes, out, at, flags);
        bytes = bytes.get(read..).unwrap_or_default();
        at += written;
        match status {
            TINFLStatus::Done | TINFLStatus::HasMoreOutput if at >= most => {
                return Err(Error::TooLarge)
            }
            TINFLStatus::Done => {
                inflated.truncate(start + at);
                return Ok(bytes);
            }
            TINFLStatus::HasMoreOutput => room = room.saturating_mul(2).max(1 << 10).min(most),
            _ => return Err(Error::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use flate2::bufread::MultiGzDecoder;
    use flate2::{Compression, GzBuilder};

    use super::*;

    fn gzip(builder: GzBuilder, text: &[u8]) -> Vec<u8> {
        let mut encoder = builder.write(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn plain(text: &[u8]) -> Vec<u8> {
        gzip(GzBuilder::new(), text)
    }

    #[test]
    fn a_header_may_hold_more_than_it_has_to() {
        let builder = GzBuilder::new()
            .filename("a.json")
            .comment("c")
            .extra([1, 2, 0, 4])
            .mtime(7);
        let mut bytes = gzip(builder, b"{}");
        assert_eq!(decode(&bytes, 2), Ok(b"{}".to_vec()));

        let header = 10 + 2 + 4 + 7 + 2;
        bytes[3] |= HEADER_CRC;
        let crc = checksum(&bytes[..header]).to_le_bytes();
        bytes.splice(header..header, [crc[0], crc[1]]);
        assert_eq!(decode(&bytes, 2), Ok(b"{}".to_vec()));
        bytes[header] ^= 1;
        assert_eq!(decode(&bytes, 2), Err(Error::Damaged));
    }

    #[test]
    fn the_limit_is_that_of_all_members() {
        let text = [b'a'; 3_000];
        let two = [plain(&text), plain(&text)].concat();
        assert_eq!(decode(&two, 6_000), Ok([b'a'; 6_000].to_vec()));
        assert_eq!(decode(&two, 5_999), Err(Error::TooLarge));
        assert_eq!(decode(&two, 3_000), Err(Error::TooLarge));
        assert_eq!(decode(&two, 2_999), Err(Error::TooLarge));
        assert_eq!(decode(&two, 0), Err(Error::TooLarge));
        assert_eq!(decode(&plain(b""), 0), Ok(Vec::new()));
    }

    #[test]
    fn damaged_gzip_is_refused_as_flate2_refuses_it() {
        let text: Vec<u8> = (0..300_u16).flat_map(|n| (n / 3).to_be_bytes()).collect();
        let whole = [plain(&text), plain(b"and more")].concat();
        let mut refused = 0;
        for at in 0..whole.len() {
            for flip in [1, 0x80] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                let mut expected = Vec::new();
                let is_read = MultiGzDecoder::new(&damaged[..]).read_to_end(&mut expected);
                let expected = is_read.map(|_| expected).map_err(|_| Error::Damaged);
                refused += usize::from(expected.is_err());
                assert_eq!(decode(&damaged, 1 << 20), expected, "byte {at}");
            }
        }
        assert!(refused > whole.len(), "{refused}");
        for end in 1..whole.len() {
            let cut = decode(&whole[..end], 1_000);
            assert!(cut.is_err() || cut == Ok(text.clone()), "{end}");
        }
        let trailing = [&whole[..], b"\0"].concat();
        assert_eq!(decode(&trailing, 1_000), Err(Error::Damaged));
    }

    #[test]
    fn many_members_cost_no_more_than_what_they_hold() {
        let mut bytes = plain(&vec![b'a'; 4 << 20]);
        for _ in 0..20_000 {
            bytes.extend(plain(b"a"));
        }
        let inflated = decode(&bytes, 5 << 20).map(|inflated| inflated.len());
        assert_eq!(inflated, Ok((4 << 20) + 20_000));
    }

    #[test]
    fn a_size_that_is_stated_too_small_or_too_large_reserves_no_more_than_the_limit() {
        let text = [b'a'; 9_000];
        for stated in [0_u32, 1, u32::MAX] {
            let mut bytes = plain(&text);
            let at = bytes.len() - 4;
            bytes.splice(at.., stated.to_le_bytes());
            assert_eq!(decode(&bytes, 10_000), Err(Error::Damaged));
            assert_eq!(decode(&bytes, 8_999), Err(Error::TooLarge));
        }
    }
}
