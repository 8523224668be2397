//! HTTP calls to the platform, over hyper and a [`Dial`](crate::Dial).

mod client;
mod date;
mod endpoint;
mod pool;
mod request;
mod stream;

pub use client::HttpClient;
pub use endpoint::HttpEndpoint;
pub use request::{HttpRequest, HttpResponse};
pub use stream::HttpStream;

/// The response header with the log id, which the platform's support asks for.
const LOG_ID: &str = "x-tt-logid";
