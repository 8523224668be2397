//! A custom transport for the dispatcher: a queue, in place of a message broker.
//!
//! ```text
//! cargo run -p feishu-runtime --example own_transport
//! ```

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::transport::{self, Answer, Delivery, Inbox, Received, Shutdown, Transport};
use feishu_runtime::{Client, Dispatcher};
use tokio::sync::mpsc;

/// An entry of the queue: a payload, and the channel for its answer.
struct Job {
    payload: &'static str,
    answers: mpsc::Sender<Answer>,
}

/// Takes jobs out of a queue.
struct Queue(mpsc::Receiver<Job>);

#[async_trait]
impl Transport for Queue {
    async fn run(
        mut self: Box<Self>,
        inbox: Arc<dyn Inbox>,
        mut stop: Shutdown,
    ) -> Result<(), transport::Error> {
        loop {
            tokio::select! {
                // Take no more jobs; the answers to earlier ones are still sent by their tasks.
                _ = stop.requested() => return Ok(()),
                job = self.0.recv() => match job {
                    Some(Job { payload, answers }) => {
                        let (delivery, answer) = Delivery::channel(Received::new(payload, []));
                        inbox.deliver(delivery);
                        tokio::spawn(async move {
                            // If the receiver is gone, the answer is lost, as on a broken connection.
                            let _ = answers.send(answer.await).await;
                        });
                    }
                    None => return Ok(()),
                },
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            let name = click.event.action.name.unwrap_or_default();
            Ok(CardReply::toast(Toast::success(format!("{name}: done"))))
        })
        .build()?;
    let (queue, jobs) = mpsc::channel(16);
    let (answers, mut answered) = mpsc::channel(16);
    let payload = r#"{"schema":"2.0","header":{"event_id":"e-1","event_type":"card.action.trigger"},
                      "event":{"action":{"tag":"button","name":"approve"}}}"#;
    // The second one is a repeat: it gets the same answer without running the handler.
    for _ in 0..2 {
        queue.send(Job { payload, answers: answers.clone() }).await?;
    }
    drop((queue, answers));
    let report = Client::with_transport(Queue(jobs)).dispatcher(dispatcher).build()?.run().await?;
    while let Some(answer) = answered.recv().await {
        println!("{} {}", answer.code(), String::from_utf8_lossy(answer.data().map_or(b"", |data| data)));
    }
    println!("{report}");
    Ok(())
}
