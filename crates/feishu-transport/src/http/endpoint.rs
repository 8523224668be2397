//! The default [`EndpointSource`]: `POST {domain}/callback/ws/endpoint`.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;

use super::{HttpClient, LOG_ID};
use crate::assertion::AssertionSource;
use crate::secret::redact;
use crate::{AppId, AppSecret, Dial, Endpoint, EndpointSource, Error, LongConnectionBuilder, Refusal, Stage};

/// At the root of the domain; not under `/open-apis`.
const PATH: &str = "/callback/ws/endpoint";

/// Asks the platform with app id and secret, or with a client assertion in the secret's place.
pub struct HttpEndpoint {
    client: HttpClient,
    app_id: AppId,
    secret: AppSecret,
    assertion: Option<AssertionSource>,
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
    pub(crate) fn from_builder(builder: &LongConnectionBuilder, dial: Arc<dyn Dial>) -> Result<Self, Error> {
        let client = HttpClient::new(
            builder.domain.base_url(),
            dial,
            builder.timeouts,
            builder.limits,
            &builder.endpoint_headers,
        )?;
        Ok(Self {
            client,
            app_id: builder.app_id.clone(),
            secret: builder.secret.clone(),
            assertion: builder.assertion.clone(),
        })
    }
}

#[async_trait]
impl EndpointSource for HttpEndpoint {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        let assertion = match &self.assertion {
            Some(source) => Some(source.assertion().await?),
            None => None,
        };
        let credentials = Credentials {
            app_id: self.app_id.as_str(),
            secret: self.secret.expose(),
            assertion: assertion.as_ref().map(AppSecret::expose),
        };
        let body = serde_json::to_vec(&credentials)
            .map_err(|error| Error::misuse("the credentials cannot be written as JSON").with_source(error))?;
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            // The language of the platform's messages; the official SDKs send this one.
            (HeaderName::from_static("locale"), HeaderValue::from_static("zh")),
        ];
        let response = self.client.call(Stage::Endpoint, Method::POST, PATH, &headers, body.into()).await?;
        Endpoint::from_response(response.status, &response.body).map_err(|error| {
            let log_id = response.headers.get(LOG_ID).and_then(|value| value.to_str().ok());
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
    use crate::{BoxStream, LongConnection, Target};

    struct Once(Mutex<Option<DuplexStream>>);

    #[async_trait]
    impl Dial for Once {
        async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
            Ok(Box::new(self.0.lock().await.take().unwrap()))
        }
    }

    /// What the endpoint call sends.
    async fn request(
        choose: impl FnOnce(LongConnectionBuilder) -> LongConnectionBuilder,
        secret: &str,
    ) -> String {
        let (ours, mut theirs) = duplex(4096);
        let builder = choose(LongConnection::builder(AppId::new("cli_1"), AppSecret::new(secret)));
        let dial = Arc::new(Once(Mutex::new(Some(ours))));
        let endpoint = HttpEndpoint::from_builder(&builder, dial).unwrap();
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
        let request = request(|builder| builder.endpoint_header("X-Extra", "1"), "s\"1").await;
        assert!(request.starts_with("POST /callback/ws/endpoint HTTP/1.1\r\n"), "{request}");
        for line in ["host: open.feishu.cn", "locale: zh", "content-type: application/json", "x-extra: 1"] {
            assert!(request.to_lowercase().contains(&format!("\r\n{line}\r\n")), "{line} in {request}");
        }
        assert!(request.ends_with(r#"{"AppID":"cli_1","AppSecret":"s\"1"}"#), "{request}");
    }

    #[tokio::test]
    async fn an_assertion_takes_the_place_of_the_secret() {
        let signed = |builder: LongConnectionBuilder| {
            builder.client_assertion(|| async { Ok(AppSecret::new("signed")) })
        };
        let request = request(signed, "").await;
        assert!(
            request.ends_with(r#"{"AppID":"cli_1","AppSecret":"","ClientAssertion":"signed"}"#),
            "{request}"
        );
        let keyless = LongConnection::builder(AppId::new("cli_1"), AppSecret::new(""));
        assert!(signed(keyless).build().is_ok());
    }
}
