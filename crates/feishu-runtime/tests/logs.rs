//! What the log holds: panics with their place, spans with the platform's ids, and no payload.

use std::io::Write;
use std::sync::{Arc, Mutex};

use feishu_callbacks::{CardActionTrigger, CardReply};
use feishu_runtime::testing::{CardClick, Event, Harness};
use feishu_runtime::{Dispatcher, capture_panic_locations};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_with_its_place_and_a_line_of_a_handler_with_its_ids() {
    capture_panic_locations();
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || written.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            tracing::info!("a line of the handler");
            assert!(click.event.action.name.as_deref() != Some("panic"), "number {}", 7);
            Ok(CardReply::empty())
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let click = |name: &str| {
        let click = CardClick::new().name(name).form_text("note", "private words").token("c-secret");
        Event::from(click).carried_by("m7")
    };
    harness.call(click("fine")).await;
    harness.call(click("panic")).await;
    harness.idle().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line =
        |what: &str| log.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {log}"));
    let handlers = line("a line of the handler");
    for part in ["callback{handler=card.action.trigger", "message_id=\"m7\"", "trace_id=\"trace-of-m7\""] {
        assert!(handlers.contains(part), "{handlers}");
    }
    let panicked = line("number 7");
    assert!(panicked.contains(&format!("(at {}", file!())), "{panicked}");
    assert!(panicked.contains(&format!("registered_at={}", file!())), "{panicked}");
    assert!(!log.contains("private words") && !log.contains("c-secret"), "{log}");
}
