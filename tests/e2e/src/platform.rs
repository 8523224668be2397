//! The local platform on a thread of its own, for bots whose threads are blocked.

use std::sync::mpsc::channel;
use std::thread;

use feishu_gateway::{Gateway, Settings};
use tokio::runtime::{Builder, Handle};

/// Starts the platform, with pings each second, on a runtime and thread that are independent of the bot's.
pub fn platform() -> (Gateway, Handle) {
    let (sender, started) = channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let settings = Settings::default().ping_interval(1);
        let gateway = runtime.block_on(Gateway::builder().settings(settings).start()).unwrap();
        sender.send((gateway, runtime.handle().clone())).unwrap();
        runtime.block_on(std::future::pending::<()>());
    });
    started.recv().unwrap()
}
