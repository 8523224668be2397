//! What a message says, typed by its kind.
//!
//! The platform puts the content of a message as JSON into a string, in a different shape for each kind.
//! [`Content::read`] reads it; it never fails, because what is odd or not documented is kept as [`Content::Other`].
//! [`Message::read_content`](super::Message::read_content) does so for a message of `im.message.receive_v1`.
//!
//! A message that is read by a call has the same content under other names (`msg_type`, `body.content`), and each of its
//! mentions names one id with its kind; [`UserIds::from_id`](super::UserIds::from_id) makes the ids of such a mention:
//!
//! ```
//! use feishu_callbacks::im::content::Content;
//! use feishu_callbacks::im::{Mention, UserIds};
//!
//! // As "Get message content" answers.
//! let (msg_type, body_content) = ("text", r#"{"text":"@_user_1 two pots"}"#);
//! let mut mention = Mention::default();
//! mention.key = Some("@_user_1".to_owned());
//! mention.name = Some("Kettle".to_owned());
//! mention.id = UserIds::from_id("open_id", "ou_bot");
//!
//! let content = Content::read(msg_type, body_content);
//! assert_eq!(content.text(&[mention]).as_deref(), Some("@Kettle two pots"));
//! ```
//!
//! Source of the kinds and their members: "Message content of received messages" of the Feishu documentation.

mod ask;
mod card;
mod element;
mod kinds;
mod mentions;
mod message;
mod post;
mod resource;
mod system;
mod value;
mod write;

pub use card::ReceivedCard;
pub use element::{Element, TextStyle};
pub use kinds::{CalendarEvent, Content};
pub use post::Post;
pub use resource::Resource;
pub use system::System;
