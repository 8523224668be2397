//! The choices of a streamed card.

use std::time::Duration;

use feishu_callbacks::build::{Card, Element, HeaderColor};
use feishu_callbacks::{CardReply, CardSettings, TypingPace};
use serde_json::{Value, json};

use super::look::StoredLook;

/// The shortest time between two updates of one card. The platform takes 10 changes per second of a card entity.
const MIN_INTERVAL: Duration = Duration::from_millis(125);
/// The default time between two updates: the client types in between, so four updates in a second look smooth.
const INTERVAL: Duration = Duration::from_millis(250);
/// Elements that a card may have besides the streamed text, those inside others counted. The platform takes 200.
const MAX_ELEMENTS: usize = 150;
/// Characters of the summary that is made from the text.
const MAX_SUMMARY: usize = 60;
/// The id of the element with the streamed text.
pub(super) const TEXT: &str = "stream_text";

/// What happens to text that comes after the ten minutes for which the platform lets a card stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamLife {
    /// Streaming is switched on again, for ten minutes more, as often as needed.
    #[default]
    Reopen,
    /// The text goes on in a new card, after its last whole paragraph.
    NewCard,
    /// The card stands still until [`finish`](super::CardStream::finish), which then shows the whole text.
    FinishWhole,
}

/// How a card streams: its look, its words for the cases in which the answer does not come to its end, and its pace.
///
/// ```
/// use feishu_runtime::StreamOptions;
/// use feishu_runtime::callbacks::build::Button;
/// use serde_json::json;
///
/// let options = StreamOptions::default()
///     .title("Answer")
///     .while_streaming(Button::plain("Stop").value(json!({"stop": true})))
///     .interrupted("_The answer was interrupted. Ask again._");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct StreamOptions {
    title: Option<(String, Option<HeaderColor>)>,
    while_streaming: Vec<Element>,
    pub(super) first_words: String,
    pub(super) interrupted: String,
    pub(super) empty: String,
    summary: Option<String>,
    typing: TypingPace,
    pub(super) interval: Duration,
    pub(super) life: StreamLife,
    pub(super) patches: bool,
    pub(super) converts: bool,
    pub(super) in_thread: Option<bool>,
    click_reply: Option<CardReply>,
    pub(super) patience: Duration,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            title: None,
            while_streaming: Vec::new(),
            first_words: "…".to_owned(),
            interrupted: "（回答已中断 / the answer was interrupted）".to_owned(),
            empty: "（没有内容 / no answer）".to_owned(),
            summary: None,
            typing: TypingPace::new(Duration::from_millis(30), 2),
            interval: INTERVAL,
            life: StreamLife::default(),
            patches: false,
            converts: false,
            in_thread: None,
            click_reply: None,
            patience: Duration::from_secs(300),
        }
    }
}

impl StreamOptions {
    /// Sets the title of the card; none by default.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some((title.into(), self.title.and_then(|(_, color)| color)));
        self
    }

    /// Sets the title with a color.
    pub fn colored_title(mut self, title: impl Into<String>, color: HeaderColor) -> Self {
        self.title = Some((title.into(), Some(color)));
        self
    }

    /// Adds an element below the text that is removed at the end, such as a button to stop. Its `element_id`s, if it has
    /// any, must not be those of other elements, nor `stream_text`. A card may have 150 such elements, those inside others
    /// counted.
    pub fn while_streaming(mut self, element: impl Into<Element>) -> Self {
        self.while_streaming.push(element.into());
        self
    }

    /// Sets the words that the card shows before the first text; `…` by default. Empty ones are ignored, as the platform
    /// takes no empty text.
    pub fn first_words(mut self, words: impl Into<String>) -> Self {
        set(&mut self.first_words, words.into());
        self
    }

    /// Sets the words that follow the text when the stream is not finished: it was dropped, because the handler returned,
    /// failed, panicked or was cancelled, or the client stopped. Markdown; a short sentence in Chinese and English by
    /// default.
    pub fn interrupted(mut self, words: impl Into<String>) -> Self {
        set(&mut self.interrupted, words.into());
        self
    }

    /// Sets the words that a finished stream without any text shows. Markdown; a short sentence in Chinese and English by
    /// default.
    pub fn empty(mut self, words: impl Into<String>) -> Self {
        set(&mut self.empty, words.into());
        self
    }

    /// Sets the line in the list of chats after the end; by default the beginning of the text.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// Sets how fast the client types; two characters every 30 ms by default.
    pub fn typing(mut self, pace: TypingPace) -> Self {
        self.typing = pace;
        self
    }

    /// Sets the time between two updates; 250 ms by default, 125 ms at least. It is stretched for long texts and slow
    /// answers, and while many cards of the app stream at once.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(MIN_INTERVAL);
        self
    }

    /// Sets what happens after the ten minutes for which a card can stream; [`StreamLife::Reopen`] by default.
    pub fn life(mut self, life: StreamLife) -> Self {
        self.life = life;
        self
    }

    /// Writes markdown that cards do not know, as models and web pages have it, as cards know it: see
    /// [`for_card`](feishu_callbacks::markdown::for_card). Off by default, so that the text is shown as it is.
    pub fn convert_markdown(mut self) -> Self {
        self.converts = true;
        self
    }

    /// If the app lacks the scope `cardkit:card:write` (99991672), sends the card as a message and updates the message: at
    /// most once a second, without typing. Off by default: [`open`](super::CardStream::open) then returns the error, which
    /// names the scope. That the scope is missing is remembered for a minute.
    pub fn patch_without_scope(mut self) -> Self {
        self.patches = true;
        self
    }

    /// Sets whether the reply goes into a topic; this opens one where there is none. By default it goes into the topic of
    /// the message that is replied to, if it is in one.
    pub fn in_thread(mut self, in_thread: bool) -> Self {
        self.in_thread = Some(in_thread);
        self
    }

    /// Sets the answer to the click from which the stream is opened, such as a toast; `{}` by default. It must not have a
    /// card.
    pub fn click_reply(mut self, reply: CardReply) -> Self {
        self.click_reply = Some(reply);
        self
    }

    /// Sets for how long the end of the answer is sent again while the platform does not take it; 5 minutes by default. After
    /// that the inbox of the client keeps it, or [`finish`](super::CardStream::finish) is an error. Time in which the card
    /// waits for its turn, because other calls of the app come first, does not count.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What the end of a card is drawn from.
    pub(super) fn stored(&self) -> StoredLook {
        StoredLook {
            title: self.title.clone(),
            summary: self.summary.clone(),
            empty: self.empty.clone(),
            interrupted: self.interrupted.clone(),
            converts: self.converts,
            patience: self.patience,
        }
    }

    pub(super) fn from_stored(look: StoredLook) -> Self {
        let StoredLook { title, summary, empty, interrupted, converts, patience } = look;
        Self { title, interrupted, empty, summary, converts, patience, ..Self::default() }
    }

    /// The answer to a click.
    pub(crate) fn take_click_reply(&mut self) -> CardReply {
        self.click_reply.take().unwrap_or_else(CardReply::empty)
    }

    /// What of these options the platform would refuse.
    pub(super) fn mistake(&self) -> Option<String> {
        let mut ids = vec![TEXT.to_owned()];
        let mut count = 0;
        for element in &self.while_streaming {
            let json = serde_json::to_value(element).unwrap_or_default();
            walk(&json, &mut |element| {
                count += 1;
                ids.extend(element.get("element_id").and_then(Value::as_str).map(str::to_owned));
            });
        }
        if count > MAX_ELEMENTS {
            return Some(format!(
                "the card has {count} elements besides its text, those inside others counted; at most {MAX_ELEMENTS} are \
                 possible: leave some out"
            ));
        }
        ids.sort_unstable();
        let twice = ids.windows(2).find(|pair| pair.first() == pair.last())?;
        let twice = twice.first().map_or("", String::as_str);
        Some(format!("two elements of the card have the `element_id` {twice:?}: give each its own"))
    }

    /// The card with this text, while it streams or at its end.
    pub(super) fn card(&self, text: &str, look: Look) -> Value {
        let card = match &self.title {
            Some((title, Some(color))) => Card::new(title.clone()).color(*color),
            Some((title, None)) => Card::new(title.clone()),
            None => Card::untitled(),
        };
        let settings = match look {
            Look::Streams => CardSettings::default().streaming(true).typing(self.typing),
            Look::Grows => CardSettings::default(),
            Look::Ended => CardSettings::default().summary(self.summary_of(text)),
        };
        let mut card = card.settings(settings.config("update_multi", true));
        card = card.push(Element::from(json!({"tag": "markdown", "content": text})).with_id(TEXT));
        if look != Look::Ended {
            card = self.while_streaming.iter().cloned().fold(card, Card::push);
        }
        serde_json::to_value(card).unwrap_or_default()
    }

    /// Whether the card at its end has other elements than while it streams.
    pub(super) fn changes_at_end(&self) -> bool {
        !self.while_streaming.is_empty()
    }

    pub(super) fn summary_of(&self, text: &str) -> String {
        if let Some(summary) = &self.summary {
            return summary.clone();
        }
        let line = text
            .lines()
            .map(|line| line.trim_matches(['#', '>', '*', '`', ' ', '|', '-']))
            .find(|line| !line.is_empty());
        line.unwrap_or("…").chars().take(MAX_SUMMARY).collect()
    }

    /// The bytes of the card's JSON without its text.
    pub(super) fn frame_bytes(&self) -> usize {
        self.card("", Look::Streams).to_string().len() + 4 * MAX_SUMMARY
    }
}

/// In which state a card is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The platform types its text.
    Streams,
    /// It is updated as a whole.
    Grows,
    Ended,
}

fn set(words: &mut String, new: String) {
    if !new.trim().is_empty() {
        *words = new;
    }
}

/// Visits everything that has a `tag`.
fn walk(json: &Value, visit: &mut impl FnMut(&Value)) {
    match json {
        Value::Object(members) => {
            if members.contains_key("tag") {
                visit(json);
            }
            members.values().for_each(|member| walk(member, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}
