//! HTTP calls to the platform, over hyper and a [`Dial`](crate::Dial).

mod client;
mod date;
mod endpoint;
mod pool;

pub use client::{HttpClient, HttpRequest, HttpResponse};
pub use endpoint::HttpEndpoint;

/// The response header with the log id, which the platform's support asks for.
const LOG_ID: &str = "x-tt-logid";
