//! Sends a push to a connection.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::encode::Encoded;
use crate::fault::Place;
use crate::inflight::InFlight;
use crate::peer::{Command, Peer};
use crate::shared::{Shared, lock};
use crate::{Answered, Error, ErrorKind, Outgoing, Sent};

impl Shared {
    /// Sends a push to one connection and remembers it.
    pub(crate) async fn send(&self, mut outgoing: Outgoing) -> Result<Sent, Error> {
        let peer = self.choose(&mut outgoing)?;
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
        let Encoded { frames, push, preview_token } = outgoing.encode(peer, self.config.now())?;
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
        if outgoing.is_callback() && state.faults.take(Place::Callback).is_some() {
            outgoing.default_kind("card");
        }
        Ok(chosen)
    }
}
