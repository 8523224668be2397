//! Body of `card.action.trigger`.

use std::fmt;

use serde::Serialize;
use serde::de::{self, DeserializeOwned, Deserializer, SeqAccess, Visitor};

use super::form::FormValue;
use super::picked::{PickedDate, PickedDateTime, PickedError, PickedTime};
use super::reply::CardReply;
use super::token::CallbackToken;
use super::value::ActionValue;
use crate::decode::in_place::{FilledWords, Id, Nested, Plain, Read, Words, read_in_place};
use crate::envelope::EventBody;
use crate::error::FieldError;
use crate::ids::{ChatId, MessageId, OpenId, PreviewToken, TenantKey, UnionId, UserId};
use crate::open_enum::open_enum;
use crate::text;

/// A user's action on a card.
///
/// Source: "Card callback communication" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct CardActionEvent {
    /// The user who did it.
    pub operator: Operator,
    /// Token for at most two later updates of the card within 30 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<CallbackToken>,
    /// Component that was used, and what was entered.
    pub action: Action,
    /// Where the card is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// How the card got there; absent for a card that was sent as a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_type: Option<DeliveryType>,
    /// Message and chat of the card.
    pub context: CardContext,
}

read_in_place! {
    CardActionEvent {
        operator: Nested,
        token: Id,
        action: Nested,
        host: Plain,
        delivery_type: Plain,
        context: Nested,
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

impl EventBody for CardActionEvent {
    const TYPE: &'static str = "card.action.trigger";
    type Reply = CardReply;
}

/// The user who acted on a card. Which ids are present depends on the app's scopes.
///
/// Read from a body, the ids are found nested too (`operator.user_id` or `operator.operator_id` as an object of ids),
/// and beside `operator`. Where two places differ the documented one counts, and the other is an odd field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Operator {
    /// Tenant of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
    /// Only with the scope `contact:user.employee_id:readonly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The user's id in this app, to identify users by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<OpenId>,
    /// The user across the developer's apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub union_id: Option<UnionId>,
}

read_in_place! {
    Operator {
        tenant_key: Id,
        user_id: Id,
        open_id: Id,
        union_id: Id,
    } aliases {
        operator_id,
        id,
    }
}

/// Message and chat of a card or link. The platform writes an empty string where there is none; here it is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CardContext {
    /// Message with the card or link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_message_id: Option<MessageId>,
    /// Chat of the message, group or one-to-one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_chat_id: Option<ChatId>,
    /// The link, if the card is a link's preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Token to refresh the preview, if the card is a link's preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_token: Option<PreviewToken>,
}

read_in_place! {
    CardContext {
        open_message_id: Id,
        open_chat_id: Id,
        url: FilledWords,
        preview_token: Id,
    } aliases {
        message_id,
        chat_id,
    }
}

/// Component that was used, and what was entered.
///
/// Which members are there depends on the component. Inside a form only the submit button triggers, and what was
/// entered stands in [`form_value`](Self::form_value) under each component's name; outside, a component triggers by
/// itself and fills `option`, `options`, `input_value` or `checked`.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Action {
    /// Kind of component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<ActionTag>,
    /// What the card's author attached to the component: any JSON, read when asked for.
    #[serde(skip_serializing_if = "ActionValue::is_absent")]
    pub value: ActionValue,
    /// `name` of the component; inside a form that of the submit button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Values of the form by component name; empty outside a form.
    #[serde(skip_serializing_if = "FormValue::is_absent")]
    pub form_value: FormValue,
    /// Text of an input outside a form; new lines are `\n`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_value: Option<String>,
    /// Choice of a select, overflow or picker outside a form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// Choices of a multi-select outside a form. One string, as `select_img` sends it, is a list of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// State of a checker outside a form. Absent is not `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<bool>,
    /// Time zone of the user's device, such as `Asia/Shanghai`. Kept as it comes; not all names are IANA's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

read_in_place! {
    Action {
        tag: Plain,
        value: Plain,
        name: Words,
        form_value: Plain,
        input_value: Words,
        option: Words,
        options: OneOrMany,
        checked: Plain,
        timezone: Words,
    }
}

impl Action {
    /// Deserializes [`value`](Self::value) into your own type. A string that contains JSON is parsed.
    ///
    /// # Errors
    /// Names the place inside the value, what was expected and what kind of JSON was there.
    pub fn value_as<T: DeserializeOwned>(&self) -> Result<T, FieldError> {
        self.value.parse()
    }

    /// What was chosen outside a form, wherever the component writes it: `option`, or the first of `options`.
    pub fn choice(&self) -> Option<&str> {
        self.option.as_deref().or_else(|| self.options.first().map(String::as_str))
    }

    /// Date of a `date_picker` outside a form.
    ///
    /// # Errors
    /// When there is no choice or it is not a date.
    pub fn date(&self) -> Result<PickedDate, PickedError> {
        self.option.as_deref().unwrap_or_default().parse()
    }

    /// Time of day of a `picker_time` outside a form.
    ///
    /// # Errors
    /// When there is no choice or it is not a time.
    pub fn time(&self) -> Result<PickedTime, PickedError> {
        self.option.as_deref().unwrap_or_default().parse()
    }

    /// Moment of a `picker_datetime` outside a form.
    ///
    /// # Errors
    /// When there is no choice or it is not a date and time.
    pub fn date_time(&self) -> Result<PickedDateTime, PickedError> {
        self.option.as_deref().unwrap_or_default().parse()
    }
}

open_enum! {
    /// Kind of component that was used. There is none for a form: its submit button triggers.
    ActionTag {
        /// A button, also the submit button of a form.
        Button = "button",
        /// A text input.
        Input = "input",
        /// A menu with one choice.
        SelectStatic = "select_static",
        /// A menu with several choices.
        MultiSelectStatic = "multi_select_static",
        /// A menu of people with one choice.
        SelectPerson = "select_person",
        /// A menu of people with several choices.
        MultiSelectPerson = "multi_select_person",
        /// A folded group of buttons.
        Overflow = "overflow",
        /// A check box.
        Checker = "checker",
        /// A picker of a date.
        DatePicker = "date_picker",
        /// A picker of a time of day.
        PickerTime = "picker_time",
        /// A picker of a date and time.
        PickerDatetime = "picker_datetime",
        /// A choice among images.
        SelectImg = "select_img",
        /// An interactive container.
        InteractiveContainer = "interactive_container",
    }
}

open_enum! {
    /// Where a card or link is shown.
    Host {
        /// In a chat.
        ImMessage = "im_message",
        /// Pinned at the top of a group.
        ImTopNotice = "im_top_notice",
    }
}

open_enum! {
    /// How a card got to where it is shown.
    DeliveryType {
        /// As the preview of a link.
        UrlPreview = "url_preview",
    }
}

/// As a string, a list of strings, or nothing.
struct OneOrMany;

impl Read<Vec<String>> for OneOrMany {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, place: &mut Vec<String>) -> Result<(), D::Error> {
        *place = string_or_list(deserializer)?;
        Ok(())
    }
}

fn string_or_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct StringOrList;

    impl<'de> Visitor<'de> for StringOrList {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a list of strings")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Vec<String>, E> {
            Ok(Vec::new())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(if text.is_empty() { Vec::new() } else { vec![text.to_owned()] })
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element::<Option<text::Text>>()? {
                list.extend(item.map(|text| text.as_str().to_owned()));
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(StringOrList)
}
