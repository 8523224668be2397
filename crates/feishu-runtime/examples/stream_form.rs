//! A stream of callbacks instead of handlers, on the local platform.
//!
//! ```text
//! cargo run -p feishu-runtime --example stream_form
//! ```

use std::error::Error;

use feishu_gateway::{Click, Gateway};
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{CallbackStream, Client, Dispatcher, HandlerError};

/// Handles all callbacks in one loop.
async fn pull(mut callbacks: CallbackStream) -> Result<(), HandlerError> {
    while let Some(item) = callbacks.next().await {
        println!("{}, {:?} left to answer", item.event_type(), item.context().remaining());
        match item.event_type() {
            "card.action.trigger" => {
                let click: CardActionTrigger = item.read()?;
                let name = click.event.action.name.unwrap_or_default();
                item.reply(CardReply::toast(Toast::success(format!("{name}: done"))))?;
            }
            _ => item.acknowledge(),
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (dispatcher, callbacks) = Dispatcher::builder().build_stream(64)?;
    let pulling = tokio::spawn(pull(callbacks));

    let gateway = Gateway::start().await?;
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url())?)
        .dispatcher(dispatcher)
        .build()?;
    let report = client
        .run_until(async {
            gateway.connected(1).await;
            match gateway.click(Click::button("approve")).await {
                Ok(answer) => println!("the user sees {}", answer.verdict()),
                Err(error) => println!("no answer: {error}"),
            }
        })
        .await?;
    println!("{report}");
    pulling.await?.map_err(|error| error.to_string())?;
    Ok(())
}
