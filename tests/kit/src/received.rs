//! Messages with a chosen id.

use std::fmt::Display;

use feishu_transport::{Received, header_name};

/// The message of this id, with the trace id `trace-of-<id>`, that carries this payload.
pub fn carried_by(message_id: &str, payload: impl Display) -> Received {
    let headers = [
        (header_name::MESSAGE_ID.to_owned(), message_id.to_owned()),
        (header_name::TRACE_ID.to_owned(), format!("trace-of-{message_id}")),
    ];
    Received::new(payload.to_string(), headers)
}
