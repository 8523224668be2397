//! Two apps in one process: each line of the log names its app.
#![cfg(feature = "long-connection")]

use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply};
use feishu_gateway::{Click, Gateway};
use feishu_kit::{CapturedLog, GatewayDial};
use feishu_runtime::{Client, Dispatcher, Error, Supervisor};
use feishu_transport::{AppSecret, Domain};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

async fn platform(app_id: &str) -> Gateway {
    Gateway::builder().in_memory().app(app_id, "a secret").start().await.unwrap()
}

fn client(platform: &Gateway) -> Result<Client, Error> {
    let dial = GatewayDial(platform.clone());
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            tracing::warn!("a line of the handler");
            match click.event.action.name.as_deref() {
                Some("fail") => Err("on purpose".into()),
                Some("slow") => {
                    sleep(5 * SECOND).await;
                    Ok(CardReply::empty())
                }
                _ => Ok(CardReply::empty()),
            }
        })
        .build()?;
    Client::builder(platform.app_id(), AppSecret::new(platform.app_secret()))
        .domain(Domain::url(platform.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(dispatcher)
        .build()
}

async fn a_day_of_two_apps(level: tracing::Level) -> String {
    let (log, _guard) = CapturedLog::of_this_thread(level);
    let (first, second) = (platform("cli_first").await, platform("cli_second").await);
    let supervisor = Supervisor::new();
    for platform in [&first, &second] {
        let theirs = platform.clone();
        supervisor.add(format!("the app {}", platform.app_id()), move || client(&theirs)).unwrap();
    }
    first.connected(1).await;
    second.connected(1).await;
    for platform in [&first, &second] {
        for name in ["fine", "fail", "slow"] {
            platform.click(Click::button(name)).await.unwrap();
        }
        platform.preview("https://example.com").await.unwrap();
        platform.connections()[0].cut();
    }
    sleep(300 * SECOND).await;
    supervisor.stop(SECOND).await;
    log.text()
}

#[tokio::test(start_paused = true)]
async fn every_line_of_the_log_names_the_app_id_of_its_client() {
    let log = a_day_of_two_apps(tracing::Level::INFO).await;
    // The platform of the test logs, too, and in no client's span.
    let ours = |line: &&str| !line.contains(" feishu_gateway");
    for line in log.lines().filter(ours) {
        assert!(line.contains("cli_first") != line.contains("cli_second"), "{line}");
    }
    for part in
        ["starts: ", "a line of the handler", "on purpose", "no handler for this callback", "connection"]
    {
        for app in ["cli_first", "cli_second"] {
            let says = |line: &str| line.contains(part) && line.contains(app);
            assert!(log.lines().any(says), "{part} of {app}: {log}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_warnings_alone_every_line_names_its_app_as_well() {
    let log = a_day_of_two_apps(tracing::Level::WARN).await;
    assert!(log.contains("on purpose"), "{log}");
    for line in log.lines() {
        assert!(line.contains("cli_first") != line.contains("cli_second"), "{line}");
    }
}
