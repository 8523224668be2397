//! A bot that streams its answers into cards, as one that asks a language model does.
//!
//! ```text
//! cargo run --example agent_bot
//! ```
//!
//! The answer is made up, a word every 60 ms. Messages of one chat or topic are answered one after the other, in the topic
//! they came in; the button on the card stops an answer; images in a message are seen. Without an account it talks to the
//! local platform and plays a user. With `FEISHU_APP_ID` and `FEISHU_APP_SECRET` the same bot serves the real platform until
//! Ctrl-C; the app needs the scope `cardkit:card:write`, and without it the message is updated instead.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use feishu_gateway::{Click, Event, Gateway, json};
use feishu_runtime::callbacks::build::Button;
use feishu_runtime::callbacks::im::content::Resource;
use feishu_runtime::prelude::*;
use feishu_runtime::{ClientBuilder, LongConnectionSource, StreamOptions};
use tokio::sync::Notify;
use tokio::time::sleep;

/// The answers under way, by the message that they answer.
#[derive(Clone, Default)]
struct Agent {
    running: Arc<Mutex<HashMap<String, Arc<Notify>>>>,
}

impl Agent {
    fn running<T>(&self, with: impl FnOnce(&mut HashMap<String, Arc<Notify>>) -> T) -> T {
        with(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A user wrote to the bot.
    async fn answer(self, message: MessageReceive, cx: Context) -> Result<(), HandlerError> {
        // Two bots that answer each other never stop.
        if message.event.sender.is_bot() {
            return Ok(());
        }
        let message = &message.event.message;
        let id = message.message_id.as_ref().map(ToString::to_string).ok_or("a message without an id")?;
        let question = message.text_without_mentions().unwrap_or_default();
        let images = message.resources().iter().filter(|it| matches!(it, Resource::Image { .. })).count();

        let stop = Arc::new(Notify::new());
        self.running(|running| running.insert(id.clone(), Arc::clone(&stop)));
        let options = StreamOptions::default()
            .title("Answer")
            .while_streaming(Button::plain("Stop").value(json!({"stop": id})))
            .interrupted("_The bot was restarted. Ask again._")
            .patch_without_scope();
        let answered = stream(&cx, options, &made_up(&question, images), &stop).await;
        self.running(|running| running.remove(&id));
        answered
    }

    /// A user clicked the button of an answer.
    fn clicked(&self, click: &CardActionTrigger) -> CardReply {
        let value = click.event.action.value.as_value();
        let id = value["stop"].as_str().unwrap_or_default();
        let toast = match self.running(|running| running.get(id).cloned()) {
            Some(stop) => {
                stop.notify_one();
                "Stopped"
            }
            None => "It had ended already",
        };
        CardReply::toast(Toast::info(toast))
    }
}

/// Streams the answer, until it ends or is stopped.
async fn stream(
    cx: &Context,
    options: StreamOptions,
    words: &str,
    stop: &Notify,
) -> Result<(), HandlerError> {
    let mut out = cx.stream_card(options).await?;
    for word in words.split_inclusive(' ') {
        tokio::select! {
            () = stop.notified() => {
                out.abort("_Stopped._").await?;
                return Ok(());
            }
            // Here a real agent waits for the next words of its model.
            () = sleep(Duration::from_millis(60)) => out.push(word)?,
        }
    }
    out.finish().await?;
    Ok(())
}

/// In place of a language model.
fn made_up(question: &str, images: usize) -> String {
    let seen = match images {
        0 => String::new(),
        1 => "I see **one image**. ".to_owned(),
        more => format!("I see **{more} images**. "),
    };
    format!(
        "{seen}You asked: *{question}*\n\nThis is how I would make tea:\n\n| step | minutes |\n|---|---|\n| boil water | 3 |\n\
         | steep | 4 |\n\n```rust\nlet tea = pot.pour(cup);\n```\n\nEnjoy it while it is **hot**."
    )
}

fn dispatcher(agent: &Agent) -> Result<Dispatcher, feishu_runtime::Error> {
    let (answering, agent) = (agent.clone(), agent.clone());
    let answer = Route::new(move |message, cx| answering.clone().answer(message, cx))
        .in_order_by(|message: &MessageReceive| message.event.message.conversation())
        .acknowledge_first();
    let click = move |click: CardActionTrigger, _| {
        let reply = agent.clicked(&click);
        async { Ok(reply) }
    };
    Dispatcher::builder().route(answer).on(click).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    let dispatcher = dispatcher(&Agent::default())?;
    if std::env::var_os("FEISHU_APP_ID").is_none() {
        return rehearse(dispatcher).await;
    }
    let client: ClientBuilder<LongConnectionSource> = Client::from_env()?;
    println!("{}", client.dispatcher(dispatcher).build()?.run_until(tokio::signal::ctrl_c()).await?);
    Ok(())
}

/// Runs the bot against the local platform and plays its user.
async fn rehearse(dispatcher: Dispatcher) -> Result<(), Box<dyn Error>> {
    let gateway = Gateway::builder().rate_limits().start().await?;
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url())?)
        .dispatcher(dispatcher)
        .build()?;
    let handle = client.handle();
    let bot = tokio::spawn(client.run());
    gateway.connected(1).await;

    println!("Two questions in one chat are answered one after the other; the first has an image in it.");
    let image =
        json!([[{"tag": "text", "text": "tea like this?"}], [{"tag": "img", "image_key": "img_v3_1"}]]);
    let content = json!({"title": "", "content": image}).to_string();
    let post = json!({"message": {"message_id": "om_1", "message_type": "post", "content": content}});
    gateway.send(Event::text_message("").merge(post)).await?;
    let second = json!({"message": {"message_id": "om_2"}});
    gateway.send(Event::text_message("and coffee?").merge(second)).await?;
    watch(&gateway, 1).await;
    watch(&gateway, 2).await;

    println!("A question in a topic is answered there, and stopped by the button.");
    let third = json!({"message": {"message_id": "om_3", "thread_id": "omt_1", "root_id": "om_3"}});
    gateway.send(Event::text_message("tell me everything").merge(third)).await?;
    while gateway.messages().len() < 3 {
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(1)).await;
    let card = gateway.messages().pop().ok_or("there is no card")?;
    let click = Click::component("button", "Stop").value(json!({"stop": "om_3"})).message(&card.message_id);
    println!("  user  clicks Stop and sees {}", gateway.click(click).await?.verdict());
    watch(&gateway, 3).await;

    handle.stop(Duration::from_secs(5));
    println!("{}", bot.await??);
    println!("\nWith FEISHU_APP_ID and FEISHU_APP_SECRET set, the same command serves the real platform.");
    Ok(())
}

/// Prints the last of so many cards as it grows, until it has ended.
async fn watch(gateway: &Gateway, cards: usize) {
    let mut seen = String::new();
    loop {
        let messages = gateway.messages();
        if let Some(message) = messages.get(cards - 1) {
            let text = message.content["body"]["elements"][0]["content"].as_str().unwrap_or_default();
            if text != seen {
                println!("  card  {:>4} characters, answers {:?}", text.chars().count(), message.parent_id);
                text.clone_into(&mut seen);
            }
            if message.content["config"]["streaming_mode"] != true {
                println!("  card  ended\n    {}\n", seen.replace('\n', "\n    "));
                return;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}
