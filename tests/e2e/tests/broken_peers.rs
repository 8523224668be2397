//! Does the bot survive peers that break the rules of HTTP, WebSocket and frames? It keeps the connection where that is
//! possible and makes a new one where it is not.

use std::collections::BTreeSet;

use feishu_e2e::bot::{Bot, HANG, client, dispatcher};
use feishu_e2e::peer::{BINARY, CLOSE, CONTINUATION, Peer, Socket, click, frame, proper};
use feishu_runtime::transport::{ErrorKind, LifecycleEvent};
use tokio::sync::mpsc;
use tokio::time::timeout;

async fn start() -> (Peer, Bot) {
    let peer = Peer::start().await;
    let client = client(&peer.base_url(), "cli_e2e", "a-secret");
    let bot = Bot::start(client.dispatcher(dispatcher().build().unwrap()).build().unwrap());
    (peer, bot)
}

/// Sends something and expects that the connection survives it.
async fn survives(what: &str, bytes: &[u8]) {
    let (mut peer, bot) = start().await;
    let mut socket = peer.accept().await;
    socket.write(bytes).await;
    works(&mut socket).await;
    assert_eq!(peer.calls(), 1, "{what} cost the connection");
    let counters = bot.counters();
    assert_eq!(counters.dropped(), 1, "{what}: {counters:?}");
    finish(bot, socket).await;
}

/// Sends something and expects that the connection is replaced.
async fn is_replaced(what: &str, bytes: &[u8]) {
    let (mut peer, bot) = start().await;
    let mut socket = peer.accept().await;
    works(&mut socket).await;
    socket.write(bytes).await;
    socket.closed().await;
    let mut socket = peer.accept().await;
    works(&mut socket).await;
    assert_eq!(peer.calls(), 2, "{what}: a fresh URL for the new connection");
    finish(bot, socket).await;
}

async fn works(socket: &mut Socket) {
    socket.write(&proper("a-proper-one")).await;
    assert_eq!(socket.answer("a-proper-one").await, 200);
}

async fn finish(bot: Bot, mut socket: Socket) {
    let (report, ()) = tokio::join!(bot.stop(), socket.closed());
    assert!(report.stats.outcomes.answered > 0);
}

#[tokio::test]
async fn a_handshake_and_a_message_that_come_byte_by_byte_are_read() {
    let (mut peer, bot) = start().await;
    let handshake = peer.handshake().await;
    let mut bytes = handshake.response();
    bytes.extend(proper("first"));
    let mut socket = handshake.answer(b"").await;
    socket.write_one_by_one(&bytes).await;
    assert_eq!(socket.answer("first").await, 200);
    finish(bot, socket).await;
}

#[tokio::test]
async fn messages_in_the_segment_of_the_101_are_not_lost() {
    let (mut peer, bot) = start().await;
    let handshake = peer.handshake().await;
    let mut bytes = handshake.response();
    let mut open: BTreeSet<String> = (0..50).map(|number| format!("early-{number}")).collect();
    for id in &open {
        bytes.extend(proper(id));
    }
    let mut socket = handshake.answer(&bytes).await;
    while !open.is_empty() {
        let (id, code) = socket.next_answer().await;
        assert_eq!(code, 200);
        assert!(open.remove(&id), "{id} was answered twice");
    }
    assert_eq!(bot.counters().delivered, 50);
    finish(bot, socket).await;
}

#[tokio::test]
async fn wrong_handshake_response_is_a_protocol_error_and_is_retried() {
    let proof = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    for wrong in ["", proof] {
        let (sender, mut events) = mpsc::channel(64);
        let mut peer = Peer::start().await;
        let client = client(&peer.base_url(), "cli_e2e", "a-secret")
            .connection(|connection| connection.observe(move |event| drop(sender.blocking_send(event))));
        let bot = Bot::start(client.dispatcher(dispatcher().build().unwrap()).build().unwrap());
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
        peer.handshake().await.answer(format!("{head}{wrong}\r\n").as_bytes()).await;
        let error = timeout(HANG, failure(&mut events)).await.unwrap();
        assert!(matches!(error.kind(), ErrorKind::Protocol { .. }), "{error}");

        for unasked in [extension, "Sec-WebSocket-Protocol: chat\r\n", ""] {
            let handshake = peer.handshake().await;
            let mut answer = String::from_utf8(handshake.response()).unwrap();
            if unasked.is_empty() {
                answer = answer.replace("websocket", "something-else");
            }
            let answer = answer.replace("\r\n\r\n", &format!("\r\n{unasked}\r\n"));
            handshake.answer(answer.as_bytes()).await;
            let error = timeout(HANG, failure(&mut events)).await.unwrap();
            assert!(matches!(error.kind(), ErrorKind::Protocol { .. }), "{error}");
        }

        let mut socket = peer.accept().await;
        works(&mut socket).await;
        assert_eq!(peer.calls(), 5);
        drop(events);
        finish(bot, socket).await;
    }
}

async fn failure(events: &mut mpsc::Receiver<LifecycleEvent>) -> feishu_runtime::transport::Error {
    loop {
        if let LifecycleEvent::AttemptFailed { error, .. } = events.recv().await.unwrap() {
            return error;
        }
    }
}

#[tokio::test]
async fn a_message_in_continuation_frames_with_a_ping_between_is_one_message() {
    let (mut peer, bot) = start().await;
    let mut socket = peer.accept().await;
    let whole = click("in-parts", 300_000);
    let (first, rest) = whole.split_at(1);
    let (second, third) = rest.split_at(150_000);
    for bytes in [
        frame(BINARY, false, None, first),
        frame(CONTINUATION, false, None, b""),
        frame(9, true, None, b"ping"),
        frame(CONTINUATION, false, None, second),
        frame(CONTINUATION, true, None, third),
    ] {
        socket.write(&bytes).await;
    }
    assert_eq!(socket.answer("in-parts").await, 200);
    assert_eq!(bot.counters().delivered, 1);
    finish(bot, socket).await;
}

#[tokio::test]
async fn message_that_is_no_frame_is_dropped_and_counted() {
    let event = click("m", 0);
    let noise = [0xff; 64];
    let cases: [(&str, u8, &[u8]); 5] = [
        ("noise", BINARY, &noise),
        ("an empty message", BINARY, b""),
        ("a frame that is cut", BINARY, event.split_at(event.len() / 2).0),
        ("a text message", 1, "你好".as_bytes()),
        ("a length beyond the end", BINARY, b"\x20\x01\x42\xff\xff\xff\xff\x07x"),
    ];
    for (what, opcode, payload) in cases {
        survives(what, &frame(opcode, true, None, payload)).await;
    }
}

#[tokio::test]
async fn websocket_protocol_error_replaces_the_connection() {
    let large = (33u64 << 20).to_be_bytes();
    let cases: [(&str, Vec<u8>); 9] = [
        ("a masked frame", frame(BINARY, true, Some(*b"mask"), &click("m", 0))),
        ("a reserved opcode", frame(3, true, None, b"x")),
        ("a reserved bit", vec![0xc2, 0x01, b'x']),
        ("a continuation of nothing", frame(CONTINUATION, true, None, b"x")),
        ("text that is not UTF-8", frame(1, true, None, &[0xff, 0xfe])),
        ("a ping that is too long", frame(9, true, None, &[0; 126])),
        ("a close code that nobody may send", frame(CLOSE, true, None, &1005u16.to_be_bytes())),
        ("a close frame of one byte", frame(CLOSE, true, None, b"x")),
        ("a frame of 33 MiB", [&[0x82, 127][..], &large].concat()),
    ];
    for (what, bytes) in cases {
        is_replaced(what, &bytes).await;
    }
}
