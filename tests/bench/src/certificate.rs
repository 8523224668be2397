//! A root certificate made at start, in a file for the clients, and a server certificate below it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The certificates made in this process.
static MADE: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Certificate {
    pub(crate) server: Arc<ServerConfig>,
    root: PathBuf,
}

impl Certificate {
    pub(crate) fn make() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        // A file of its own for each, as tests of one process make several at once.
        let (process, number) = (std::process::id(), MADE.fetch_add(1, Relaxed));
        let root = std::env::temp_dir().join(format!("feishu-bench-{process}-{number}.pem"));
        let issuer: &rcgen::Certificate = issuer.as_ref();
        std::fs::write(&root, issuer.pem())?;
        Ok(Self { server: Arc::new(server), root })
    }

    /// The root's PEM file.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.root);
    }
}

/// The settings of a client that trusts the root in this file.
pub(crate) fn client(root: &Path) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root)?)?;
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
