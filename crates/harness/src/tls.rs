//! A certificate of our own, for receivers that speak TLS.

use crate::wire;
use anyhow::Result;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// A self-signed certificate: a client that trusts it as an authority can verify the receiver.
pub struct Certificate {
    key: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Certificate {
    /// Makes one for these DNS names.
    pub fn for_names(names: &[&str]) -> Result<Self> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Ok(Self {
            key: rcgen::generate_simple_self_signed(names)?,
        })
    }

    /// The certificate as PEM, to be trusted.
    pub fn pem(&self) -> String {
        self.key.cert.pem()
    }

    /// The private key as PEM.
    pub fn key_pem(&self) -> String {
        self.key.signing_key.serialize_pem()
    }

    /// A server configuration, over HTTP/1.1, that lets in who has this certificate alone.
    pub fn server_for(&self, client: &Self) -> Result<Arc<ServerConfig>> {
        let mut trusted = RootCertStore::empty();
        trusted.add(client.key.cert.der().clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(trusted.into(), provider.clone())
            .build()?;
        let key = PrivatePkcs8KeyDer::from(self.key.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![self.key.cert.der().clone()], PrivateKeyDer::from(key))?;
        Ok(Arc::new(config))
    }

    /// A server configuration that offers `protocols` by ALPN, best first.
    pub fn server(&self, protocols: &[&str]) -> Result<Arc<ServerConfig>> {
        let key = PrivatePkcs8KeyDer::from(self.key.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.key.cert.der().clone()], PrivateKeyDer::from(key))?;
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }
}

/// Sends a request over TLS to a server that has to have `certificate`, for `name`; what comes
/// back, up to the end of the answer or of the connection.
pub fn ask(
    to: SocketAddr,
    name: &str,
    certificate: &Certificate,
    request: &[u8],
) -> Result<Vec<u8>> {
    ask_as(None, to, name, certificate, request)
}

/// As [`ask`], by a client that has this certificate.
pub fn ask_as(
    client: Option<&Certificate>,
    to: SocketAddr,
    name: &str,
    certificate: &Certificate,
    request: &[u8],
) -> Result<Vec<u8>> {
    let mut trusted = RootCertStore::empty();
    trusted.add(certificate.key.cert.der().clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(trusted);
    let config = match client {
        None => config.with_no_client_auth(),
        Some(client) => {
            let key = PrivatePkcs8KeyDer::from(client.key.signing_key.serialize_der());
            let chain = vec![client.key.cert.der().clone()];
            config.with_client_auth_cert(chain, PrivateKeyDer::from(key))?
        }
    };
    let connection = ClientConnection::new(Arc::new(config), name.to_owned().try_into()?)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(to)?);
    stream.write_all(request)?;
    let (mut reply, mut chunk) = (Vec::new(), [0; 16 << 10]);
    // A peer may end without saying so; the bytes that it has sent count.
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        reply.extend_from_slice(chunk.get(..read).unwrap_or_default());
        // Envoy leaves the connection open for a second, for a client that still sends.
        if matches!(wire::response(&reply, false, false), Ok(Some(_))) {
            break;
        }
    }
    Ok(reply)
}
