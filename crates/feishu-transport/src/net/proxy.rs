//! HTTP CONNECT and SOCKS5 proxies: explicit, from the environment, or none.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use http::header::{CONTENT_TYPE, HOST, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;

use super::exchange::exchange;
use super::socks;
use crate::url::{Url, is_loopback};
use crate::{BoxStream, Error, Stage, Target};

/// The proxy policy for the endpoint call and the WebSocket.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ProxyPolicy {
    /// The proxy of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case, as curl reads them.
    /// Never used for loopback addresses. A proxy of another kind than HTTP and SOCKS5, such as `socks4://…`, is left out
    /// with a warning that names the variable. The default.
    #[default]
    Environment,
    /// No proxy, whatever the environment says.
    None,
    /// This proxy for everything: `http://user:password@proxy.example:3128`, `https://…` for TLS up to the proxy, or
    /// `socks5h://user:password@proxy.example:1080`. A SOCKS5 proxy looks names up itself, also with `socks5://`.
    Url(String),
}

/// Hides the URL, as it may contain a password.
impl fmt::Debug for ProxyPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::None => "None",
            Self::Url(_) => "Url([redacted])",
        })
    }
}

/// The parsed rules of a policy.
pub(crate) struct Proxies {
    matcher: Option<Matcher>,
    /// Whether the environment names the proxies. Then loopback addresses bypass them, and those that are not supported
    /// are left out: the variables are set for every program of the machine.
    from_environment: bool,
    /// Whether a proxy that is left out has been reported.
    reported: AtomicBool,
}

impl Proxies {
    pub(crate) fn new(policy: &ProxyPolicy) -> Result<Self, Error> {
        let (matcher, from_environment) = match policy {
            ProxyPolicy::Environment => (Some(Matcher::from_env()), true),
            ProxyPolicy::None => (None, false),
            ProxyPolicy::Url(url) => {
                let matcher = Matcher::builder().all(url.as_str()).build();
                let probe = Uri::from_static("https://probe.invalid");
                let proxy = matcher.intercept(&probe).ok_or_else(not_a_url)?;
                parts(&proxy.uri().to_string())?;
                (Some(matcher), false)
            }
        };
        Ok(Self { matcher, from_environment, reported: AtomicBool::new(false) })
    }

    /// The proxy for `target`, if any.
    pub(crate) fn for_target(&self, target: &Target) -> Result<Option<Proxy>, Error> {
        if self.from_environment && is_loopback(&target.host) {
            return Ok(None);
        }
        let scheme = if target.tls { "https" } else { "http" };
        let Ok(uri) = format!("{scheme}://{target}").parse::<Uri>() else { return Ok(None) };
        let Some(proxy) = self.matcher.as_ref().and_then(|matcher| matcher.intercept(&uri)) else {
            return Ok(None);
        };
        let url = proxy.uri().to_string();
        let url = match parts(&url) {
            Ok(url) => url,
            Err(error) if self.from_environment => {
                if !self.reported.swap(true, Relaxed) {
                    let variable = variable(target.tls);
                    tracing::warn!(
                        variable,
                        "the proxy of the environment is left out, and hosts are reached directly: {error}"
                    );
                }
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        Ok(Some(Proxy {
            host: url.host.to_owned(),
            port: if is_socks(&url) { url.port_or(SOCKS_PORT) } else { url.port() },
            tls: url.is_tls(),
            access: if is_socks(&url) {
                Access::Socks(proxy.raw_auth().map(|(user, password)| (user.to_owned(), password.to_owned())))
            } else {
                Access::Connect(proxy.basic_auth().cloned())
            },
        }))
    }
}

/// The variable that names the proxy of such a target, as the matcher reads them.
fn variable(tls: bool) -> &'static str {
    let own = if tls { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    own.into_iter().chain(["ALL_PROXY", "all_proxy"]).find(is_set).unwrap_or("ALL_PROXY")
}

/// The port of a SOCKS proxy whose URL has none.
const SOCKS_PORT: u16 = 1080;

fn is_socks(url: &Url<'_>) -> bool {
    matches!(url.scheme, "socks5" | "socks5h")
}

/// Parses the URL of a proxy.
fn parts(url: &str) -> Result<Url<'_>, Error> {
    let url = Url::parse(url).ok_or_else(not_a_url)?;
    if matches!(url.scheme, "http" | "https") || is_socks(&url) {
        return Ok(url);
    }
    Err(Error::misuse(format!(
        "a proxy of kind {:?} is not supported: use an HTTP or a SOCKS5 proxy (http://, https://, socks5h://), \
         ProxyPolicy::None, or a Dial of your own",
        url.scheme
    )))
}

fn not_a_url() -> Error {
    Error::misuse("the proxy is not a URL: give one such as http://proxy.example:3128")
}

/// One proxy.
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    access: Access,
}

/// How a proxy is asked for a tunnel, with the credentials for it.
enum Access {
    Connect(Option<HeaderValue>),
    Socks(Option<socks::Credentials>),
}

impl Proxy {
    /// Requests a tunnel to `target` from the proxy.
    pub(crate) async fn tunnel(&self, stream: BoxStream, target: &Target) -> Result<BoxStream, Error> {
        match &self.access {
            Access::Connect(authorization) => self.connect(stream, target, authorization.as_ref()).await,
            Access::Socks(credentials) => {
                let tunnel = socks::tunnel(stream, target, credentials.as_ref()).await;
                tunnel.map_err(|error| self.failed(error))
            }
        }
    }

    async fn connect(
        &self,
        stream: BoxStream,
        target: &Target,
        authorization: Option<&HeaderValue>,
    ) -> Result<BoxStream, Error> {
        let authority = target.to_string();
        let mut request = Request::builder().method(Method::CONNECT).uri(&authority).header(HOST, &authority);
        if let Some(authorization) = authorization {
            request = request.header(PROXY_AUTHORIZATION, authorization);
        }
        let request = request.body(Full::default()).map_err(|error| self.failed(error))?;
        let broken = |error: hyper::Error| self.failed(&error).with_source(error);
        let upgraded = exchange(stream, request, broken, |response| async move {
            match refusal(&response) {
                None => hyper::upgrade::on(response).await.map_err(broken),
                Some(why) => Err(self.failed(why)),
            }
        })
        .await?;
        Ok(Box::new(TokioIo::new(upgraded)))
    }

    fn failed(&self, what: impl fmt::Display) -> Error {
        Error::unreachable(Stage::Proxy, format_args!("{self}: {what}"))
    }
}

/// Why the answer to a CONNECT opens no tunnel, and what to do; `None` if it does.
fn refusal<B>(response: &Response<B>) -> Option<String> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let is_page = header(CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let status = response.status();
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        let offers = response.headers().get_all(PROXY_AUTHENTICATE).iter();
        let offers: Vec<_> =
            offers.filter_map(|offer| offer.to_str().ok()?.split_whitespace().next()).collect();
        if offers.is_empty() || offers.iter().any(|offer| offer.eq_ignore_ascii_case("basic")) {
            let why =
                "it requires credentials (407); put them into the proxy's URL as http://user:password@…";
            return Some(why.to_owned());
        }
        return Some(format!(
            "it accepts only {} as authentication (407), which is not supported; run a local proxy that signs in to it, such \
             as cntlm or px, and name that one, or have this host excepted",
            offers.join(", ")
        ));
    }
    if is_page && (status.is_success() || status.is_redirection()) || status.is_redirection() {
        return Some(format!(
            "it answered with a web page (status {status}) instead of a tunnel, as a company's login or block page; open the \
             host in a browser of this machine to see it, have the host permitted, or except it in NO_PROXY"
        ));
    }
    (!status.is_success()).then(|| {
        let page = if is_page { " and a web page" } else { "" };
        format!(
            "it refused the tunnel with status {status}{page}; check that it permits CONNECT to this host, or except the host in \
             NO_PROXY"
        )
    })
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy {}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(policy: &ProxyPolicy, target: &Target) -> Option<(String, u16, bool)> {
        let proxy = Proxies::new(policy).unwrap().for_target(target).unwrap()?;
        let authorized = match &proxy.access {
            Access::Connect(authorization) => authorization.is_some(),
            Access::Socks(credentials) => credentials.is_some(),
        };
        Some((proxy.host, proxy.port, authorized))
    }

    #[test]
    fn an_explicit_proxy_serves_both_legs() {
        let policy = ProxyPolicy::Url("http://user:secret@[::1]:3128".into());
        for tls in [true, false] {
            let target = Target::new("gateway.example", 443, tls);
            assert_eq!(via(&policy, &target), Some(("::1".into(), 3128, true)));
        }
        assert_eq!(via(&ProxyPolicy::None, &Target::new("gateway.example", 443, true)), None);
        assert!(!format!("{policy:?}").contains("secret"));
    }

    #[test]
    fn a_socks_proxy_serves_both_legs() {
        for (url, wanted) in [
            ("socks5h://user:secret@proxy.example:9050", ("proxy.example".to_owned(), 9050, true)),
            ("socks5://proxy.example", ("proxy.example".to_owned(), 1080, false)),
        ] {
            for tls in [true, false] {
                let target = Target::new("gateway.example", 443, tls);
                assert_eq!(via(&ProxyPolicy::Url(url.into()), &target), Some(wanted.clone()));
            }
        }
    }

    #[test]
    fn what_is_no_supported_proxy_is_refused_at_once() {
        for bad in ["", "socks4://127.0.0.1:1080", "not a url"] {
            assert!(Proxies::new(&ProxyPolicy::Url(bad.into())).is_err(), "{bad}");
        }
    }
}
