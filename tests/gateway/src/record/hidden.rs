//! Hides tokens in what the interface shows.

use serde_json::Value;

/// Members that hold a secret: the token of a callback, of a preview, of the envelope.
const SECRET: [&str; 4] = ["token", "preview_token", "ticket", "access_key"];
/// What is shown instead.
const HIDDEN: &str = "(hidden)";

/// Replaces tokens, at any depth outside of a card's own values.
pub(crate) fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if SECRET.contains(&&**name) && member.is_string() {
                    *member = HIDDEN.into();
                } else if name != "action" {
                    hide(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// A payload as text and as JSON, without tokens. What is not JSON is shown as text.
pub(super) fn payload(bytes: &[u8]) -> (String, Value) {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(mut json) => {
            hide(&mut json);
            (json.to_string(), json)
        }
        Err(_) => (String::from_utf8_lossy(bytes).into_owned(), Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_hidden_and_a_cards_own_values_are_not() {
        let (text, json) = payload(
            br#"{"header":{"token":"v"},"event":{"token":"c-1","action":{"value":{"token":"mine"}},"context":{"preview_token":"p"}}}"#,
        );
        assert!(!text.contains("c-1") && !text.contains("\"p\"") && !text.contains("\"v\""), "{text}");
        assert_eq!(json["event"]["action"]["value"]["token"], "mine");
        assert_eq!(payload(b"\xff<script>").0, "\u{fffd}<script>");
    }
}
