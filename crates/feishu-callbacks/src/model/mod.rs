//! Structs that are read, printed and written through a table of their members.
//!
//! There are hundreds of structs of events. Code that is generic over the struct and over the JSON would be compiled once
//! for each pair; here a struct only lends its members as a list of [`Slot`]s or [`View`]s, and one function reads them
//! all. What does not fit is an error, which leads to the tolerant way of [`decode`](crate::decode).

mod fill;
mod item;
mod view;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use fill::read;
pub(crate) use item::{Item, Raw, Read, hidden, texts};
pub(crate) use view::{View, debug, write};

/// A struct with its members.
pub(crate) trait Model: Send + Sync {
    /// Name of the struct.
    fn name(&self) -> &'static str;

    /// Lends the members to be filled.
    fn lend(&mut self, to: &mut dyn FnMut(&mut [Lent<'_>]));

    /// Shows the members.
    fn show(&self, to: &mut dyn FnMut(&[Shown<'_>]));

    /// Takes text that came in place of the object; false if it means nothing here.
    fn take_text(&mut self, text: &str) -> bool {
        text.is_empty()
    }
}

/// A member by its name in the JSON, and its place.
pub(crate) type Lent<'p> = (&'static str, Slot<'p>);

/// A member by its name in the JSON, and what it holds.
pub(crate) type Shown<'a> = (&'static str, View<'a>);

/// The place of one member.
pub(crate) enum Slot<'p> {
    /// Text, a number, a boolean or a time.
    Leaf(&'p mut dyn Leaf),
    /// An object.
    Model(&'p mut dyn Model),
    /// A list of any of these.
    List(&'p mut dyn List),
    /// An object with any members, which are text.
    Map(&'p mut BTreeMap<String, String>),
    /// JSON of any form.
    Json(&'p mut Value),
    /// A member that has come already.
    Filled,
}

/// A member that is one value.
pub(crate) trait Leaf {
    /// Takes a value; false if it does not fit.
    fn put(&mut self, raw: Raw<'_>) -> bool;

    /// What fits, for an error.
    fn expected(&self) -> &'static str;
}

/// A member that is a list.
pub(crate) trait List {
    /// Appends a value; false if it does not fit.
    fn push(&mut self, raw: Raw<'_>) -> bool;

    /// Appends an empty object; `None` in a list of values.
    fn add(&mut self) -> Option<&mut dyn Model>;

    /// What fits as an item, for an error.
    fn expected(&self) -> &'static str;
}

/// A type of a member.
pub(crate) trait Field {
    fn slot(&mut self) -> Slot<'_>;

    fn view(&self) -> View<'_>;
}

/// Declares structs, each member with its type and, where it differs, its name in the JSON.
macro_rules! models {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$member_doc:meta])* $member:ident $(= $wire:literal)?: $type:ty,)*
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$member_doc])* pub $member: $type,)*
        }

        $crate::model::through_table! { $name { $($member $(= $wire)?,)* } }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::model::debug(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::write(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::model::read(deserializer)
            }
        }
    )+};
}

/// Makes an existing struct a [`Model`], and with it the type of a member. After the members comes, if it has one, its
/// function that takes text.
macro_rules! through_table {
    ($name:ident { $($member:ident $(= $wire:literal)?,)* } $(takes $take:path)?) => {
        impl $crate::model::Model for $name {
            fn name(&self) -> &'static str {
                stringify!($name)
            }

            fn lend(&mut self, to: &mut dyn FnMut(&mut [$crate::model::Lent<'_>])) {
                use $crate::model::Field as _;
                to(&mut [$(($crate::model::wire_name!($member $($wire)?), self.$member.slot()),)*]);
            }

            fn show(&self, to: &mut dyn FnMut(&[$crate::model::Shown<'_>])) {
                use $crate::model::Field as _;
                to(&[$(($crate::model::wire_name!($member $($wire)?), self.$member.view()),)*]);
            }

            $(fn take_text(&mut self, text: &str) -> bool {
                $take(self, text)
            })?
        }

        impl $crate::model::Field for $name {
            fn slot(&mut self) -> $crate::model::Slot<'_> {
                $crate::model::Slot::Model(self)
            }

            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Model(self)
            }
        }

        impl $crate::model::Item for $name {
            const EXPECTED: &'static str = "an object";

            fn of(raw: $crate::model::Raw<'_>) -> $crate::model::Read<Self> {
                let mut model = Self::default();
                match raw.text() {
                    Some(text) if $crate::model::Model::take_text(&mut model, text) => {
                        $crate::model::Read::Value(model)
                    }
                    _ => $crate::model::Read::Misfit,
                }
            }

            fn empty() -> Option<Self> {
                Some(Self::default())
            }

            fn model(&mut self) -> Option<&mut dyn $crate::model::Model> {
                Some(self)
            }

            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Model(self)
            }
        }
    };
}

/// The name of a member in the JSON.
macro_rules! wire_name {
    ($member:ident) => {
        stringify!($member)
    };
    ($member:ident $wire:literal) => {
        $wire
    };
}

/// Gives bodies their type and a short name for the whole event. The platform takes no answer to events.
macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $body:ident: $name:literal;)+) => {$(
        $(#[$doc])*
        pub type $event = $crate::Envelope<$body>;

        impl $crate::EventBody for $body {
            const TYPE: &'static str = $name;
            type Reply = ();
        }
    )+};
}

pub(crate) use {events, models, through_table, wire_name};
