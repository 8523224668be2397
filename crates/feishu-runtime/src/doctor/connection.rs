//! The connection itself: handshake, first ping, the number of connections, and one click.

use std::pin::pin;
use std::time::Duration;

use feishu_transport::{ConnectionHandle, Error, LongConnectionBuilder, Shutdown, ShutdownHandle, State};
use serde::Deserialize;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::Failed;
use super::arrival::{Arrival, NOTHING_CAME, arrivals};
use super::finding::{Finding, Findings, Step, Verdict};
use super::refused::{Pages, failure, settings};
use crate::OpenApi;

/// How long the answer to the first ping is waited for.
const PONG: Duration = Duration::from_secs(10);
/// How long the call for the number of connections may take.
const ONLINE: Duration = Duration::from_secs(10);
/// How often the counters are looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long the closing handshake may take.
const CLOSE: Duration = Duration::from_secs(1);
/// The platform's limit of connections per app.
const MAX_CONNECTIONS: u64 = 50;

/// The open connection.
pub(super) struct Open {
    handle: ConnectionHandle,
    stop: ShutdownHandle,
    running: AbortOnDropHandle<Result<(), Error>>,
    arrivals: Receiver<Arrival>,
    pages: Pages,
    since: Instant,
}

/// Opens the connection.
pub(super) async fn open<T: FnMut(&Finding)>(
    connection: LongConnectionBuilder,
    findings: &mut Findings<T>,
) -> Result<Open, Failed> {
    let pages = Pages::of(&connection);
    let connection = match connection.connections(1).build() {
        Ok(connection) => connection,
        Err(error) => return findings.fail(settings(&error)),
    };
    let (stop, stopped) = Shutdown::new();
    let (handle, (inbox, arrivals)) = (connection.handle(), arrivals());
    let mut states = handle.states();
    let running = AbortOnDropHandle::new(tokio::spawn(connection.run(inbox, stopped)));
    while let Some(state) = states.next().await {
        match state {
            State::Connected(_) => break,
            State::Waiting { cause: Some(error), .. } | State::Stopped { reason: Some(error) } => {
                return findings.fail(failure(Step::Handshake, &error, &pages));
            }
            _ => {}
        }
    }
    findings.add(Finding::right(Step::Handshake, "connected", "The WebSocket is open", "WebSocket 已建立"));
    Ok(Open { handle, stop, running, arrivals, pages, since: Instant::now() })
}

/// Calls that count the app's connections, if the app has a secret.
pub(super) fn online(connection: &LongConnectionBuilder) -> Option<OpenApi> {
    let (client, secret) = (connection.http().ok()?, connection.secret()?.clone());
    let api = OpenApi::with_client(client, connection.app_id(), secret).ok()?;
    Some(api.with_timeout(ONLINE))
}

/// What follows on an open connection.
pub(super) async fn after_connecting<T: FnMut(&Finding)>(
    mut open: Open,
    online: Option<OpenApi>,
    wait: Duration,
    findings: &mut Findings<T>,
) -> Result<(), Failed> {
    let ended = async {
        open.pong(findings).await?;
        findings.add(connections(online).await);
        if wait.is_zero() { Ok(()) } else { open.click(wait, findings).await }
    };
    let ended = ended.await;
    open.stop.stop(CLOSE);
    // What it ends with says nothing more.
    let _ = tokio::time::timeout(CLOSE * 4, open.running).await;
    ended
}

impl Open {
    async fn pong<T: FnMut(&Finding)>(&self, findings: &mut Findings<T>) -> Result<(), Failed> {
        while self.since.elapsed() < PONG {
            if self.handle.counters().pongs > 0 {
                let took = self.since.elapsed().as_millis();
                findings.add(Finding::right(
                    Step::Ping,
                    "pong",
                    format!("The platform answered the first ping after {took} ms"),
                    format!("平台在 {took} 毫秒后应答了第一次心跳"),
                ));
                return Ok(());
            }
            if let State::Waiting { cause: Some(error), .. } | State::Stopped { reason: Some(error) } =
                self.handle.state()
            {
                return findings.fail(failure(Step::Ping, &error, &self.pages));
            }
            sleep(LOOK).await;
        }
        findings.add(Finding::warning(
            Step::Ping,
            "no_pong",
            format!("The WebSocket is open, but the first ping was not answered for {PONG:?}; what is in between may swallow data"),
            format!("WebSocket 已建立，但第一次心跳 {PONG:?} 内没有应答；中间设备可能丢弃了数据"),
        ));
        Ok(())
    }

    /// Waits for a click, or for what says why none comes.
    async fn click<T: FnMut(&Finding)>(
        &mut self,
        wait: Duration,
        findings: &mut Findings<T>,
    ) -> Result<(), Failed> {
        findings.add(Finding::new(
            Step::Click,
            Verdict::Request,
            "click_now",
            format!("Click a button of a card of this app now; waiting {wait:?}"),
            format!("请现在点击本应用卡片上的按钮；等待 {wait:?}"),
        ));
        let (until, mut event) = (Instant::now() + wait, None);
        let lost = lost(self.handle.clone());
        let mut lost = pin!(lost);
        let mut is_lost = false;
        loop {
            let arrival = tokio::select! {
                biased;
                arrival = timeout_at(until, self.arrivals.recv()) => arrival,
                cause = &mut lost, if !is_lost => {
                    is_lost = true;
                    findings.add(lost_while_waiting(cause.as_ref()));
                    continue;
                }
            };
            let Ok(Some(arrival)) = arrival else { break };
            match arrival {
                Arrival::Callback(name) => {
                    findings.add(Finding::right(
                        Step::Click,
                        "click_came",
                        format!("A callback came and was answered: {name}"),
                        format!("收到回调并已应答：{name}"),
                    ));
                    return Ok(());
                }
                Arrival::Unpublished => return findings.fail(self.unpublished()),
                Arrival::Event(name) => event = Some(name),
            }
        }
        if let Some(name) = event {
            return findings.fail(self.only_events(&name));
        }
        findings.add(self.nothing());
        Ok(())
    }

    fn unpublished(&self) -> Finding {
        Finding::wrong(
            Step::Click,
            "unpublished",
            "A click came in a frame of type card: the app has no callback subscription in effect, and the user sees an error. \
             On the page 'Events & Callbacks', tab 'Callback configuration', choose the long connection and add 'Card action \
             trigger', then create and publish a version",
            "点击以 card 类型的帧到达：应用的回调订阅未生效，用户会看到错误。请在「事件与回调」的「回调配置」标签页选择长连接并添加\
             「卡片回传交互」，然后创建并发布版本",
        )
        .page(self.pages.versions.clone())
    }

    fn only_events(&self, name: &str) -> Finding {
        Finding::wrong(
            Step::Click,
            "event_but_no_callback",
            format!(
                "An event came ({name}), but no click: clicks are subscribed to on the other tab. On the page 'Events & \
                 Callbacks' open 'Callback configuration', choose the long connection, add 'Card action trigger', and publish a \
                 version"
            ),
            format!(
                "收到事件（{name}），但没有收到点击：点击在另一个标签页订阅。请打开「事件与回调」的「回调配置」，选择长连接，添加\
                 「卡片回传交互」，并发布版本"
            ),
        )
        .page(self.pages.events.clone())
    }

    fn nothing(&self) -> Finding {
        Finding::warning(
            Step::Click,
            NOTHING_CAME,
            "Nothing came. If you clicked: another process of this app may have got it, the subscription may not be set to the \
             long connection, or no version is published; see 'Events & Callbacks'",
            "没有收到任何消息。若已点击：可能被本应用的另一个进程收到，或订阅方式不是长连接，或尚未发布版本；请查看「事件与回调」",
        )
        .page(self.pages.events.clone())
    }
}

/// Resolves when the connection is lost, with the cause if the state with it was seen: one that opens again at once hides it.
async fn lost(handle: ConnectionHandle) -> Option<Error> {
    let generation = |state: &State| match state {
        State::Connected(connected) => Some(connected.info.generation),
        _ => None,
    };
    let (first, mut states) = (generation(&handle.state()), handle.states());
    while let Some(state) = states.next().await {
        match state {
            State::Waiting { cause: Some(cause), .. } | State::Stopped { reason: Some(cause) } => {
                return Some(cause);
            }
            state if state.is_connected() && generation(&state) != first => return None,
            _ => {}
        }
    }
    std::future::pending().await
}

fn lost_while_waiting(cause: Option<&Error>) -> Finding {
    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    Finding::warning(
        Step::Click,
        "lost_while_waiting",
        format!(
            "The connection was lost while waiting{cause}, and is opened again; if that happens often, a proxy or firewall in \
             between ends connections"
        ),
        format!("等待期间连接断开{cause}，正在重新连接；若经常发生，说明中间的代理或防火墙会切断连接"),
    )
}

#[derive(Deserialize)]
struct Online {
    data: Option<OnlineData>,
}

#[derive(Deserialize)]
struct OnlineData {
    online_instance_cnt: Option<u64>,
}

/// How many connections the app has, by a call that is not in the platform's documentation and that the official command
/// line uses; without an answer nothing is said.
async fn connections(api: Option<OpenApi>) -> Finding {
    let answer = match api {
        Some(api) => api.call("GET", "/open-apis/event/v1/connection", "").await.ok(),
        None => None,
    };
    let online = answer.and_then(|answer| serde_json::from_slice::<Online>(&answer.body).ok());
    match online.and_then(|online| online.data?.online_instance_cnt) {
        Some(open @ 0..=1) => Finding::right(
            Step::Connections,
            "only_connection",
            format!("This is the only connection of the app; {} are left", MAX_CONNECTIONS - open.max(1)),
            format!("这是应用唯一的连接，还可建立 {} 个", MAX_CONNECTIONS - open.max(1)),
        ),
        Some(open) => Finding::warning(
            Step::Connections,
            "other_connections",
            format!(
                "The app has {} other connections, {} are left; the platform gives each message to one of them at random, so a \
                 click may not come here",
                open - 1,
                MAX_CONNECTIONS.saturating_sub(open)
            ),
            format!(
                "应用还有 {} 个其他连接，还可建立 {} 个；平台随机选择一个连接推送，点击可能不会到达这里",
                open - 1,
                MAX_CONNECTIONS.saturating_sub(open)
            ),
        ),
        None => Finding::new(
            Step::Connections,
            Verdict::Unknown,
            "connections_unknown",
            "The number of the app's connections cannot be seen from here; an app may have 50",
            "无法得知应用的连接数；上限为 50 个",
        ),
    }
}
