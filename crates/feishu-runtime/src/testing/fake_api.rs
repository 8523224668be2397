//! A fake OpenAPI for unit tests of handlers that send messages.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use feishu_transport::AppSecret;
use serde_json::{Value, json};

use crate::OpenApi;
use crate::openapi::{ApiRequest, Exchange, Fake, JSON};

/// A fake of the platform's OpenAPI: records the calls of an [`OpenApi`] and answers them without a network.
///
/// Every call is answered with `code` 0 and empty `data`, unless [`answer`](Self::answer) sets another answer.
///
/// ```
/// use feishu_runtime::callbacks::openapi::{MessageSend, OutgoingMessage, Receiver};
/// use feishu_runtime::testing::FakeApi;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fake = FakeApi::new().answer("/im/v1/messages", json!({"code": 0, "data": {"message_id": "om_1"}}));
/// let api = fake.api();
/// let message = OutgoingMessage::text("hello");
/// let sent = api.send(&MessageSend { to: Receiver::Chat("oc_1".into()), message }).await?;
/// assert_eq!(sent.message_id.unwrap(), "om_1");
/// assert_eq!(fake.calls()[0].body["receive_id"], "oc_1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct FakeApi(Arc<Shared>);

/// Status, content type and body.
type Answer = (u16, String, Bytes);

#[derive(Default)]
struct Shared {
    answers: Mutex<Vec<(String, Answer)>>,
    calls: Mutex<Vec<FakeCall>>,
}

/// A call recorded by a [`FakeApi`]. Calls for a token are not recorded.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FakeCall {
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body; `null` if it is empty or not JSON.
    pub body: Value,
    /// The body as it was sent, such as the form of an upload.
    pub bytes: Bytes,
}

impl FakeApi {
    /// Creates a fake that answers every call with success and no data.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the answer to calls whose path contains `path`, such as `{"code": 230002, "msg": "…"}`. If several match, the
    /// last one set is used.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers write the JSON in place")]
    pub fn answer(self, path: &str, body: Value) -> Self {
        let is_refusal = body.get("code").and_then(Value::as_i64).is_some_and(|code| code != 0);
        let status = if is_refusal { 400 } else { 200 };
        let answer = (status, JSON.to_owned(), body.to_string().into());
        lock(&self.0.answers).push((path.to_owned(), answer));
        self
    }

    /// Sets the answer to [downloads](OpenApi::download) whose path contains `path`: a file of this content type.
    #[must_use]
    pub fn answer_bytes(self, path: &str, content_type: &str, file: impl Into<Bytes>) -> Self {
        let answer = (200, content_type.to_owned(), file.into());
        lock(&self.0.answers).push((path.to_owned(), answer));
        self
    }

    /// The calls so far, in order.
    pub fn calls(&self) -> Vec<FakeCall> {
        lock(&self.0.calls).clone()
    }

    /// An OpenAPI client whose calls go to this fake.
    ///
    /// # Panics
    ///
    /// Never: its credentials are not empty.
    #[expect(clippy::expect_used, reason = "the credentials of a fake are not empty")]
    pub fn api(&self) -> OpenApi {
        let exchange = Exchange::Fake(Arc::clone(&self.0) as Arc<dyn Fake>);
        OpenApi::over(exchange, "cli_fake".to_owned(), AppSecret::new("fake")).expect("credentials")
    }
}

impl Fake for Shared {
    fn answer(&self, request: &ApiRequest<'_>) -> Answer {
        if request.token.is_none() {
            let token = json!({"code": 0, "tenant_access_token": "t-fake", "expire": 7200});
            return (200, JSON.to_owned(), token.to_string().into());
        }
        lock(&self.calls).push(FakeCall {
            method: request.method.to_owned(),
            path: request.path.to_owned(),
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
            bytes: request.body.clone(),
        });
        let answers = lock(&self.answers);
        let chosen = answers.iter().rev().find(|(path, _)| request.path.contains(path.as_str()));
        chosen.map_or_else(
            || (200, JSON.to_owned(), Bytes::from_static(br#"{"code":0,"data":{}}"#)),
            |(_, answer)| answer.clone(),
        )
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for FakeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeApi").field("calls", &lock(&self.0.calls).len()).finish_non_exhaustive()
    }
}
