//! Input components: text, choices, people, dates.

use serde_json::{Map, Value, json};

use super::{Element, object, plain_text};

/// Declares a component: its tag, and what all of them can do.
macro_rules! entries {
    ($($(#[$doc:meta])* $name:ident = $tag:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            members: Map<String, Value>,
        }

        impl $name {
            /// Name of the component, and of its entry in `form_value`. Unique in the card, and not empty.
            pub fn new(name: impl Into<String>) -> Self {
                Self { members: object(json!({ "tag": $tag, "name": name.into() })) }
            }

            /// Makes the entry mandatory: the user cannot send the form without it.
            pub fn required(self) -> Self {
                self.set("required", true)
            }

            /// Outside a form: sends a callback at once, with this JSON in `action.value`.
            pub fn value(self, value: impl Into<Value>) -> Self {
                self.set("behaviors", json!([{ "type": "callback", "value": value.into() }]))
            }

            /// Sets any other member of the JSON.
            pub fn set(mut self, member: &str, value: impl Into<Value>) -> Self {
                self.members.insert(member.to_owned(), value.into());
                self
            }
        }

        impl From<$name> for Element {
            fn from(entry: $name) -> Self {
                Self(Value::Object(entry.members))
            }
        }
    )+};
}

entries! {
    /// A text input. Read it with [`FormValue::text`](crate::FormValue::text).
    Input = "input";
    /// A menu with one choice. Read it with [`FormValue::choice`](crate::FormValue::choice).
    Select = "select_static";
    /// A menu with several choices. Read it with [`FormValue::choices`](crate::FormValue::choices).
    MultiSelect = "multi_select_static";
    /// A menu of people with one choice. Read it with [`FormValue::person`](crate::FormValue::person).
    PersonPicker = "select_person";
    /// A menu of people with several choices. Read it with [`FormValue::people`](crate::FormValue::people).
    PeoplePicker = "multi_select_person";
    /// A picker of a date. Read it with [`FormValue::date`](crate::FormValue::date).
    DatePicker = "date_picker";
    /// A picker of a time of day. Read it with [`FormValue::time`](crate::FormValue::time).
    TimePicker = "picker_time";
    /// A picker of a date and time. Read it with [`FormValue::date_time`](crate::FormValue::date_time).
    DateTimePicker = "picker_datetime";
    /// A check box. Read it with [`FormValue::checked`](crate::FormValue::checked).
    Checker = "checker";
}

impl Input {
    /// Sets the label beside the input.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.set("label", plain_text(label))
    }

    /// Sets the initial text.
    pub fn initial(self, text: impl Into<String>) -> Self {
        self.set("default_value", text.into())
    }

    /// Makes it multi-line, with this many lines at first.
    pub fn multiline(self, rows: u8) -> Self {
        self.set("input_type", "multiline_text").set("rows", rows)
    }

    /// Largest number of characters to enter; the platform allows 1000.
    pub fn max_length(self, characters: u16) -> Self {
        self.set("max_length", characters)
    }
}

impl Select {
    /// Sets the initial choice by its value.
    pub fn initial(self, value: impl Into<String>) -> Self {
        self.set("initial_option", value.into())
    }
}

impl MultiSelect {
    /// Sets the initial choices by their values.
    pub fn initial<V: Into<String>>(self, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        self.set("selected_values", values)
    }
}

impl DatePicker {
    /// Sets the initial date: `2025-06-10`.
    pub fn initial(self, date: impl Into<String>) -> Self {
        self.set("initial_date", date.into())
    }
}

impl TimePicker {
    /// Sets the initial time: `19:20`.
    pub fn initial(self, time: impl Into<String>) -> Self {
        self.set("initial_time", time.into())
    }
}

impl DateTimePicker {
    /// Sets the initial date and time: `2025-06-10 19:20`.
    pub fn initial(self, moment: impl Into<String>) -> Self {
        self.set("initial_datetime", moment.into())
    }
}

impl Checker {
    /// Sets the label beside the box.
    pub fn label(self, text: impl Into<String>) -> Self {
        self.set("text", plain_text(text))
    }

    /// Sets the initial state.
    pub fn checked(self) -> Self {
        self.set("checked", true)
    }
}

/// Adds the placeholder setter to components.
macro_rules! placeholder {
    ($($name:ident),+) => {$(
        impl $name {
            /// Sets the placeholder text.
            pub fn placeholder(self, text: impl Into<String>) -> Self {
                self.set("placeholder", plain_text(text))
            }
        }
    )+};
}

placeholder!(Input, Select, MultiSelect, PersonPicker, PeoplePicker, DatePicker, TimePicker, DateTimePicker);

/// Adds the option setter to menus.
macro_rules! options {
    ($($name:ident),+) => {$(
        impl $name {
            /// Adds an option: the value that a handler gets, and the text that users see.
            pub fn option(mut self, value: impl Into<String>, text: impl Into<String>) -> Self {
                let option = json!({ "text": plain_text(text), "value": value.into() });
                push_option(&mut self.members, option);
                self
            }
        }
    )+};
}

options!(Select, MultiSelect);

/// Adds the candidate setter to menus of people.
macro_rules! candidates {
    ($($name:ident),+) => {$(
        impl $name {
            /// Adds a candidate; without any, all members of the chat are candidates.
            pub fn candidate(mut self, person: &crate::OpenId) -> Self {
                push_option(&mut self.members, json!({ "value": person }));
                self
            }
        }
    )+};
}

candidates!(PersonPicker, PeoplePicker);

fn push_option(members: &mut Map<String, Value>, option: Value) {
    let options = members.entry("options").or_insert_with(|| json!([]));
    if let Value::Array(options) = options {
        options.push(option);
    }
}
