//! A recording, and what a replay of it finds.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_gateway::{Click, Event};
use feishu_runtime::record::{Recorder, Redaction, Replay};
use feishu_runtime::testing::pipe;
use feishu_runtime::{Client, Dispatcher};
use serde_json::{Value, json};

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Answers each click with the given greeting.
fn greeter(greeting: &'static str) -> Dispatcher {
    Dispatcher::builder()
        .on(move |click: CardActionTrigger, _| async move {
            let who = click.event.operator.open_id.map(|id| id.to_string()).unwrap_or_default();
            let note = click.event.action.form_value.text("note").unwrap_or_default().to_owned();
            if note == "fail" {
                return Err("on purpose".into());
            }
            let greeting = if note == "other" { greeting } else { "Hello" };
            Ok(CardReply::toast(Toast::info(format!("{greeting}, {who}: {note}"))))
        })
        .on_raw("order.paid_v1", |_, _| async { Ok(()) })
        .build()
        .unwrap()
}

async fn record() -> Vec<u8> {
    let file = Buffer::default();
    let (platform, transport) = pipe();
    let recorder = Recorder::new(transport, file.clone()).redaction(Redaction::default().hide("order_id"));
    let missed = recorder.missed();
    let client = Client::with_transport(recorder).dispatcher(greeter("Hello")).build().unwrap();
    let running = tokio::spawn(client.run());
    let clicks = [("milk", "ou_alice"), ("other", "ou_bob"), ("fail", "ou_alice")];
    for (note, who) in clicks {
        let click = Click::button("ok").field("note", note).operator(who).token("c-secret");
        platform.push(click).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    platform.push(Event::new("order.paid_v1", json!({ "order_id": "o-secret" }))).await;
    platform.push("noise").await;
    drop(platform);
    running.await.unwrap().unwrap();
    assert_eq!(missed(), 0);
    std::mem::take(&mut *file.0.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn recorder_writes_a_line_per_delivery_with_its_answer_and_no_secret() {
    let recording = String::from_utf8(record().await).unwrap();
    let lines: Vec<Value> = recording.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert!(!recording.contains("secret") && !recording.contains("alice"), "{recording}");
    assert_eq!(lines[1]["at_ms"], 1000);
    assert_eq!(lines[0]["answer"]["code"], 200);
    assert_eq!(lines[2]["answer"]["code"], 500);
    assert_eq!(lines[4]["payload"]["unreadable_bytes"], 5);
    let who = |line: usize| lines[line]["payload"]["event"]["operator"]["open_id"].clone();
    assert_eq!(who(0), who(2));
    assert_ne!(who(0), who(1));
}

#[tokio::test(start_paused = true)]
async fn replay_reports_answers_that_differ_from_the_recording() {
    let recording = record().await;
    for pace in [false, true] {
        let mut replay = Replay::read(Cursor::new(recording.clone())).unwrap();
        if pace {
            replay = replay.at_recorded_pace();
        }
        let found = replay.report();
        let client = Client::with_transport(replay).dispatcher(greeter("Good day")).build().unwrap();
        let report = client.run().await.unwrap();
        assert_eq!((found.replayed(), found.left_out()), (4, 1));
        assert_eq!(report.stats.received, 4);
        let lines: Vec<_> = found.differences().iter().map(|difference| difference.line).collect();
        assert_eq!(lines, [2]);
        let text = found.to_string();
        assert!(text.contains("Good day, ou_") && text.contains("line 2, card.action.trigger"), "{text}");
    }
}

#[test]
fn replay_read_rejects_an_invalid_line_with_its_number() {
    let error = Replay::read(Cursor::new("\n{\"at_ms\":1}\n")).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}
