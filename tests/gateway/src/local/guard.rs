//! Who may use the interface and the page: no other site in the user's browser, and from other machines only with the
//! token.

use http::{HeaderMap, Method, Request, header};

/// What the interface asks of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// The token that each request needs; `None` on loopback.
    pub(crate) token: Option<String>,
}

/// Name of the cookie that a page gets which was opened with the token.
const COOKIE: &str = "feishu_local";

impl Access {
    /// Why a request is refused, if it is.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<(), &'static str> {
        let headers = request.headers();
        let host = text(headers, "host");
        match &self.token {
            // A name that another site points here (DNS rebinding) is not one of loopback.
            None if !is_loopback(host) => {
                return Err(
                    "the Host of the request is not loopback; use http://127.0.0.1 or http://localhost",
                );
            }
            Some(token) if !has_token(headers, token) => {
                return Err(
                    "the token is missing or wrong; it was printed at the start: Authorization: Bearer TOKEN, \
                            or open the page with ?token=TOKEN",
                );
            }
            _ => {}
        }
        let origin = text(headers, "origin");
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if !origin.is_empty() && own != Some(host) {
            return Err("the request comes from another origin");
        }
        // A link from elsewhere may open the page, but not more.
        let opens_page = request.method() == Method::GET && !request.uri().path().starts_with("/local/");
        match text(headers, "sec-fetch-site") {
            "" | "same-origin" | "none" => Ok(()),
            _ if opens_page => Ok(()),
            _ => Err("the request comes from another site"),
        }
    }

    /// Why a request of a bot is refused, if it is. A bot is no page of a browser and sends no origin, or its own; a page of
    /// another site would be let in otherwise, as app id and secret are the same for everybody.
    pub(crate) fn check_bot<B>(&self, request: &Request<B>) -> Result<(), &'static str> {
        let headers = request.headers();
        let origin = text(headers, "origin");
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let is_good = match own {
            None => origin.is_empty(),
            // A name that another site points here is both host and origin.
            Some(own) => is_loopback(own) || self.token.is_some() && own == text(headers, "host"),
        };
        if is_good {
            Ok(())
        } else {
            Err("the request comes from a page of another site: leave its header Origin out")
        }
    }

    /// The cookie for a page that was opened with `?token=TOKEN`, if it is the right one.
    pub(crate) fn cookie(&self, query: Option<&str>) -> Option<String> {
        let token = self.token.as_deref()?;
        let given = query?.split('&').find_map(|pair| pair.strip_prefix("token="))?;
        same(given, token).then(|| format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/"))
    }
}

fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let bearer = text(headers, header::AUTHORIZATION.as_str()).strip_prefix("Bearer ");
    let cookie = text(headers, "cookie")
        .split(';')
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    [bearer, cookie].into_iter().flatten().any(|given| same(given, token))
}

/// Compares in a time that does not depend on where the texts differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split([':', '/']).next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    let is_name = name == "localhost" || name.ends_with(".localhost");
    is_name || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(access: &Access, path: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        access.check(&request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn other_hosts_and_origins_are_refused() {
        let local = Access::default();
        for (headers, good) in [
            (&[("host", "127.0.0.1:8765")][..], true),
            (&[("host", "localhost:1")], true),
            (&[("host", "[::1]:8765")], true),
            (&[("host", "evil.example:8765")], false),
            (&[("host", "localhost.evil.example")], false),
            (&[("host", "192.168.0.7:8765")], false),
            (&[], false),
            (&[("host", "localhost:8765"), ("origin", "http://localhost:8765")], true),
            (&[("host", "localhost:8765"), ("origin", "http://localhost:3000")], false),
            (&[("host", "localhost:8765"), ("origin", "null")], false),
            (&[("host", "localhost:8765"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "localhost:8765"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "localhost:8765"), ("sec-fetch-site", "same-origin")], true),
        ] {
            assert_eq!(check(&local, "/local/health", headers), good, "{headers:?}");
        }
        assert!(check(&local, "/", &[("host", "localhost"), ("sec-fetch-site", "cross-site")]), "a link");
    }

    #[test]
    fn bots_are_refused_only_with_the_origin_of_another_site() {
        let bot = |access: &Access, headers: &[(&str, &str)]| {
            let mut request = Request::get("/ws/v2");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            access.check_bot(&request.body(()).unwrap()).is_ok()
        };
        let (local, open) = (Access::default(), Access { token: Some("t0ken".into()) });
        let container = ("host", "gateway:8765");
        for (headers, good, good_with_token) in [
            (&[container][..], true, true),
            (&[container, ("origin", "http://gateway:8765")], false, true),
            (&[container, ("origin", "http://localhost/")], true, true),
            (&[container, ("origin", "http://evil.example")], false, false),
            (&[container, ("origin", "null")], false, false),
            (&[("host", "evil.example"), ("origin", "http://evil.example")], false, true),
        ] {
            assert_eq!(bot(&local, headers), good, "{headers:?}");
            assert_eq!(bot(&open, headers), good_with_token, "{headers:?} with a token");
        }
    }

    #[test]
    fn with_a_token_any_host_is_good_and_a_request_without_it_is_not() {
        let access = Access { token: Some("t0ken".into()) };
        let host = ("host", "build-7:8765");
        assert!(!check(&access, "/local/health", &[host]));
        assert!(!check(&access, "/", &[host, ("authorization", "Bearer t0kem")]));
        assert!(check(&access, "/local/health", &[host, ("authorization", "Bearer t0ken")]));
        assert!(check(&access, "/local/health", &[host, ("cookie", "a=b; feishu_local=t0ken")]));
        assert!(!check(
            &access,
            "/local/x",
            &[host, ("cookie", "feishu_local=t0ken"), ("origin", "http://evil")]
        ));
        assert!(access.cookie(Some("a=1&token=t0ken")).unwrap().contains("SameSite=Strict"));
        assert_eq!(access.cookie(Some("token=wrong")), None);
    }
}
