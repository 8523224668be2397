//! The program's own use of the interface: the faults of a file, and the stream of events as lines of JSON.

use std::path::Path;

use feishu_gateway::{Gateway, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};

use crate::args::Args;
use crate::printer::Printer;

/// Brings about the faults of a file.
pub(crate) async fn faults(gateway: &Gateway, args: &Args, file: &Path) -> Result<(), String> {
    let wrong = |why: String| format!("{}: {why}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let mut stream = request(gateway, args, "POST /local/faults", &text).await.map_err(wrong)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|error| wrong(error.to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    if head.lines().next().is_some_and(|status| status.contains(" 200")) {
        return Ok(());
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |pointer| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    Err(wrong(format!("{} {}", text("/error/field"), text("/error/text"))))
}

/// Prints each event as a line of JSON until the end.
pub(crate) async fn print_events(gateway: Gateway, args: Box<Args>, printer: Printer) {
    let Ok(stream) = request(&gateway, &args, "GET /local/stream?after=0", "").await else { return };
    let mut lines = BufReader::new(stream).lines();
    let (mut id, mut event) = (Value::Null, String::new());
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(number) = line.strip_prefix("id: ") {
            id = number.parse::<u64>().map(Value::from).unwrap_or_default();
        } else if let Some(name) = line.strip_prefix("event: ") {
            name.clone_into(&mut event);
        } else if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).unwrap_or_default();
            printer.line(json!({"id": id, "event": event, "data": data}).to_string());
        }
    }
}

/// One request in memory. HTTP/1.0, so that the answer comes as it is and ends with the stream.
async fn request(
    gateway: &Gateway,
    args: &Args,
    line: &str,
    body: &str,
) -> Result<BufReader<DuplexStream>, String> {
    let mut stream = gateway.dial_plain();
    let token = args.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!(
        "{line} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{body}",
        body.len(),
        token.unwrap_or_default()
    );
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    Ok(BufReader::new(stream))
}
