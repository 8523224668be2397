//! Delivers a push of the interface in the way of its app: over a connection, or to its webhook.

use std::sync::{Arc, OnceLock};

use feishu_proto::Frame;
use tokio::time::Instant;

use crate::answer::{Circumstances, Data, Payload};
use crate::inflight::InFlight;
use crate::journal::Seen;
use crate::record::{Answer, Pushed, State, Way};
use crate::shared::{Shared, lock};
use crate::verdict::Purpose;
use crate::webhook::{Reply, Webhook};
use crate::{Answered, ConnectionId, Error, ErrorKind, Outgoing};

impl Shared {
    /// Pushes, and waits for the answer or the end of the wait. What it came to is in the record under the number that is
    /// returned.
    pub(crate) async fn deliver(self: &Arc<Self>, outgoing: Outgoing) -> Result<u64, Error> {
        let app = self.apps.get(&self.wanted_app(&outgoing));
        if let Some(webhook) = app.as_ref().and_then(|app| app.webhook.as_ref()) {
            return self.post(webhook, outgoing).await;
        }
        let is_whole = outgoing.wait.is_none_or(|wait| wait >= self.config.answer_limit);
        let forgotten = || Error::new(ErrorKind::Misuse, "the interface is not served");
        match self.send(outgoing).await {
            Ok(sent) => {
                let delivery = sent.push.delivery.ok_or_else(forgotten)?;
                let is_answered = sent.answer().await.is_ok();
                if let (Some(record), true, false) = (self.journal.record(), is_whole, is_answered) {
                    record.missed(delivery);
                }
                Ok(delivery)
            }
            Err(error) => match (error.kind(), error.delivery) {
                (ErrorKind::NotConnected, Some(delivery)) => Ok(delivery),
                _ => Err(error),
            },
        }
    }

    async fn post(self: &Arc<Self>, webhook: &Webhook, outgoing: Outgoing) -> Result<u64, Error> {
        let record = self.journal.record();
        let record = record.ok_or_else(|| Error::new(ErrorKind::Misuse, "the interface is not served"))?;
        let app = self.wanted_app(&outgoing);
        let made = outgoing.make(&app, self.config.now());
        let mut push = InFlight {
            message_id: String::new(),
            label: made.label.clone(),
            completes: None,
            fragments: Vec::new(),
            copies: 1,
            purpose: made.purpose,
            connection: ConnectionId(0),
            card_token: made.card_token,
            card_message: made.card_message,
            delivery: None,
            sent_at: OnceLock::new(),
        };
        let delivery = record.pushed(Pushed {
            label: made.label,
            purpose: made.purpose,
            app: Arc::clone(&app),
            connection: None,
            way: Way::Webhook,
            state: State::Waiting,
            message_id: String::new(),
            limit_ms: self.limit_ms(),
            payload: made.payload.clone(),
            frames: Vec::new(),
            outgoing,
        });
        push.delivery = Some(delivery);
        if push.card_token.is_some() || push.card_message.is_some() {
            lock(&self.messages).clicked(&push, &app);
        }
        let label = format!("{} to {}", push.label, webhook.url);
        self.journal.add(None, Seen::Pushed { message_id: delivery.to_string(), label, frames: 1 });
        let sent = Instant::now();
        let posted = tokio::time::timeout(self.config.answer_limit, webhook.push(&made.payload)).await;
        match posted {
            Ok(Ok(reply)) => self.replied(&push, delivery, &reply, sent),
            Ok(Err(why)) => {
                tracing::debug!(why, "a webhook did not answer");
                record.failed(delivery, &why);
            }
            Err(_) => record.missed(delivery),
        }
        Ok(delivery)
    }

    /// Judges the HTTP answer as the answer of a connection: status 200 is code 200, the body is the data.
    fn replied(&self, push: &InFlight, delivery: u64, reply: &Reply, sent: Instant) {
        let Some(record) = self.journal.record() else { return };
        let data = match serde_json::from_slice::<serde::de::IgnoredAny>(&reply.body) {
            _ if reply.body.trim_ascii().is_empty() => Data::Absent,
            Ok(_) => Data::Json(reply.body.to_vec()),
            Err(error) => Data::Unreadable(format!("the body is not JSON: {error}")),
        };
        let payload = Payload { code: Some(reply.status.into()), data };
        let is_click = push.purpose == Purpose::Click;
        let shown_is_v2 = if is_click { lock(&self.messages).shown_is_v2(push) } else { None };
        let answered = Answered::new(
            Arc::new(Frame::default()),
            payload,
            Circumstances {
                connection: push.connection,
                elapsed: sent.elapsed(),
                late: false,
                purpose: push.purpose,
                shown_is_v2,
                findings: Vec::new(),
            },
        );
        if is_click {
            lock(&self.messages).answered(push, &answered);
        }
        let answer = Answer { frame: None, handler_ms: None, ..Answer::new(&answered, record.now()) };
        record.answered(delivery, answer);
        self.journal.add(None, Seen::Answered(answered));
    }
}
