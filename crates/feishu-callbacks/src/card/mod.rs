//! `card.action.trigger`: somebody used a component of a card.

mod action;
mod form;
mod picked;
mod raw;
mod reply;
mod template;
mod toast;
mod value;

pub use action::{Action, ActionTag, CardActionEvent, CardContext, DeliveryType, Host, Operator};
pub use form::FormValue;
pub use picked::{PickedDate, PickedDateTime, PickedError, PickedOffset, PickedTime};
pub use raw::{CardError, CardErrorKind, Dialect, RawCard};
pub use reply::{CardContent, CardReply};
pub use template::Template;
pub use toast::{Toast, ToastKind, ToastLanguage};
pub use value::ActionValue;

use crate::envelope::Envelope;

/// A click on a card, as a handler takes it.
pub type CardActionTrigger = Envelope<CardActionEvent>;
