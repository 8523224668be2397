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
        None => host.split(':').next().unwrap_or_default(),
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
