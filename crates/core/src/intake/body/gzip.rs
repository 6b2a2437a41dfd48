//! gzip (RFC 1952), whole bodies at once.
//!
//! miniz_oxide inflates. flate2, which is built on it, is made for streams: it copies through a
//! window, and its table of checksums takes 16 KiB of the module. Here that table is made when the
//! first body needs it.

use std::sync::OnceLock;

use crc::{Crc, Table, CRC_32_ISO_HDLC};
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{decompress, DecompressorOxide};
use miniz_oxide::inflate::TINFLStatus;

/// First two bytes of every member (RFC 1952, 2.3.1).
pub(super) const MAGIC: &[u8] = b"\x1f\x8b";

/// Why bytes cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// They inflate to more than the limit.
    TooLarge,
    /// They have more than [`MAX_BLOCKS`].
    TooManyBlocks,
    /// They are not whole gzip members, or a checksum is wrong.
    Damaged,
}

const DEFLATE: u8 = 8;

const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Most blocks (RFC 1951, 2.3) of all members. To begin one takes some microseconds, and one that
/// is empty takes ten bits. zlib's usual blocks are of 16,384 literals and lengths, its smallest of
/// 128; a program that flushes after each event makes two for an event.
pub(super) const MAX_BLOCKS: usize = 8_192;

/// To begin a block takes as long as to inflate so many bytes.
const BLOCK_BYTES: usize = 128;

/// No deflate stream grows by a larger factor.
const LARGEST_RATIO: usize = 1_032;

static CHECKSUM: OnceLock<Crc<u32, Table<16>>> = OnceLock::new();

fn checksum(bytes: &[u8]) -> u32 {
    CHECKSUM
        .get_or_init(|| Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC))
        .checksum(bytes)
}

/// Inflates all members, to `max_bytes` in all, so that a bomb costs no more than that. Adds to
/// `unpacked` how many bytes it took as long as, whatever comes of it.
pub(super) fn decode(
    mut bytes: &[u8],
    max_bytes: usize,
    unpacked: &mut usize,
) -> Result<Vec<u8>, Error> {
    let mut inflated = Vec::new();
    let mut state = Box::<DecompressorOxide>::default();
    let mut blocks = MAX_BLOCKS;
    let mut read = Ok(());
    while !bytes.is_empty() && read.is_ok() {
        match member(bytes, max_bytes, &mut blocks, &mut state, &mut inflated) {
            Ok(rest) => bytes = rest,
            Err(error) => read = Err(error),
        }
    }
    *unpacked += inflated.len() + BLOCK_BYTES * (MAX_BLOCKS - blocks);
    read.map(|()| inflated)
}

/// Inflates the first member to the end of `inflated`, and returns the bytes behind it. `blocks` is
/// how many there may still be.
fn member<'b>(
    bytes: &'b [u8],
    max_bytes: usize,
    blocks: &mut usize,
    state: &mut DecompressorOxide,
    inflated: &mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    let start = inflated.len();
    let stream = after_header(bytes).ok_or(Error::Damaged)?;
    // Almost every body has a single member, so size the buffer for one.
    let likely = if start == 0 { likely_size(stream) } else { 0 };
    state.init();
    let bytes = inflate(stream, likely, max_bytes, blocks, state, inflated)?;
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
    blocks: &mut usize,
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
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        let (status, read, written) = decompress(state, bytes, out, at, flags);
        bytes = bytes.get(read..).unwrap_or_default();
        at += written;
        match status {
            TINFLStatus::Done | TINFLStatus::HasMoreOutput if at >= most => {
                return Err(Error::TooLarge)
            }
            TINFLStatus::Done | TINFLStatus::BlockBoundary if *blocks == 0 => {
                return Err(Error::TooManyBlocks)
            }
            TINFLStatus::BlockBoundary => *blocks -= 1,
            TINFLStatus::Done => {
                *blocks -= 1;
                inflated.truncate(start + at);
                return Ok(bytes);
            }
            TINFLStatus::HasMoreOutput => room = room.saturating_mul(2).max(1 << 10).min(most),
            _ => return Err(Error::Damaged),
        }
    }
}

#[cfg(test)]
mod tests;
