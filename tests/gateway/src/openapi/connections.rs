//! The number of an app's connections.

use serde_json::{Value, json};

use super::Call;
use crate::shared::lock;

/// `GET /open-apis/event/v1/connection`, which the official command line asks; the platform's documentation does not have it.
pub(super) fn count(call: &Call<'_>) -> Value {
    let state = lock(&call.shared.state);
    let live = state.live.iter().filter(|peer| *peer.app == *call.app).count();
    json!({"code": 0, "msg": "success", "data": {"online_instance_cnt": live}})
}
