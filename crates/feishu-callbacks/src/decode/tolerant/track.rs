//! A deserializer around `serde_json`'s that knows where in the JSON it is and hides masked places.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, IntoDeserializer, MapAccess,
    SeqAccess, Visitor,
};

use super::mask::{self, Mask, Masks, Place, Step};
use crate::error::OddField;

/// Maximum number of duplicate keys that are listed, to bound memory.
const MAX_NOTED_DOUBLES: usize = 32;

/// The current position of a read, and the position of the first failure.
pub(super) struct Trace<'m> {
    masks: &'m Masks,
    place: RefCell<Place>,
    failed: RefCell<Option<Place>>,
    doubled: RefCell<Vec<OddField>>,
}

impl<'m> Trace<'m> {
    pub(super) fn new(masks: &'m Masks) -> Self {
        Self { masks, place: RefCell::default(), failed: RefCell::default(), doubled: RefCell::default() }
    }

    pub(super) fn into_findings(self) -> (Option<Place>, Vec<OddField>) {
        (self.failed.into_inner(), self.doubled.into_inner())
    }

    /// Runs `read` one step further in; the innermost failure keeps its place.
    fn within<T, E>(&self, step: Step, read: impl FnOnce(Option<Mask>) -> Result<T, E>) -> Result<T, E> {
        let mask = self.enter(step);
        let result = read(mask);
        self.leave(result.is_err());
        result
    }

    fn enter(&self, step: Step) -> Option<Mask> {
        let mask = self.mask_at(&step);
        self.place.borrow_mut().push(step);
        mask
    }

    fn leave(&self, failed: bool) {
        let mut place = self.place.borrow_mut();
        if failed {
            self.failed.borrow_mut().get_or_insert_with(|| place.clone());
        }
        place.pop();
    }

    /// Mask of a place one step further in.
    fn mask_at(&self, step: &Step) -> Option<Mask> {
        if self.masks.is_empty() { None } else { self.masks.below(&self.place.borrow(), step) }
    }

    /// Notes a key that came twice; the first one counts.
    fn note_doubled(&self, key: &str) {
        if self.doubled.borrow().len() >= MAX_NOTED_DOUBLES {
            return;
        }
        let mut place = self.place.borrow().clone();
        place.push(Step::Key(key.into()));
        self.doubled.borrow_mut().push(OddField {
            path: mask::display(&place),
            found: String::new(),
            expected: "the member came twice, the first one counts".to_owned(),
        });
    }
}

/// Anything of serde with a trace beside it.
pub(super) struct Tracked<'t, 'm, X> {
    inner: X,
    trace: &'t Trace<'m>,
}

impl<'t, 'm, X> Tracked<'t, 'm, X> {
    pub(super) fn new(inner: X, trace: &'t Trace<'m>) -> Self {
        Self { inner, trace }
    }
}

/// `serde_json` passes raw text through a newtype of a private name; it must reach its visitor untouched.
const RAW_VALUE_PREFIX: &str = "$serde_json";

macro_rules! forward_deserialize {
    ($($method:ident($($argument:ident: $type:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* Tracked::new(visitor, self.trace))
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tracked<'_, '_, D> {
    type Error = D::Error;

    forward_deserialize! {
        deserialize_any(); deserialize_bool();
        deserialize_i8(); deserialize_i16(); deserialize_i32(); deserialize_i64(); deserialize_i128();
        deserialize_u8(); deserialize_u16(); deserialize_u32(); deserialize_u64(); deserialize_u128();
        deserialize_f32(); deserialize_f64(); deserialize_char(); deserialize_str(); deserialize_string();
        deserialize_bytes(); deserialize_byte_buf(); deserialize_option(); deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq(); deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier(); deserialize_ignored_any();
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if name.starts_with(RAW_VALUE_PREFIX) {
            return self.inner.deserialize_newtype_struct(name, visitor);
        }
        self.inner.deserialize_newtype_struct(name, Tracked::new(visitor, self.trace))
    }
}

macro_rules! forward_visit {
    ($($method:ident: $type:ty;)+) => {$(
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Tracked<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward_visit! {
        visit_bool: bool; visit_i64: i64; visit_i128: i128; visit_u64: u64; visit_u128: u128; visit_f64: f64;
        visit_char: char; visit_str: &str; visit_borrowed_str: &'de str; visit_string: String;
        visit_bytes: &[u8]; visit_borrowed_bytes: &'de [u8]; visit_byte_buf: Vec<u8>;
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Tracked::new(inner, self.trace))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Tracked::new(inner, self.trace))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Items { inner, trace: self.trace, index: 0 })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Members { inner, trace: self.trace, key: None, seen: HashSet::new() })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Tracked::new(inner, self.trace))
    }
}

/// The value of one member or item, shown as the masks say.
struct Masked<'t, 'm, S> {
    seed: S,
    trace: &'t Trace<'m>,
    mask: Option<Mask>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Masked<'_, '_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        if self.mask.is_some() {
            IgnoredAny::deserialize(deserializer)?;
            return self.seed.deserialize(().into_deserializer());
        }
        self.seed.deserialize(Tracked::new(deserializer, self.trace))
    }
}

/// The items of an array.
struct Items<'t, 'm, A> {
    inner: A,
    trace: &'t Trace<'m>,
    index: usize,
}

impl<'de, A: SeqAccess<'de>> Items<'_, '_, A> {
    /// Skips items that are not to be shown at all. False at the end.
    fn skip_absent(&mut self) -> Result<bool, A::Error> {
        while self.trace.mask_at(&Step::Index(self.index)) == Some(Mask::Absent) {
            if self.inner.next_element::<IgnoredAny>()?.is_none() {
                return Ok(false);
            }
            self.index += 1;
        }
        Ok(true)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, '_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if !self.skip_absent()? {
            return Ok(None);
        }
        let (trace, inner) = (self.trace, &mut self.inner);
        let item = trace
            .within(Step::Index(self.index), |mask| inner.next_element_seed(Masked { seed, trace, mask }));
        self.index += 1;
        item
    }
}

/// The members of an object, each key once.
struct Members<'t, 'm, A> {
    inner: A,
    trace: &'t Trace<'m>,
    key: Option<Box<str>>,
    seen: HashSet<Box<str>>,
}

impl<'de, A: MapAccess<'de>> Members<'_, '_, A> {
    /// The next key that is neither a double nor hidden.
    fn next_shown(&mut self) -> Result<Option<Box<str>>, A::Error> {
        while let Some(key) = self.inner.next_key::<Box<str>>()? {
            let doubled = self.seen.contains(&key);
            if doubled {
                self.trace.note_doubled(&key);
            }
            let step = Step::Key(key);
            if doubled || self.trace.mask_at(&step) == Some(Mask::Absent) {
                self.inner.next_value::<IgnoredAny>()?;
                continue;
            }
            let Step::Key(key) = step else { continue };
            self.seen.insert(key.clone());
            return Ok(Some(key));
        }
        Ok(None)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, '_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.key = self.next_shown()?;
        let Some(key) = &self.key else { return Ok(None) };
        seed.deserialize(KeyText { key, error: std::marker::PhantomData }).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let (trace, inner) = (self.trace, &mut self.inner);
        let key = self.key.take().unwrap_or_default();
        trace.within(Step::Key(key), |mask| inner.next_value_seed(Masked { seed, trace, mask }))
    }
}

/// A key as `serde_json` shows it: text, or a number or a bool for maps that are keyed by such.
struct KeyText<'k, E> {
    key: &'k str,
    error: std::marker::PhantomData<E>,
}

macro_rules! parse_key {
    ($($method:ident => $visit:ident: $type:ty;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            match self.key.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => visitor.visit_str(self.key),
            }
        }
    )+};
}

impl<'de, E: de::Error> Deserializer<'de> for KeyText<'_, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_str(self.key)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        visitor.visit_enum(self.key.into_deserializer())
    }

    parse_key! {
        deserialize_bool => visit_bool: bool;
        deserialize_i8 => visit_i8: i8; deserialize_i16 => visit_i16: i16; deserialize_i32 => visit_i32: i32;
        deserialize_i64 => visit_i64: i64; deserialize_i128 => visit_i128: i128;
        deserialize_u8 => visit_u8: u8; deserialize_u16 => visit_u16: u16; deserialize_u32 => visit_u32: u32;
        deserialize_u64 => visit_u64: u64; deserialize_u128 => visit_u128: u128;
        deserialize_f32 => visit_f32: f32; deserialize_f64 => visit_f64: f64;
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

// Inside an enum a failure is the whole enum's: its members have no mask of their own.
impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Tracked<'_, '_, A> {
    type Error = A::Error;
    type Variant = A::Variant;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, A::Variant), A::Error> {
        self.inner.variant_seed(seed)
    }
}
