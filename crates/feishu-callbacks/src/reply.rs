//! Replies of handlers, and their validation.

use std::fmt;

use serde_json::Value;

use crate::finding::Finding;

/// The reply type of a handler.
///
/// `()` answers an event, or a callback with "no change" (`{}`): an answer without any data has shown users an error.
/// [`serde_json::Value`] answers a callback with any JSON.
pub trait Reply: Send + 'static {
    /// True when the platform waits for this reply and shows it: a callback. False for an event, which is only
    /// acknowledged.
    const CALLBACK: bool;

    /// Encodes the reply in the documented format.
    ///
    /// # Errors
    /// If the reply cannot be encoded as JSON. The replies of this crate never fail.
    fn to_json(&self) -> Result<Vec<u8>, ReplyError>;

    /// What the user's client would refuse or ignore. Empty for a reply that is fine.
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
}

impl Reply for () {
    const CALLBACK: bool = false;

    fn to_json(&self) -> Result<Vec<u8>, ReplyError> {
        Ok(b"{}".to_vec())
    }
}

impl Reply for Value {
    const CALLBACK: bool = true;

    fn to_json(&self) -> Result<Vec<u8>, ReplyError> {
        write_json(self, 256)
    }
}

/// The error of a reply that cannot be encoded as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyError {
    message: String,
}

impl ReplyError {
    /// Creates the error, for your own reply types.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the reply cannot be written as JSON ({}); return one of the reply types of this crate",
            self.message
        )
    }
}

impl std::error::Error for ReplyError {}

/// Encodes any value into one buffer of about the right size.
pub(crate) fn write_json<T: serde::Serialize + ?Sized>(
    value: &T,
    size: usize,
) -> Result<Vec<u8>, ReplyError> {
    let mut json = Vec::with_capacity(size);
    serde_json::to_writer(&mut json, value).map_err(|error| ReplyError::new(error.to_string()))?;
    Ok(json)
}

/// Writes members that a user of the crate added, except those that the type writes itself.
pub(crate) fn write_extra<M: serde::ser::SerializeMap>(
    map: &mut M,
    extra: &serde_json::Map<String, Value>,
    own: &[&str],
) -> Result<(), M::Error> {
    for (name, value) in extra.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        map.serialize_entry(name, value)?;
    }
    Ok(())
}
