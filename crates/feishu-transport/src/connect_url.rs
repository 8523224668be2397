//! The URL of one connection, which carries a ticket.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::Error;
use crate::secret::REDACTED;
use crate::url::Url;

/// The parameters of a connection URL that are not secret.
#[cfg(any(feature = "ws", test))]
const PLAIN: [&str; 4] = ["device_id", "service_id", "fpid", "aid"];

/// The URL of one connection, as the endpoint call returns it. Single use: it carries a ticket.
///
/// `Debug` and `Display` show scheme and host only.
#[derive(Clone)]
pub struct ConnectUrl(Zeroizing<String>);

impl ConnectUrl {
    /// Parses a connection URL.
    ///
    /// # Errors
    ///
    /// If it is not a `ws://` or `wss://` URL with a host, or holds a character that is not allowed in a URL. The error
    /// text does not contain the URL.
    pub fn parse(url: impl Into<String>) -> Result<Self, Error> {
        let url = Self(Zeroizing::new(url.into()));
        if Url::parse(&url.0).is_some_and(|url| matches!(url.scheme, "ws" | "wss") && !url.has_user) {
            return Ok(url);
        }
        Err(Error::protocol(
            crate::Stage::Endpoint,
            "the connection URL is not a ws:// or wss:// URL with a host; check that the domain is the open platform's",
        ))
    }

    /// The scheme, `ws` or `wss`.
    pub fn scheme(&self) -> &str {
        self.parts().scheme
    }

    /// Whether the connection must be encrypted (`wss`).
    pub fn is_tls(&self) -> bool {
        self.parts().is_tls()
    }

    /// The host, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.parts().host
    }

    /// The port; by default 443 for `wss` and 80 for `ws`.
    pub fn port(&self) -> u16 {
        self.parts().port()
    }

    /// Host and port as in the URL: the `Host` header.
    pub fn authority(&self) -> &str {
        self.parts().authority
    }

    /// Path and query, the target of the request line. Contains the ticket.
    pub fn expose_target(&self) -> String {
        let target = self.parts().target;
        if target.starts_with('/') { target.to_owned() } else { format!("/{target}") }
    }

    /// The whole URL. Contains the ticket.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same URL with another scheme, host and port (`wss://proxy.example:8443`) and a prefix before its path, for
    /// reverse proxies.
    ///
    /// # Errors
    ///
    /// As [`ConnectUrl::parse`].
    pub fn rewritten(&self, base: &str) -> Result<Self, Error> {
        Self::parse(format!("{}{}", base.trim_end_matches('/'), self.expose_target()))
    }

    /// The first query parameter of this name. Not percent-decoded, as the platform's parameters need no decoding.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.parts().query().split('&').find_map(|pair| match pair.split_once('=') {
            Some((key, value)) if key == name => Some(value),
            _ => None,
        })
    }

    /// All values in the query that must not be logged.
    #[cfg(any(feature = "ws", test))]
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let pairs = self.parts().query().split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| !PLAIN.contains(key)).map(|(_, value)| value)
    }

    /// `service_id`, which pings carry; 0 if it is absent or not a number, as in the Go SDK.
    pub fn service_id(&self) -> i32 {
        self.query("service_id").and_then(|id| id.parse().ok()).unwrap_or(0)
    }

    /// `device_id`, the platform's id of the connection, cut to 64 characters. Not a secret.
    pub fn connection_id(&self) -> String {
        self.query("device_id").unwrap_or_default().chars().take(64).collect()
    }

    /// The parts of the URL, which was checked by `parse`.
    fn parts(&self) -> Url<'_> {
        Url::parse(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ConnectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/{REDACTED}", self.scheme(), self.authority())
    }
}

impl fmt::Debug for ConnectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As [`ConnectUrl::parse`].
impl FromStr for ConnectUrl {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        Self::parse(url)
    }
}

/// As [`ConnectUrl::parse`].
impl TryFrom<&str> for ConnectUrl {
    type Error = Error;

    fn try_from(url: &str) -> Result<Self, Error> {
        Self::parse(url)
    }
}

/// As [`ConnectUrl::parse`].
impl TryFrom<String> for ConnectUrl {
    type Error = Error;

    fn try_from(url: String) -> Result<Self, Error> {
        Self::parse(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::redact;

    #[test]
    fn a_url_is_taken_apart_wherever_its_parameters_stand() {
        let url =
            ConnectUrl::parse("wss://gw.example:8443/ws/v2?service_id=33&ticket=t-1&device_id=99").unwrap();
        assert_eq!((url.host(), url.port(), url.is_tls()), ("gw.example", 8443, true));
        assert_eq!((url.service_id(), url.connection_id().as_str()), (33, "99"));
        assert_eq!(url.expose_target(), "/ws/v2?service_id=33&ticket=t-1&device_id=99");

        let bare = ConnectUrl::parse("ws://[::1]?x=1").unwrap();
        assert_eq!((bare.host(), bare.port(), bare.authority()), ("::1", 80, "[::1]"));
        assert_eq!((bare.service_id(), bare.connection_id().as_str()), (0, ""));
        assert_eq!(bare.expose_target(), "/?x=1");
        assert_eq!(ConnectUrl::parse("ws://h/?service_id=3000000000").unwrap().service_id(), 0);
    }

    #[test]
    fn what_a_peer_repeats_of_a_secret_is_blacked_out() {
        let url =
            ConnectUrl::parse("wss://h/?device_id=7700001&ticket=t-0123456&x=12345&access_key=feedbeef")
                .unwrap();
        assert_eq!(
            redact("ticket t-0123456 of 7700001 is void, key feedbeef, 12345", url.secrets()),
            "ticket [redacted] of 7700001 is void, key [redacted], 12345"
        );
        assert_eq!(ConnectUrl::parse("wss://h/").unwrap().secrets().count(), 0);
    }

    #[test]
    fn a_rewritten_url_keeps_its_ticket() {
        let url = ConnectUrl::parse("wss://gw.example/ws/v2?ticket=t").unwrap();
        let url = url.rewritten("ws://127.0.0.1:9/prefix/").unwrap();
        assert_eq!(url.expose(), "ws://127.0.0.1:9/prefix/ws/v2?ticket=t");
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for bad in [
            "",
            "wss://",
            "https://h/?ticket=SECRET",
            "wss:///x?ticket=SECRET",
            "ws://h:port/SECRET",
            "wss://a b/SECRET",
            "ws://u:SECRET@h/",
        ] {
            let error = ConnectUrl::parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{bad}");
        }
    }

    #[test]
    fn a_connect_url_shows_scheme_and_host_only() {
        let url = ConnectUrl::parse("wss://gw.example/ws?ticket=t-77&access_key=k-77").unwrap();
        for shown in [format!("{url}"), format!("{url:?}")] {
            assert_eq!(shown, "wss://gw.example/[redacted]");
        }
    }
}
