//! Pictures and files in messages.

use bytes::Bytes;

use super::{Call, Refused, is_message_id};
use crate::shared::lock;

/// A picture of one grey pixel, for every image.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63,
    0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42,
    0x60, 0x82,
];

/// `GET /open-apis/im/v1/messages/:message_id/resources/:file_key`: content type and bytes.
pub(super) fn get(call: &Call<'_>, message_id: &str, key: &str) -> Result<(&'static str, Bytes), Refused> {
    is_message_id(message_id)?;
    let wanted = match call.query("type") {
        Some(wanted @ ("image" | "file")) => wanted,
        other => {
            return Err(Refused::code(
                234_001,
                format!("type is {}, not image or file", other.unwrap_or("missing")),
            ));
        }
    };
    let mut messages = lock(&call.shared.messages);
    let message = messages.get(message_id);
    let message =
        message.ok_or_else(|| Refused::code(234_003, format!("there is no message {message_id:?}")))?;
    if message.recalled {
        return Err(Refused::code(230_110, "the message was recalled"));
    }
    if message.msg_type == "interactive" {
        return Err(Refused::code(234_043, "resources of cards cannot be fetched"));
    }
    let is_there = message
        .resources()
        .iter()
        .any(|it| it.get("key").is_some_and(|it| it == key) && it.get("type").is_some_and(|it| it == wanted));
    if !is_there {
        return Err(Refused::code(234_003, format!("File not in msg: {key:?} as {wanted}")));
    }
    if let Some(upload) = messages.upload(key) {
        return Ok((upload.content_type, upload.bytes));
    }
    if wanted == "image" {
        return Ok(("image/png", Bytes::from_static(PICTURE)));
    }
    Ok(("application/octet-stream", format!("the file {key} of the local platform\n").into()))
}
