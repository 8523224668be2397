//! Does `io_thread` keep the connection alive when handlers block every thread of the runtime?

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use feishu_e2e::bot::{HANG, builder, click};
use feishu_e2e::platform::platform;
use feishu_gateway::{Gateway, Seen};
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::{Context, Dispatcher};
use tokio::runtime::Builder;
use tokio::time::timeout;

/// Blocks threads until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let shut = self.is_open.lock().unwrap();
        drop(self.opened.wait_timeout_while(shut, HANG, |is_open| !*is_open).unwrap());
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

fn blocking(gate: &Arc<Gate>) -> Dispatcher {
    let gate = Arc::clone(gate);
    Dispatcher::builder()
        .on(move |_: CardActionTrigger, _: Context| {
            let gate = Arc::clone(&gate);
            async move {
                gate.pass();
                Ok(CardReply::toast(Toast::success("passed")))
            }
        })
        .build()
        .unwrap()
}

#[test]
fn io_thread_sends_pings_and_answers_at_the_deadline_while_all_threads_are_blocked() {
    let (gateway, platform) = platform();
    let gate = Arc::new(Gate::default());
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let client = builder(&gateway).io_thread().dispatcher(blocking(&gate)).build().unwrap();
    let handle = client.handle();
    let running = runtime.spawn(client.run());

    let opener = Arc::clone(&gate);
    let driven = platform.spawn(async move {
        gateway.connected(1).await;
        let mut blocked = Vec::new();
        for _ in 0..4 {
            blocked.push(gateway.send(click("block")).await.unwrap());
        }
        let before = pings(&gateway);
        for sent in blocked {
            let late = timeout(HANG, sent.answer()).await.unwrap().unwrap();
            assert_eq!(late.code(), 500);
        }
        let more = async {
            while pings(&gateway) < before + 2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(HANG, more).await.unwrap();
        opener.open();
        let next = timeout(HANG, gateway.click(click("next"))).await.unwrap().unwrap();
        assert_eq!(next.verdict().to_string(), "a toast (success) \"passed\"");
        assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
    });
    Builder::new_current_thread().build().unwrap().block_on(driven).unwrap();
    handle.stop(Duration::from_secs(10));
    let report = runtime.block_on(running).unwrap().unwrap();
    assert_eq!((report.stats.outcomes.answered, report.stats.outcomes.late), (1, 4), "{report}");
    assert!(report.stats.is_consistent(), "{report}");
    assert_eq!(handle.connection().unwrap().counters().connections, 1);
}

#[test]
fn io_thread_ends_with_the_future_of_the_client() {
    let (gateway, platform) = platform();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = builder(&gateway).io_thread().dispatcher(blocking(&Arc::default())).build().unwrap();
    let gone = platform.spawn(async move {
        gateway.connected(1).await;
        gateway
    });
    let gateway = runtime.block_on(async {
        tokio::select! {
            ended = client.run() => panic!("{ended:?}"),
            gateway = gone => gateway.unwrap(),
        }
    });
    let closed = platform.spawn(async move {
        while !gateway.connections().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    runtime.block_on(async { timeout(HANG, closed).await.unwrap().unwrap() });
}

fn pings(gateway: &Gateway) -> usize {
    gateway.log().iter().filter(|entry| matches!(entry.seen, Seen::Ping(_))).count()
}
