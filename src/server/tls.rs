//! A server behind TLS.

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::Error;

/// What a server proves itself with: see [`MockServerBuilder::tls`](crate::MockServerBuilder::tls).
/// TLS 1.2 and 1.3, by rustls; clients choose HTTP/1.1 or HTTP/2.
///
/// ```
/// use tower_mock_llm::{MockLlmLayer, MockServer, Tls};
///
/// let tls = Tls::self_signed(["localhost", "127.0.0.1"])?;
/// assert!(tls.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// let server = MockServer::builder(MockLlmLayer::new()).tls(tls).start()?;
/// assert!(server.url().starts_with("https://127.0.0.1:"));
/// # Ok::<(), tower_mock_llm::Error>(())
/// ```
#[derive(Clone)]
pub struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pem: String,
}

impl Tls {
    /// A certificate that is made now, for these names and addresses. Clients must be told to trust
    /// [it](Self::certificate_pem).
    ///
    /// # Errors
    ///
    /// If one of them is no name.
    pub fn self_signed(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let cannot = |error| Error::config(format!("cannot make a certificate: {error}"));
        let made = rcgen::generate_simple_self_signed(names).map_err(cannot)?;
        Self::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())
    }

    /// A certificate, with those that lead to its root behind it, and its key, in PEM.
    ///
    /// # Errors
    ///
    /// If they cannot be read, or do not belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, Error> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| Error::config(format!("the certificate is no PEM: {error}")))?;
        if chain.is_empty() {
            return Err(Error::config("there is no certificate in the PEM"));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
            Error::config(format!("there is no private key in the PEM: {error}"))
        })?;
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| Error::config(format!("the certificate cannot be used: {error}")))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let pem = String::from_utf8_lossy(certificates).into_owned();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), pem })
    }

    /// The certificate, for clients that are to trust it: for `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`,
    /// `NODE_EXTRA_CA_CERTS`.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }
}

/// Shows no key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}
