//! Requests and answers of the OpenAPI calls that a handler of cards and messages needs. Sending them is the caller's.
//!
//! Each request is a [`Call`]: a method, a path, a body, and how its answer is read. An HTTP client that adds the base address and, where
//! [`Call::NEEDS_TOKEN`] says so, `Authorization: Bearer …` can send them all.
//!
//! ```
//! use feishu_callbacks::openapi::{ApiCode, Call, CardUpdate};
//! use feishu_callbacks::{CallbackToken, Template};
//!
//! let update = CardUpdate::new(CallbackToken::from("c-7"), Template::new("AAq7"));
//! assert_eq!((CardUpdate::METHOD, update.path().as_str()), ("POST", "/open-apis/interactive/v1/card/update"));
//! assert_eq!(update.body(), br#"{"token":"c-7","card":{"type":"template","data":{"template_id":"AAq7"}}}"#);
//!
//! let refused = CardUpdate::read_answer(br#"{"code":300030,"msg":"expired"}"#).unwrap_err();
//! assert_eq!(refused.code(), Some(ApiCode(300_030)));
//! ```

mod access;
mod answer;
mod bot;
mod call_kind;
mod card;
mod card_check;
mod cardkit;
mod code;
mod code_kind;
mod code_table;
mod media;
mod message;
mod message_change;
mod message_read;
mod preview;
mod read_message;

pub use access::{AccessToken, TokenAnswer, TokenRequest};
pub use answer::{ApiError, DataPlace, Nothing};
pub use bot::{BotInfo, BotInfoGet};
pub use call_kind::CallKind;
pub use card::CardUpdate;
pub use cardkit::{
    CardAction, CardBatch, CardChange, CardConvert, CardCreate, CardReplace, CardSettingsChange, CreatedCard,
    ElementAdd, ElementDelete, ElementPatch, ElementPlace, ElementReplace, StreamText,
};
pub use code::ApiCode;
pub use code_kind::{ApiCodeKind, Retry};
pub use code_table::CodeSource;
pub use media::{BytesCall, FileKind, FileUpload, ImageUpload, ResourceGet, UploadedFile, UploadedImage};
pub use message::{MessagePatch, MessageReply, MessageSend, OutgoingMessage, Receiver, SentMessage};
pub use message_change::{AddedReaction, MessageEdit, MessageRecall, ReactionAdd, ReactionDelete};
pub use message_read::{MessageGet, MessageList};
pub use preview::{PreviewRefresh, PreviewRefreshError};
pub use read_message::{ReadBody, ReadMention, ReadMessage, ReadMessages, ReadSender};

use serde::de::DeserializeOwned;

/// One request of the OpenAPI.
pub trait Call {
    /// HTTP method, in capitals.
    const METHOD: &'static str;

    /// Whether it needs a tenant access token.
    const NEEDS_TOKEN: bool = true;

    /// The place of the data in the answer.
    const DATA: DataPlace = DataPlace::Member;

    /// Which call it is, for the advice about a refusal.
    const KIND: CallKind = CallKind::Other;

    /// The type of the answer's data.
    type Data: DeserializeOwned;

    /// Path and query, from the slash after the host on.
    fn path(&self) -> String;

    /// Body: JSON in UTF-8, or nothing, unless [`content_type`](Self::content_type) says otherwise.
    fn body(&self) -> Vec<u8>;

    /// The value of `Content-Type` for the body.
    fn content_type(&self) -> String {
        "application/json; charset=utf-8".to_owned()
    }

    /// Reads the body of the response. Members that do not fit their type are left out.
    ///
    /// # Errors
    /// When the platform refused, when the response is not its JSON, such as the page of a proxy, and when the data is
    /// missing.
    fn read_answer(body: &[u8]) -> Result<Self::Data, ApiError>
    where
        Self: Sized,
    {
        answer::read(body, Self::DATA).map_err(|error| error.of(Self::KIND))
    }
}

/// Writes an id into a path so that it stays one segment, whatever it holds.
fn segment(id: &str) -> String {
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            const HEX: [char; 16] =
                ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
            segment.push('%');
            segment.extend(HEX.get(usize::from(byte >> 4)));
            segment.extend(HEX.get(usize::from(byte & 15)));
        }
    }
    segment
}

/// Writes a body. Requests are trees of text and numbers, which always serialise.
fn json<T: serde::Serialize>(request: &T) -> Vec<u8> {
    serde_json::to_vec(request).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn call_path_escapes_an_id_so_that_it_stays_one_segment() {
        assert_eq!(super::segment("om_7-a"), "om_7-a");
        assert_eq!(super::segment("../x?y#é"), "%2E%2E%2Fx%3Fy%23%C3%A9");
    }
}
