//! The platform's side: gives out URLs, opens links, answers pings, takes answers.

use async_trait::async_trait;
use feishu_proto::{Frame, Header, Kind, Method, header_name};
use feishu_transport::{
    Connect, ConnectUrl, Endpoint, EndpointSource, Error, Limits, Link, Message, Refusal, Stage,
};
use tokio::time::{Duration, Instant, sleep, sleep_until};

use crate::link::{LinkState, Meaning, SimLink};
use crate::messages::number_of;
use crate::weather::{Weather, draw_settings};
use crate::world::{State, World};

#[derive(Clone)]
pub(crate) struct Platform(pub(crate) World);

#[async_trait]
impl EndpointSource for Platform {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        let (weather, latency) = self.meet("endpoint call");
        sleep(latency).await;
        match weather {
            Weather::Unreachable => return Err(self.unreachable().await),
            Weather::EndpointHangs => std::future::pending().await,
            Weather::EndpointRefuses(code) => {
                return Err(Error::refused(Refusal::endpoint(code, "refused by the simulation")));
            }
            _ => {}
        }
        let mut state = self.0.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let update = draw_settings(&mut state.dice);
        let settings = state.merge(&update);
        state.note(format_args!("ticket {ticket} given out with {update:?}"));
        state.tickets.insert(ticket, settings);
        let url = format!("wss://sim.example/ws?device_id={ticket}&service_id=7&ticket={ticket}");
        Ok(Endpoint::new(ConnectUrl::parse(url)?).with_settings(update))
    }
}

#[async_trait]
impl Connect for Platform {
    async fn connect(&self, url: &ConnectUrl) -> Result<Box<dyn Link>, Error> {
        let (weather, latency) = self.meet("handshake");
        let ticket = url.query("ticket").and_then(|ticket| ticket.parse::<u64>().ok()).unwrap_or(0);
        let Some(settings) = self.0.lock().tickets.remove(&ticket) else {
            self.0.fail(format_args!("ticket {ticket} was used twice, or was never given out"));
            return Err(Error::refused(Refusal::handshake(514, None, "")));
        };
        sleep(latency).await;
        match weather {
            Weather::Unreachable => return Err(self.unreachable().await),
            Weather::HandshakeHangs => std::future::pending().await,
            Weather::HandshakeRefuses(code, sub_code) => {
                return Err(Error::refused(Refusal::handshake(code, sub_code, "")));
            }
            _ => {}
        }
        let interval = settings.ping_interval;
        let mut state = self.0.lock();
        state.opened.push(Instant::now());
        let answers_pings = !state.dice.one_in(4);
        let mut link = LinkState::new(url.service_id(), interval, answers_pings);
        match weather {
            Weather::Cuts(0) => link.cut(),
            Weather::Cuts(life) => drop(tokio::spawn(cut_after(self.0.clone(), ticket, life))),
            _ => {}
        }
        state.handshakes += 1;
        state.note(format_args!("link {ticket} opened in {weather:?}, pings each {interval:?}"));
        state.links.insert(ticket, link);
        drop(state);
        tokio::spawn(serve(self.0.clone(), ticket));
        Ok(Box::new(SimLink::new(&self.0, ticket, interval)))
    }
}

impl Platform {
    fn meet(&self, what: &str) -> (Weather, Duration) {
        let mut state = self.0.lock();
        let weather = state.weather;
        state.note(format_args!("{what} in {weather:?}"));
        (weather, weather.latency(&mut state.dice))
    }

    /// No route, or one that swallows everything.
    async fn unreachable(&self) -> Error {
        let swallowed = self.0.lock().dice.one_in(3);
        if swallowed {
            let limit = Duration::from_secs(10);
            sleep(limit).await;
            return Error::timed_out(Stage::Connect, limit);
        }
        Error::unreachable(Stage::Connect, "no route to host")
    }
}

async fn cut_after(world: World, id: u64, life: u64) {
    sleep(Duration::from_secs(life)).await;
    if let Some(link) = world.lock().links.get_mut(&id) {
        link.cut();
    }
}

/// Takes what the client sends over one link, until nothing can come any more.
async fn serve(world: World, id: u64) {
    loop {
        let (next, changed) = {
            let mut state = world.lock();
            let Some(link) = state.links.get(&id) else { return };
            if link.is_finished() {
                state.links.remove(&id);
                return;
            }
            (link.next_arrival(), link.platform.clone())
        };
        match next {
            None => changed.notified().await,
            Some(at) => tokio::select! {
                biased;
                () = sleep_until(at) => take(&mut world.lock(), id),
                () = changed.notified() => {}
            },
        }
    }
}

fn take(state: &mut State, id: u64) {
    let State { links, dice, weather, .. } = &mut *state;
    let Some(link) = links.get_mut(&id) else { return };
    let Some(message) = link.take_arrived() else { return };
    let latency = weather.latency(dice);
    match message {
        Message::Binary(data) => match Frame::decode(data) {
            Ok(frame) => take_frame(state, id, &frame),
            Err(error) => {
                state.fail(format_args!("link {id}: the client sent something that is not a frame: {error}"));
            }
        },
        Message::Ping(data) if link.answers_pings => {
            link.send(latency, Message::Pong(data), Meaning::Other);
        }
        Message::Close(reason) => {
            if !link.closed_by_platform {
                link.send(latency, Message::Close(reason), Meaning::Other);
            }
            link.end();
        }
        _ => {}
    }
}

fn take_frame(state: &mut State, id: u64, frame: &Frame) {
    match (Method::from(frame.method), frame.kind()) {
        (Method::Control, Kind::Ping) => pong(state, id, frame),
        (Method::Data, _) => {
            let number = frame.message_id().and_then(number_of);
            let sound = frame.header(header_name::BIZ_RT).is_some()
                && frame.payload.as_ref().is_some_and(|payload| payload.starts_with(b"{\"code\":"));
            let Some(number) = number.filter(|_| sound) else {
                return state.fail(format_args!("link {id}: {frame:?} is no answer"));
            };
            state.note(format_args!("m{number} answered on link {id}"));
            let ending = state.ending;
            let refused =
                state.limits != Limits::default() && frame.payload.as_deref() == Some(b"{\"code\":500}");
            if let Some(wrong) = state.ledger.answered(number, ending, refused) {
                state.fail(wrong);
            }
        }
        _ => state.fail(format_args!("link {id}: the client sent {frame:?}")),
    }
}

fn pong(state: &mut State, id: u64, ping: &Frame) {
    let update = (!state.dice.one_in(3)).then(|| draw_settings(&mut state.dice));
    let State { links, dice, weather, .. } = &mut *state;
    let Some(link) = links.get_mut(&id) else { return };
    if ping.service != link.service_id {
        return state.fail(format_args!("link {id}: a ping for service {}", ping.service));
    }
    let payload = update.map(|update| {
        let fields = [
            ("PingInterval", update.ping_interval),
            ("ReconnectInterval", update.reconnect_interval),
            ("ReconnectNonce", update.reconnect_nonce),
            ("ReconnectCount", update.reconnect_count),
        ];
        let fields: Vec<_> =
            fields.iter().filter_map(|(name, value)| Some(format!("\"{name}\":{}", (*value)?))).collect();
        format!("{{{}}}", fields.join(",")).into_bytes().into()
    });
    let reply = Frame {
        service: ping.service,
        method: Method::Control.into(),
        headers: vec![Header::new(header_name::TYPE, "pong")],
        payload,
        ..Frame::default()
    };
    link.send(weather.latency(dice), Message::Binary(reply.encode_to_vec().into()), Meaning::Pong(update));
}
