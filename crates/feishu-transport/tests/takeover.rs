//! `Takeover` lets a connection go on while `Inbox::deliver_here` blocks its task.

mod support;

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use feishu_gateway::Click;
use feishu_transport::{Answer, Delivery, Inbox, Takeover};
use support::Bench;
use tokio::sync::mpsc::Sender;

/// Blocks in the first delivery, until it is let go.
struct Blocking {
    blocked: Sender<Takeover>,
    gate: Mutex<Option<Receiver<()>>>,
}

impl Inbox for Blocking {
    fn deliver(&self, _: Delivery) {
        unreachable!("a long connection delivers on its own task");
    }

    fn deliver_here(&self, delivery: Delivery, takeover: &Takeover) {
        let gate = self.gate.lock().unwrap().take();
        if let Some(gate) = gate {
            self.blocked.try_send(takeover.clone()).unwrap();
            gate.recv().unwrap();
        }
        delivery.answer(&Answer::empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn takeover_start_serves_the_next_message_and_keeps_the_blocked_ones_answer() {
    let (open, gate) = channel();
    let (blocked, mut takeovers) = tokio::sync::mpsc::channel(1);
    let inbox = Arc::new(Blocking { blocked, gate: Mutex::new(Some(gate)) });
    let bench = Bench::with(|gateway| gateway, |client| client, inbox).await;
    bench.gateway.connected(1).await;

    let first = bench.gateway.send(Click::button("blocks")).await.unwrap();
    let takeover = takeovers.recv().await.unwrap();
    takeover.start();
    takeover.start();
    assert_eq!(bench.gateway.click(Click::button("next")).await.unwrap().code(), 200);
    open.send(()).unwrap();
    assert_eq!(first.answer().await.unwrap().code(), 200);
    assert_eq!(bench.gateway.click(Click::button("last")).await.unwrap().code(), 200);
    assert_eq!(bench.client.handle.counters().connections, 1);
    bench.client.stop.stop(support::SECOND);
    bench.client.ended().await.unwrap();
}

struct Panicking;

impl Inbox for Panicking {
    fn deliver(&self, _: Delivery) {
        panic!("as the test wants");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_inbox_costs_the_connection_and_not_the_client() {
    let bench = Bench::with(|gateway| gateway, |client| client, Arc::new(Panicking)).await;
    bench.gateway.connected(1).await;
    bench.gateway.send(Click::button("b")).await.unwrap();
    bench.reconnected().await;
    assert_eq!(bench.client.handle.counters().connections, 2);
}
