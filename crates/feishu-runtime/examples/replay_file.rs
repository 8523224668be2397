//! Replays a recording against the current handlers.
//!
//! ```text
//! cargo run -p feishu-runtime --example replay_file            # makes a recording first
//! cargo run -p feishu-runtime --example replay_file -- FILE
//! ```

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;

use feishu_gateway::Click;
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::record::{Recorder, Replay};
use feishu_runtime::testing::pipe;
use feishu_runtime::{Client, Dispatcher};

/// A bot that answers with the given text.
fn bot(word: &'static str) -> Result<Dispatcher, feishu_runtime::Error> {
    Dispatcher::builder()
        .on(move |click: CardActionTrigger, _| async move {
            let note = click.event.action.form_value.text("note").unwrap_or_default();
            Ok(CardReply::toast(Toast::success(format!("{word}: {note}"))))
        })
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args().nth(1);
    let path =
        given.clone().map_or_else(|| std::env::temp_dir().join("feishu-recording.jsonl"), PathBuf::from);
    if given.is_none() {
        // In a bot this is `Recorder::new(a long connection, a file)`.
        let (platform, transport) = pipe();
        for note in ["milk", "bread"] {
            drop(platform.push(Click::button("ok").field("note", note).token("a secret")));
        }
        drop(platform);
        let recorder = Recorder::new(transport, File::create(&path)?);
        Client::with_transport(recorder).dispatcher(bot("Saved")?).build()?.run().await?;
        println!("recorded in {}:\n{}", path.display(), std::fs::read_to_string(&path)?);
    }
    let replay = Replay::open(&path)?;
    let found = replay.report();
    let report = Client::with_transport(replay).dispatcher(bot("Noted")?).build()?.run().await?;
    println!("{found}{report}");
    Ok(())
}
