//! FNV-1a, which takes less of the module than a hasher does.

/// Tells one configuration from the next, and one name from another.
pub(crate) fn fnv_1a(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}
