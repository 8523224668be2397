//! Body of `url.preview.get`.

use serde::{Deserialize, Serialize};

use super::reply::PreviewReply;
use crate::card::{CardContext, DeliveryType, Host, Operator};
use crate::envelope::EventBody;

/// A client shows, or is about to send, a link that matches the app's rule.
///
/// The same link is asked for many times: by each member and device. Before it is sent there is no message, chat or
/// preview token yet; [`is_draft`](Self::is_draft) tells.
/// Source: "Pull link preview data" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UrlPreviewEvent {
    /// Who sees the link.
    #[serde(default)]
    pub operator: Operator,
    /// Where the link is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// How the link got there. Not documented for this callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_type: Option<DeliveryType>,
    /// The link, its message and chat, and the token to refresh its preview.
    #[serde(default)]
    pub context: CardContext,
}

impl UrlPreviewEvent {
    /// The link; empty if the platform did not say.
    pub fn url(&self) -> &str {
        self.context.url.as_deref().unwrap_or_default()
    }

    /// True for the temporary preview in the input box, before the link is sent.
    pub fn is_draft(&self) -> bool {
        self.context.open_message_id.is_none()
    }
}

impl EventBody for UrlPreviewEvent {
    const TYPE: &'static str = "url.preview.get";
    type Reply = PreviewReply;

    fn adopt(&mut self, member: &str, json: &str) {
        match member {
            "host" if self.host.is_none() => self.host = serde_json::from_str(json).ok(),
            "context" => self.context.adopt(json),
            _ => {}
        }
    }
}
