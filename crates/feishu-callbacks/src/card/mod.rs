//! `card.action.trigger`, a click on a card: what it says, and the card that is shown next.

mod action;
mod content;
mod form;
mod picked;
mod raw;
mod reply;
mod settings;
mod template;
mod toast;
mod token;
pub(crate) mod validate;
mod value;

pub use action::{Action, ActionTag, CardActionEvent, CardContext, DeliveryType, Host, Operator};
pub use content::CardContent;
pub use form::FormValue;
pub use picked::{PickedDate, PickedDateTime, PickedError, PickedOffset, PickedTime};
pub use raw::{CardError, CardErrorKind, Dialect, RawCard};
pub use reply::CardReply;
pub use settings::{CardSettings, TypingPace, TypingStrategy};
pub use template::Template;
pub use toast::{Toast, ToastKind, ToastLanguage};
pub use token::{CallbackToken, TokenSpent};
pub use validate::{MAX_CARD_BYTES, MAX_CARD_ELEMENTS};
pub use value::ActionValue;

use crate::envelope::Envelope;

/// A click on a card, as a handler takes it.
pub type CardActionTrigger = Envelope<CardActionEvent>;
