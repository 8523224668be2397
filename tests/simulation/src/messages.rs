//! The messages of the platform: whole, fragmented, reordered, repeated and invalid.

use std::time::Duration;

use bytes::Bytes;
use feishu_proto::{Frame, Header, Method, header_name};
use feishu_transport::Message;

use crate::link::Meaning;
use crate::world::{State, World};

/// The number in a message id of ours.
pub(crate) fn number_of(message_id: &str) -> Option<u64> {
    message_id.strip_prefix('m')?.parse().ok()
}

/// Sends a new message over one link or several; its number, if there is a link at all.
pub(crate) fn push(world: &World, number: u64) -> bool {
    let mut state = world.lock();
    let dice = &mut state.dice;
    let len = if dice.one_in(8) { dice.below(4_000) } else { dice.below(300) };
    let fragments = if dice.one_in(3) { usize::try_from(2 + dice.below(6)).unwrap_or(2) } else { 1 };
    let payload: Vec<u8> = (0..len).map(|at| u8::try_from((at + number) % 251).unwrap_or_default()).collect();
    if open_links(&state).is_empty() {
        return false;
    }
    state.ledger.sent(number, payload.into(), fragments);
    send(&mut state, number);
    true
}

/// Sends a message that was sent before, as the platform does when it heard no answer.
pub(crate) fn repeat(world: &World, number: u64) {
    let mut state = world.lock();
    if !open_links(&state).is_empty() {
        state.note(format_args!("m{number} again"));
        send(&mut state, number);
    }
}

fn send(state: &mut State, number: u64) {
    let Some((payload, fragments)) = state.ledger.payload(number) else { return };
    let links = open_links(state);
    let dice = &mut state.dice;
    let home = dice.pick(&links);
    let mut order: Vec<usize> = (0..fragments).collect();
    if dice.one_in(6) {
        order.extend(0..fragments);
    }
    if fragments > 1 {
        if dice.one_in(2) {
            dice.shuffle(&mut order);
        }
        order.retain(|_| !dice.one_in(20));
        if let (true, Some(first)) = (dice.one_in(6), order.first().copied()) {
            order.push(first);
        }
    }
    state.note(format_args!("m{number} of {} bytes on link {home}: fragments {order:?}", payload.len()));
    for seq in order {
        let stray = fragments > 1 && state.dice.one_in(40);
        let link = if stray { state.dice.pick(&links) } else { home };
        let latency = state.weather.latency(&mut state.dice);
        let pause = if state.dice.one_in(50) { state.dice.millis(0, 12_000) } else { Duration::ZERO };
        let frame = fragment(number, seq, fragments, &payload);
        if let Some(link) = state.links.get_mut(&link) {
            let message = Message::Binary(frame.encode_to_vec().into());
            // A late fragment must not hold up pongs, or a healthy link would look dead.
            let latency = if fragments > 1 { latency + pause.min(Duration::from_secs(2)) } else { latency };
            link.send(latency, message, Meaning::Fragment { number, seq });
        }
    }
}

fn fragment(number: u64, seq: usize, sum: usize, payload: &Bytes) -> Frame {
    let at = |index: usize| payload.len() * index / sum;
    let headers = [
        (header_name::TYPE, "event".to_owned()),
        (header_name::MESSAGE_ID, format!("m{number}")),
        (header_name::SUM, sum.to_string()),
        (header_name::SEQ, seq.to_string()),
        (header_name::TRACE_ID, format!("t{number}")),
    ];
    Frame {
        seq_id: number,
        log_id: number,
        service: 7,
        method: Method::Data.into(),
        headers: headers.into_iter().map(|(key, value)| Header::new(key, value)).collect(),
        payload: Some(payload.slice(at(seq)..at(seq + 1))),
        ..Frame::default()
    }
}

/// Something that is no message.
pub(crate) fn noise(world: &World) {
    let mut state = world.lock();
    let links = open_links(&state);
    if links.is_empty() {
        return;
    }
    let link = state.dice.pick(&links);
    let control = |kind: &str, method: i32| Frame {
        method,
        headers: vec![Header::new(header_name::TYPE, kind)],
        payload: Some(Bytes::from_static(b"\xff{")),
        ..Frame::default()
    };
    let binary = |frame: Frame| Message::Binary(frame.encode_to_vec().into());
    let message = match state.dice.below(7) {
        0 => Message::Text(12),
        1 => Message::Ping(Bytes::from_static(b"sim")),
        2 => Message::Binary(Bytes::from_static(b"\xff\xff\xff\xff")),
        3 => binary(control("pong", Method::Control.into())),
        4 => binary(control("ping", Method::Control.into())),
        5 => binary(control("novel", Method::Data.into())),
        _ => binary(control("novel", 9)),
    };
    let latency = state.weather.latency(&mut state.dice);
    state.note(format_args!("noise on link {link}: {message:?}"));
    if let Some(link) = state.links.get_mut(&link) {
        link.send(latency, message, Meaning::Other);
    }
}

pub(crate) fn open_links(state: &State) -> Vec<u64> {
    state.links.iter().filter(|(_, link)| link.is_open()).map(|(id, _)| *id).collect()
}
