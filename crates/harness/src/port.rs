//! Loopback ports that nobody else is given.

use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use crate::wait::poll;

/// A free port of 127.0.0.1, kept for as long as the value lives.
///
/// A socket that is bound but does not listen holds it: connections are refused, the kernel gives
/// the port to no one who asks for any port, and a server that names it and sets `SO_REUSEADDR`
/// (Envoy and Rust's `TcpListener` do) can listen on it, stop, and listen again.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    _holder: Socket,
}

impl Port {
    /// Takes a free port.
    pub fn reserve() -> io::Result<Self> {
        let holder = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        holder.set_reuse_address(true)?;
        holder.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let address = holder
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::other("a bound socket without an address"))?;
        Ok(Self {
            address,
            _holder: holder,
        })
    }

    /// 127.0.0.1 and the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens on the port, and waits up to 20 s while a listener that was closed is still open.
    ///
    /// A program that is being started shares every socket of this process between its fork and its
    /// exec, so the old listener may be open there for a moment.
    pub fn listen(&self) -> io::Result<TcpListener> {
        let listen = || TcpListener::bind(self.address);
        let in_use = |tried: &io::Result<_>| matches!(tried, Err(error) if error.kind() == io::ErrorKind::AddrInUse);
        let limit = Duration::from_secs(20);
        poll(limit, || Some(listen()).filter(|tried| !in_use(tried))).unwrap_or_else(listen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn refuses_until_a_server_listens_and_again_after_it_stopped() {
        let port = Port::reserve().unwrap();
        for _ in 0..2 {
            let refused = TcpStream::connect(port.address()).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            let listener = TcpListener::bind(port.address()).unwrap();
            TcpStream::connect(port.address()).unwrap();
            drop(listener);
        }
    }

    #[test]
    fn waits_for_a_listener_that_is_about_to_close() {
        let port = Port::reserve().unwrap();
        let old = port.listen().unwrap();
        let closing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            drop(old);
        });
        port.listen().unwrap();
        closing.join().unwrap();
    }
}
