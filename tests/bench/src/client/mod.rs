//! The bare clients, which the bot is compared with: a WebSocket of tokio-tungstenite that answers what it receives.

mod echo;
mod prost;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::certificate;
use crate::workload::Kind;

/// Makes the answer to a frame, or `None` if there is none: for a pong, or a fragment that is not the last.
type Answer = fn(&[u8], Kind, &mut Parts) -> Result<Option<Vec<u8>>>;

/// A bare client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    /// Copies the frame and puts an answer in place of its payload: the least that a client can do.
    Echo,
    /// Decodes the frame with prost and encodes it again.
    Prost,
}

impl Bare {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Prost => "prost",
        }
    }

    fn answer(self) -> Answer {
        match self {
            Self::Echo => echo::answer,
            Self::Prost => prost::answer,
        }
    }
}

/// What a client does wrong with some callbacks, to test that the load notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    #[cfg(test)]
    Lose,
    #[cfg(test)]
    Double,
    #[cfg(test)]
    Refuse,
    #[cfg(test)]
    Confuse,
}

/// Runs the client of this name in this process until its connection ends.
pub(crate) fn run(name: &str, kind: &str, url: &str, root: Option<&str>) -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let bare = [Bare::Echo, Bare::Prost].into_iter().find(|bare| bare.name() == name);
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
    let (bare, kind) = bare.zip(kind).context("there is no such client")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(serve(bare, kind, url, root.map(Path::new), Fault::None))
}

/// Connects and answers.
pub(crate) async fn serve(
    bare: Bare,
    kind: Kind,
    url: &str,
    root: Option<&Path>,
    fault: Fault,
) -> Result<()> {
    let host = url.split('/').nth(2).context("a URL without a host")?;
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let Some(root) = root else {
        return answer_all(client_async(url, stream).await?.0, bare.answer(), kind, fault).await;
    };
    let name = ServerName::try_from("127.0.0.1")?;
    let connector = TlsConnector::from(Arc::new(certificate::client(root)?));
    let stream = connector.connect(name, stream).await?;
    answer_all(client_async(url, stream).await?.0, bare.answer(), kind, fault).await
}

/// Answers all messages that are there, then flushes once, as the SDK does.
async fn answer_all<S>(mut socket: WebSocketStream<S>, answer: Answer, kind: Kind, fault: Fault) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut parts = Parts::default();
    let mut count = 0_u64;
    while let Some(message) = socket.next().await {
        let mut next = Some(message);
        while let Some(message) = next {
            if let Message::Binary(data) = message? {
                if let Some(answer) = answer(&data, kind, &mut parts)? {
                    count += 1;
                    for answer in fault.apply(count, answer) {
                        socket.feed(Message::Binary(answer.into())).await?;
                    }
                }
            }
            next = socket.next().now_or_never().flatten();
        }
        socket.flush().await?;
    }
    Ok(())
}

impl Fault {
    /// What is sent instead of the answer; the fiftieth is the wrong one.
    #[cfg(not(test))]
    fn apply(self, _count: u64, answer: Vec<u8>) -> [Vec<u8>; 1] {
        match self {
            Self::None => [answer],
        }
    }

    #[cfg(test)]
    fn apply(self, count: u64, mut answer: Vec<u8>) -> Vec<Vec<u8>> {
        let mut replace = |old: &[u8], new: &[u8]| {
            let at = answer.windows(old.len()).position(|bytes| bytes == old).unwrap();
            answer[at..at + new.len()].copy_from_slice(new);
        };
        match self {
            _ if count != 50 => vec![answer],
            Self::None => vec![answer],
            Self::Lose => Vec::new(),
            Self::Double => vec![answer.clone(), answer],
            Self::Refuse => {
                replace(b"\"code\":200", b"\"code\":500");
                vec![answer]
            }
            Self::Confuse => {
                // The message id of one callback with the answer to another.
                replace(b"om_bench", b"om_bench10000060");
                vec![answer]
            }
        }
    }
}

/// Counts the fragments of messages that are not complete.
#[derive(Default)]
struct Parts(HashMap<u64, u64>);

impl Parts {
    /// Enters a fragment of `sum`. True if the message is complete.
    fn complete(&mut self, number: u64, sum: u64) -> bool {
        if sum <= 1 {
            return true;
        }
        let count = self.0.entry(number).or_insert(0);
        *count += 1;
        let complete = *count == sum;
        if complete {
            self.0.remove(&number);
        }
        complete
    }
}
