//! Building a dispatcher: checks the configuration and reports all mistakes at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use feishu_callbacks::{
    CardActionEvent, CardReply, EventBody as _, EventType, Reply as _, Toast, ToastLanguage,
};
use feishu_transport::Answer;

use super::plan::{Plan, PlannedHandler};
use super::{Dispatcher, DispatcherBuilder};
use crate::Error;
use crate::core::{RouteRules, Rules};
use crate::error::ErrorKind;
use crate::handler::{AnyRoute, Late};
use crate::observe::Observers;

impl DispatcherBuilder {
    /// Builds the dispatcher.
    ///
    /// # Errors
    ///
    /// If a type has two handlers, a type is a likely misspelling of a [known](EventType::KNOWN) one, or an option is
    /// invalid. The message lists all mistakes with their source locations.
    pub fn build(mut self) -> Result<Dispatcher, Error> {
        let mut by_type = HashMap::new();
        let mut twice = Vec::new();
        let mut handlers = Vec::with_capacity(self.routes.len());
        let mut routes: Vec<RouteRules> = Vec::with_capacity(self.routes.len());
        for (index, route) in std::mem::take(&mut self.routes).into_iter().enumerate() {
            let special = self.fallback == Some(index) || self.stale.is_some_and(|(_, route)| route == index);
            if !special && !route.event_type.is_empty() {
                match by_type.entry(route.event_type.clone()) {
                    Entry::Vacant(vacant) => drop(vacant.insert(index)),
                    Entry::Occupied(first) => {
                        let second = route.options.at;
                        let first = routes.get(*first.get()).map_or(second, |route| route.at);
                        let event_type = route.event_type.clone().into_owned();
                        twice.push(Error::new(ErrorKind::RegisteredTwice { event_type, first, second }));
                    }
                }
            }
            let (rules, handler) = self.plan(route, special);
            routes.push(rules);
            handlers.push(Arc::new(handler));
        }
        match (&*twice, &*self.mistakes) {
            ([], []) => {}
            ([only], []) => return Err(only.clone()),
            _ => {
                let twice = twice.iter().map(ToString::to_string);
                let mistakes: Vec<_> = twice.chain(self.mistakes).collect();
                return Err(Error::misuse(mistakes.join("; ")));
            }
        }
        let observers = Observers::start(self.observers)
            .map_err(|error| Error::misuse(format!("cannot start the thread of an observer: {error}")))?;
        let rules = Arc::new(Rules {
            routes,
            limits: self.limits,
            dedup: self.dedup,
            stall_after: self.stall_after,
            strict_replies: self.strict_replies,
            states: self.states,
            wall_clock: self.wall_clock,
            observers,
        });
        let (fallback, stale) = (self.fallback, self.stale);
        Ok(Dispatcher { plan: Arc::new(Plan { rules, handlers, by_type, fallback, stale }) })
    }

    /// Completes the options of one route with those of the dispatcher, and collects its mistakes.
    fn plan(&mut self, route: AnyRoute, special: bool) -> (RouteRules, PlannedHandler) {
        let AnyRoute { event_type, mut options, invoke } = route;
        let name = options.name.unwrap_or_else(|| event_type.clone().into_owned());
        if event_type.is_empty() && !special {
            options.mistakes.push("its type is empty".to_owned());
        }
        if !options.unknown_type {
            if let Some(close) = EventType::from(&*event_type).closest() {
                options.mistakes.push(format!(
                    "the platform knows no `{event_type}`; write `{close}`, or add `.allow_unknown_type()` to the route",
                ));
            }
        }
        if options.needs_dedup && !self.dedup.on {
            options.mistakes.push("`once_per` cannot work with `Dedup::off()`".to_owned());
        }
        for what in &options.mistakes {
            self.mistakes.push(format!("the handler `{name}` registered at {}: {what}", options.at));
        }
        let is_click = event_type == CardActionEvent::TYPE;
        let late = match (options.late, &self.card_late) {
            (Late::ByType, Some(reply)) if is_click => match reply.to_json() {
                Ok(json) => Late::Answer(Answer::ok(json)),
                Err(error) => {
                    self.mistakes.push(format!("the reply of `on_late`: {error}"));
                    Late::ByType
                }
            },
            (late, _) => late,
        };
        let stopping = match (options.stopping, is_click) {
            (Some(answer), _) => answer,
            (None, false) => Answer::failed(),
            (None, true) => match self.card_stopping.clone().unwrap_or_else(click_again).to_json() {
                Ok(json) => Answer::ok(json),
                Err(error) => {
                    self.mistakes.push(format!("the reply of `on_stopping`: {error}"));
                    Answer::failed()
                }
            },
        };
        let handler = PlannedHandler {
            late,
            stopping,
            on_error: options.on_error.or_else(|| self.card_error.clone().filter(|_| is_click)),
            layers: self.layers.iter().cloned().chain(options.layers).collect(),
            invoke,
        };
        let rules = RouteRules {
            name: name.into(),
            deadline: options.deadline.unwrap_or(self.deadline),
            cancel_when_late: options.cancel_when_late,
            acknowledge_first: options.acknowledge_first,
            is_ordered: handler.invoke.is_ordered(),
            takes_late_results: handler.invoke.takes_late_results(),
            concurrency: options.concurrency,
            at: options.at,
            event_type,
        };
        (rules, handler)
    }
}

/// What a user reads whose click came to a process that is about to end.
fn click_again() -> CardReply {
    let toast = Toast::warning("The app is restarting. Please try again.");
    CardReply::toast(toast.lang(ToastLanguage::ZhCn, "应用正在重启，请再点一次"))
}
