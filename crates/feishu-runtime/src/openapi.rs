//! Typed OpenAPI calls: the models' requests over the transport's HTTP, this being the layer that knows both.

use std::error::Error as StdError;
use std::fmt;

use feishu_callbacks::openapi::{Answer, ApiCode, ApiCodeKind, Call};
use feishu_transport::{ErrorKind, OpenApi};

/// Sends the typed requests of [`callbacks::openapi`](crate::callbacks::openapi).
///
/// ```
/// use feishu_runtime::callbacks::openapi::{MessageSend, OutgoingMessage, Receiver};
/// use feishu_runtime::transport::{AppSecret, Domain, OpenApi};
/// use feishu_runtime::{CallError, SendCall as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let platform = feishu_gateway::Gateway::start().await?;
/// # let (id, secret, url) = (platform.app_id(), platform.app_secret(), platform.base_url());
/// let api = OpenApi::new(id, AppSecret::new(secret), Domain::url(url)?)?;
/// let message = OutgoingMessage::text("Your order is on its way");
/// let sent = api.send(&MessageSend { to: Receiver::Chat("oc_1".into()), message }).await?;
/// assert!(sent.message_id.is_some());
/// # Ok(())
/// # }
/// ```
pub trait SendCall {
    /// Sends one request with the app's token and reads its answer.
    ///
    /// # Errors
    ///
    /// When the platform refused it, with what the code means and what to do, or was not reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the call; the platform may have carried it out.
    fn send<C: Call + Sync>(&self, call: &C) -> impl Future<Output = Result<C::Data, CallError>> + Send
    where
        C::Data: Default;
}

impl SendCall for OpenApi {
    async fn send<C: Call + Sync>(&self, call: &C) -> Result<C::Data, CallError>
    where
        C::Data: Default,
    {
        let answer = self.call(C::METHOD, &call.path(), call.body()).await?;
        let refused = |error: feishu_callbacks::openapi::ApiError| CallError {
            code: Some(error.code()),
            text: error.to_string(),
            source: None,
        };
        Answer::<C::Data>::read(&answer.body).and_then(Answer::into_data).map_err(refused)
    }
}

/// Why a call failed.
#[derive(Debug)]
pub struct CallError {
    code: Option<ApiCode>,
    text: String,
    source: Option<feishu_transport::Error>,
}

impl CallError {
    /// The platform's code; `None` when its answer did not come.
    pub fn code(&self) -> Option<ApiCode> {
        self.code
    }

    /// What the code means; `None` when the answer did not come. Whether the call was carried out is then unknown.
    pub fn kind(&self) -> Option<ApiCodeKind> {
        self.code.map(ApiCode::kind)
    }
}

impl From<feishu_transport::Error> for CallError {
    fn from(error: feishu_transport::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::CallRefused { code, .. } => Some(ApiCode(*code)),
            _ => None,
        };
        let text = match code {
            Some(code) => format!("{error}; {}", code.advice()),
            None => error.to_string(),
        };
        Self { code, text, source: Some(error) }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for CallError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as &(dyn StdError + 'static))
    }
}
