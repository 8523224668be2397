//! A URL parser: scheme, host, port, path and query.

use std::net::IpAddr;

/// The parts of a URL with a host, borrowed from its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    /// The scheme, without `://`.
    pub(crate) scheme: &'a str,
    /// Whether the URL contains a user, with or without a password.
    pub(crate) has_user: bool,
    /// Host and port as written, without a user: the value of a `Host` header.
    pub(crate) authority: &'a str,
    /// The host, an IPv6 address without its brackets.
    pub(crate) host: &'a str,
    port: Option<u16>,
    /// Path and query as written, without the fragment; empty if the URL ends after the host.
    pub(crate) target: &'a str,
}

impl<'a> Url<'a> {
    /// Parses `text`; `None` if it has no scheme or host, an invalid port, or a character that is not allowed in a URL.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (before, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (has_user, authority) =
            before.rsplit_once('@').map_or((false, before), |(_, authority)| (true, authority));
        let (host, after) = match authority.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']')?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None if after.is_empty() => None,
            None => return None,
        };
        let url = Self { scheme, has_user, authority, host, port, target };
        (!scheme.is_empty() && !host.is_empty()).then_some(url)
    }

    /// Whether the scheme requires encryption.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.scheme, "https" | "wss")
    }

    /// The port; by default 443 if encrypted, else 80.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.is_tls() { 443 } else { 80 })
    }

    /// The port; `default` if there is none.
    #[cfg(feature = "proxy")]
    pub(crate) fn port_or(&self, default: u16) -> u16 {
        self.port.unwrap_or(default)
    }

    /// The path without its query.
    #[cfg(feature = "http")]
    pub(crate) fn path(&self) -> &'a str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query without its question mark; empty if there is none.
    pub(crate) fn query(&self) -> &'a str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Whether a host name means this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_parse_gives_every_part() {
        let url = Url::parse("https://u:p@[::1]:8443/a/b?c=/d?e#f?g").unwrap();
        assert_eq!((url.scheme, url.host, url.port()), ("https", "::1", 8443));
        assert_eq!((url.has_user, url.authority), (true, "[::1]:8443"));
        assert_eq!((url.target, url.query()), ("/a/b?c=/d?e", "c=/d?e"));
        let bare = Url::parse("ws://h").unwrap();
        assert_eq!((bare.port(), bare.target, bare.query(), bare.has_user), (80, "", "", false));
        assert_eq!(Url::parse("wss://h?q").unwrap().port(), 443);
    }

    #[test]
    fn url_parse_refuses_what_has_no_host_or_an_odd_port() {
        for bad in [
            "",
            "h",
            "://h",
            "ws://",
            "ws://:1",
            "ws:///x",
            "ws://u@/",
            "ws://[::1",
            "ws://[::1]x",
            "ws://h:",
            "ws://h:x",
            "ws://h:70000",
            "ws://a b",
        ] {
            assert_eq!(Url::parse(bad), None, "{bad}");
        }
    }
}
