//! Does a bot work over real TCP and TLS sockets: clicks, previews, events, several apps, wrong secrets, cuts and stops?

use std::time::Duration;

use feishu_e2e::bot::{Bot, HANG, builder, click, wait};
use feishu_gateway::{Click, Gateway, Settings, json};
use feishu_runtime::transport::{Error, ErrorKind, Tls};
use tokio::time::timeout;

#[tokio::test]
async fn a_click_a_preview_and_an_event_are_answered_and_the_platform_finds_nothing_wrong() {
    let gateway = Gateway::start().await.unwrap();
    let bot = Bot::on(&gateway).await;

    let form = Click::form("save", json!({"note": "two coffees"}));
    let answer = gateway.click(form).await.unwrap();
    assert_eq!(answer.verdict().to_string(), "a toast (success) \"Saved: two coffees\"");
    let answer = gateway.preview("https://example.com/orders/42").await.unwrap();
    assert_eq!(answer.verdict().to_string(), "the link as \"Preview of https://example.com/orders/42\"");
    let answer =
        gateway.event("im.message.receive_v1", json!({"message": {"chat_id": "oc_1"}})).await.unwrap();
    assert_eq!((answer.code(), answer.data()), (200, Some(json!({}))));

    let report = bot.stop().await;
    assert_eq!(
        (report.stats.outcomes.answered, report.stats.outcomes.late, report.stats.outcomes.abandoned),
        (3, 0, 0)
    );
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test]
async fn several_connections_share_the_work_and_all_of_it_is_answered() {
    let gateway = Gateway::start().await.unwrap();
    let bot = Bot::with(builder(&gateway).connection(|connection| connection.connections(5)), &gateway).await;
    timeout(HANG, gateway.connected(5)).await.unwrap();
    for _ in 0..50 {
        assert_eq!(gateway.click(click("save")).await.unwrap().code(), 200);
    }
    let report = bot.stop().await;
    assert_eq!(report.stats.outcomes.answered, 50);
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test]
async fn two_apps_in_one_process_do_not_notice_each_other() {
    let one = Gateway::start().await.unwrap();
    let other = Gateway::start().await.unwrap();
    let (first, second) = (Bot::on(&one).await, Bot::on(&other).await);
    assert_eq!(one.click(click("save")).await.unwrap().code(), 200);
    assert_eq!(first.stop().await.stats.outcomes.answered, 1);
    assert_eq!(other.click(click("save")).await.unwrap().code(), 200);
    assert_eq!(second.stop().await.stats.outcomes.answered, 1);
}

#[tokio::test]
async fn tls_encrypts_endpoint_call_and_websocket_and_checks_the_roots() {
    let gateway = Gateway::builder().tls().start().await.unwrap();
    assert!(gateway.base_url().starts_with("https://"));

    let stranger =
        builder(&gateway).dispatcher(feishu_e2e::bot::dispatcher().build().unwrap()).build().unwrap();
    let stranger = Bot::start(stranger);
    let states = stranger.handle.connection().unwrap().states();
    let cause = timeout(HANG, first_cause(states)).await.unwrap();
    assert!(matches!(cause.kind(), ErrorKind::Unreachable { .. }), "{cause}");
    assert_eq!(stranger.stop().await.stats.received, 0);
    assert_eq!(gateway.handshakes(), 0);

    let tls = Tls::new().with_root_pem(gateway.root_pem()).unwrap();
    let bot = Bot::with(builder(&gateway).connection(|connection| connection.tls(tls)), &gateway).await;
    assert_eq!(gateway.click(click("save")).await.unwrap().code(), 200);
    assert_eq!(bot.stop().await.stats.outcomes.answered, 1);
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

/// Why the client waits, the first time it does.
async fn first_cause(mut states: feishu_runtime::transport::States) -> Error {
    loop {
        if let Some(feishu_runtime::transport::State::Waiting { cause: Some(cause), .. }) =
            states.next().await
        {
            return cause;
        }
    }
}

#[tokio::test]
async fn app_secret_that_is_wrong_ends_run_with_an_error_that_says_where_to_look() {
    let gateway = Gateway::start().await.unwrap();
    let client = feishu_e2e::bot::client(&gateway.base_url(), gateway.app_id(), "not-the-secret");
    let bot = Bot::start(client.dispatcher(feishu_e2e::bot::dispatcher().build().unwrap()).build().unwrap());
    let error = bot.failed().await;
    for shown in [error.to_string(), format!("{error:?}")] {
        for part in ["1000040345", "Credentials & Basic Info", "凭证与基础信息"] {
            assert!(shown.contains(part), "{part} is missing in {shown}");
        }
        assert!(!shown.contains("not-the-secret"), "{shown}");
    }
}

#[tokio::test]
async fn stop_with_grace_lets_a_running_handler_answer() {
    let gateway = Gateway::start().await.unwrap();
    let bot = Bot::on(&gateway).await;
    let sent = gateway.send(wait(1)).await.unwrap();
    bot.received(1).await;
    let report = bot.stop().await;
    let answer = timeout(HANG, sent.answer()).await.unwrap().unwrap();
    assert_eq!(answer.verdict().to_string(), "a toast (success) \"after 1 s\"");
    assert_eq!((report.stats.outcomes.answered, report.stats.outcomes.abandoned), (1, 0));
    let goodbye = |entry: &feishu_gateway::Entry| {
        matches!(entry.seen, feishu_gateway::Seen::Closed { code: Some(1000), .. })
    };
    timeout(HANG, gateway.seen(goodbye)).await.unwrap();
}

#[tokio::test]
async fn answer_of_a_running_handler_goes_over_the_new_connection_after_a_cut() {
    let settings = Settings::default().reconnect_nonce(0);
    let gateway = Gateway::builder().settings(settings).start().await.unwrap();
    let bot = Bot::on(&gateway).await;
    let sent = gateway.send(wait(1)).await.unwrap();
    bot.received(1).await;
    for connection in gateway.connections() {
        connection.cut();
    }
    let answer = timeout(HANG, sent.answer()).await.unwrap().unwrap();
    assert_eq!(answer.code(), 200);
    assert_eq!(gateway.click(click("save")).await.unwrap().code(), 200);
    assert_eq!(bot.counters().connections, 2);
    assert_eq!(bot.stop().await.stats.outcomes.answered, 2);
}

#[tokio::test]
async fn stop_without_grace_ends_at_once_and_reports_what_was_left() {
    let gateway = Gateway::start().await.unwrap();
    let bot = Bot::on(&gateway).await;
    let _sent = gateway.send(wait(3600)).await.unwrap();
    bot.received(1).await;
    bot.ask_to_stop(Duration::ZERO);
    let report = bot.ended().await;
    assert_eq!((report.stats.outcomes.answered, report.stats.outcomes.abandoned), (0, 1), "{report}");
}
