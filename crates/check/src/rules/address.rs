//! Addresses, and the ranges that a dynamic forward proxy refuses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::node::Node;

/// The ranges of a `resolved_address_filter`.
pub(super) struct Ranges(Vec<(IpAddr, u32)>);

impl Ranges {
    pub(super) fn read(filter: &Node) -> Self {
        let ranges = filter.get("ranges").map(Node::items).unwrap_or_default();
        let range = |range: &Node| {
            let prefix: IpAddr = range.text_at("address_prefix")?.parse().ok()?;
            let length = range.number_at("prefix_len").unwrap_or_default();
            Some((prefix, length as u32))
        };
        Self(ranges.iter().filter_map(|found| range(found)).collect())
    }

    /// The range that an address is in, as `prefix/length`.
    pub(super) fn holding(&self, address: IpAddr) -> Option<String> {
        let found = self.0.iter().find(|(prefix, length)| {
            let shift = |bits: u32| bits.saturating_sub(*length);
            match (prefix, address) {
                (IpAddr::V4(prefix), IpAddr::V4(address)) => {
                    let differ = u32::from(*prefix) ^ u32::from(address);
                    differ.checked_shr(shift(32)).unwrap_or(0) == 0
                }
                (IpAddr::V6(prefix), IpAddr::V6(address)) => {
                    let differ = u128::from(*prefix) ^ u128::from(address);
                    differ.checked_shr(shift(128)).unwrap_or(0) == 0
                }
                _ => false,
            }
        });
        found.map(|(prefix, length)| format!("{prefix}/{length}"))
    }
}

/// The addresses that the host of an authority is known to have without DNS.
pub(super) fn of_authority(authority: &str) -> Vec<IpAddr> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let name = host.trim_end_matches('.');
    if name == "localhost" || name.ends_with(".localhost") {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    host.parse().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_addresses() {
        let ranges = Ranges(vec![
            ("10.0.0.0".parse().unwrap(), 8),
            ("::".parse().unwrap(), 3),
            ("192.0.2.1".parse().unwrap(), 32),
        ]);
        let holding = |authority: &str| {
            let addresses = of_authority(authority);
            addresses
                .into_iter()
                .find_map(|address| ranges.holding(address))
        };
        assert_eq!(holding("10.255.0.1:80").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(holding("11.0.0.1"), None);
        assert_eq!(holding("192.0.2.1").as_deref(), Some("192.0.2.1/32"));
        assert_eq!(holding("192.0.2.2"), None);
        assert_eq!(holding("[::1]:8080").as_deref(), Some("::/3"));
        assert_eq!(holding("[2001:db8::1]"), None);
        assert_eq!(holding("localhost:80").as_deref(), Some("::/3"));
        assert_eq!(holding("example.com"), None);
    }

    #[test]
    fn a_range_without_a_length_holds_everything() {
        let ranges = Ranges(vec![("0.0.0.0".parse().unwrap(), 0)]);
        let address = "203.0.113.9".parse().unwrap();
        assert_eq!(ranges.holding(address).as_deref(), Some("0.0.0.0/0"));
    }
}
