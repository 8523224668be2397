//! Does a client leave a thread behind when it ends? Alone in its process, as it counts threads.
#![cfg(target_os = "linux")]

use std::time::Duration;

use feishu_e2e::bot::{Bot, HANG, click};
use feishu_gateway::Gateway;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_leaves_no_thread_behind() {
    let guards = || {
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let names =
            threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("feishu-stall")).count()
    };
    let gateway = Gateway::start().await.unwrap();
    let bot = Bot::on(&gateway).await;
    assert_eq!(guards(), 0, "none before the first handler");
    assert_eq!(gateway.click(click("save")).await.unwrap().code(), 200);
    // A thread gives itself its name when it first runs.
    let number_is = async |wanted| {
        while guards() != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(HANG, number_is(1)).await.expect("one from the first handler on");
    let handle = bot.handle.clone();
    bot.stop().await;
    timeout(HANG, number_is(0)).await.unwrap();
    assert_eq!(handle.stats().received, 1, "the handle lives on, and holds no thread");
}
