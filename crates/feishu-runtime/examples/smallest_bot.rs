//! The smallest bot: one typed handler, served until Ctrl-C.
//!
//! ```text
//! FEISHU_APP_ID=cli_... FEISHU_APP_SECRET=... cargo run -p feishu-runtime --example smallest_bot
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::env::var;
use std::error::Error;

use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::transport::{AppId, AppSecret};
use feishu_runtime::{Client, Dispatcher};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (Ok(id), Ok(secret)) = (var("FEISHU_APP_ID"), var("FEISHU_APP_SECRET")) else {
        return Err("set FEISHU_APP_ID and FEISHU_APP_SECRET, or run card_bot, which needs no account".into());
    };
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async { Ok(CardReply::toast(Toast::success("Done"))) })
        .build()?;
    let client = Client::builder(AppId::new(id), AppSecret::new(secret)).dispatcher(dispatcher).build()?;
    println!("{}", client.run_until(tokio::signal::ctrl_c()).await?);
    Ok(())
}
