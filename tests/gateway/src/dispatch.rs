//! Sends a push to a connection.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::active_faults::Victim;
use crate::encode::Encoded;
use crate::fault::Place;
use crate::inflight::InFlight;
use crate::peer::{Command, Peer};
use crate::record::{Pushed, State, Way};
use crate::shared::{Shared, lock};
use crate::{Answered, Error, ErrorKind, Outgoing, Sent};

impl Shared {
    /// Sends a push to one connection and remembers it.
    pub(crate) async fn send(&self, mut outgoing: Outgoing) -> Result<Sent, Error> {
        let peer = match self.choose(&mut outgoing) {
            Ok(peer) => peer,
            Err(error) => return Err(self.not_sent(outgoing, error)),
        };
        let wait = outgoing.wait.unwrap_or(self.config.answer_limit);
        let (waiter, answer) = oneshot::channel();
        let (frames, push) = self.register(outgoing, &peer, Some(waiter))?;
        let sent = Sent { push: Arc::clone(&push), answer, deadline: Instant::now() + wait };
        // Fails when the connection ended just now: then the push is lost and no answer comes, as on a network.
        let _ = peer.commands.send(Command::Push(frames, push)).await;
        Ok(sent)
    }

    /// Makes the frames for a connection, and remembers the push so that its answer is recognised.
    pub(crate) fn register(
        &self,
        outgoing: Outgoing,
        peer: &Peer,
        waiter: Option<oneshot::Sender<Answered>>,
    ) -> Result<(Vec<bytes::Bytes>, Arc<InFlight>), Error> {
        let preview = outgoing.wanted_preview().cloned();
        let Encoded { frames, payload, mut push, preview_token } =
            outgoing.encode(peer, self.config.now())?;
        if let Some(record) = self.journal.record() {
            let delivery = record.pushed(Pushed {
                label: push.label.clone(),
                purpose: push.purpose,
                app: Arc::clone(&peer.app),
                connection: Some(peer.id.0),
                way: Way::Connection,
                state: State::Waiting,
                message_id: push.message_id.clone(),
                limit_ms: self.limit_ms(),
                payload,
                frames: frames.clone(),
                outgoing,
            });
            push.delivery = Some(delivery);
            record.expect(delivery, self.config.answer_limit);
        }
        let push = Arc::new(push);
        if push.card_token.is_some() || push.card_message.is_some() {
            lock(&self.messages).clicked(&push, &peer.app);
        }
        if let (Some(preview), Some(token)) = (preview, preview_token) {
            lock(&self.messages).previewed(token, &peer.app, preview);
        }
        lock(&self.pushes).add(Arc::clone(&push), waiter);
        Ok((frames, push))
    }

    /// Remembers a push that found no connection.
    fn not_sent(&self, outgoing: Outgoing, error: Error) -> Error {
        let Some(record) = self.journal.record() else { return error };
        let app = self.wanted_app(&outgoing);
        let made = outgoing.make(&app, self.config.now());
        error.about(record.pushed(Pushed {
            label: made.label,
            purpose: made.purpose,
            app,
            connection: None,
            way: Way::Connection,
            state: State::NotConnected,
            message_id: String::new(),
            limit_ms: self.limit_ms(),
            payload: made.payload,
            frames: Vec::new(),
            outgoing,
        }))
    }

    pub(crate) fn limit_ms(&self) -> u64 {
        u64::try_from(self.config.answer_limit.as_millis()).unwrap_or(u64::MAX)
    }

    /// The app that a push names, or the first one.
    pub(crate) fn wanted_app(&self, outgoing: &Outgoing) -> Arc<str> {
        let first = || self.config.apps.first().map_or_else(|| "".into(), |app| Arc::clone(&app.id));
        outgoing.app.as_deref().map_or_else(first, Into::into)
    }

    /// A random live connection of the wanted app, or the wanted connection.
    fn choose(&self, outgoing: &mut Outgoing) -> Result<Arc<Peer>, Error> {
        let first = self.config.apps.first().map_or("", |app| &app.id);
        let app = outgoing.app.as_deref().unwrap_or(first);
        let mut state = lock(&self.state);
        let chosen = if let Some(id) = outgoing.connection {
            state.live.iter().find(|peer| peer.id == id).cloned()
        } else {
            let count = state.live.iter().filter(|peer| *peer.app == *app).count();
            let index = if count > 1 { state.rng.usize(..count) } else { 0 };
            state.live.iter().filter(|peer| *peer.app == *app).nth(index).cloned()
        };
        let Some(chosen) = chosen else {
            let text = match outgoing.connection {
                Some(id) => format!("connection {id} is not live"),
                None => format!("no client of {app} is connected"),
            };
            return Err(Error::new(ErrorKind::NotConnected, text));
        };
        let victim = Victim { app: &chosen.app, connection: Some(chosen.id.0) };
        if outgoing.is_callback() && state.faults.take(Place::Callback, victim).is_some() {
            outgoing.default_kind("card");
        }
        Ok(chosen)
    }
}
