//! The identity of the bot.

use serde_json::{Value, json};

use super::Call;
use crate::people::made_id;

/// `GET /open-apis/bot/v3/info`. Its answer is under `bot`, not under `data`, and has no `union_id`.
pub(super) fn info(call: &Call<'_>) -> Value {
    let bot = json!({
        "activate_status": 2,
        "app_name": call.shared.apps.get(&call.app).map_or_else(String::new, |app| app.name.clone()),
        "avatar_url": "",
        "ip_white_list": [],
        "open_id": open_id(&call.app),
    });
    json!({"code": 0, "msg": "ok", "bot": bot})
}

/// The bot's open id: always the same for one app, another one for another app.
pub(crate) fn open_id(app: &str) -> String {
    made_id("ou_", app)
}
