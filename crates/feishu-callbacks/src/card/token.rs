//! The token of a click, for two delayed updates of its card.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::text::Text;

/// `event.token` of a click, `c-…`, a secret that permits two updates of the card within 30 minutes.
///
/// Clones share one count. `Debug` and `Display` hide the text.
/// Source: "Update cards with a delay" of the Feishu documentation.
///
/// ```
/// use std::time::Duration;
/// use feishu_callbacks::CallbackToken;
///
/// let token = CallbackToken::from("c-7");
/// token.claim(Duration::from_secs(5))?;
/// token.clone().claim(Duration::from_secs(9))?;
/// assert!(token.claim(Duration::from_secs(10)).is_err(), "two updates are all there are");
/// # Ok::<(), feishu_callbacks::TokenSpent>(())
/// ```
#[derive(Clone)]
pub struct CallbackToken(Arc<Inner>);

struct Inner {
    text: Text,
    used: AtomicU8,
}

impl CallbackToken {
    /// Number of updates that one token permits.
    pub const USES: u8 = 2;
    /// Lifetime of a token, counted from the click.
    pub const LIFE: Duration = Duration::from_secs(30 * 60);

    /// The secret itself, for the request.
    pub fn expose(&self) -> &str {
        self.0.text.as_str()
    }

    /// Remaining updates, as far as this process knows.
    pub fn uses_left(&self) -> u8 {
        Self::USES.saturating_sub(self.0.used.load(Ordering::Acquire))
    }

    /// Takes one use, for an update that is about to be sent. `age` is the time since the click:
    /// [`Header::age`](crate::Header::age), or measured since its arrival.
    ///
    /// # Errors
    /// When the token is used up or too old; the platform would answer 300040 or 300030.
    pub fn claim(&self, age: Duration) -> Result<(), TokenSpent> {
        if age >= Self::LIFE {
            return Err(TokenSpent::Expired);
        }
        let take = |used: u8| (used < Self::USES).then(|| used + 1);
        match self.0.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(TokenSpent::UsedUp),
        }
    }

    /// Returns one use, for an update that did not reach the platform.
    pub fn give_back(&self) {
        let back = |used: u8| used.checked_sub(1);
        // With nothing to return the count stays at its maximum.
        let _ = self.0.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, back);
    }
}

impl From<Text> for CallbackToken {
    fn from(text: Text) -> Self {
        Self(Arc::new(Inner { text, used: AtomicU8::new(0) }))
    }
}

impl From<&str> for CallbackToken {
    fn from(text: &str) -> Self {
        Text::from(text).into()
    }
}

impl PartialEq for CallbackToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for CallbackToken {}

impl Serialize for CallbackToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl fmt::Display for CallbackToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Debug for CallbackToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallbackToken([redacted], {} uses left)", self.uses_left())
    }
}

/// The reason why a token permits no further update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenSpent {
    /// Both updates were made.
    UsedUp,
    /// The click is 30 minutes old.
    Expired,
}

impl fmt::Display for TokenSpent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::UsedUp => "the token was already used for two updates, its limit",
            Self::Expired => "the token has expired, 30 minutes after the click",
        };
        write!(f, "{why}; update the card by its message id instead")
    }
}

impl std::error::Error for TokenSpent {}
