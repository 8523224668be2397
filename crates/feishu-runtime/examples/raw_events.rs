//! Events without a model: one type by its name, and everything else in a fallback.
//!
//! ```text
//! cargo run -p feishu-runtime --example raw_events
//! ```

use std::error::Error;
use std::time::Duration;

use feishu_gateway::{Gateway, Value, json};
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{Client, Context, Dispatcher, RawEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dispatcher = Dispatcher::builder()
        .on_raw("contact.user.created_v3", |event: RawEvent, _: Context| async move {
            // The whole payload; your own struct works too.
            let payload: Value = event.json()?;
            println!("a new colleague: {}", payload.pointer("/event/object/name").unwrap_or(&Value::Null));
            Ok(())
        })
        .fallback(|event: RawEvent, cx: Context| async move {
            println!("{}: {} bytes, without another handler", cx.event_type(), event.payload().len());
            Ok(())
        })
        .build()?;

    let gateway = Gateway::start().await?;
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url())?)
        .dispatcher(dispatcher)
        .build()?;
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    gateway.connected(1).await;

    gateway.event("contact.user.created_v3", json!({"object": {"name": "Ming"}})).await?;
    gateway.event("calendar.calendar.changed_v4", json!({"user_id_list": []})).await?;
    handle.stop(Duration::from_secs(1));
    println!("{}", running.await??);
    Ok(())
}
