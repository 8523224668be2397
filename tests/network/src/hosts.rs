//! What runs inside the namespaces: the platform, and the bot.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use feishu_gateway::{Click, ErrorKind, Gateway, Settings};
use feishu_transport::{
    Answer, AppSecret, Delivery, Domain, LifecycleEvent, LongConnection, ProxyPolicy, Shutdown,
};
use tokio::io::AsyncReadExt as _;

use crate::line::Line;

const APP: &str = "cli_10ca1ba5e0000001";
const SECRET: &str = "network-secret";
/// Between two clicks.
const CLICK_EVERY: Duration = Duration::from_millis(250);

/// The local platform: listens on `address` and clicks all the time, until its standard input ends.
pub(crate) async fn platform(address: SocketAddr) -> Result<()> {
    let settings =
        Settings::default().ping_interval(1).reconnect_interval(1).reconnect_nonce(0).reconnect_count(-1);
    let gateway = Gateway::builder().app(APP, SECRET).address(address).settings(settings).start().await?;
    tell(&Line::Listening);
    tokio::select! {
        () = click(&gateway) => {}
        () = parent_gone() => {}
    }
    Ok(())
}

async fn click(gateway: &Gateway) {
    gateway.connected(1).await;
    let mut ticks = tokio::time::interval(CLICK_EVERY);
    for number in 0_u64.. {
        ticks.tick().await;
        let gateway = gateway.clone();
        // Each waits for its answer up to 3 s, so a dozen are under way at most.
        tokio::spawn(async move {
            let line = match gateway.click(Click::button("approve")).await {
                Ok(answer) if answer.code() == 200 => Line::Answered(number),
                Err(error) if error.kind() == ErrorKind::NotConnected => Line::Unconnected(number),
                Ok(_) | Err(_) => Line::Missed(number),
            };
            tell(&line);
        });
    }
}

/// The bot: answers every click at once, until its standard input ends.
pub(crate) async fn bot(platform: SocketAddr) -> Result<()> {
    let connection = LongConnection::builder(APP, AppSecret::new(SECRET))
        .domain(Domain::insecure_url(format!("http://{platform}"))?)
        .proxy(ProxyPolicy::None)
        .observe(report)
        .build()?;
    let (_handle, stop) = Shutdown::new();
    let inbox = |delivery: Delivery| {
        delivery.answer(&Answer::ok(r#"{"toast":{"type":"info","content":"Seen"}}"#));
    };
    tokio::select! {
        ended = connection.run(Arc::new(inbox), stop) => ended?,
        () = parent_gone() => {}
    }
    Ok(())
}

fn report(event: LifecycleEvent) {
    let line = match event {
        LifecycleEvent::Connected { .. } => Line::Connected,
        LifecycleEvent::Disconnected { cause, .. } => {
            Line::Disconnected(cause.map_or_else(|| "on purpose".to_owned(), |cause| cause.to_string()))
        }
        LifecycleEvent::AttemptFailed { error, .. } => Line::Failed(error.to_string()),
        LifecycleEvent::Stopped { reason } => {
            Line::Ended(reason.map_or_else(|| "as asked".to_owned(), |reason| reason.to_string()))
        }
        _ => return,
    };
    tell(&line);
}

/// Errors are ignored, as they only occur after the parent has ended.
fn tell(line: &Line) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Ends with the standard input, which the parent holds open: no host outlives it, however it ends.
async fn parent_gone() {
    let mut byte = [0];
    while matches!(tokio::io::stdin().read(&mut byte).await, Ok(1)) {}
}
