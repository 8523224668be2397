//! The WebSocket library prints whole frames at `trace`: the client warns of it once, and the filter it names helps.

mod support;

use feishu_gateway::{Click, Gateway};
use feishu_kit::{CapturedLog, line_with};
use feishu_transport::{Answer, AppSecret, LongConnection};
use support::{Client, answering};

/// In the click's value.
const CLICKED: &str = "canary-value-Zq7";
/// In the answer.
const ANSWERED: &str = "canary-answer-Zq7";
const SECRET: &str = "canary-app-secret-Zq7";

/// One click with its answer, over a new connection.
async fn click_once() {
    let gateway = Gateway::builder().app("cli_a", SECRET).start().await.unwrap();
    let builder = LongConnection::builder("cli_a", AppSecret::new(SECRET)).domain(gateway.base_url());
    let answer = Answer::ok(format!(r#"{{"toast":{{"content":"{ANSWERED}"}}}}"#));
    let client = Client::start(builder, answering(answer));
    client.handle.ready().await.unwrap();
    gateway.connected(1).await;
    assert_eq!(gateway.click(Click::button(CLICKED)).await.unwrap().code(), 200);
    client.stop.stop(support::SECOND);
    client.ended().await.unwrap();
}

#[tokio::test]
async fn frames_at_trace_are_warned_of_once_and_the_named_filter_keeps_contents_out_of_the_logs() {
    let log = CapturedLog::of_the_process();
    click_once().await;
    click_once().await;
    let unfiltered = log.take();
    let warnings = unfiltered.lines().filter(|line| line.contains("tungstenite=info")).count();
    assert_eq!(warnings, 1, "the warning names the filter, once");
    assert!(line_with(&unfiltered, CLICKED).is_some() && line_with(&unfiltered, ANSWERED).is_some());
    assert_eq!(line_with(&unfiltered, SECRET), None);
    assert!(unfiltered.contains("connected to ws://127.0.0.1:"), "{unfiltered}");

    log.at_info("tungstenite");
    click_once().await;
    let filtered = log.text();
    assert!(filtered.contains("TRACE") && filtered.contains("connected"), "the rest is still captured");
    log.assert_without([CLICKED, ANSWERED, SECRET]);
}
