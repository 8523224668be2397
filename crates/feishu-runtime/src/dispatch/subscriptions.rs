//! What an app must subscribe to in the developer console, for the handlers that it has.

use std::fmt;

use feishu_callbacks::EventType;

/// One type with a handler, which the app must subscribe to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription {
    /// The type, as the console names it.
    pub event_type: EventType,
    /// Whether it is subscribed to as a callback, on another page of the console than events.
    pub is_callback: bool,
    /// The scopes of which the app needs one, as far as they are known; see [`EventType::scopes`].
    pub scopes: &'static [&'static str],
}

/// The types with a handler, in alphabetical order, events before callbacks. `Display` prints one line for each.
///
/// ```
/// use feishu_runtime::prelude::*;
///
/// let dispatcher = Dispatcher::builder()
///     .on(|_: CardActionTrigger, _| async { Ok(CardReply::toast(Toast::success("Saved"))) })
///     .on_raw("minutes.minute.generated_v1", |_, _| async { Ok(()) })
///     .build()?;
/// assert_eq!(
///     dispatcher.subscriptions().to_string(),
///     "event    minutes.minute.generated_v1  minutes:minutes.basic:read\n\
///      callback card.action.trigger\n"
/// );
/// # Ok::<(), feishu_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions(Vec<Subscription>);

impl<T: Into<EventType>> FromIterator<T> for Subscriptions {
    fn from_iter<I: IntoIterator<Item = T>>(types: I) -> Self {
        let mut found: Vec<_> = types
            .into_iter()
            .map(Into::into)
            .map(|event_type: EventType| Subscription {
                is_callback: event_type.is_callback(),
                scopes: event_type.scopes(),
                event_type,
            })
            .collect();
        found.sort_by(|a, b| (a.is_callback, &a.event_type).cmp(&(b.is_callback, &b.event_type)));
        found.dedup();
        Self(found)
    }
}

impl Subscriptions {
    /// The types, one after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Subscription> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Subscriptions {
    type Item = &'a Subscription;
    type IntoIter = std::slice::Iter<'a, Subscription>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Subscriptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Subscription { event_type, is_callback, scopes } in self {
            let kind = if *is_callback { "callback" } else { "event   " };
            write!(f, "{kind} {event_type}")?;
            match scopes {
                [] => {}
                [one] => write!(f, "  {one}")?,
                _ => write!(f, "  one of {}", scopes.join(", "))?,
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
