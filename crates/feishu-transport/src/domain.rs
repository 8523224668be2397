//! The site an app belongs to.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::url::{Url, is_loopback};

/// The site an app belongs to, which receives all of its calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Domain {
    /// `https://open.feishu.cn`, the default.
    #[default]
    Feishu,
    /// `https://open.larksuite.com`, for apps made on Lark.
    Lark,
    /// Another base URL, made by [`Domain::url`]: a private deployment, a reverse proxy, the local platform.
    Custom(CustomUrl),
}

impl Domain {
    /// Another base URL, such as `https://open.example.com` or `http://127.0.0.1:8080`.
    ///
    /// # Errors
    ///
    /// When it is not an `http://` or `https://` URL with a host, or when it is `http://` and the host is not this
    /// machine, as the app secret would be sent unencrypted. [`Domain::insecure_url`] permits that.
    pub fn url(url: impl AsRef<str>) -> Result<Self, Error> {
        let domain = Self::insecure_url(url)?;
        if domain.allows_insecure() {
            return Err(Error::misuse(format!(
                "{domain} would carry the app secret unencrypted; use https://, or Domain::insecure_url if the network \
                 in between is safe",
            )));
        }
        Ok(domain)
    }

    /// Another base URL, with `http://` permitted to other machines: the app secret and all callbacks are then sent
    /// unencrypted.
    ///
    /// # Errors
    ///
    /// When it is not an `http://` or `https://` URL with a host.
    pub fn insecure_url(url: impl AsRef<str>) -> Result<Self, Error> {
        let text = url.as_ref().trim().trim_end_matches('/');
        let base = Url::parse(text).filter(|url| matches!(url.scheme, "http" | "https") && !url.has_user);
        if base.is_none() || text.contains(['?', '#']) {
            return Err(Error::misuse(
                "the domain is not a base URL: give one such as https://open.feishu.cn, with http:// or https:// and a \
                 host, without a user or a query",
            ));
        }
        Ok(Self::Custom(CustomUrl(text.to_owned())))
    }

    /// The base URL without a trailing slash.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Feishu => "https://open.feishu.cn",
            Self::Lark => "https://open.larksuite.com",
            Self::Custom(base) => &base.0,
        }
    }

    /// Whether unencrypted connections to other machines are permitted: the base URL is `http://` on another machine,
    /// which only [`Domain::insecure_url`] allows. A base URL on this machine permits no others.
    pub fn allows_insecure(&self) -> bool {
        let base = self.parts();
        !base.is_tls() && !is_loopback(base.host)
    }

    /// The parts of the base URL, which was checked when the domain was made.
    pub(crate) fn parts(&self) -> Url<'_> {
        Url::parse(self.base_url()).unwrap_or_default()
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base_url())
    }
}

/// `feishu`, `lark`, or a base URL as [`Domain::url`] takes it.
impl FromStr for Domain {
    type Err = Error;

    fn from_str(domain: &str) -> Result<Self, Error> {
        let domain = domain.trim();
        for known in [Self::Feishu, Self::Lark] {
            let name = if known == Self::Feishu { "feishu" } else { "lark" };
            if domain.eq_ignore_ascii_case(name) || domain.trim_end_matches('/') == known.base_url() {
                return Ok(known);
            }
        }
        Self::url(domain)
    }
}

/// As its [`FromStr`].
impl TryFrom<&str> for Domain {
    type Error = Error;

    fn try_from(domain: &str) -> Result<Self, Error> {
        domain.parse()
    }
}

/// As its [`FromStr`].
impl TryFrom<&String> for Domain {
    type Error = Error;

    fn try_from(domain: &String) -> Result<Self, Error> {
        domain.parse()
    }
}

/// As its [`FromStr`].
impl TryFrom<String> for Domain {
    type Error = Error;

    fn try_from(domain: String) -> Result<Self, Error> {
        domain.parse()
    }
}

impl AsRef<str> for Domain {
    fn as_ref(&self) -> &str {
        self.base_url()
    }
}

/// The payload of [`Domain::Custom`]: a base URL that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(unnameable_types, reason = "only Domain::url and Domain::insecure_url make one")]
pub struct CustomUrl(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_base_url_without_a_last_slash() {
        assert_eq!(Domain::default().base_url(), "https://open.feishu.cn");
        assert_eq!(Domain::url("https://x.example/lark//").unwrap().base_url(), "https://x.example/lark");
        for local in ["http://127.0.0.1:1", "http://localhost", "http://[::1]:80"] {
            let local = Domain::url(local).unwrap();
            assert!(!local.allows_insecure(), "{local} permits nothing beyond this machine");
        }
        assert!(Domain::insecure_url("http://10.0.0.1").unwrap().allows_insecure());
        assert!(!Domain::Feishu.allows_insecure());
    }

    #[test]
    fn a_domain_is_read_from_its_name_or_its_url() {
        for (text, domain) in [
            ("feishu", Domain::Feishu),
            (" Lark ", Domain::Lark),
            ("https://open.larksuite.com/", Domain::Lark),
            ("http://localhost:1", Domain::url("http://localhost:1").unwrap()),
        ] {
            assert_eq!(text.parse::<Domain>().unwrap(), domain, "{text}");
            assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
        }
        assert!("http://10.0.0.1".parse::<Domain>().is_err());
    }

    #[test]
    fn what_would_leak_or_cannot_work_is_refused() {
        for bad in [
            "",
            "open.feishu.cn",
            "ftp://x",
            "https://",
            "https://u:p@h",
            "https://h/?q",
            "http://10.0.0.1",
            "https://h:x",
        ] {
            assert!(Domain::url(bad).is_err(), "{bad}");
        }
        assert!(Domain::insecure_url("http://10.0.0.1").is_ok());
    }
}
