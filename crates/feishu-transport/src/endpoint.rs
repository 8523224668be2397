//! The source of connection URLs, and the parser of the endpoint call's answer.

use async_trait::async_trait;
use serde_json::Value;

use crate::refusal::MAX_MESSAGE;
use crate::secret::clean;
use crate::{ConnectUrl, Error, Refusal, SettingsUpdate, Stage};

/// Requests the URL of a connection. Swap point: a fixed URL, or your own HTTP client.
///
/// It is called before every connection attempt, because the URL carries a single-use ticket.
#[async_trait]
pub trait EndpointSource: Send + Sync {
    /// Makes one endpoint call. The caller bounds its time.
    ///
    /// # Errors
    ///
    /// Return [`Error::refused`] for a refusal by the platform, otherwise [`Error::unreachable`], [`Error::timed_out`] or
    /// [`Error::protocol`]: the kind decides the pause before the next attempt.
    async fn endpoint(&self) -> Result<Endpoint, Error>;
}

/// The result of the endpoint call: the connection URL, and the server's settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// The connection URL, for a single use.
    pub url: ConnectUrl,
    /// The readable fields of `ClientConfig`.
    pub settings: SettingsUpdate,
    /// By how many seconds the host's clock is ahead of the platform's, if the answer had the platform's time.
    pub clock_ahead: Option<i64>,
}

impl Endpoint {
    /// An endpoint without server settings, which leaves the defaults in force.
    pub fn new(url: ConnectUrl) -> Self {
        Self { url, settings: SettingsUpdate::default(), clock_ahead: None }
    }

    /// Sets the server's settings.
    pub fn with_settings(mut self, settings: SettingsUpdate) -> Self {
        self.settings = settings;
        self
    }

    /// Parses the endpoint's answer from its HTTP status and body.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when the body holds a code other than 0, or when the status is not 200 and the body has none; a
    /// protocol error when a successful answer is not the documented JSON or holds no usable URL.
    pub fn from_response(status: u16, body: &[u8]) -> Result<Self, Error> {
        let json: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
        let code = json.as_ref().and_then(|json| json.get("code")).and_then(Value::as_i64);
        let message =
            json.as_ref().and_then(|json| json.get("msg")).and_then(Value::as_str).unwrap_or_default();
        match (status, code) {
            (_, Some(code)) if code != 0 => {
                let mut refusal = Refusal::endpoint(code, clean(message, MAX_MESSAGE));
                // An undocumented code is classified by its HTTP status, if that one is known.
                if refusal.class == crate::RefusalClass::Unknown && status != 200 {
                    refusal.class = Refusal::endpoint(i64::from(status), "").class;
                }
                return Err(Error::refused(refusal));
            }
            (200, Some(_)) => {}
            (200, None) => {
                return Err(Error::protocol(Stage::Endpoint, describe_body(body, json.is_some())));
            }
            (status, _) => {
                return Err(Error::refused(Refusal::endpoint(
                    i64::from(status),
                    clean(message, MAX_MESSAGE),
                )));
            }
        }
        let data = json.as_ref().and_then(|json| json.get("data")).unwrap_or(&Value::Null);
        let url = data.get("URL").and_then(Value::as_str).unwrap_or_default();
        let settings = SettingsUpdate::from_json(data.get("ClientConfig").unwrap_or(&Value::Null));
        Ok(Self { url: ConnectUrl::parse(url)?, settings, clock_ahead: None })
    }
}

fn describe_body(body: &[u8], is_object: bool) -> String {
    if is_object {
        return "the answer has no code; is this address the open platform?".to_owned();
    }
    let start = body.trim_ascii_start();
    let looks = if start.starts_with(b"<") {
        "HTML"
    } else if start.is_empty() {
        "empty"
    } else {
        "not a JSON object"
    };
    format!(
        "the answer is {looks} where JSON was expected; check the domain, and whether a proxy or a login page of the \
         network answers in its place"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Language, RefusalClass};

    #[test]
    fn a_good_answer_gives_url_and_settings() {
        let body = br#"{"code":0,"msg":"success","new":1,"data":{"URL":"wss://gw.example/ws/v2?service_id=5&ticket=x",
            "ClientConfig":{"ReconnectCount":-1,"PingInterval":90,"Later":true}}}"#;
        let endpoint = Endpoint::from_response(200, body).unwrap();
        assert_eq!(endpoint.url.service_id(), 5);
        assert_eq!(endpoint.settings.ping_interval, Some(90));
        assert_eq!(endpoint.settings.reconnect_nonce, None);
    }

    #[test]
    fn settings_may_be_absent_or_odd() {
        for config in [
            "",
            r#","ClientConfig":null"#,
            r#","ClientConfig":[1]"#,
            r#","ClientConfig":{"PingInterval":"x"}"#,
        ] {
            let body = format!(r#"{{"code":0,"data":{{"URL":"ws://h/"{config}}}}}"#);
            let endpoint = Endpoint::from_response(200, body.as_bytes()).unwrap();
            assert_eq!(endpoint.settings, SettingsUpdate::default(), "{config}");
        }
    }

    #[test]
    fn refusals_carry_code_class_and_message() {
        let table: &[(u16, &str, i64, RefusalClass)] = &[
            (200, r#"{"code":1000040345,"msg":"bad","data":{"URL":""}}"#, 1_000_040_345, RefusalClass::Fatal),
            (200, r#"{"code":1,"msg":"busy","data":null}"#, 1, RefusalClass::Busy),
            (200, r#"{"code":1000040350}"#, 1_000_040_350, RefusalClass::ConnectionLimit),
            (200, r#"{"code":4242,"msg":"?"}"#, 4242, RefusalClass::Unknown),
            (400, r#"{"code":4242,"msg":"?"}"#, 4242, RefusalClass::Fatal),
            (503, "<html>", 503, RefusalClass::Busy),
            (404, "404 page not found", 404, RefusalClass::Fatal),
            (429, "", 429, RefusalClass::Busy),
            (302, "", 302, RefusalClass::Unknown),
            (500, r#"{"code":0,"data":{"URL":"ws://h/"}}"#, 500, RefusalClass::Busy),
        ];
        for (status, body, code, class) in table {
            let error = Endpoint::from_response(*status, body.as_bytes()).unwrap_err();
            let refusal = error.refusal().unwrap_or_else(|| panic!("{body}: {error}"));
            assert_eq!((refusal.code, refusal.class), (*code, *class), "{status} {body}");
            let says_fatal = refusal.advice(Language::English).contains("not retried");
            let says_retried = refusal.advice(Language::English).contains("is retried");
            assert!(!(refusal.is_fatal() && says_retried) && (refusal.is_fatal() || !says_fatal), "{error}");
        }
    }

    #[test]
    fn what_is_not_the_protocol_is_said_to_be_so() {
        for body in [
            "",
            "<html>login</html>",
            "[]",
            "{}",
            r#"{"code":0}"#,
            r#"{"code":0,"data":{"URL":""}}"#,
            "{\"code\"",
        ] {
            let error = Endpoint::from_response(200, body.as_bytes()).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Protocol { .. }), "{body}: {error}");
            assert!(!error.is_fatal(), "{body}");
        }
    }
}
