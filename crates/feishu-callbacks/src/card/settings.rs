//! The settings of a card of JSON 2.0 that can be changed after it was sent.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Settings of a card of JSON 2.0: members of its `config`, and the link of the whole card.
///
/// For a new card give them to [`Card::settings`](crate::build::Card::settings), for a card entity that was created to
/// [`CardSettingsChange`](crate::openapi::CardSettingsChange). Only what is set is written; that the platform then leaves
/// the other settings as they are is our reading of its page, which does not say so.
/// Source: "Card JSON 2.0 structure", "Create card entity" and "Update card entity settings" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::CardSettings;
/// use serde_json::json;
///
/// let ended = CardSettings::default().streaming(false).summary("Your answer");
/// assert_eq!(
///     serde_json::to_value(ended)?,
///     json!({"config": {"streaming_mode": false, "summary": {"content": "Your answer"}}}),
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CardSettings {
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) config: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_link: Option<Value>,
}

impl CardSettings {
    /// Switches the streaming mode on or off.
    ///
    /// While it is on, text can be streamed into the card, and the list of chats shows that an answer is being generated.
    /// It ends by itself ten minutes after it was last switched on. Switch it off at the end: otherwise the list of chats
    /// goes on saying "generating".
    pub fn streaming(self, on: bool) -> Self {
        self.config("streaming_mode", on)
    }

    /// The line that the list of chats shows for the card.
    pub fn summary(self, text: impl Into<String>) -> Self {
        self.config("summary", json!({ "content": text.into() }))
    }

    /// How fast the client types streamed text.
    pub fn typing(self, pace: TypingPace) -> Self {
        self.config("streaming_config", pace.to_json())
    }

    /// Any other member of `config`.
    pub fn config(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.insert(name.into(), value.into());
        self
    }

    /// The link that a click on the card opens, as the documentation has `card_link`.
    pub fn link(mut self, link: impl Into<Value>) -> Self {
        self.card_link = Some(link.into());
        self
    }
}

/// How fast the client types streamed text: so many characters at each tick.
/// Source: "Create card entity" of the Feishu documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TypingPace {
    /// Time between two ticks, in whole milliseconds; the documentation's sample has 70.
    pub tick: Duration,
    /// Characters at each tick; the documentation's sample has 1.
    pub step: u32,
    /// What happens to text that is not typed yet when newer text comes.
    pub strategy: TypingStrategy,
}

/// What the client does with text that is not typed yet when newer text comes. The documentation names both values; what
/// they do is a guess from their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TypingStrategy {
    /// Shows the rest of the older text at once.
    Fast,
    /// Types the older text to its end first.
    Delay,
}

impl TypingPace {
    /// Types `step` characters at each `tick`, and catches up when newer text comes.
    pub fn new(tick: Duration, step: u32) -> Self {
        Self { tick, step, strategy: TypingStrategy::Fast }
    }

    fn to_json(self) -> Value {
        let strategy = match self.strategy {
            TypingStrategy::Fast => "fast",
            TypingStrategy::Delay => "delay",
        };
        json!({
            "print_frequency_ms": {"default": u64::try_from(self.tick.as_millis()).unwrap_or(u64::MAX)},
            "print_step": {"default": self.step},
            "print_strategy": strategy,
        })
    }
}
