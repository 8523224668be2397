//! The smallest bot: every click is answered with a toast, on the real platform, until Ctrl-C.
//!
//! ```text
//! FEISHU_APP_ID=cli_… FEISHU_APP_SECRET=… cargo run -p feishu-runtime --example smallest_bot
//! ```
//!
//! Without an account, `card_bot` is the example to run.

use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::transport::AppSecret;
use feishu_runtime::{Client, Dispatcher};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let app_id = std::env::var("FEISHU_APP_ID").map_err(
        |_| "set FEISHU_APP_ID and FEISHU_APP_SECRET; without an account run the example card_bot",
    )?;
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async { Ok(CardReply::toast(Toast::success("Hello"))) })
        .build()?;
    Client::builder(app_id, AppSecret::from_env("FEISHU_APP_SECRET")?)
        .dispatcher(dispatcher)
        .build()?
        .run_until(tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
