//! Which call of the OpenAPI was made, because one code means different things for different calls.

/// A call of the OpenAPI, as far as advice about its codes differs.
///
/// ```
/// use feishu_callbacks::openapi::CallKind;
///
/// assert_eq!(CallKind::of("POST", "/open-apis/im/v1/messages/om_1/reply"), CallKind::MessageReply);
/// assert_eq!(CallKind::of("GET", "/open-apis/contact/v3/users/ou_1"), CallKind::Other);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// Asks for a tenant access token.
    Token,
    /// Sends a message.
    MessageSend,
    /// Replies to a message.
    MessageReply,
    /// Replaces the card of a message.
    MessagePatch,
    /// Replaces the text of a message.
    MessageEdit,
    /// Recalls a message.
    MessageRecall,
    /// Reads a message.
    MessageGet,
    /// Lists the messages of a chat or topic.
    MessageList,
    /// Sends a card that one member sees.
    EphemeralSend,
    /// Adds a reaction.
    ReactionAdd,
    /// Removes a reaction.
    ReactionDelete,
    /// Uploads an image.
    ImageUpload,
    /// Uploads a file.
    FileUpload,
    /// Downloads a file or image of a message.
    ResourceGet,
    /// Updates a card by the token of a click.
    CardUpdate,
    /// Makes clients ask for link previews again.
    PreviewRefresh,
    /// Creates a card entity.
    CardCreate,
    /// Replaces a card entity as a whole.
    CardReplace,
    /// Changes the settings of a card entity.
    CardSettings,
    /// Makes several changes to a card entity.
    CardBatch,
    /// Adds, replaces, changes or deletes an element of a card entity.
    CardElement,
    /// Sets the text of an element of a card entity while it streams.
    StreamText,
    /// Any other call.
    Other,
}

impl CallKind {
    /// The kind of a call by its method, in capitals, and its path, with or without a query.
    pub fn of(method: &str, path: &str) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let Some(path) = path.strip_prefix("/open-apis/") else { return Self::Other };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (method, parts.as_slice()) {
            ("POST", ["auth", "v3", "tenant_access_token" | "app_access_token", ..]) => Self::Token,
            ("POST", ["im", "v1", "messages"]) => Self::MessageSend,
            ("POST", ["im", "v1", "messages", _, "reply"]) => Self::MessageReply,
            ("PATCH", ["im", "v1", "messages", _]) => Self::MessagePatch,
            ("PUT", ["im", "v1", "messages", _]) => Self::MessageEdit,
            ("DELETE", ["im", "v1", "messages", _]) => Self::MessageRecall,
            ("GET", ["im", "v1", "messages", _]) => Self::MessageGet,
            ("GET", ["im", "v1", "messages"]) => Self::MessageList,
            ("POST", ["ephemeral", "v1", "send"]) => Self::EphemeralSend,
            ("POST", ["im", "v1", "messages", _, "reactions"]) => Self::ReactionAdd,
            ("DELETE", ["im", "v1", "messages", _, "reactions", _]) => Self::ReactionDelete,
            ("POST", ["im", "v1", "images"]) => Self::ImageUpload,
            ("POST", ["im", "v1", "files"]) => Self::FileUpload,
            ("GET", ["im", "v1", "messages", _, "resources", _]) => Self::ResourceGet,
            ("POST", ["interactive", "v1", "card", "update"]) => Self::CardUpdate,
            ("POST", ["im", "v2", "url_previews", "batch_update"]) => Self::PreviewRefresh,
            (method, ["cardkit", "v1", "cards", rest @ ..]) => Self::of_cardkit(method, rest),
            _ => Self::Other,
        }
    }

    fn of_cardkit(method: &str, parts: &[&str]) -> Self {
        match (method, parts) {
            ("POST", []) => Self::CardCreate,
            ("PUT", [_]) => Self::CardReplace,
            ("PATCH", [_, "settings"]) => Self::CardSettings,
            ("POST", [_, "batch_update"]) => Self::CardBatch,
            ("PUT", [_, "elements", _, "content"]) => Self::StreamText,
            (_, [_, "elements", ..]) => Self::CardElement,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CallKind;

    #[test]
    fn call_kind_is_found_by_method_and_path() {
        for (method, path, kind) in [
            ("POST", "auth/v3/tenant_access_token/internal", CallKind::Token),
            ("POST", "im/v1/messages?receive_id_type=chat_id", CallKind::MessageSend),
            ("POST", "im/v1/messages/om_1/reply", CallKind::MessageReply),
            ("PATCH", "im/v1/messages/om_1", CallKind::MessagePatch),
            ("PUT", "im/v1/messages/om_1", CallKind::MessageEdit),
            ("GET", "im/v1/messages/om_1", CallKind::MessageGet),
            ("GET", "im/v1/messages?container_id_type=chat", CallKind::MessageList),
            ("DELETE", "im/v1/messages/om_1", CallKind::MessageRecall),
            ("POST", "ephemeral/v1/send", CallKind::EphemeralSend),
            ("POST", "im/v1/messages/om_1/reactions", CallKind::ReactionAdd),
            ("DELETE", "im/v1/messages/om_1/reactions/r1", CallKind::ReactionDelete),
            ("POST", "im/v1/images", CallKind::ImageUpload),
            ("POST", "im/v1/files", CallKind::FileUpload),
            ("GET", "im/v1/messages/om_1/resources/k?type=image", CallKind::ResourceGet),
            ("POST", "interactive/v1/card/update", CallKind::CardUpdate),
            ("POST", "im/v2/url_previews/batch_update", CallKind::PreviewRefresh),
            ("POST", "cardkit/v1/cards", CallKind::CardCreate),
            ("PUT", "cardkit/v1/cards/7", CallKind::CardReplace),
            ("PATCH", "cardkit/v1/cards/7/settings", CallKind::CardSettings),
            ("POST", "cardkit/v1/cards/7/batch_update", CallKind::CardBatch),
            ("POST", "cardkit/v1/cards/7/elements", CallKind::CardElement),
            ("DELETE", "cardkit/v1/cards/7/elements/e", CallKind::CardElement),
            ("PUT", "cardkit/v1/cards/7/elements/e/content", CallKind::StreamText),
            ("POST", "cardkit/v1/cards/id_convert", CallKind::Other),
        ] {
            assert_eq!(CallKind::of(method, &format!("/open-apis/{path}")), kind, "{method} {path}");
        }
        assert_eq!(CallKind::of("POST", "/elsewhere/im/v1/messages"), CallKind::Other);
    }
}
