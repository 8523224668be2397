//! The clients built with this project's crates, as a user would run them.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::{Client, Context, Dispatcher};
use feishu_transport::{
    Answer, AppSecret, ConnectUrl, Delivery, Endpoint, EndpointSource, Error, LongConnection, Shutdown,
};

struct Fixed(String);

#[async_trait]
impl EndpointSource for Fixed {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        Ok(Endpoint::new(ConnectUrl::parse(self.0.as_str())?))
    }
}

/// The transport alone; the answer is given where the message is received.
pub(super) async fn transport(url: &str) -> Result<()> {
    let connection = LongConnection::builder("cli_bench", AppSecret::new("bench"))
        .endpoint_source(Fixed(url.to_owned()))
        .build()?;
    let answer = Answer::ok(r#"{"toast":{"type":"success","content":"Saved"}}"#);
    let inbox = Arc::new(move |delivery: Delivery| delivery.answer(&answer));
    let (_stop, stopped) = Shutdown::new();
    Ok(connection.run(inbox, stopped).await?)
}

/// The whole bot: typed callback in, typed reply out.
pub(super) async fn bot(url: &str, connections: u16) -> Result<()> {
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _: Context| async move {
            let note = click.event.action.form_value.text("note").unwrap_or_default();
            Ok(CardReply::toast(Toast::success(format!("Saved {} characters", note.len()))))
        })
        .build()?;
    let url = url.to_owned();
    Client::builder("cli_bench", AppSecret::new("bench"))
        .connection(move |connection| connection.endpoint_source(Fixed(url)).connections(connections))
        .dispatcher(dispatcher)
        .build()?
        .run()
        .await?;
    Ok(())
}
