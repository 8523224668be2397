//! The default [`EndpointSource`]: `POST {domain}/callback/ws/endpoint`.

use std::fmt;

use async_trait::async_trait;
use serde::Serialize;

use super::{HttpClient, HttpRequest, LOG_ID};
use crate::secret::redact;
use crate::{
    AppSecret, Credential, Dial, Domain, Endpoint, EndpointSource, Error, Limits, Refusal, Stage, Timeouts,
};

/// The path of the endpoint call, at the root of the domain and not under `/open-apis`.
const PATH: &str = "/callback/ws/endpoint";

/// Requests connection URLs with app id and secret, or with a client assertion instead of the secret.
pub struct HttpEndpoint {
    client: HttpClient,
    app_id: String,
    credential: Credential,
}

#[derive(Serialize)]
struct Credentials<'a> {
    #[serde(rename = "AppID")]
    app_id: &'a str,
    #[serde(rename = "AppSecret")]
    secret: &'a str,
    #[serde(rename = "ClientAssertion", skip_serializing_if = "Option::is_none")]
    assertion: Option<&'a str>,
}

impl HttpEndpoint {
    /// Creates a source for an app on Feishu, with the default deadlines and limits, over a
    /// [`NetworkDial`](crate::NetworkDial).
    pub fn new(app_id: impl Into<String>, credential: impl Into<Credential>) -> Self {
        Self::with_client(HttpClient::new(Domain::Feishu), app_id, credential)
    }

    /// Creates a source that asks with a client of your own settings.
    pub fn with_client(
        client: HttpClient,
        app_id: impl Into<String>,
        credential: impl Into<Credential>,
    ) -> Self {
        Self { client, app_id: app_id.into().trim().to_owned(), credential: credential.into() }
    }

    /// Sets the site the app belongs to.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.client = self.client.domain(domain);
        self
    }

    /// Sets how byte streams are opened.
    #[must_use]
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.client = self.client.dial(dial);
        self
    }

    /// Sets the deadlines; `call` and those of dialling are used.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.client = self.client.timeouts(timeouts);
        self
    }

    /// Sets the limits; `response_bytes` is used.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.client = self.client.limits(limits);
        self
    }

    /// Adds a header. An invalid one makes every call return an error.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.client = self.client.header(name, value);
        self
    }

    /// The error of an invalid setting, if any.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.credential.check(&self.app_id)?;
        self.client.check()
    }
}

#[async_trait]
impl EndpointSource for HttpEndpoint {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        self.check()?;
        let (secret, assertion) = match &self.credential {
            Credential::Secret(secret) => (secret.clone(), None),
            Credential::Assertion(source) => (AppSecret::new(""), Some(source.assertion().await?)),
        };
        let credentials = Credentials {
            app_id: &self.app_id,
            secret: secret.expose(),
            assertion: assertion.as_ref().map(AppSecret::expose),
        };
        let body = serde_json::to_vec(&credentials)
            .map_err(|error| Error::misuse("the credentials cannot be written as JSON").with_source(error))?;
        // The language of the platform's messages; the official SDKs send this one.
        let request = HttpRequest::new("POST", PATH)
            .header("content-type", "application/json")
            .header("locale", "zh")
            .body(body);
        let response = self.client.send_at(Stage::Endpoint, request).await?;
        let endpoint = Endpoint::from_response(response.status, &response.body);
        let clock_ahead = self.client.clock_ahead();
        endpoint.map(|endpoint| Endpoint { clock_ahead, ..endpoint }).map_err(|error| {
            let log_id = response.header(LOG_ID);
            let Some(refusal) = error.refusal() else { return error };
            let message =
                redact(&refusal.message, [credentials.secret].into_iter().chain(credentials.assertion));
            Error::refused(Refusal { message, ..refusal.clone() }).with_log_id(log_id)
        })
    }
}

impl fmt::Debug for HttpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpEndpoint").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::sync::Mutex;

    use super::*;
    use crate::{BoxStream, ClientAssertion, LongConnection, Target};

    struct Once(Mutex<Option<DuplexStream>>);

    #[async_trait]
    impl Dial for Once {
        async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
            Ok(Box::new(self.0.lock().await.take().unwrap()))
        }
    }

    /// What the endpoint call sends.
    async fn request(endpoint: HttpEndpoint) -> String {
        let (ours, mut theirs) = duplex(4096);
        let endpoint = endpoint.dial(Once(Mutex::new(Some(ours))));
        let platform = async {
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                theirs.read_buf(&mut request).await.unwrap();
            }
            let answer = b"HTTP/1.1 200 OK\r\nX-Tt-Logid: log-7\r\nContent-Length: 10\r\n\r\n{\"code\":1}";
            theirs.write_all(answer).await.unwrap();
            String::from_utf8(request).unwrap()
        };
        let (asked, request) = tokio::join!(endpoint.endpoint(), platform);
        assert_eq!(asked.unwrap_err().refusal().unwrap().log_id.as_deref(), Some("log-7"));
        request
    }

    #[tokio::test]
    async fn the_call_is_the_documented_one() {
        let endpoint = HttpEndpoint::new("cli_1", AppSecret::new("s\"1")).header("X-Extra", "1");
        let request = request(endpoint).await;
        assert!(request.starts_with("POST /callback/ws/endpoint HTTP/1.1\r\n"), "{request}");
        for line in ["host: open.feishu.cn", "locale: zh", "content-type: application/json", "x-extra: 1"] {
            assert!(request.to_lowercase().contains(&format!("\r\n{line}\r\n")), "{line} in {request}");
        }
        assert!(request.ends_with(r#"{"AppID":"cli_1","AppSecret":"s\"1"}"#), "{request}");
    }

    #[tokio::test]
    async fn an_assertion_takes_the_place_of_the_secret() {
        let signed = || ClientAssertion::new(|| async { Ok(AppSecret::new("signed")) });
        let request = request(HttpEndpoint::new("cli_1", signed())).await;
        assert!(
            request.ends_with(r#"{"AppID":"cli_1","AppSecret":"","ClientAssertion":"signed"}"#),
            "{request}"
        );
        assert!(LongConnection::builder("cli_1", signed()).build().is_ok());
        assert!(LongConnection::builder("", signed()).build().is_err());
    }
}
