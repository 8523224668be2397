//! The inbox of a client: parses a delivery's header, finds its route and passes it on.

use std::sync::Arc;

#[cfg(feature = "openapi")]
use feishu_callbacks::{CardActionEvent, EventBody as _};
use feishu_callbacks::{Timestamp, peek};
use feishu_transport::{Answer, Delivery, Inbox, Takeover};

use super::entry::Entry;
use super::keep::Keeper;
use super::plan::Plan;
use super::unhandled::{settle, unhandled, warn_of_card_frame};
use crate::EventInbox;
use crate::call::Call;
use crate::core::Core;
#[cfg(feature = "openapi")]
use crate::core::click_message;
use crate::observe::Observed;
use crate::stats::{Incident, Outcome};

/// The inbox of a client. It runs on the transport's task and never waits.
pub(crate) struct Intake {
    core: Arc<Core>,
    plan: Arc<Plan>,
    entry: Arc<Entry>,
    /// The durable inbox, if there is one.
    keeper: Option<Arc<Keeper>>,
}

impl Inbox for Intake {
    fn deliver(&self, delivery: Delivery) {
        self.take(delivery, None, false);
    }

    fn deliver_here(&self, delivery: Delivery, takeover: &Takeover) {
        self.take(delivery, Some(takeover), false);
    }
}

impl Intake {
    pub(crate) fn new(plan: &Arc<Plan>, app_id: Option<Arc<str>>, inbox: Option<EventInbox>) -> Self {
        let core = Core::new(Arc::clone(&plan.rules), app_id);
        let entry = Arc::new(Entry::new(Arc::clone(&core)));
        let keeper = inbox.map(|inbox| Keeper::new(inbox, &core, plan, &entry));
        Self { core, plan: Arc::clone(plan), entry, keeper }
    }

    /// Starts to handle the events of the inbox, if there is one. It must be called within a runtime.
    pub(crate) fn start_inbox(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.start();
        }
    }

    /// Whether a call may be answered as late by another task than its own. An event of the inbox is acknowledged only
    /// when it is stored.
    pub(crate) fn answers_late(&self, call: &Call) -> bool {
        self.keeper.is_none() || call.is_callback()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Accepts one delivery, on the task of its connection if there is a `takeover`. With `keep_typed` the call keeps the
    /// handler's typed reply. Returns the call, if one was made.
    pub(crate) fn take(
        &self,
        delivery: Delivery,
        takeover: Option<&Takeover>,
        keep_typed: bool,
    ) -> Option<Arc<Call>> {
        let core = &self.core;
        core.stats.received();
        let header = match peek(delivery.received().payload()) {
            Ok(header) => Arc::new(header),
            Err(error) => {
                let received = delivery.received();
                tracing::warn!(%error, trace_id = received.trace_id(), message_id = received.message_id(), "unreadable delivery");
                settle(core, delivery, None, Outcome::Undecodable, &Answer::failed());
                return None;
            }
        };
        warn_of_card_frame(core, &delivery, &header);
        let Some(chosen) = self.plan.choose(&header, || core.clock.now()) else {
            unhandled(core, &header, delivery);
            return None;
        };
        // With an inbox it is counted when its handler runs.
        if chosen.stale && self.keeper.is_none() {
            core.incident(Incident::Stale);
            core.stale.log(header.event_type.as_str(), header.age(core.clock.now()));
        }
        let call = Call::new(core, delivery, header, self.plan.handler(chosen.route), keep_typed);
        #[cfg(feature = "openapi")]
        if let Some(streams) = core.streams.get() {
            hold_stream(streams, &call);
        }
        if call.is_callback() {
            core.clock.callback_from(call.header.create_time.and_then(Timestamp::to_system_time));
        }
        core.observe(|| {
            Observed::Received(core.describe(&call.received, Some(&call.header), Some(call.route)))
        });
        match &self.keeper {
            Some(keeper) if !call.is_callback() => keeper.take(&call),
            _ => self.entry.take(&call, takeover),
        }
        Some(call)
    }
}

/// A streamed card must not be changed from a click on it until the click is answered.
#[cfg(feature = "openapi")]
fn hold_stream(streams: &crate::card_stream::Holds, call: &Arc<Call>) {
    if streams.is_empty() || call.header.event_type.as_str() != CardActionEvent::TYPE {
        return;
    }
    let hold = click_message(call.received.payload()).and_then(|message| streams.click(&message));
    if let Some(hold) = hold {
        // The guard is dropped with the future also if the answer is lost.
        call.after_reply(Box::pin(async move { drop(hold) }));
    }
}
