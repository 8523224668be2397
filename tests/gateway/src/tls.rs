//! A root certificate made at start, and a server certificate below it for loopback.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::Error;

pub(crate) struct Made {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) root: Root,
}

/// The root certificate in both encodings.
pub(crate) struct Root {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
}

pub(crate) fn make() -> Result<Made, Error> {
    try_make().map_err(|error| Error::start("make a certificate", error))
}

fn try_make() -> io::Result<Made> {
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_key = KeyPair::generate().map_err(io::Error::other)?;
    let root = CertifiedIssuer::self_signed(params, root_key).map_err(io::Error::other)?;

    let names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let leaf = CertificateParams::new(names).map_err(io::Error::other)?;
    let leaf = leaf.signed_by(&key, &root).map_err(io::Error::other)?;

    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .map_err(io::Error::other)?;
    let root: &rcgen::Certificate = root.as_ref();
    Ok(Made {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        root: Root { pem: root.pem(), der: root.der().to_vec() },
    })
}
