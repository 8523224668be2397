//! `Doctor` against each fault of the local platform: every one has its own finding.
#![cfg(feature = "doctor")]

use std::time::Duration;

use feishu_gateway::{Builder, Click, Event, Fault, Gateway, HandshakeRefusal, Refusal, Settings};
use feishu_kit::GatewayDial;
use feishu_runtime::doctor::{Diagnosis, Doctor, Finding, Step, Verdict};
use feishu_runtime::transport::{AppSecret, Domain, Language, LongConnection, LongConnectionBuilder};

const SECOND: Duration = Duration::from_secs(1);
const SECRET: &str = "canary-secret-Xk4";

async fn platform(with: impl FnOnce(Builder) -> Builder) -> Gateway {
    with(Gateway::builder().in_memory().app("cli_0123456789abcdef", SECRET)).start().await.unwrap()
}

fn connection(gateway: &Gateway, secret: &str) -> LongConnectionBuilder {
    LongConnection::builder(gateway.app_id(), AppSecret::new(secret))
        .domain(Domain::url("http://127.0.0.1:1").unwrap())
        .dial(GatewayDial(gateway.clone()))
        .seed(7)
}

async fn examine(connection: LongConnectionBuilder, wait: Duration) -> Diagnosis {
    let diagnosis = Doctor::new(connection).wait_for_click(wait).examine(|_| {}).await;
    let all = format!("{diagnosis:?}");
    assert!(!all.contains("canary") && !all.contains("ticket="), "{all}");
    for finding in &diagnosis.findings {
        let chinese = finding.text(Language::Chinese);
        assert!(!chinese.is_ascii() && finding.text(Language::English) != chinese, "{finding:?}");
    }
    diagnosis
}

fn last(diagnosis: &Diagnosis) -> &Finding {
    diagnosis.findings.last().unwrap()
}

fn codes(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.findings.iter().map(|finding| finding.code).collect()
}

#[tokio::test(start_paused = true)]
async fn an_app_that_works_is_found_right_at_every_step() {
    let gateway = platform(|gateway| gateway).await;
    let examined = tokio::spawn(examine(connection(&gateway, SECRET), 60 * SECOND));
    gateway.connected(1).await;
    tokio::time::sleep(SECOND).await;
    let answer = gateway.click(Click::button("b")).await.unwrap();
    assert_eq!(answer.code(), 200);
    let diagnosis = examined.await.unwrap();
    let codes = codes(&diagnosis);
    for code in [
        "configuration",
        "own_dial",
        "endpoint",
        "clock_right",
        "connected",
        "pong",
        "only_connection",
        "click_came",
    ] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    assert_eq!(diagnosis.exit_code(), 0);
    gateway.connected(0).await;
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test(start_paused = true)]
async fn each_fault_of_the_platform_has_its_own_finding() {
    let refuses = |code| Fault::EndpointRefuses(Refusal::code(code));
    let handshake = |code| Fault::HandshakeRefused(HandshakeRefusal::status(code));
    let table = [
        (refuses(1), Step::EndpointCall, "busy"),
        (refuses(403), Step::EndpointCall, "forbidden"),
        (refuses(1_000_040_345), Step::EndpointCall, "wrong_credentials"),
        (refuses(1_000_040_350), Step::EndpointCall, "connection_limit"),
        (refuses(1_000_040_351), Step::EndpointCall, "other_site"),
        (refuses(77), Step::EndpointCall, "unknown_code"),
        (Fault::EndpointStatus(404, String::new()), Step::EndpointCall, "wrong_address"),
        (Fault::EndpointStatus(502, String::new()), Step::EndpointCall, "busy"),
        (Fault::EndpointHtml, Step::EndpointCall, "web_page"),
        (Fault::EndpointBody("{}".into()), Step::EndpointCall, "unreadable_answer"),
        (Fault::EndpointHuge(1 << 20), Step::EndpointCall, "unreadable_answer"),
        (Fault::EndpointNoData, Step::EndpointCall, "unreadable_answer"),
        (Fault::EndpointUrl("no url".into()), Step::EndpointCall, "unreadable_answer"),
        (Fault::EndpointHangs, Step::EndpointCall, "no_answer"),
        (handshake(403), Step::Handshake, "forbidden"),
        (handshake(514), Step::Handshake, "busy"),
        (Fault::HandshakeHangs, Step::Handshake, "no_answer"),
        (Fault::HandshakeThenCut, Step::Handshake, "cut"),
    ];
    for (fault, step, code) in table {
        let gateway = platform(|gateway| gateway).await;
        gateway.fault(fault.clone());
        let diagnosis = examine(connection(&gateway, SECRET), Duration::ZERO).await;
        let last = last(&diagnosis);
        assert_eq!((last.step, last.code, last.verdict), (step, code, Verdict::Wrong), "{fault:?}: {last:?}");
        assert_eq!(diagnosis.exit_code(), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_names_the_page_with_the_right_one() {
    let gateway = platform(|gateway| gateway).await;
    let diagnosis = examine(connection(&gateway, "canary-other"), Duration::ZERO).await;
    let last = last(&diagnosis);
    assert_eq!((last.step, last.code), (Step::EndpointCall, "wrong_credentials"), "{last:?}");
    let page = last.page.as_deref().unwrap();
    assert!(page.ends_with("/app/cli_0123456789abcdef/baseinfo"), "{page}");
    assert!(last.english.contains("Credentials & Basic Info") && last.chinese.contains("凭证与基础信息"));
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_be_used_are_found_before_anything_is_sent() {
    let gateway = platform(|gateway| gateway).await;
    let table = [
        (connection(&gateway, ""), "credentials_missing"),
        (connection(&gateway, SECRET).domain("open.feishu.cn"), "bad_setting"),
        (connection(&gateway, SECRET).endpoint_header("a b", "c"), "bad_setting"),
    ];
    for (connection, code) in table {
        let diagnosis = examine(connection, Duration::ZERO).await;
        assert_eq!(codes(&diagnosis), [code]);
        assert_eq!(last(&diagnosis).step, Step::Configuration);
    }
    assert!(gateway.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_harms_no_client_is_no_finding() {
    for fault in [
        Fault::EndpointDelay(SECOND),
        Fault::HandshakeDelay(SECOND),
        Fault::PongDelay(SECOND),
        Fault::PongPayload("no json".into()),
        Fault::Noise("no frame".into()),
        Fault::Text("no frame".to_owned()),
        Fault::WebSocketPing,
    ] {
        let gateway = platform(|gateway| gateway).await;
        let shown = format!("{fault:?}");
        gateway.fault(fault);
        let diagnosis = examine(connection(&gateway, SECRET), Duration::ZERO).await;
        assert!(codes(&diagnosis).contains(&"pong"), "{shown}: {diagnosis:?}");
        assert_eq!(diagnosis.exit_code(), 0, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_ping_without_answer_is_a_warning() {
    let gateway = platform(|gateway| gateway).await;
    gateway.fault(Fault::NoPongs);
    let diagnosis = examine(connection(&gateway, SECRET), Duration::ZERO).await;
    assert!(codes(&diagnosis).contains(&"no_pong"), "{diagnosis:?}");
    assert_eq!(diagnosis.exit_code(), 0);
}

/// What is found when `push` happens once the doctor waits for a click.
async fn waiting(gateway: &Gateway, push: impl AsyncFnOnce(&Gateway)) -> Diagnosis {
    let examined = tokio::spawn(examine(connection(gateway, SECRET), 30 * SECOND));
    gateway.connected(1).await;
    tokio::time::sleep(SECOND).await;
    push(gateway).await;
    examined.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_click_in_a_frame_of_type_card_means_an_unpublished_subscription() {
    let gateway = platform(|gateway| gateway).await;
    gateway.fault(Fault::Unpublished);
    let diagnosis = waiting(&gateway, async |gateway| {
        let _ = gateway.click(Click::button("b")).await;
    })
    .await;
    let last = last(&diagnosis);
    assert_eq!((last.step, last.code), (Step::Click, "unpublished"), "{last:?}");
    assert!(last.page.as_deref().unwrap().ends_with("/version"), "{last:?}");
    assert_eq!(diagnosis.exit_code(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_but_no_click_means_the_other_tab_of_the_console() {
    let gateway = platform(|gateway| gateway).await;
    let diagnosis = waiting(&gateway, async |gateway| {
        let answer = gateway.push(Event::text_message("hello")).await.unwrap();
        assert_eq!(answer.code(), 500, "it comes again, to another process");
    })
    .await;
    let last = last(&diagnosis);
    assert_eq!((last.step, last.code), (Step::Click, "event_but_no_callback"), "{last:?}");
    assert!(last.english.contains("im.message.receive_v1") && last.page.is_some(), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn no_click_at_all_has_an_exit_code_of_its_own() {
    let gateway = platform(|gateway| gateway).await;
    let diagnosis = waiting(&gateway, async |_| {}).await;
    assert_eq!(last(&diagnosis).code, "nothing_came");
    assert_eq!(diagnosis.exit_code(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_while_waiting_is_named_and_a_later_click_still_counts() {
    let cut = [Fault::Cut, Fault::Close(1001, "going away".to_owned())];
    for fault in cut {
        let gateway = platform(|gateway| gateway.settings(Settings::default().reconnect_nonce(0))).await;
        let shown = format!("{fault:?}");
        let diagnosis = waiting(&gateway, async |gateway| {
            gateway.fault(fault);
            tokio::time::sleep(5 * SECOND).await;
            gateway.connected(1).await;
            assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
        })
        .await;
        let found = codes(&diagnosis);
        assert!(found.ends_with(&["lost_while_waiting", "click_came"]), "{shown}: {found:?}");
        assert_eq!(diagnosis.exit_code(), 0, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent_is_named_when_its_ping_is_not_answered() {
    let gateway = platform(|gateway| gateway.settings(Settings::default().ping_interval(1))).await;
    let diagnosis = waiting(&gateway, async |gateway| {
        gateway.fault(Fault::Stall);
    })
    .await;
    let found = codes(&diagnosis);
    assert!(found.ends_with(&["lost_while_waiting", "nothing_came"]), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn connections_are_unknown_when_the_platform_refuses_the_call_that_counts_them() {
    let gateway = platform(|gateway| gateway).await;
    gateway.fault(Fault::OpenApi {
        path: "connection".to_owned(),
        status: 403,
        code: 99_991_672,
        msg: "no scope".to_owned(),
    });
    let diagnosis = examine(connection(&gateway, SECRET), Duration::ZERO).await;
    assert!(codes(&diagnosis).contains(&"connections_unknown"), "{diagnosis:?}");
    assert_eq!(diagnosis.exit_code(), 0);
}

#[tokio::test(start_paused = true)]
async fn other_connections_of_the_app_are_counted() {
    let gateway = platform(|gateway| gateway).await;
    let others = gateway_clients(&gateway, 2).await;
    let diagnosis = examine(connection(&gateway, SECRET), Duration::ZERO).await;
    let found = diagnosis.findings.iter().find(|finding| finding.step == Step::Connections).unwrap();
    assert_eq!((found.code, found.verdict), ("other_connections", Verdict::Warning), "{found:?}");
    assert!(found.english.contains("2 other connections, 47 are left"), "{found:?}");
    drop(others);
}

/// Connections of another process.
async fn gateway_clients(gateway: &Gateway, count: u16) -> tokio::task::JoinHandle<()> {
    let client = connection(gateway, SECRET).connections(count).build().unwrap();
    let running = tokio::spawn(async move {
        let (_stop, stopped) = feishu_runtime::transport::Shutdown::new();
        let inbox = std::sync::Arc::new(|_: feishu_runtime::transport::Delivery| {});
        let _ = client.run(inbox, stopped).await;
    });
    gateway.connected(usize::from(count)).await;
    running
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_shown_with_the_value_of_the_health() {
    let gateway = platform(|gateway| gateway.clock_offset(-600)).await;
    let diagnosis = examine(connection(&gateway, SECRET), Duration::ZERO).await;
    let found = diagnosis.findings.iter().find(|finding| finding.step == Step::Clock).unwrap();
    assert_eq!((found.code, found.verdict), ("clock_wrong", Verdict::Warning), "{found:?}");
    assert!(found.english.contains(" s ahead of the platform's"), "{found:?}");
    assert!(found.english.contains(" 599 ") || found.english.contains(" 600 "), "{found:?}");
}

/// Runs the program against a platform on a socket.
async fn program(gateway: &Gateway, secret: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_feishu-doctor"))
        .args(["--domain", &gateway.base_url(), "--wait", "0"])
        .args(arguments)
        .env("FEISHU_APP_ID", gateway.app_id())
        .env("FEISHU_APP_SECRET", secret)
        .env_remove("FEISHU_DOMAIN")
        .env("LC_ALL", "zh_CN.UTF-8")
        .output()
        .await
        .unwrap();
    let printed = [ended.stdout, ended.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    assert!(!printed.contains("canary"), "{printed}");
    (ended.status.code(), printed)
}

#[tokio::test]
async fn feishu_doctor_prints_each_finding_and_ends_with_its_exit_code() {
    let gateway = Gateway::builder().app("cli_0123456789abcdef", SECRET).start().await.unwrap();
    let (code, chinese) = program(&gateway, SECRET, &[]).await;
    assert_eq!(code, Some(0), "{chinese}");
    assert!(chinese.contains("正常  WebSocket 已建立"), "{chinese}");
    let (_, english) = program(&gateway, SECRET, &["--lang", "en"]).await;
    assert!(english.contains("right    The WebSocket is open"), "{english}");
    let (code, json) = program(&gateway, "canary-other", &["--json"]).await;
    assert_eq!(code, Some(1), "{json}");
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!((&last["step"], &last["code"]), (&"endpoint_call".into(), &"wrong_credentials".into()));
    assert!(last["page"].as_str().unwrap().ends_with("/baseinfo"), "{last}");
    let types = "url.preview.get,im.chat.updated_v1";
    let (_, listed) = program(&gateway, SECRET, &["--lang", "en", "--types", types]).await;
    let lines = "         event    im.chat.updated_v1  im:chat:read\n         callback url.preview.get\n";
    assert!(listed.contains(lines), "{listed}");
    for wrong in [&["--lang"][..], &["--lang", "fr"], &["--secret", "x"], &["--root", "/no/such/file"]] {
        let (code, printed) = program(&gateway, SECRET, wrong).await;
        assert_eq!(code, Some(2), "{wrong:?}: {printed}");
    }
    assert!(program(&gateway, SECRET, &["--help"]).await.1.starts_with("feishu-doctor：检查应用"));
}
