//! The same counts through the `metrics` facade.
#![cfg(feature = "metrics")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use feishu_callbacks::{CardActionTrigger, CardReply};
use feishu_gateway::{Click, Event};
use feishu_runtime::Dispatcher;
use feishu_runtime::testing::Harness;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit,
};

/// Sums counters and counts what histograms get, by name and labels.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<BTreeMap<String, u64>>>);

struct Cell(Recorder, String);

impl Cell {
    fn add(&self, value: u64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.add(value);
    }

    fn absolute(&self, _: u64) {}
}

impl HistogramFn for Cell {
    fn record(&self, _: f64) {
        self.add(1);
    }
}

/// Counts how often a gauge went up, or was set to 1.
impl GaugeFn for Cell {
    fn increment(&self, _: f64) {
        self.add(1);
    }

    fn decrement(&self, _: f64) {}

    fn set(&self, value: f64) {
        self.add(u64::from(value > 0.5));
    }
}

impl Recorder {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Cell(self.clone(), format!("{} {}", key.name(), labels.join(" "))))
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

#[test]
fn metrics_count_outcomes_incidents_latencies_and_running_handlers_by_app() {
    let recorder = Recorder::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let dispatcher = Dispatcher::builder()
                .stall_after(std::time::Duration::ZERO)
                .on(|_: CardActionTrigger, _| async { Ok(CardReply::empty()) });
            let harness = Harness::new(&dispatcher.build().unwrap());
            harness.call(Click::button("ok")).await;
            harness.call(Event::text_message("nobody listens")).await;
        });
    });
    let seen = recorder.0.lock().unwrap();
    let expected = [
        ("feishu_answer_seconds app_id=cli_local handler=", 1),
        ("feishu_answer_seconds app_id=cli_local handler=card.action.trigger", 1),
        ("feishu_deliveries_total app_id=cli_local outcome=answered handler=card.action.trigger", 1),
        ("feishu_deliveries_total app_id=cli_local outcome=unhandled handler=", 1),
        ("feishu_handlers_running app_id=cli_local", 1),
        ("feishu_incidents_total app_id= kind=stalls", 1),
    ];
    assert_eq!(seen.iter().map(|(key, count)| (key.as_str(), *count)).collect::<Vec<_>>(), expected);
}
