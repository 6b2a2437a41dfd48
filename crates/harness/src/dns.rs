//! A name server for tests: every name has the addresses that the test gives it.

use anyhow::{Context, Result};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const HEADER: usize = 12;

/// A server on a free UDP port of 127.0.0.1. It ends with the process, which is soon enough for a
/// test.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
}

impl NameServer {
    /// Answers every question with those of `addresses` that are of its family.
    pub fn start(addresses: &[IpAddr]) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("no free UDP port")?;
        let address = socket.local_addr()?;
        let addresses: Arc<[IpAddr]> = addresses.into();
        thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                if let Some(reply) = answer(&packet[..length], &addresses) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Ok(Self { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The reply to a query of one question (RFC 1035, section 4); `None` for anything else.
fn answer(query: &[u8], addresses: &[IpAddr]) -> Option<Vec<u8>> {
    let mut end = HEADER;
    while *query.get(end)? != 0 {
        end += 1 + usize::from(query[end]);
    }
    // The root label, the type and the class.
    end += 5;
    let question = query.get(HEADER..end)?;
    let kind = u16::from_be_bytes([question[question.len() - 4], question[question.len() - 3]]);
    let found: Vec<Vec<u8>> = addresses
        .iter()
        .filter_map(|address| match (kind, address) {
            (TYPE_A, IpAddr::V4(address)) => Some(address.octets().to_vec()),
            (TYPE_AAAA, IpAddr::V6(address)) => Some(address.octets().to_vec()),
            _ => None,
        })
        .collect();

    let mut reply = query[..2].to_vec();
    // A response, authoritative, recursion available, no error; then the four counts.
    reply.extend([
        0x85,
        0x80,
        0,
        1,
        0,
        u8::try_from(found.len()).ok()?,
        0,
        0,
        0,
        0,
    ]);
    reply.extend(question);
    for data in found {
        // The name of the question, its type, class IN, a minute.
        reply.extend([0xc0, 0x0c]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).ok()?]);
        reply.extend(data);
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A query for `a.b`.
    fn query(kind: u16) -> Vec<u8> {
        let mut query = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 1, b'b', 0];
        query.extend(kind.to_be_bytes());
        query.extend([0, 1]);
        query
    }

    #[test]
    fn answers_with_the_addresses_of_the_family_asked_for() {
        let addresses = ["127.0.0.1", "::1"].map(|address| address.parse().unwrap());
        let reply = answer(&query(TYPE_A), &addresses).unwrap();
        assert_eq!(reply[..2], [7, 9]);
        assert_eq!(reply[7], 1);
        assert_eq!(reply[reply.len() - 6..], [0, 4, 127, 0, 0, 1]);
        let reply = answer(&query(TYPE_AAAA), &addresses).unwrap();
        assert_eq!(reply[reply.len() - 17..][..2], [16, 0]);
        assert_eq!(answer(&query(16), &addresses).unwrap()[7], 0);
        assert_eq!(answer(&[0; 5], &addresses), None);
    }
}
