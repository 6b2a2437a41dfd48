use std::io::{Read as _, Write as _};

use flate2::bufread::MultiGzDecoder;
use flate2::{Compression, GzBuilder};

use super::*;

fn unpack(bytes: &[u8], max_bytes: usize) -> Result<Vec<u8>, Error> {
    decode(bytes, max_bytes, &mut 0)
}

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
    assert_eq!(unpack(&bytes, 2), Ok(b"{}".to_vec()));

    let header = 10 + 2 + 4 + 7 + 2;
    bytes[3] |= HEADER_CRC;
    let crc = checksum(&bytes[..header]).to_le_bytes();
    bytes.splice(header..header, [crc[0], crc[1]]);
    assert_eq!(unpack(&bytes, 2), Ok(b"{}".to_vec()));
    bytes[header] ^= 1;
    assert_eq!(unpack(&bytes, 2), Err(Error::Damaged));
}

#[test]
fn the_limit_is_that_of_all_members() {
    let text = [b'a'; 3_000];
    let two = [plain(&text), plain(&text)].concat();
    assert_eq!(unpack(&two, 6_000), Ok([b'a'; 6_000].to_vec()));
    assert_eq!(unpack(&two, 5_999), Err(Error::TooLarge));
    assert_eq!(unpack(&two, 3_000), Err(Error::TooLarge));
    assert_eq!(unpack(&two, 2_999), Err(Error::TooLarge));
    assert_eq!(unpack(&two, 0), Err(Error::TooLarge));
    assert_eq!(unpack(&plain(b""), 0), Ok(Vec::new()));
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
            assert_eq!(unpack(&damaged, 1 << 20), expected, "byte {at}");
        }
    }
    assert!(refused > whole.len(), "{refused}");
    for end in 1..whole.len() {
        let cut = unpack(&whole[..end], 1_000);
        assert!(cut.is_err() || cut == Ok(text.clone()), "{end}");
    }
    let trailing = [&whole[..], b"\0"].concat();
    assert_eq!(unpack(&trailing, 1_000), Err(Error::Damaged));
}

#[test]
fn many_members_cost_no_more_than_what_they_hold() {
    let mut bytes = plain(&vec![b'a'; 4 << 20]);
    for _ in 0..4_000 {
        bytes.extend(plain(b"a"));
    }
    let inflated = unpack(&bytes, 5 << 20).map(|inflated| inflated.len());
    assert_eq!(inflated, Ok((4 << 20) + 4_000));
}

/// Empty blocks with fixed codes, which are `010` and seven zeros, four of them in five bytes;
/// then a last one.
fn empty_blocks(fours: usize) -> Vec<u8> {
    let four = [0x02, 0x08, 0x20, 0x80, 0x00].repeat(fours);
    let head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    [&head[..], &four, b"\x03\0", &[0; 8]].concat()
}

#[test]
fn blocks_are_counted_over_all_members() {
    let most = empty_blocks(MAX_BLOCKS / 4 - 1);
    assert_eq!(unpack(&most, 0), Ok(Vec::new()));
    assert_eq!(
        unpack(&empty_blocks(MAX_BLOCKS / 4), 0),
        Err(Error::TooManyBlocks)
    );
    let few = plain(b"");
    assert!(unpack(&[most.clone(), few.repeat(3)].concat(), 0).is_ok());
    assert_eq!(
        unpack(&[most, few.repeat(4)].concat(), 0),
        Err(Error::TooManyBlocks)
    );
}

#[test]
fn the_blocks_of_a_compressor_are_few_enough() {
    // A text that compresses badly has the most blocks.
    let text: Vec<u8> = (0..5_u64 << 20)
        .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57) as u8)
        .collect();
    for level in [
        Compression::fast(),
        Compression::default(),
        Compression::best(),
    ] {
        let mut encoder = GzBuilder::new().write(Vec::new(), level);
        encoder.write_all(&text).unwrap();
        let bytes = encoder.finish().unwrap();
        assert_eq!(unpack(&bytes, 5 << 20).map(|found| found == text), Ok(true));
    }
}

#[test]
fn a_size_that_is_stated_too_small_or_too_large_reserves_no_more_than_the_limit() {
    let text = [b'a'; 9_000];
    for stated in [0_u32, 1, u32::MAX] {
        let mut bytes = plain(&text);
        let at = bytes.len() - 4;
        bytes.splice(at.., stated.to_le_bytes());
        assert_eq!(unpack(&bytes, 10_000), Err(Error::Damaged));
        assert_eq!(unpack(&bytes, 8_999), Err(Error::TooLarge));
    }
}

#[test]
fn what_is_refused_counts_as_what_it_took() {
    let counted = |bytes: &[u8], max_bytes: usize| {
        let mut unpacked = 0;
        let _ = decode(bytes, max_bytes, &mut unpacked);
        unpacked
    };
    let bomb = plain(&vec![b'a'; 1 << 20]);
    assert!(counted(&bomb, 100_000) > 100_000);
    let blocks = empty_blocks(MAX_BLOCKS);
    assert_eq!(counted(&blocks, 0), BLOCK_BYTES * MAX_BLOCKS);
}
