//! Ids that cannot be mixed up. Each is transparent in JSON and cheap to clone.

use crate::newtype::newtypes;

newtypes! {
    /// A user as one app knows them, `ou_…`. Another app sees another open id for the same person.
    OpenId;
    /// A user across the apps of one developer, `on_…`.
    UnionId;
    /// A user inside their tenant. Sent only to apps with the scope `contact:user.employee_id:readonly`.
    UserId;
    /// A chat, group or one-to-one, `oc_…`.
    ChatId;
    /// A message, `om_…`.
    MessageId;
    /// A topic inside a chat, `omt_…`.
    ThreadId;
    /// A card entity: a card that is changed after it was sent. A decimal number of at most 20 digits.
    CardId;
    /// One callback or event. A push that is repeated has the id of the first.
    EventId;
    /// An app, `cli_…`.
    AppId;
    /// A tenant: the company that uses the app.
    TenantKey;
    /// Name of a callback or event, such as `card.action.trigger`.
    EventType;
    /// Token of a link preview, for `url_previews/batch_update`. Every member asks with the same one for one message.
    PreviewToken;
}

/// Type of the old card callback, which has no name in its payload.
pub(crate) const CARD_ACTION_V1: &str = "card.action.trigger_v1";

impl EventType {
    /// True for a callback that is documented or known to exist: the platform waits three seconds for its answer.
    ///
    /// ```
    /// use feishu_callbacks::EventType;
    /// assert!(EventType::from("card.action.trigger").is_callback());
    /// assert!(!EventType::from("im.message.receive_v1").is_callback());
    /// ```
    pub fn is_callback(&self) -> bool {
        matches!(
            self.as_str(),
            "card.action.trigger"
                | "url.preview.get"
                | "profile.view.get"
                | CARD_ACTION_V1
                | "url_verification"
        )
    }
}
