//! The app's own bot.

use serde::{Deserialize, Deserializer};

use super::Call;
use super::answer::DataPlace;
use crate::ids::OpenId;
use crate::im::BotIdentity;
use crate::text;

/// Asks who this app's bot is. The platform answers under `bot`, not under `data`; an answer without an `open_id` is an
/// error, so that a bot never compares mentions with an empty id.
///
/// ```
/// use feishu_callbacks::im::BotIdentity;
/// use feishu_callbacks::openapi::{BotInfoGet, Call};
///
/// assert_eq!((BotInfoGet::METHOD, BotInfoGet.path().as_str()), ("GET", "/open-apis/bot/v3/info"));
/// let bot = BotInfoGet::read_answer(br#"{"code":0,"msg":"ok","bot":{"open_id":"ou_bot","app_name":"Kettle"}}"#)?;
/// assert_eq!(BotIdentity::from(bot), BotIdentity::new("ou_bot"));
/// assert!(BotInfoGet::read_answer(br#"{"code":0,"msg":"ok","data":{"open_id":"ou_bot"}}"#).is_err());
/// # Ok::<(), feishu_callbacks::openapi::ApiError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BotInfoGet;

impl Call for BotInfoGet {
    const METHOD: &'static str = "GET";
    const DATA: DataPlace = DataPlace::Named("bot");
    type Data = BotInfo;

    fn path(&self) -> String {
        "/open-apis/bot/v3/info".to_owned()
    }

    fn body(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// The bot of an app.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct BotInfo {
    /// The bot as its own app knows it. Another app sees another id. There is no `union_id` of a bot.
    #[serde(deserialize_with = "required")]
    pub open_id: OpenId,
    /// Name of the app, in one language; not an identity, because a user can have the same.
    #[serde(default, deserialize_with = "text::string")]
    pub app_name: Option<String>,
    /// State of the app in the tenant, as the platform numbers it.
    #[serde(default)]
    pub activate_status: Option<i64>,
}

impl From<BotInfo> for BotIdentity {
    fn from(bot: BotInfo) -> Self {
        Self::new(bot.open_id)
    }
}

/// An id that is not empty.
fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OpenId, D::Error> {
    text::filled(deserializer)?.ok_or_else(|| serde::de::Error::missing_field("open_id"))
}
