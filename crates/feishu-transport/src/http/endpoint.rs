//! The default [`EndpointSource`]: `POST {domain}/callback/ws/endpoint`.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;

use super::{HttpClient, LOG_ID};
use crate::{AppId, AppSecret, Dial, Endpoint, EndpointSource, Error, LongConnectionBuilder, Stage};

/// At the root of the domain; not under `/open-apis`.
const PATH: &str = "/callback/ws/endpoint";

/// Asks the platform with app id and secret.
pub struct HttpEndpoint {
    client: HttpClient,
    app_id: AppId,
    secret: AppSecret,
}

#[derive(Serialize)]
struct Credentials<'a> {
    #[serde(rename = "AppID")]
    app_id: &'a str,
    #[serde(rename = "AppSecret")]
    secret: &'a str,
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
        Ok(Self { client, app_id: builder.app_id.clone(), secret: builder.secret.clone() })
    }
}

#[async_trait]
impl EndpointSource for HttpEndpoint {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        let credentials = Credentials { app_id: self.app_id.as_str(), secret: self.secret.expose() };
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
            error.with_log_id(log_id)
        })
    }
}

impl fmt::Debug for HttpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpEndpoint").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}
