//! A permission check around all handlers, and a toast for failures, on the local platform.
//!
//! ```text
//! cargo run -p feishu-runtime --example guard
//! ```

use std::error::Error;

use feishu_gateway::{Click, Gateway};
use feishu_runtime::Next;
use feishu_runtime::prelude::*;
use feishu_runtime::transport::Answer;

/// Permits clicks by Alice; other users see a warning.
async fn only_alice(cx: Context, next: Next) -> Result<Answer, HandlerError> {
    let Ok(click) = cx.decode::<CardActionTrigger>() else { return next.run().await };
    match &click.event.operator.open_id {
        Some(id) if id == "ou_alice" => next.run().await,
        _ => cx.answer(&CardReply::toast(Toast::warning("Only Alice may do this"))),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dispatcher = Dispatcher::builder()
        .layer(only_alice)
        .on_error(|failure, _| {
            println!("  bot   failed: {failure}");
            Toast::error("That did not work, please try again")
        })
        .on(|click: CardActionTrigger, _| async move {
            match click.event.action.name.as_deref() {
                Some("approve") => Ok(CardReply::toast(Toast::success("Approved"))),
                _ => Err("the order service is down".into()),
            }
        })
        .build()?;
    let gateway = Gateway::start().await?;
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(gateway.base_url())
        .dispatcher(dispatcher)
        .build()?;
    tokio::spawn(client.run());
    gateway.connected(1).await;
    for (user, button) in [("ou_alice", "approve"), ("ou_bob", "approve"), ("ou_alice", "refund")] {
        println!("{user} clicks \"{button}\"");
        let answered = gateway.click(Click::button(button).operator(user)).await?;
        println!("  user  sees {}", answered.verdict());
    }
    Ok(())
}
