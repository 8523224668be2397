//! Makes the calls of a stream.

use bytes::Bytes;
use feishu_callbacks::openapi::{Call, CallKind, Receiver};

use super::machine::{Act, Given, Machine, Request};
use super::target::Place;
use crate::openapi::{Place as RatePlace, Target, Urgency};
use crate::{CallError, OpenApi};

impl Machine {
    /// The limits that a call falls under.
    pub(super) fn rates(&self, act: Act) -> RatePlace {
        let sheet = self.sheets.get(act.sheet());
        let card = || sheet.and_then(|sheet| sheet.id.as_ref()).map(|id| Target::Card(id.as_str().into()));
        let message =
            || sheet.and_then(|sheet| sheet.message.as_ref()).map(|id| Target::Message(id.as_str().into()));
        match act {
            Act::Create(_) => RatePlace::new(CallKind::CardCreate, None),
            Act::Send(_) => match &self.place {
                Place::To(to) => RatePlace::new(CallKind::MessageSend, receiver(to)),
                Place::Reply { to, chat, .. } => {
                    let chat = chat.as_ref().map(|chat| Target::Receiver(chat.as_str().into()));
                    let message = || Target::Message(to.as_str().into());
                    RatePlace::new(CallKind::MessageReply, Some(chat.unwrap_or_else(message)))
                }
            },
            Act::Text(_) => RatePlace::new(CallKind::StreamText, card()),
            Act::Reopen(_) | Act::Off(_) => RatePlace::new(CallKind::CardSettings, card()),
            Act::Whole(_) => RatePlace::new(CallKind::CardReplace, card()),
            Act::Patch(_) => RatePlace::new(CallKind::MessagePatch, message()),
        }
    }
}

fn receiver(to: &Receiver) -> Option<Target> {
    let id = match to {
        Receiver::User(id) => id.as_str(),
        Receiver::Union(id) => id.as_str(),
        Receiver::TenantUser(id) => id.as_str(),
        Receiver::Email(address) => address,
        Receiver::Chat(id) => id.as_str(),
        _ => return None,
    };
    Some(Target::Receiver(id.into()))
}

impl Request {
    /// Makes the call, once.
    pub(super) async fn send(&self, api: &OpenApi, place: &RatePlace) -> Result<Given, CallError> {
        match self {
            Self::Create(call) => {
                let created = one(api, place, call).await?;
                Ok(Given { card_id: Some(created.card_id), message_id: None })
            }
            Self::Send(call) => one(api, place, call).await.map(sent),
            Self::Reply(call) => one(api, place, call).await.map(sent),
            Self::Text(call) => one(api, place, call).await.map(|_| Given::default()),
            Self::Settings(call) => one(api, place, call).await.map(|_| Given::default()),
            Self::Replace(call) => one(api, place, call).await.map(|_| Given::default()),
            Self::Patch(call) => one(api, place, call).await.map(|_| Given::default()),
        }
    }
}

fn sent(message: feishu_callbacks::openapi::SentMessage) -> Given {
    Given { card_id: None, message_id: message.message_id }
}

/// Makes one call of a stream outside of its machine, when the rates allow it.
pub(super) async fn in_turn<C: Call + Sync>(
    api: &OpenApi,
    place: &RatePlace,
    call: &C,
) -> Result<(), CallError> {
    let entered = api.rates().enter(place, Urgency::First, false, None).await;
    entered.map_err(CallError::crowded)?;
    one(api, place, call).await.map(drop)
}

async fn one<C: Call + Sync>(api: &OpenApi, place: &RatePlace, call: &C) -> Result<C::Data, CallError> {
    let (path, body) = (call.path(), Bytes::from(call.body()));
    api.check_card(C::METHOD, &path, &body)?;
    let answer = api.attempt(place, C::METHOD, &path, body).await?;
    C::read_answer(&answer.body).map_err(|error| CallError::no_data(error, answer.log_id))
}
