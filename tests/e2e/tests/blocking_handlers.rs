//! Does a handler that blocks a thread of the runtime hold up other clicks, pings or its own deadline?

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use feishu_e2e::bot::{HANG, builder, click};
use feishu_e2e::platform::platform;
use feishu_gateway::Gateway;
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::{Context, Dispatcher};
use tokio::runtime::Builder;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// A handler for clicks: `block` blocks its thread until it is released, from outside; `early` answers before.
fn blocking(released: Receiver<()>) -> Dispatcher {
    let released = Arc::new(Mutex::new(released));
    Dispatcher::builder()
        .on(move |click: CardActionTrigger, cx: Context| {
            let released = Arc::clone(&released);
            async move {
                let what = click.event.action.value.text("do").unwrap_or_default().to_owned();
                if what == "early" {
                    cx.reply_now(CardReply::toast(Toast::info("early")))?;
                }
                if matches!(what.as_str(), "block" | "early") {
                    let released = released.lock().await;
                    released.recv_timeout(HANG).map_err(|_| "nobody released the handler")?;
                }
                Ok(CardReply::toast(Toast::success(what)))
            }
        })
        .build()
        .unwrap()
}

#[test]
fn a_handler_that_blocks_one_of_two_threads_delays_no_other_click_no_ping_and_not_its_own_deadline() {
    let (gateway, platform) = platform();
    let (release, released) = channel();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let client = builder(&gateway).dispatcher(blocking(released)).build().unwrap();
    let handle = client.handle();
    let running = runtime.spawn(client.run());

    let driven = platform.spawn(async move {
        gateway.connected(1).await;
        let blocked = gateway.send(click("block")).await.unwrap();
        for _ in 0..20 {
            let other = timeout(HANG, gateway.click(click("other"))).await.unwrap().unwrap();
            assert_eq!(other.verdict().to_string(), "a toast (success) \"other\"");
        }
        // Its deadline passes while it still blocks its thread.
        let late = timeout(HANG, blocked.answer()).await.unwrap().unwrap();
        assert_eq!(late.code(), 500);
        let pings = pings(&gateway);
        let more = async {
            while self::pings(&gateway) < pings + 2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(HANG, more).await.unwrap();
        release.send(()).unwrap();

        let early = timeout(HANG, gateway.click(click("early"))).await.unwrap().unwrap();
        assert_eq!(early.verdict().to_string(), "a toast (info) \"early\"");
        let other = timeout(HANG, gateway.click(click("other"))).await.unwrap().unwrap();
        assert_eq!(other.code(), 200);
        release.send(()).unwrap();
        assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
    });
    runtime.block_on(driven).unwrap();
    handle.stop(Duration::from_secs(10));
    let report = runtime.block_on(running).unwrap().unwrap();
    assert_eq!(
        (report.stats.outcomes.answered, report.stats.outcomes.late, report.stats.outcomes.abandoned),
        (22, 1, 0),
        "{report}"
    );
    assert!(report.stats.is_consistent() && report.stats.incidents.stalls >= 1, "{report}");
    assert_eq!(handle.connection().unwrap().counters().connections, 1);
}

fn pings(gateway: &Gateway) -> usize {
    gateway.log().iter().filter(|entry| matches!(entry.seen, feishu_gateway::Seen::Ping(_))).count()
}
