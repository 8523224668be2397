//! The card models alone in your own web server: no connection, no dispatcher, only `feishu-callbacks`.
//!
//! ```text
//! cargo run -p feishu-runtime --example models_in_a_server
//! ```
//!
//! It sends itself a click. A server on the internet checks the signature first, as the example `webhook` shows.

use std::convert::Infallible;
use std::error::Error;

use feishu_callbacks::{
    CardActionEvent, CardReply, DecodeError, Reply as _, Toast, decode, peek, webhook::UrlVerification,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Decodes the platform's request and returns the JSON of the answer.
fn answer(body: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let header = peek(body)?;
    match header.event_type.as_str() {
        "url_verification" => Ok(decode::<UrlVerification>(body)?.event.answer().to_json()?),
        "card.action.trigger" => {
            let click = decode::<CardActionEvent>(body)?;
            let note = click.event.action.form_value.text("note").unwrap_or_default();
            Ok(CardReply::toast(Toast::success(format!("Saved: {note}"))).to_json()?)
        }
        other => Err(format!("no handler for {other}").into()),
    }
}

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Ok(match answer(&body) {
        Ok(json) => Response::new(Full::from(json)),
        Err(error) => {
            let mut response = Response::new(Full::from(error.to_string()));
            let ours = !error.is::<DecodeError>();
            *response.status_mut() =
                if ours { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
            response
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service_fn(serve)));
        }
    });

    for body in [
        r#"{"type":"url_verification","challenge":"c-1","token":"t-1"}"#,
        r#"{"schema":"2.0","header":{"event_type":"card.action.trigger"},
            "event":{"action":{"tag":"button","name":"save","form_value":{"note":"two coffees"}}}}"#,
        "not JSON",
    ] {
        let stream = TokioIo::new(TcpStream::connect(address).await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        tokio::spawn(connection);
        let request = Request::post("/").header("host", "localhost").body(Full::<Bytes>::from(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let text = response.into_body().collect().await?.to_bytes();
        println!("{body}\n  {status}: {}\n", String::from_utf8_lossy(&text));
    }
    Ok(())
}
