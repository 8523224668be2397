//! The part of the options from which the end of a card is drawn, as it is stored.

use std::time::Duration;

use feishu_callbacks::build::HeaderColor;
use serde::{Deserialize, Serialize};

/// What the end of a card is drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredLook {
    pub(super) title: Option<(String, Option<HeaderColor>)>,
    pub(super) summary: Option<String>,
    pub(super) empty: String,
    pub(super) interrupted: String,
    pub(super) converts: bool,
    pub(super) patience: Duration,
}
