//! The smallest bot: every click is answered with a toast, on the real platform, until Ctrl-C.
//!
//! ```text
//! FEISHU_APP_ID=cli_… FEISHU_APP_SECRET=… cargo run -p feishu-runtime --example smallest_bot
//! ```
//!
//! Without an account, `card_bot` is the example to run.

use feishu_runtime::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async { Ok(CardReply::toast(Toast::success("Hello"))) })
        .build()?;
    Client::from_env()?.dispatcher(dispatcher).build()?.run_until_signal().await?;
    Ok(())
}
