//! Readers for the fields of your own types, which take what the fields of this crate take.
//!
//! Gateways write numbers where the documentation has strings, and strings where it has numbers. A field with one of
//! these readers takes both, and `null` or an empty string as nothing. What still does not fit is an error, which
//! [`decode`](crate::decode) turns into an [`OddField`](crate::OddField). Beside them write `default`, for a member that
//! is absent.
//!
//! ```
//! use feishu_callbacks::tolerant;
//!
//! #[derive(serde::Deserialize)]
//! struct Order {
//!     #[serde(default, deserialize_with = "tolerant::string")]
//!     table: Option<String>,
//!     #[serde(default, deserialize_with = "tolerant::number")]
//!     cups: Option<u32>,
//!     #[serde(default, deserialize_with = "tolerant::boolean")]
//!     paid: Option<bool>,
//!     #[serde(default, deserialize_with = "tolerant::list")]
//!     teas: Vec<String>,
//! }
//!
//! let order: Order = serde_json::from_str(r#"{"table":7,"cups":"2","paid":"true","teas":["oolong",null]}"#)?;
//! assert_eq!(order.table.as_deref(), Some("7"));
//! assert_eq!((order.cups, order.paid), (Some(2), Some(true)));
//! assert_eq!(order.teas, ["oolong"]);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};

use crate::decode::tolerant::repair;
use crate::text;
use crate::time::{self, Timestamp};

/// Reads text from a string or a number; an empty string stays one.
///
/// # Errors
/// For a boolean, a list or an object.
pub fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text::string(deserializer)
}

/// Reads any number type from a number, or from a string that holds one; an empty string is nothing.
///
/// # Errors
/// For text that is not a number, a number that the type cannot hold, a boolean, a list or an object.
pub fn number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
{
    deserializer.deserialize_any(Parsed {
        expected: "a number",
        read: |text| text.parse().ok(),
        of: PhantomData,
    })
}

/// Reads a boolean from `true` or `false`, as such or in a string, or from 1 or 0; an empty string is nothing.
///
/// # Errors
/// For any other text or number, a list or an object.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let read = |text: &str| match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    deserializer.deserialize_any(Parsed { expected: "a boolean", read, of: PhantomData })
}

/// Reads a time from digits, in a string or as a number; see [`Timestamp`]. An empty string is nothing.
///
/// # Errors
/// For anything else.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    time::filled(deserializer)
}

/// Reads a list; `null` is an empty one, and items that are `null` are left out.
///
/// # Errors
/// For anything but a list, and for an item that `T` does not take.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    text::list(deserializer)
}

/// Repairs text that is not quite JSON: bytes that are not UTF-8 and lone halves of surrogate pairs become U+FFFD, control
/// characters inside strings are escaped, a byte order mark is removed. Copies only if needed.
///
/// [`decode`](crate::decode) does so by itself; this is for a payload that you give to another parser.
pub fn repaired(payload: &[u8]) -> Cow<'_, [u8]> {
    repair(payload)
}

/// Reads a value from its text, whether that is in quotes or not.
struct Parsed<T> {
    expected: &'static str,
    read: fn(&str) -> Option<T>,
    of: PhantomData<T>,
}

impl<T> Visitor<'_> for Parsed<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Option<T>, E> {
        let read = (self.read)(if value { "true" } else { "false" });
        read.map(Some).ok_or_else(|| E::invalid_type(Unexpected::Bool(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<T>, E> {
        let read = (self.read)(&value.to_string());
        read.map(Some).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Option<T>, E> {
        let read = (self.read)(&value.to_string());
        read.map(Some).ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Option<T>, E> {
        let read = (self.read)(&value.to_string());
        read.map(Some).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        (self.read)(text).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Own {
        #[serde(default, deserialize_with = "super::string")]
        string: Option<String>,
        #[serde(default, deserialize_with = "super::number")]
        number: Option<u8>,
        #[serde(default, deserialize_with = "super::boolean")]
        boolean: Option<bool>,
        #[serde(default, deserialize_with = "super::number")]
        float: Option<f64>,
    }

    #[test]
    fn tolerant_readers_take_strings_and_numbers_alike() {
        let own = |json: &str| serde_json::from_str::<Own>(json).map_err(|error| error.to_string());
        let read = own(r#"{"string":7,"number":"7","boolean":"false","float":" 1.5"}"#).unwrap();
        let string = Some("7".to_owned());
        assert_eq!(read, Own { string, number: Some(7), boolean: Some(false), float: Some(1.5) });
        assert_eq!(own(r#"{"number":2.0,"boolean":1}"#).unwrap().number, Some(2));
        for nothing in
            ["{}", r#"{"string":null,"number":null,"boolean":null}"#, r#"{"number":"","boolean":" "}"#]
        {
            assert_eq!(own(nothing).unwrap(), Own::default(), "{nothing}");
        }
    }

    #[test]
    fn tolerant_readers_refuse_what_does_not_fit() {
        for misfit in [
            r#"{"string":[]}"#,
            r#"{"string":true}"#,
            r#"{"number":256}"#,
            r#"{"number":-1}"#,
            r#"{"number":"seven"}"#,
            r#"{"number":true}"#,
            r#"{"boolean":2}"#,
            r#"{"boolean":{}}"#,
        ] {
            assert!(serde_json::from_str::<Own>(misfit).is_err(), "{misfit}");
        }
    }
}
