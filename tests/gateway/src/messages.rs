//! The messages of the bot, the cards in them, and the callback tokens that may still change those cards.

use std::sync::Arc;

use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::card_entity::{CardEntity, Edit, No};
use crate::inflight::InFlight;
use crate::kept::Kept;
use crate::message::About;
use crate::record::Record;
use crate::uploads::{UPLOADS_LIMIT, Upload};
use crate::{Answered, BotMessage, Preview, card};

/// Messages, callback tokens and preview tokens remembered; the oldest are forgotten first.
const KEPT_LIMIT: usize = 1024;
/// Answers that may wait to be applied to one card.
const WAITING_LIMIT: usize = 16;
/// How long a callback token can be used ("delayed update of message cards").
const CALLBACK_TOKEN_LIFE: Duration = Duration::from_secs(30 * 60);
/// How long a click that is not answered keeps its card from being changed.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// How often a callback token can be used (same page).
const CALLBACK_TOKEN_USES: u32 = 2;

#[derive(Default)]
pub(crate) struct Messages {
    /// Told of every change; `None` when the interface is not served.
    record: Option<Arc<Record>>,
    by_id: Kept<Held, KEPT_LIMIT>,
    callbacks: Kept<Callback, KEPT_LIMIT>,
    cards: Kept<CardEntity, KEPT_LIMIT>,
    pub(crate) uploads: Kept<Upload, UPLOADS_LIMIT>,
    previews: Kept<(Arc<str>, Preview), KEPT_LIMIT>,
    /// Message ids by the request that sent them.
    by_uuid: Kept<(String, Instant), KEPT_LIMIT>,
}

/// A request with a `uuid`: the same app, call and `uuid` send once an hour.
pub(crate) struct Request(String);

impl Request {
    pub(crate) fn new(app: &str, is_reply: bool, uuid: &str) -> Self {
        Self(format!("{app} {} {uuid}", if is_reply { "reply" } else { "send" }))
    }
}

#[derive(Debug)]
struct Held {
    message: BotMessage,
    /// Answers to clicks on the card that were not applied yet. Most are never asked for.
    waiting: Vec<Answered>,
}

/// The target of a click's token.
#[derive(Debug)]
struct Callback {
    app: Arc<str>,
    message_id: Option<String>,
    issued: Instant,
    answered: bool,
    uses: u32,
}

/// Why a callback token cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    Expired,
    UsedUp,
    OtherApp,
    NotAnswered,
}

impl Messages {
    pub(crate) fn new(record: Option<Arc<Record>>) -> Self {
        Self { record, ..Self::default() }
    }

    pub(crate) fn add(&mut self, message: BotMessage, request: Option<Request>) {
        if let Some(record) = &self.record {
            record.publish("message", &message.json());
        }
        if let Some(Request(key)) = request {
            self.by_uuid.insert(key, (message.message_id.clone(), message.sent_at));
        }
        self.by_id.insert(message.message_id.clone(), Held { message, waiting: Vec::new() });
    }

    /// The message that the same request sent within the last hour.
    pub(crate) fn sent_before(&mut self, request: &Request) -> Option<&mut BotMessage> {
        let (id, sent_at) = self.by_uuid.get_mut(&request.0)?.clone();
        if sent_at.elapsed() >= Duration::from_secs(3600) {
            return None;
        }
        self.get(&id)
    }

    /// A message with its card up to date.
    pub(crate) fn get(&mut self, id: &str) -> Option<&mut BotMessage> {
        let record = self.by_id.get_mut(id)?;
        for answer in std::mem::take(&mut record.waiting) {
            record.apply(&answer);
        }
        Some(&mut record.message)
    }

    /// A message was changed by its caller.
    pub(crate) fn changed(&mut self, id: &str, by: &'static str) {
        let Some(record) = self.record.clone() else { return };
        if let Some(message) = self.get(id) {
            message.changed(by);
            record.publish("message", &message.json());
        }
    }

    /// A message has other marks, such as reactions; what it says is the same.
    pub(crate) fn marked(&mut self, id: &str) {
        let Some(record) = self.record.clone() else { return };
        if let Some(message) = self.get(id) {
            record.publish("message", &message.json());
        }
    }

    /// Forgets all messages, and the tokens of their cards.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.record.take());
    }

    /// The cards of an app's bot that were sent or clicked, the newest first. With a reader of the changes each is up to
    /// date.
    pub(crate) fn cards_of(&self, app: &str) -> impl Iterator<Item = &BotMessage> {
        let messages = self.by_id.newest_first().map(|held| &held.message);
        messages.filter(move |it| *it.app == *app && it.msg_type == "interactive")
    }

    /// How much is remembered.
    pub(crate) fn kept(&self) -> Value {
        serde_json::json!({"limit": KEPT_LIMIT, "forgotten": self.by_id.forgotten()})
    }

    /// All messages that are remembered, oldest first.
    pub(crate) fn all(&mut self) -> Vec<BotMessage> {
        let ids: Vec<String> = self.by_id.keys().cloned().collect();
        ids.iter().filter_map(|id| self.get(id).cloned()).collect()
    }

    /// A click went out: its token can be used from the answer on, its message is one of the bot's.
    pub(crate) fn clicked(&mut self, push: &InFlight, app: &Arc<str>) {
        let now = Instant::now();
        if let Some(id) = &push.card_message {
            if self.by_id.get_mut(id).is_none() {
                let about = About { changed_by: "click", ..About::now(crate::envelope::CHAT.into(), false) };
                self.add(BotMessage::new(app, id.clone(), "interactive", Value::Null, about), None);
            }
        }
        if let Some(token) = &push.card_token {
            let callback = Callback {
                app: Arc::clone(app),
                message_id: push.card_message.clone(),
                issued: now,
                answered: false,
                uses: 0,
            };
            self.callbacks.insert(token.clone(), callback);
        }
    }

    /// Whether the card that was clicked is known to be of JSON 2.0.
    pub(crate) fn shown_is_v2(&mut self, push: &InFlight) -> Option<bool> {
        let content = &self.get(push.card_message.as_deref()?)?.content;
        (content.is_object() && content.get("type").is_none()).then(|| card::is_v2(content))
    }

    /// A click was answered: its token works now, and a card in the answer takes the place of the old one.
    pub(crate) fn answered(&mut self, push: &InFlight, answer: &Answered) {
        if answer.code() == 200 {
            let callback = push.card_token.as_deref().and_then(|token| self.callbacks.get_mut(token));
            if let Some(callback) = callback {
                callback.answered = true;
            }
        }
        let record = push.card_message.as_deref().and_then(|id| self.by_id.get_mut(id));
        if let Some(record) = record.filter(|_| answer.mentions_card()) {
            record.waiting.push(answer.clone());
            if record.waiting.len() > WAITING_LIMIT {
                let oldest = record.waiting.remove(0);
                record.apply(&oldest);
            }
        }
        // Without a reader of the changes the verdict, which parses the answer, is not needed.
        if let (Some(id), Some(_), true) = (&push.card_message, &self.record, answer.mentions_card()) {
            if answer.verdict().is_ok() {
                self.changed(id, "answer");
            }
        }
    }

    /// Whether the token can be used now by this app; the message that it belongs to.
    pub(crate) fn callback(&mut self, token: &str, app: &str) -> Result<Option<String>, TokenError> {
        // A token that was never issued, or was forgotten, counts as expired.
        let callback = self.callbacks.get_mut(token).ok_or(TokenError::Expired)?;
        if callback.issued.elapsed() >= CALLBACK_TOKEN_LIFE {
            return Err(TokenError::Expired);
        }
        if &*callback.app != app {
            return Err(TokenError::OtherApp);
        }
        if callback.uses >= CALLBACK_TOKEN_USES {
            return Err(TokenError::UsedUp);
        }
        if !callback.answered {
            return Err(TokenError::NotAnswered);
        }
        Ok(callback.message_id.clone())
    }

    /// Counts one use of a token.
    pub(crate) fn used(&mut self, token: &str) {
        if let Some(callback) = self.callbacks.get_mut(token) {
            callback.uses += 1;
        }
    }

    pub(crate) fn previewed(&mut self, token: String, app: &Arc<str>, preview: Preview) {
        self.previews.insert(token, (Arc::clone(app), preview));
    }

    /// A link in a message was given a preview.
    pub(crate) fn linked(&mut self, id: &str, preview: Value) {
        if let Some(message) = self.get(id) {
            message.about.preview = Some(preview);
            self.changed(id, "answer");
        }
    }

    /// The preview that a token was issued for.
    pub(crate) fn preview(&mut self, token: &str, app: &str) -> Option<Preview> {
        let (owner, preview) = self.previews.get_mut(token)?;
        (&**owner == app).then(|| preview.clone())
    }
}

/// Card entities.
impl Messages {
    pub(crate) fn add_card(&mut self, id: String, entity: CardEntity) {
        self.cards.insert(id, entity);
    }

    /// Sends an entity with a message; its card. Each can be sent once.
    pub(crate) fn send_card(&mut self, id: &str, app: &str, message_id: &str) -> Result<Value, No> {
        let entity = self.cards.get_mut(id).filter(|entity| &*entity.app == app);
        let entity = entity.ok_or_else(|| (200_740, format!("there is no card entity {id:?}")))?;
        if let Some(sent) = &entity.message_id {
            return Err((200_740, format!("the card entity was sent already, with {sent}")));
        }
        entity.message_id = Some(message_id.into());
        Ok(entity.card.clone())
    }

    /// The entity of a message.
    pub(crate) fn card_of(&mut self, message_id: &str, app: &str) -> Option<String> {
        let ids: Vec<String> = self.cards.keys().cloned().collect();
        ids.into_iter().find(|id| {
            let entity = self.cards.get_mut(id);
            entity.is_some_and(|it| &*it.app == app && it.message_id.as_deref() == Some(message_id))
        })
    }

    /// Whether the text of the message's card is being streamed.
    pub(crate) fn is_streaming(&self, message_id: &str) -> bool {
        self.cards.values().any(|it| it.message_id.as_deref() == Some(message_id) && it.is_streaming())
    }

    /// Changes an entity, and the card of its message.
    pub(crate) fn edit_card(
        &mut self,
        id: &str,
        app: &str,
        sequence: Option<i64>,
        uuid: Option<&str>,
        edits: Vec<Edit>,
    ) -> Result<(), No> {
        let unknown = || (200_740, format!("there is no card entity {id:?}"));
        let message_id = self.cards.get_mut(id).ok_or_else(unknown)?.message_id.clone();
        // An answer to a click may have put another card into the message.
        let shown = message_id.as_deref().and_then(|it| self.get(it)).map(|it| it.content.clone());
        let is_clicked = message_id.is_some() && self.is_clicked(message_id.as_deref());
        let entity = self.cards.get_mut(id).ok_or_else(unknown)?;
        if is_clicked {
            return Err((200_810, "a click on the card is being handled: answer it first".into()));
        }
        entity.admit(app, sequence, uuid)?;
        if let Some(shown) = shown.filter(card::is_v2) {
            entity.card = shown;
        }
        let edited = entity.edit(edits);
        let (card, is_streaming) = (entity.card.clone(), entity.is_streaming());
        if let Some(message_id) = message_id {
            if let Some(message) = self.get(&message_id) {
                message.content = card;
                message.about.streaming = is_streaming;
            }
            self.changed(&message_id, "card_kit");
        }
        edited
    }

    /// Whether a click on a card waits for its answer.
    fn is_clicked(&self, message_id: Option<&str>) -> bool {
        self.callbacks.values().any(|callback| {
            callback.message_id.as_deref() == message_id
                && !callback.answered
                && callback.issued.elapsed() < ANSWER_LIMIT
        })
    }
}

impl Held {
    fn apply(&mut self, answer: &Answered) {
        if !answer.verdict().is_ok() {
            return;
        }
        let Some(mut card) = answer.card() else { return };
        let is_raw = card.get("type").and_then(Value::as_str) == Some("raw");
        self.message.content = match card.get_mut("data") {
            Some(data) if is_raw => data.take(),
            _ => card,
        };
    }
}
