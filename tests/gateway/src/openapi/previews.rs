//! Refreshing link previews.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, Refused};
use crate::Outgoing;
use crate::shared::lock;

/// `POST /open-apis/im/v2/url_previews/batch_update`. The clients ask again: for each token that is known, the app gets
/// `url.preview.get` once more.
pub(super) async fn refresh(call: &Call<'_>) -> Result<Value, Refused> {
    let body = call.json(230_001)?;
    let tokens = strings(body.get("preview_tokens"), "preview_tokens")?;
    if tokens.is_empty() || tokens.len() > 10 {
        return Err(Refused::code(
            230_001,
            format!("preview_tokens has {} entries, not 1 to 10", tokens.len()),
        ));
    }
    let open_ids = strings(body.get("open_ids"), "open_ids")?;
    if open_ids.len() > 100 {
        return Err(Refused::code(230_001, format!("open_ids has {} entries, not 0 to 100", open_ids.len())));
    }
    for token in tokens {
        let preview = lock(&call.shared.messages).preview(token, &call.app);
        let Some(preview) = preview else { continue };
        let outgoing = Outgoing::from(preview.token(token)).app(&call.app);
        let shared = Arc::clone(call.shared);
        if let Err(error) = shared.send(outgoing).await {
            tracing::debug!(%error, "no client is connected for a refreshed preview");
        }
    }
    Ok(json!({"code": 0, "msg": "success", "data": {}}))
}

fn strings<'a>(value: Option<&'a Value>, name: &str) -> Result<Vec<&'a str>, Refused> {
    let wrong = || Refused::code(230_001, format!("{name} is not a list of strings"));
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}
