//! Body of `url.preview.get`.

use serde::{Deserialize, Serialize};

use super::reply::PreviewReply;
use crate::card::{CardContext, DeliveryType, Host, Operator};
use crate::decode::in_place::{Id, Nested, OrDefault, Plain, read_in_place};
use crate::envelope::EventBody;
use crate::ids::{AppId, OpenId, PreviewToken, UnionId, UserId};
use crate::im::SenderType;
use crate::text;

/// A request for the preview of a link that matches the app's rule, shown or about to be sent by a client.
///
/// Each member and device requests the same link. Before it is sent there is no message, chat or preview token yet; see
/// [`place`](Self::place).
/// Source: "Pull link preview data" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct UrlPreviewEvent {
    /// The user who sees the link.
    pub operator: Operator,
    /// Where the link is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// How the link got there. Not documented for this callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_type: Option<DeliveryType>,
    /// The link, its message and chat, and the token to refresh its preview.
    pub context: CardContext,
    /// Token to refresh the preview, beside the context. Not documented; see [`preview_token`](Self::preview_token()).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_token: Option<PreviewToken>,
    /// Who sent the link. Not documented; seen by users.
    pub sender: PreviewParty,
    /// Who sees the link. Not documented; documented is [`operator`](Self::operator).
    pub observer: PreviewParty,
}

read_in_place! {
    UrlPreviewEvent {
        operator: Nested,
        host: Plain,
        delivery_type: Plain,
        context: Nested,
        preview_token: Id,
        sender: OrDefault,
        observer: OrDefault,
    } aliases {
        operator_id,
        open_id,
        union_id,
        user_id,
        tenant_key,
        open_message_id,
        message_id,
        open_chat_id,
        chat_id,
    }
}

/// Who sent or sees a link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PreviewParty {
    /// A person or a program.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<SenderType>,
    /// Ids of the person or program.
    #[serde(default, deserialize_with = "text::or_default")]
    pub id: PreviewPartyId,
}

/// Ids of who sent or sees a link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PreviewPartyId {
    /// The user as this app knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<OpenId>,
    /// The user across the developer's apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub union_id: Option<UnionId>,
    /// Only with the scope `contact:user.employee_id:readonly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The app, if it is a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
}

read_in_place! {
    PreviewPartyId {
        open_id: Id,
        union_id: Id,
        user_id: Id,
        app_id: Id,
    }
}

/// The place of a link whose preview is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PreviewPlace {
    /// In a message that was sent, or in the notice at the top of a group.
    Posted,
    /// In the input box, while it is being written: there is no message, and no token to refresh the preview.
    Draft,
    /// In a profile's signature: there is no message, but a token to refresh the preview.
    Signature,
}

impl UrlPreviewEvent {
    /// The link; empty if absent.
    pub fn url(&self) -> &str {
        self.context.url.as_deref().unwrap_or_default()
    }

    /// Where the link is. A message or chat id means that it was sent; without these, a preview token means a signature.
    ///
    /// Sources: "Pull link preview data" of the Feishu documentation for drafts; payloads of users for signatures, which
    /// the documentation does not mention.
    pub fn place(&self) -> PreviewPlace {
        let context = &self.context;
        if context.open_message_id.is_some() || context.open_chat_id.is_some() {
            PreviewPlace::Posted
        } else if self.preview_token().is_some() {
            PreviewPlace::Signature
        } else {
            PreviewPlace::Draft
        }
    }

    /// True for the temporary preview in the input box, before the link is sent. False for a link in a signature.
    pub fn is_draft(&self) -> bool {
        self.place() == PreviewPlace::Draft
    }

    /// Token to refresh the preview, from the context or from beside it.
    pub fn preview_token(&self) -> Option<&PreviewToken> {
        self.context.preview_token.as_ref().or(self.preview_token.as_ref())
    }
}

impl EventBody for UrlPreviewEvent {
    const TYPE: &'static str = "url.preview.get";
    type Reply = PreviewReply;
}
