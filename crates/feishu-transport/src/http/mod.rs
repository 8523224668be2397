//! HTTP calls to the platform, over hyper and a [`Dial`](crate::Dial).

mod client;
mod endpoint;

pub use client::{HttpClient, HttpRequest, HttpResponse};
pub use endpoint::HttpEndpoint;

/// The answer's header that the platform's support asks for.
const LOG_ID: &str = "x-tt-logid";
