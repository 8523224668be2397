//! `POST /local/faults` and `/heal`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::schema::Wrong;
use super::{Failed, typed};
use crate::active_faults::Terms;
use crate::fault::Place;
use crate::shared::{Shared, lock};
use crate::{Connection, Fault, HandshakeRefusal, Refusal};

/// The shortest interval of a fault that happens again and again.
const SHORTEST: Duration = Duration::from_millis(10);

#[derive(Clone, Deserialize)]
struct Request {
    fault: String,
    app_id: Option<String>,
    connection: Option<u64>,
    times: Option<u32>,
    probability: Option<f64>,
    seed: Option<u64>,
    after_ms: Option<u64>,
    every_ms: Option<u64>,
    code: Option<i64>,
    auth_code: Option<i64>,
    status: Option<u16>,
    reason: Option<String>,
    delay_ms: Option<u64>,
    url: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Script {
    seed: Option<u64>,
    script: Vec<Value>,
}

/// Brings one fault about, or a script of them.
pub(super) fn set(shared: &Arc<Shared>, body: Value) -> Result<Value, Failed> {
    if body.get("script").is_none() {
        start(shared, body, None, "")?;
        return Ok(active(shared));
    }
    let Script { seed, script } = typed(&body)?;
    // All are checked before the first one happens.
    for (index, step) in script.iter().enumerate() {
        let request: Request = typed(step)?;
        fault(&request, &format!("script[{index}]."))?;
    }
    if let Some(seed) = seed {
        // The choice of connections is chance as well.
        lock(&shared.state).rng = fastrand::Rng::with_seed(seed);
    }
    for (index, step) in script.into_iter().enumerate() {
        let seed = seed.map(|seed| seed.wrapping_add(index as u64));
        start(shared, step, seed, &format!("script[{index}]."))?;
    }
    Ok(active(shared))
}

/// The active faults as JSON.
pub(super) fn active(shared: &Shared) -> Value {
    lock(&shared.state).faults.json().into()
}

fn start(shared: &Arc<Shared>, body: Value, seed: Option<u64>, at: &str) -> Result<(), Wrong> {
    let request: Request = typed(&body)?;
    let fault = fault(&request, at)?;
    let is_now = fault.place() == Place::Now;
    let times = request.times.or((is_now && request.every_ms.is_none()).then_some(1));
    let delay = Duration::from_millis(request.after_ms.unwrap_or_default());
    let seed = request.seed.or(seed);
    let terms = Terms {
        times,
        app: request.app_id.clone(),
        connection: request.connection,
        probability: request.probability.unwrap_or(1.0),
        rng: seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
        begins: Instant::now() + delay,
        request: body,
    };
    let id = lock(&shared.state).faults.add(fault, terms);
    let Some(id) = id.filter(|_| is_now) else { return Ok(()) };
    if delay.is_zero() && !turn(shared, id, &request) {
        return Ok(());
    }
    let every = Duration::from_millis(request.every_ms.unwrap_or(1000)).max(SHORTEST);
    let first = if delay.is_zero() { every } else { delay };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let mut pause = first;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shared.closed() => return,
            }
            if !turn(&shared, id, &request) {
                return;
            }
            pause = every;
        }
    });
    Ok(())
}

/// One turn of a fault that happens at once; whether more are to come.
fn turn(shared: &Shared, id: u64, request: &Request) -> bool {
    let happens = lock(&shared.state).faults.turn(id);
    if let Some(fault) = happens {
        let live: Vec<Connection> = lock(&shared.state).live.iter().cloned().map(Connection).collect();
        let hit = live.iter().filter(|it| {
            request.app_id.as_deref().is_none_or(|app| app == it.app_id())
                && request.connection.is_none_or(|id| id == it.0.id.0)
        });
        for connection in hit {
            shared.happen(connection, &fault);
        }
    }
    lock(&shared.state).faults.is_active(id)
}

#[derive(Deserialize)]
struct HealRequest {
    id: Option<u64>,
}

pub(super) fn heal(shared: &Arc<Shared>, body: &Value) -> Result<Value, Failed> {
    let HealRequest { id } = typed(body)?;
    if let Some(id) = id {
        if !lock(&shared.state).faults.remove(id) {
            return Err(Wrong::new("id", format!("there is no active fault {id}")).into());
        }
    } else {
        let live: Vec<Connection> = {
            let mut state = lock(&shared.state);
            state.faults.clear();
            state.live.iter().cloned().map(Connection).collect()
        };
        for connection in live {
            shared.resume(&connection);
        }
    }
    Ok(active(shared))
}

/// The fault that a request means.
fn fault(request: &Request, at: &str) -> Result<Fault, Wrong> {
    let wrong = |name: &str, text: &str| Wrong::new(&format!("{at}{name}"), text);
    let delay = || {
        let milliseconds =
            request.delay_ms.ok_or_else(|| wrong("delay_ms", "is missing: this fault needs it"))?;
        Ok(Duration::from_millis(milliseconds))
    };
    let reason = request.reason.clone();
    if request.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
        return Err(wrong("probability", "is not 0 to 1"));
    }
    Ok(match &*request.fault {
        "cut" => Fault::Cut,
        "mute" => Fault::Stall,
        "close" => {
            let code = u16::try_from(request.code.unwrap_or(1000)).ok();
            let code = code.filter(|code| (1000..5000).contains(code));
            let code = code.ok_or_else(|| wrong("code", "is no close code: 1000 to 4999"))?;
            Fault::Close(code, reason.unwrap_or_default())
        }
        "noise" => Fault::Noise(Bytes::from_static(b"\xff\x00 this is no frame")),
        "text" => Fault::Text("this is no frame".into()),
        "websocket_ping" => Fault::WebSocketPing,
        "refuse" => {
            let code = request.code.ok_or_else(|| wrong("code", "is missing, for example 1000040345"))?;
            let refusal = Refusal::code(code);
            Fault::EndpointRefuses(match reason {
                Some(reason) => refusal.msg(reason),
                None => refusal,
            })
        }
        "limit" => Fault::HandshakeRefused(HandshakeRefusal::connection_limit()),
        "handshake_refused" => {
            let mut refusal = HandshakeRefusal::status(request.code.unwrap_or(403));
            if let Some(code) = request.auth_code {
                refusal = refusal.auth_code(code);
            }
            Fault::HandshakeRefused(match reason {
                Some(reason) => refusal.msg(reason),
                None => refusal,
            })
        }
        "handshake_hangs" => Fault::HandshakeHangs,
        "handshake_delay" => Fault::HandshakeDelay(delay()?),
        "handshake_then_cut" => Fault::HandshakeThenCut,
        "endpoint_status" => Fault::EndpointStatus(request.status.unwrap_or(503), "{}".into()),
        "endpoint_html" => Fault::EndpointHtml,
        "endpoint_hangs" => Fault::EndpointHangs,
        "endpoint_no_data" => Fault::EndpointNoData,
        "endpoint_url" => Fault::EndpointUrl(request.url.clone().unwrap_or_default()),
        "endpoint_delay" => Fault::EndpointDelay(delay()?),
        "no_pongs" => Fault::NoPongs,
        "pong_delay" => Fault::PongDelay(delay()?),
        "slow" => Fault::Slow(delay()?),
        "unpublished" => Fault::Unpublished,
        "openapi" => Fault::OpenApi {
            path: request.path.clone().unwrap_or_default(),
            status: request.status.unwrap_or(429),
            code: request.code.unwrap_or(99_991_400),
            msg: reason.unwrap_or_else(|| "request trigger frequency limit".into()),
        },
        other => return Err(wrong("fault", &format!("there is no fault {other:?}"))),
    })
}
