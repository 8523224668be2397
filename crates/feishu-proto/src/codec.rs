//! Reading and writing whole frames, without a type of the protobuf library in the signatures.

use std::fmt;

use bytes::Buf;
use prost::Message;

use crate::Frame;

impl Frame {
    /// Reads a frame. From [`Bytes`](crate::Bytes) the payload is shared, not copied. Absent required fields read as
    /// zero, unknown fields are skipped.
    ///
    /// # Errors
    ///
    /// When the bytes are not a protobuf message of this form.
    pub fn decode(wire: impl Buf) -> Result<Self, DecodeError> {
        <Self as Message>::decode(wire).map_err(DecodeError)
    }

    /// Writes the frame. Required fields are written also when they are zero.
    pub fn encode_to_vec(&self) -> Vec<u8> {
        Message::encode_to_vec(self)
    }
}

/// Bytes that are not a frame. Its text says which field could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(prost::DecodeError);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decode_error_names_the_field() {
        // A header list entry that is longer than the message.
        let error = Frame::decode(&[0x2a, 0x05, 0x0a][..]).unwrap_err();
        let error: &dyn std::error::Error = &error;
        assert!(error.to_string().contains("headers"), "{error}");
    }
}
