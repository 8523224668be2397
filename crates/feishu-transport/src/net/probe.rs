//! The way to the platform, tried step by step, for a diagnosis.

use std::net::IpAddr;

use super::certificate::Certificate;
use crate::{Error, Target};

/// How far the way to a host went: name look-up, proxy, TCP, TLS.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// Where the way leads.
    pub target: Target,
    /// Whether the program opens its byte streams itself ([`LongConnectionBuilder::dial`](crate::LongConnectionBuilder::dial)). Then the steps are not known.
    pub is_own_dial: bool,
    /// Host and port of the proxy that was used, without credentials.
    pub proxy: Option<String>,
    /// The addresses of the host, or of the proxy; empty if the look-up failed.
    pub addresses: Vec<IpAddr>,
    /// Whether a stream to the host was opened, through the proxy if there is one.
    pub is_open: bool,
    /// What the TLS peer showed, also if it was not accepted.
    pub certificate: Option<Certificate>,
    /// What ended the way; [`Error::kind`] has the stage.
    pub result: Result<(), Error>,
}

impl Probe {
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            target: target.clone(),
            is_own_dial: false,
            proxy: None,
            addresses: Vec::new(),
            is_open: false,
            certificate: None,
            result: Ok(()),
        }
    }
}
