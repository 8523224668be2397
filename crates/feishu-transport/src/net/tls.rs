//! TLS with rustls. Roots and cryptography provider are chosen here and never taken from a process-wide default.

use std::fmt;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
#[cfg(feature = "doctor")]
use tokio_rustls::rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier};
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, WantsVerifier, crypto,
};

#[cfg(feature = "doctor")]
use super::certificate::Recorder;

use crate::{BoxStream, Error, Stage};

/// Bytes that TLS may hold while the socket takes none. More would be counted as written long before it is, and a slow
/// write be taken for a stuck one; at this size a write that moves 1 KiB a second is seen to move.
const HELD_BYTES: usize = 8 << 10;

/// The TLS configuration: trusted roots and cryptography provider. By default Mozilla's roots, as bundled with this
/// library, and ring.
#[derive(Clone)]
pub struct Tls {
    roots: Roots,
    extra: Vec<CertificateDer<'static>>,
    provider: Provider,
}

#[derive(Clone, Copy)]
enum Roots {
    Bundled,
    #[cfg(feature = "platform-roots")]
    Platform,
    Extra,
}

#[derive(Clone, Copy)]
enum Provider {
    Ring,
    #[cfg(feature = "aws-lc-rs")]
    AwsLc,
}

impl Default for Tls {
    fn default() -> Self {
        Self { roots: Roots::Bundled, extra: Vec::new(), provider: Provider::Ring }
    }
}

impl Tls {
    /// Creates the default configuration: the bundled roots and ring.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also trusts the certificates in `pem`, such as a company's own root or that of the local platform.
    ///
    /// # Errors
    ///
    /// Misuse, if `pem` contains no certificate or an invalid one.
    pub fn with_root_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let before = self.extra.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_ref()) {
            let certificate = certificate
                .map_err(|error| Error::misuse(format!("the root certificate cannot be read: {error}")))?;
            self.extra.push(certificate);
        }
        if self.extra.len() == before {
            return Err(Error::misuse(
                "the root certificate file holds no PEM certificate (-----BEGIN CERTIFICATE-----)",
            ));
        }
        Ok(self)
    }

    /// Trusts only the certificates that were added.
    pub fn only_added_roots(mut self) -> Self {
        self.roots = Roots::Extra;
        self
    }

    /// Trusts the operating system's roots instead of the bundled ones.
    #[cfg(feature = "platform-roots")]
    pub fn platform_roots(mut self) -> Self {
        self.roots = Roots::Platform;
        self
    }

    /// Uses aws-lc-rs instead of ring.
    #[cfg(feature = "aws-lc-rs")]
    pub fn aws_lc_rs(mut self) -> Self {
        self.provider = Provider::AwsLc;
        self
    }

    fn config(&self) -> Result<ClientConfig, Error> {
        let provider = self.provider();
        let builder = versions(&provider)?;
        #[cfg(feature = "platform-roots")]
        if matches!(self.roots, Roots::Platform) {
            let verifier = self.platform_verifier(provider)?;
            return Ok(builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth());
        }
        Ok(builder.with_root_certificates(self.store()?).with_no_client_auth())
    }

    /// The same configuration, with a verifier that remembers what it was shown.
    #[cfg(feature = "doctor")]
    pub(super) fn recording(&self) -> Result<(Connector, Arc<Recorder>), Error> {
        let provider = self.provider();
        let verifier: Arc<dyn ServerCertVerifier> = match self.roots {
            #[cfg(feature = "platform-roots")]
            Roots::Platform => Arc::new(self.platform_verifier(Arc::clone(&provider))?),
            _ => {
                let roots = Arc::new(self.store()?);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                verifier.build().map_err(|error| unusable(&error))?
            }
        };
        let recorder = Arc::new(Recorder::new(verifier));
        let config = versions(&provider)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::<Recorder>::clone(&recorder))
            .with_no_client_auth();
        Ok((Connector(TlsConnector::from(Arc::new(config))), recorder))
    }

    fn provider(&self) -> Arc<CryptoProvider> {
        Arc::new(match self.provider {
            Provider::Ring => crypto::ring::default_provider(),
            #[cfg(feature = "aws-lc-rs")]
            Provider::AwsLc => crypto::aws_lc_rs::default_provider(),
        })
    }

    #[cfg(feature = "platform-roots")]
    fn platform_verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<rustls_platform_verifier::Verifier, Error> {
        rustls_platform_verifier::Verifier::new_with_extra_roots(self.extra.iter().cloned(), provider)
            .map_err(|error| unusable(&error))
    }

    fn store(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        if matches!(self.roots, Roots::Bundled) {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for certificate in &self.extra {
            roots.add(certificate.clone()).map_err(|error| unusable(&error))?;
        }
        Ok(roots)
    }
}

fn versions(provider: &Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))
}

fn unusable(error: &dyn fmt::Display) -> Error {
    Error::misuse(format!("TLS cannot be set up: {error}"))
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("added_roots", &self.extra.len()).finish_non_exhaustive()
    }
}

/// Performs TLS handshakes.
pub(crate) struct Connector(TlsConnector);

impl Connector {
    pub(crate) fn new(tls: &Tls) -> Result<Self, Error> {
        Ok(Self(TlsConnector::from(Arc::new(tls.config()?))))
    }

    pub(crate) async fn handshake(&self, host: &str, stream: BoxStream) -> Result<BoxStream, Error> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            Error::unreachable(Stage::Tls, format_args!("{host:?} is not a name a certificate can have"))
        })?;
        let limited = |connection: &mut ClientConnection| connection.set_buffer_limit(Some(HELD_BYTES));
        match self.0.connect_with(name, stream, limited).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                Err(Error::unreachable(Stage::Tls, format_args!("{host}: {error}{}", hint(&error)))
                    .with_source(error))
            }
        }
    }
}

/// Advice for the most common failure in company networks.
fn hint(error: &std::io::Error) -> &'static str {
    let text = error.to_string();
    // BadSignature: a root of the same name with another key, such as one that was renewed.
    if text.contains("UnknownIssuer") || text.contains("BadSignature") {
        "; the network may inspect TLS with its own root certificate: add it with Tls::with_root_pem"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;

    use feishu_gateway::Gateway;
    use tokio::io::{AsyncWrite as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_stream_that_stands_still_takes_no_more_than_a_few_kib() {
        let gateway = Gateway::builder().in_memory().tls().start().await.unwrap();
        let tls = Tls::new().with_root_pem(gateway.root_pem()).unwrap();
        // The peer's end goes through a pipe that holds next to nothing.
        let (near, far) = tokio::io::duplex(512);
        let forward = tokio::spawn(async move {
            let (mut far, mut gateway) = (far, gateway.dial());
            tokio::io::copy_bidirectional(&mut far, &mut gateway).await
        });
        let connector = Connector::new(&tls).unwrap();
        let mut stream = connector.handshake("127.0.0.1", Box::new(near)).await.unwrap();
        stream.flush().await.unwrap();
        forward.abort();
        let large = vec![b'x'; 1 << 20];
        let taken = poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, &large)).await.unwrap();
        assert!((512..=HELD_BYTES + 1024).contains(&taken), "{taken}");
    }
}
