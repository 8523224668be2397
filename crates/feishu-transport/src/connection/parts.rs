//! The default parts of a connection, made from the builder's configuration.

use std::sync::Arc;

use super::LongConnectionBuilder;
#[cfg(feature = "http")]
use crate::Dial;
use crate::{Connect, EndpointSource, Error};

/// The parts that request URLs and open them.
type Parts = (Arc<dyn EndpointSource>, Arc<dyn Connect>);

impl LongConnectionBuilder {
    /// Fills in the default parts, as far as the enabled features provide them.
    #[cfg(feature = "http")]
    pub(super) fn defaults(
        &self,
        source: Option<Arc<dyn EndpointSource>>,
        connect: Option<Arc<dyn Connect>>,
    ) -> Result<Parts, Error> {
        let dial = self.dial_of_both_legs()?;
        let source = match source {
            Some(source) => source,
            None => Arc::new(self.http_endpoint(Arc::clone(&dial))?),
        };
        #[cfg(feature = "ws")]
        let connect = match connect {
            Some(connect) => connect,
            None => Arc::new(self.websocket(dial)?),
        };
        #[cfg(not(feature = "ws"))]
        let connect = connect.ok_or_else(|| Error::misuse("enable the feature `ws`, or set `connect`"))?;
        Ok((source, connect))
    }

    /// Returns the dial: the caller's, or the default one with the caller's proxy and TLS.
    #[cfg(feature = "http")]
    pub(super) fn dial_of_both_legs(&self) -> Result<Arc<dyn Dial>, Error> {
        if let Some(dial) = &self.dial {
            return Ok(Arc::clone(dial));
        }
        let dial = crate::NetworkDial::new().timeouts(self.timeouts);
        #[cfg(feature = "proxy")]
        let dial = dial.proxy(&self.proxy);
        #[cfg(feature = "tls")]
        let dial = dial.tls(&self.tls.clone().unwrap_or_default());
        dial.check()?;
        Ok(Arc::new(dial))
    }

    #[cfg(feature = "http")]
    pub(super) fn http_client(&self, dial: Arc<dyn Dial>) -> Result<crate::HttpClient, Error> {
        let client = crate::HttpClient::new(self.domain.clone()?).dial(dial);
        let client = client.timeouts(self.timeouts).limits(self.limits);
        let headers = self.endpoint_headers.iter();
        Ok(headers.fold(client, |client, (name, value)| client.header(name, value)))
    }

    #[cfg(feature = "http")]
    pub(super) fn http_endpoint(&self, dial: Arc<dyn Dial>) -> Result<crate::HttpEndpoint, Error> {
        let Some(credential) = self.credential.clone() else {
            return Err(Error::misuse("set an app id and a secret, or an endpoint source"));
        };
        let client = self.http_client(dial)?;
        let endpoint = crate::HttpEndpoint::with_client(client, self.app_id.as_str(), credential);
        endpoint.check()?;
        Ok(endpoint)
    }

    #[cfg(feature = "ws")]
    fn websocket(&self, dial: Arc<dyn Dial>) -> Result<crate::WebSocketConnect, Error> {
        let connect = crate::WebSocketConnect::new().dial(dial).timeouts(self.timeouts).limits(self.limits);
        let headers = self.handshake_headers.iter();
        let connect = headers.fold(connect, |connect, (name, value)| connect.header(name, value));
        connect.check()?;
        let insecure = self.allow_plain || self.domain.as_ref().is_ok_and(crate::Domain::allows_insecure);
        Ok(if insecure { connect.allow_insecure_websocket() } else { connect })
    }

    #[cfg(not(feature = "http"))]
    #[expect(clippy::unused_self, reason = "the builder has nothing to make them of")]
    pub(super) fn defaults(
        &self,
        _: Option<Arc<dyn EndpointSource>>,
        _: Option<Arc<dyn Connect>>,
    ) -> Result<Parts, Error> {
        Err(Error::misuse("enable the features `http` and `ws`, or set both `endpoint_source` and `connect`"))
    }
}
