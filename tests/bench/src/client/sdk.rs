//! The layers of this project, as a user would run them.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use feishu_transport::{
    Answer, AppId, AppSecret, ConnectUrl, Delivery, Endpoint, EndpointSource, Error, LongConnection, Stop,
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
    let connection = LongConnection::builder(AppId::new("cli_bench"), AppSecret::new("bench"))
        .endpoint_source(Fixed(url.to_owned()))
        .build()?;
    let answer = Answer::ok(r#"{"toast":{"type":"success","content":"Saved"}}"#);
    let inbox = Arc::new(move |delivery: Delivery| delivery.answer(&answer));
    let (_stop, stopped) = Stop::new();
    Ok(connection.run(inbox, stopped).await?)
}
