//! Signing in with a token that somebody else signed, in place of the app secret.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{AppSecret, Error, Stage};

type Asked = Pin<Box<dyn Future<Output = Result<AppSecret, Error>> + Send>>;

/// Gives a client assertion for each endpoint call.
#[derive(Clone)]
pub(crate) struct AssertionSource(Arc<dyn Fn() -> Asked + Send + Sync>);

impl AssertionSource {
    pub(crate) fn new<F, T>(source: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<AppSecret, Error>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(source())))
    }

    /// An assertion that holds something.
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "asked for by the endpoint call of feature `http`")
    )]
    pub(crate) async fn assertion(&self) -> Result<AppSecret, Error> {
        let assertion = (self.0)().await?;
        if assertion.expose().is_empty() {
            return Err(Error::unreachable(
                Stage::Endpoint,
                "the source of client assertions gave an empty one",
            ));
        }
        Ok(assertion)
    }
}

impl fmt::Debug for AssertionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssertionSource")
    }
}
