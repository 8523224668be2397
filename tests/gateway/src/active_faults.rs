//! The active faults, in the order they were set.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Fault;
use crate::fault::Place;
use crate::record::Record;

/// Where and how often a fault happens.
#[derive(Debug)]
pub(crate) struct Terms {
    /// `None`: until healed.
    pub(crate) times: Option<u32>,
    /// Only for this app.
    pub(crate) app: Option<String>,
    /// Only on this connection.
    pub(crate) connection: Option<u64>,
    /// 1: each time.
    pub(crate) probability: f64,
    /// Where chance comes from.
    pub(crate) rng: fastrand::Rng,
    pub(crate) begins: Instant,
    /// As the interface was asked for it.
    pub(crate) request: Value,
}

impl Terms {
    /// Everywhere, from now on.
    pub(crate) fn always(times: Option<u32>) -> Self {
        Self {
            times,
            app: None,
            connection: None,
            probability: 1.0,
            rng: fastrand::Rng::new(),
            begins: Instant::now(),
            request: Value::Null,
        }
    }
}

/// Whom a fault would hit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Victim<'a> {
    pub(crate) app: &'a str,
    pub(crate) connection: Option<u64>,
}

#[derive(Default)]
pub(crate) struct ActiveFaults {
    /// Told of every change; `None` when the interface is not served.
    record: Option<Arc<Record>>,
    faults: Vec<Active>,
    newest: u64,
}

#[derive(Debug)]
struct Active {
    id: u64,
    fault: Fault,
    terms: Terms,
    happened: u32,
}

impl ActiveFaults {
    pub(crate) fn new(record: Option<Arc<Record>>) -> Self {
        Self { record, ..Self::default() }
    }

    /// Adds a fault; its number, `None` when it would never happen.
    pub(crate) fn add(&mut self, fault: Fault, terms: Terms) -> Option<u64> {
        if terms.times == Some(0) {
            return None;
        }
        self.newest += 1;
        let active = Active { id: self.newest, fault, terms, happened: 0 };
        self.announce(&active.json());
        self.faults.push(active);
        Some(self.newest)
    }

    pub(crate) fn clear(&mut self) {
        for active in std::mem::take(&mut self.faults) {
            self.announce(&active.over());
        }
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let Some(index) = self.faults.iter().position(|active| active.id == id) else { return false };
        let over = self.faults.remove(index).over();
        self.announce(&over);
        true
    }

    fn announce(&self, fault: &Value) {
        if let Some(record) = &self.record {
            record.publish("fault", fault);
        }
    }

    /// Takes one use of the oldest active fault of a place.
    pub(crate) fn take(&mut self, place: Place, victim: Victim<'_>) -> Option<Fault> {
        // Most of the time there is none.
        if self.faults.is_empty() {
            return None;
        }
        self.take_if(victim, |fault| fault.place() == place)
    }

    pub(crate) fn take_if(&mut self, victim: Victim<'_>, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let now = Instant::now();
        let index = self.faults.iter_mut().position(|active| {
            wanted(&active.fault) && active.terms.begins <= now && active.hits(victim) && active.is_due()
        })?;
        self.count(index)
    }

    /// One turn of a fault that happens at once; `None` when it is over, or does not happen by chance.
    pub(crate) fn turn(&mut self, id: u64) -> Option<Fault> {
        let index = self.faults.iter().position(|active| active.id == id)?;
        if self.faults.get_mut(index)?.is_due() { self.count(index) } else { None }
    }

    pub(crate) fn is_active(&self, id: u64) -> bool {
        self.faults.iter().any(|active| active.id == id)
    }

    /// What the interface shows, oldest first.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.faults.iter().map(Active::json).collect()
    }

    fn count(&mut self, index: usize) -> Option<Fault> {
        let active = self.faults.get_mut(index)?;
        active.happened += 1;
        let fault = active.fault.clone();
        if let Some(left) = &mut active.terms.times {
            *left -= 1;
        }
        let (json, is_over) = (active.json(), active.terms.times == Some(0));
        if is_over {
            self.faults.remove(index);
        }
        self.announce(&json);
        Some(fault)
    }
}

/// The Rust name of a fault that was set without the interface.
fn name(fault: &Fault) -> Value {
    let text = format!("{fault:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().into()
}

impl Active {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "fault": self.terms.request.get("fault").cloned().unwrap_or_else(|| name(&self.fault)),
            "left": self.terms.times,
            "happened": self.happened,
            "request": self.terms.request.as_object().cloned().unwrap_or_default(),
        })
    }

    /// The same, over.
    fn over(mut self) -> Value {
        self.terms.times = Some(0);
        self.json()
    }

    fn hits(&self, victim: Victim<'_>) -> bool {
        self.terms.app.as_deref().is_none_or(|app| app == victim.app)
            && self.terms.connection.is_none_or(|id| Some(id) == victim.connection)
    }

    fn is_due(&mut self) -> bool {
        self.terms.probability >= 1.0 || self.terms.rng.f64() < self.terms.probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_fault_hits_its_victim_as_often_as_it_may() {
        let mut faults = ActiveFaults::default();
        faults.add(Fault::NoPongs, Terms { app: Some("cli_a".into()), ..Terms::always(Some(2)) });
        let mut hit = |app| faults.take(Place::Pong, Victim { app, connection: Some(1) }).is_some();
        assert_eq!([hit("cli_b"), hit("cli_a"), hit("cli_a"), hit("cli_a")], [false, true, true, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn chance_is_the_same_for_the_same_seed() {
        let run = |seed| {
            let mut faults = ActiveFaults::default();
            let rng = fastrand::Rng::with_seed(seed);
            faults.add(Fault::NoPongs, Terms { probability: 0.5, rng, ..Terms::always(None) });
            (0..64).map(|_| faults.take(Place::Pong, Victim::default()).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!(run(7).contains(&true) && run(7).contains(&false));
    }
}
