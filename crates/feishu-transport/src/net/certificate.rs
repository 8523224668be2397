//! What a peer's certificates say of who signed them, for a diagnosis.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{DigitallySignedStruct, Error, SignatureScheme};

use crate::secret::clean;

/// Maximum characters of a name that are shown.
const MAX_NAME: usize = 120;
/// The object identifiers of `commonName` and `organizationName`, encoded (RFC 5280, appendix A).
const NAMES: [(&[u8], &str); 2] = [(&[0x55, 4, 10], "O"), (&[0x55, 4, 3], "CN")];

/// Who signed the certificates that a peer showed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// The organization and name of the issuer that is nearest to the root, such as `O=DigiCert Inc, CN=DigiCert Global Root
    /// G2`. It is what the peer says, and not verified.
    pub issuer: String,
    /// Whether this is one of Mozilla's roots, as bundled with this library. `false` means a private one: of a company, whose
    /// box in between may read along, or of a private deployment.
    pub is_public: bool,
}

/// A verifier that remembers what it was shown.
pub(super) struct Recorder {
    inner: Arc<dyn ServerCertVerifier>,
    /// The last certificate of the chain.
    last: Mutex<Option<CertificateDer<'static>>>,
}

impl Recorder {
    pub(super) fn new(inner: Arc<dyn ServerCertVerifier>) -> Self {
        Self { inner, last: Mutex::default() }
    }

    /// Who signed what the last peer showed.
    pub(super) fn seen(&self) -> Option<Certificate> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let issuer = issuer(last.as_ref()?)?;
        let is_public = webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| root.subject.as_ref() == issuer);
        Some(Certificate { issuer: words(issuer), is_public })
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let last = intermediates.last().unwrap_or(end_entity).clone().into_owned();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// The name of a certificate's issuer, encoded (RFC 5280, 4.1).
fn issuer(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(certificate)?;
    let (_, fields, _) = element(certificate)?;
    let (tag, _, after_version) = element(fields)?;
    // The version is optional, and has a tag of its own.
    let rest = if tag == 0xa0 { after_version } else { fields };
    let (_, _serial, rest) = element(rest)?;
    let (_, _algorithm, rest) = element(rest)?;
    element(rest).map(|(_, issuer, _)| issuer)
}

/// The organization and the common name in an encoded name.
fn words(name: &[u8]) -> String {
    let mut found = [const { None }; NAMES.len()];
    let mut sets = name;
    while let Some((_, set, rest)) = element(sets) {
        sets = rest;
        let parts = element(set).and_then(|(_, pair, _)| {
            let (_, identifier, value) = element(pair)?;
            Some((identifier, element(value)?.1))
        });
        let Some((identifier, value)) = parts else { continue };
        for ((wanted, _), found) in NAMES.iter().zip(&mut found) {
            if *wanted == identifier {
                *found = Some(clean(&String::from_utf8_lossy(value), MAX_NAME));
            }
        }
    }
    let named = NAMES.iter().zip(found).filter_map(|((_, key), value)| Some(format!("{key}={}", value?)));
    let named: Vec<_> = named.collect();
    if named.is_empty() { "an issuer without a name".to_owned() } else { named.join(", ") }
}

/// The first element of encoded data: its tag, its content, and what follows. `None` if its length is not right.
fn element(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = data.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if length.len() > 3 {
            return None;
        }
        (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_root_are_its_organization_and_name() {
        let all: Vec<_> =
            webpki_roots::TLS_SERVER_ROOTS.iter().map(|root| words(root.subject.as_ref())).collect();
        assert!(all.iter().any(|name| name == "O=DigiCert Inc, CN=DigiCert Global Root G2"), "{all:#?}");
        assert!(all.iter().all(|name| name.contains('=')), "{all:#?}");
    }

    #[test]
    fn issuer_of_what_is_no_certificate_is_none() {
        for bad in [&b""[..], b"\x30", b"\x30\x03\x30\x01", b"\x30\x84\xff\xff\xff\xff", &[0x30; 40]] {
            assert_eq!(issuer(bad), None, "{bad:?}");
        }
    }
}
