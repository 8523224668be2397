//! A root certificate made at start, and a server certificate below it for loopback.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::Error;

/// How long the certificates hold; some clients take none that hold for more than 825 days.
const LIFE: Duration = Duration::from_secs(800 * 24 * 60 * 60);
/// For clients whose clock is behind.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Made {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) root: Root,
}

/// The root certificate in both encodings.
pub(crate) struct Root {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
}

/// Makes both; the server's holds for loopback and for the address that it listens on.
pub(crate) fn make(address: IpAddr) -> Result<Made, Error> {
    try_make(address).map_err(|error| Error::start("make a certificate", error))
}

fn try_make(address: IpAddr) -> io::Result<Made> {
    let mut params = params("feishu-gateway local authority", Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_key = KeyPair::generate().map_err(io::Error::other)?;
    let root = CertifiedIssuer::self_signed(params, root_key).map_err(io::Error::other)?;

    let mut names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    if !address.is_unspecified() && !names.contains(&address.to_string()) {
        names.push(address.to_string());
    }
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut leaf = self::params("localhost", names)?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
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

/// A certificate of this name. OpenSSL takes a certificate for self-signed when its name is that of its authority, so that
/// the two must differ.
fn params(name: &str, alternative: Vec<String>) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(alternative).map_err(io::Error::other)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    let now = SystemTime::now();
    params.not_before = now.checked_sub(BEFORE).unwrap_or(now).into();
    params.not_after = now.checked_add(LIFE).unwrap_or(now).into();
    Ok(params)
}
