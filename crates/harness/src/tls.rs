//! A certificate of our own, for receivers that speak TLS.

use anyhow::Result;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::ServerConfig;
use std::sync::Arc;

/// A self-signed certificate: whoever trusts it as an authority can verify the receiver.
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
