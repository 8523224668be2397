//! The steps of a connection attempt one by one, for a diagnosis.

use std::future::Future;
use std::sync::Arc;

use super::LongConnectionBuilder;
use crate::net::exchange::dial as dial_within;
use crate::url::Url;
use crate::{
    ConnectUrl, Dial, Domain, Endpoint, EndpointSource, Error, NetworkDial, Probe, Target, Timeouts, Tls,
};

impl LongConnectionBuilder {
    /// Goes the way to the site of the app, as the endpoint call would, and sends nothing.
    ///
    /// # Errors
    ///
    /// Misuse: an invalid domain, proxy or TLS setting.
    pub fn probe_site(&self) -> impl Future<Output = Result<Probe, Error>> + Send + use<> {
        let way = self.domain.clone().and_then(|domain| Ok((site(&domain)?, self.way()?)));
        async move {
            let (target, way) = way?;
            Ok(way.probe(&target).await)
        }
    }

    /// Goes the way to the gateway of a connection URL, as the WebSocket would, and sends nothing.
    ///
    /// # Errors
    ///
    /// Misuse: an invalid proxy, TLS setting or [`rewrite_gateway`](Self::rewrite_gateway).
    pub fn probe_gateway(
        &self,
        url: &ConnectUrl,
    ) -> impl Future<Output = Result<Probe, Error>> + Send + use<> {
        let url = self.rewrite.as_ref().map_or_else(|| Ok(url.clone()), |base| url.rewritten(base));
        let way = url.and_then(|url| Ok((Target::new(url.host(), url.port(), url.is_tls()), self.way()?)));
        async move {
            let (target, way) = way?;
            Ok(way.probe(&target).await)
        }
    }

    /// Makes one endpoint call. Its URL is not used by the connection, which makes its own.
    ///
    /// # Errors
    ///
    /// As a connection attempt: a refusal, an unreachable site, an unreadable answer, a deadline; misuse for what
    /// [`build`](Self::build) would report.
    pub fn call_endpoint(&self) -> impl Future<Output = Result<Endpoint, Error>> + Send + use<> {
        let source: Result<Arc<dyn EndpointSource>, Error> = match &self.source {
            Some(source) => Ok(Arc::clone(source)),
            None => self
                .dial_of_both_legs()
                .and_then(|dial| Ok(Arc::new(self.http_endpoint(dial)?) as Arc<dyn EndpointSource>)),
        };
        async move { source?.endpoint().await }
    }

    fn way(&self) -> Result<Way, Error> {
        if let Some(dial) = &self.dial {
            return Ok(Way::Own(Arc::clone(dial), self.timeouts));
        }
        let tls: Tls = self.tls.clone().unwrap_or_default();
        let dial = NetworkDial::new().timeouts(self.timeouts).proxy(&self.proxy).tls(&tls);
        dial.check()?;
        Ok(Way::Network(Box::new(dial), tls))
    }
}

/// How byte streams are opened.
enum Way {
    Own(Arc<dyn Dial>, Timeouts),
    Network(Box<NetworkDial>, Tls),
}

impl Way {
    async fn probe(&self, target: &Target) -> Probe {
        match self {
            Self::Network(dial, tls) => dial.probe(tls, target).await,
            Self::Own(dial, timeouts) => {
                let result = dial_within(&**dial, target, timeouts).await;
                let is_open = result.is_ok();
                Probe { is_own_dial: true, is_open, result: result.map(drop), ..Probe::new(target) }
            }
        }
    }
}

fn site(domain: &Domain) -> Result<Target, Error> {
    let base = domain.base_url();
    let url = Url::parse(base).ok_or_else(|| Error::misuse(format!("{base} is not a URL")))?;
    Ok(Target::new(url.host, url.port(), url.is_tls()))
}
