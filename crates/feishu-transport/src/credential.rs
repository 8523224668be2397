//! App credentials: the app secret, or a signed client assertion.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{AppSecret, Error, Stage};

/// The credential of an app.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// The app secret.
    Secret(AppSecret),
    /// A signed token used instead of the secret.
    Assertion(ClientAssertion),
}

impl Credential {
    /// An error that says what is missing, if anything is.
    pub(crate) fn check(&self, app_id: &str) -> Result<(), Error> {
        let has_secret = !matches!(self, Self::Secret(secret) if secret.expose().is_empty());
        if !app_id.is_empty() && has_secret {
            return Ok(());
        }
        Err(Error::misuse(
            "App ID and App Secret must not be empty; both are on the page 'Credentials & Basic Info' of the developer \
             console",
        ))
    }
}

impl From<AppSecret> for Credential {
    fn from(secret: AppSecret) -> Self {
        Self::Secret(secret)
    }
}

impl From<ClientAssertion> for Credential {
    fn from(assertion: ClientAssertion) -> Self {
        Self::Assertion(assertion)
    }
}

type Assertion = Pin<Box<dyn Future<Output = Result<AppSecret, Error>> + Send>>;

/// A source of client assertions: signed tokens that an app sends instead of its secret.
#[derive(Clone)]
pub struct ClientAssertion(Arc<dyn Fn() -> Assertion + Send + Sync>);

impl ClientAssertion {
    /// Creates a source from `source`, which is called before each endpoint call.
    pub fn new<F, T>(source: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<AppSecret, Error>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(source())))
    }

    /// Requests one assertion. An empty one is an error.
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "used by the endpoint call of feature `http`")
    )]
    pub(crate) async fn assertion(&self) -> Result<AppSecret, Error> {
        let assertion = (self.0)().await?;
        if assertion.expose().is_empty() {
            return Err(Error::unreachable(
                Stage::Endpoint,
                "the client assertion source returned an empty assertion; check the service that signs them",
            ));
        }
        Ok(assertion)
    }
}

impl fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAssertion")
    }
}
