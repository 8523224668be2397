//! Reads any `Deserialize` type from JSON that does not fit it, and lists what was left out.
//!
//! It runs only after the fast way has failed. No library does this: `serde_path_to_error` says where reading failed but
//! cannot go on; `serde_with::DefaultOnError` must be written on each field, keeps no list and does nothing for a user's
//! own body; a detour over `serde_json::Value` fails as a whole on `1e999` and on nesting deeper than 128.
//!
//! The type's own code is run on the text while the place in the JSON is tracked. Where it fails, that place is masked
//! (shown as `null`; if that fails too, as absent; then the same for its parent) and the reading starts again. A body
//! of optional fields therefore always comes out, with a list of what was masked.

mod mask;
mod repair;
mod track;

use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny};

use mask::Place;
pub(crate) use mask::{Masks, Misfit};
pub(crate) use repair::repair;
use track::{Trace, Tracked};

use crate::error::OddField;

/// Rounds of masking after which whole members of the body are masked at once. A round reads the payload once.
const PATIENT_ROUNDS: usize = 48;
/// Rounds after which the reading ends; the last ones mask everything there is.
const MAX_ROUNDS: usize = 64;

/// The result of a tolerant read.
pub(crate) struct Outcome<T> {
    /// The value; `None` if nothing was left to mask.
    pub(crate) value: Option<T>,
    /// What was masked, in the order of finding.
    pub(crate) odd: Vec<OddField>,
}

/// Reads one value with `seed`, masking what does not fit. `text` has been through [`repair`].
pub(crate) fn decode_seed<'de, S>(text: &'de [u8], seed: S) -> Outcome<S::Value>
where
    S: DeserializeSeed<'de> + Copy,
{
    let mut masks = Masks::default();
    for round in 0..MAX_ROUNDS {
        let trace = Trace::new(&masks);
        let mut json = serde_json::Deserializer::from_slice(text);
        let result = seed.deserialize(Tracked::new(&mut json, &trace));
        let (failed, doubled) = trace.into_findings();
        match result {
            Ok(value) => {
                let mut odd = masks.into_odd();
                odd.extend(doubled);
                return Outcome { value: Some(value), odd };
            }
            Err(error) => {
                if !mask_more(&mut masks, round, failed, &error) {
                    break;
                }
            }
        }
    }
    Outcome { value: None, odd: masks.into_odd() }
}

/// Masks what failed in this round. False when nothing is left to mask.
fn mask_more(masks: &mut Masks, round: usize, failed: Option<Place>, error: &serde_json::Error) -> bool {
    let mut place = failed.unwrap_or_default();
    if round >= PATIENT_ROUNDS {
        place.truncate(if round + 4 >= MAX_ROUNDS { 1 } else { 2 });
    }
    masks.add(place, error)
}

/// Reads an owned value, masking what does not fit.
pub(crate) fn decode<T: DeserializeOwned>(text: &[u8]) -> Outcome<T> {
    struct Seed<T>(std::marker::PhantomData<T>);

    impl<T> Clone for Seed<T> {
        fn clone(&self) -> Self {
            *self
        }
    }

    impl<T> Copy for Seed<T> {}

    impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Seed<T> {
        type Value = T;

        fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            T::deserialize(deserializer)
        }
    }

    decode_seed(text, Seed(std::marker::PhantomData))
}

/// True for text that is one JSON value, of any size and depth.
pub(crate) fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Reads an owned value without masking; the error says where and why it failed.
pub(crate) fn decode_strict<T: DeserializeOwned>(text: &[u8]) -> Result<T, Misfit> {
    let masks = Masks::default();
    let trace = Trace::new(&masks);
    let mut json = serde_json::Deserializer::from_slice(text);
    match T::deserialize(Tracked::new(&mut json, &trace)) {
        Ok(value) => Ok(value),
        Err(error) => Err(mask::misfit(&trace.into_findings().0.unwrap_or_default(), &error)),
    }
}
