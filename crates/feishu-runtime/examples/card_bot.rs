//! A bot that answers clicks, previews a link and takes a message.
//!
//! ```text
//! cargo run --example card_bot
//! ```
//!
//! Without an account it talks to the local platform, which clicks, previews and shows what a user would see. With
//! `FEISHU_APP_ID` and `FEISHU_APP_SECRET` in the environment (and `FEISHU_DOMAIN=https://open.larksuite.com` for an app
//! made on Lark) the same bot serves the real platform until Ctrl-C.

use std::env::var;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use feishu_gateway::{Answered, Click, Gateway, json};
use feishu_runtime::callbacks::{
    CardActionTrigger, CardReply, MessageReceive, PreviewReply, Toast, ToastLanguage, UrlPreviewGet,
};
use feishu_runtime::transport::{AppSecret, Domain, LifecycleEvent};
use feishu_runtime::{Client, Context, Dispatcher, HandlerError, Route};

/// A user clicked a component of a card. The reply is what the user sees: a toast, a new card, or nothing.
async fn clicked(click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError> {
    let action = &click.event.action;
    match action.name.as_deref().unwrap_or_default() {
        "save" => {
            let note = action.form_value.text("note").unwrap_or_default();
            println!("  bot   a form with the note {note:?}; {:.1?} left to answer", cx.remaining());
            let toast = Toast::success(format!("Saved: {note}"));
            Ok(CardReply::toast(toast.lang(ToastLanguage::ZhCn, format!("已保存：{note}"))))
        }
        "slow" => {
            println!("  bot   this will take four seconds, longer than the platform waits");
            tokio::time::sleep(Duration::from_secs(4)).await;
            println!("  bot   done, after the user saw the late reply");
            Ok(CardReply::empty())
        }
        "fail" => Err("the order service is down".into()),
        name => {
            println!("  bot   a click on {name:?}");
            Ok(CardReply::toast(Toast::info("Approved")))
        }
    }
}

/// A client shows one of our links and requests its title.
async fn previewed(link: UrlPreviewGet, _: Context) -> Result<PreviewReply, HandlerError> {
    println!("  bot   a preview of {}", link.event.context.url.unwrap_or_default());
    Ok(PreviewReply::title("Order 42"))
}

/// A user wrote to the bot. Events are acknowledged, without a reply.
async fn received(message: MessageReceive, _: Context) -> Result<(), HandlerError> {
    println!("  bot   a message: {}", message.event.message.content.unwrap_or_default());
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    let done = match (var("FEISHU_APP_ID"), var("FEISHU_APP_SECRET")) {
        (Ok(id), Ok(secret)) => serve(id, AppSecret::new(secret)).await,
        (Err(_), Err(_)) => rehearse().await,
        _ => {
            Err(Wrong("set both FEISHU_APP_ID and FEISHU_APP_SECRET, or none of them for the local platform")
                .into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if error.is::<Wrong>() { 2 } else { 1 })
        }
    }
}

fn dispatcher() -> Result<Dispatcher, feishu_runtime::Error> {
    // The toast if a click takes too long.
    let late = CardReply::toast(Toast::info("Still working on it"));
    Dispatcher::builder().route(Route::new(clicked).on_late(late)).on(previewed).on(received).build()
}

/// Serves the real platform until Ctrl-C.
async fn serve(app_id: String, secret: AppSecret) -> Result<(), Box<dyn Error>> {
    let domain = match var("FEISHU_DOMAIN") {
        Ok(url) => Domain::url(url).map_err(|_| {
            Wrong("FEISHU_DOMAIN must be a URL such as https://open.feishu.cn or https://open.larksuite.com")
        })?,
        Err(_) => Domain::Feishu,
    };
    println!("connecting to {domain}; Ctrl-C ends");
    let report = Client::builder(app_id, secret)
        .domain(domain)
        .connection(|connection| connection.observe(tell))
        .dispatcher(dispatcher()?)
        .build()?
        .run_until(tokio::signal::ctrl_c())
        .await?;
    println!("{report}");
    Ok(())
}

fn tell(event: LifecycleEvent) {
    match event {
        LifecycleEvent::Connected { info, .. } => {
            println!("connected to {} (connection {})", info.address, info.id);
        }
        LifecycleEvent::Disconnected { cause: Some(cause), .. } => println!("disconnected: {cause}"),
        _ => {}
    }
}

/// Runs the bot against the local platform and plays its users.
async fn rehearse() -> Result<(), Box<dyn Error>> {
    let gateway = Gateway::start().await?;
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url())?)
        .dispatcher(dispatcher()?)
        .build()?;
    let handle = client.handle();
    let bot = tokio::spawn(client.run());
    gateway.connected(1).await;
    println!("connected to the local platform at {}\n", gateway.base_url());

    println!("A user clicks the button \"approve\"");
    show(&gateway.click(Click::button("approve").value(json!({"order": 42}))).await?);
    println!("A user fills in a form and clicks \"save\"");
    show(&gateway.click(Click::form("save", json!({"note": "two coffees"}))).await?);
    println!("A user pastes the link https://example.com/orders/42");
    show(&gateway.preview("https://example.com/orders/42").await?);
    println!("A user writes \"hello\"");
    let message = json!({"sender": {"sender_type": "user"}, "message": {
        "message_id": "om_1", "chat_id": "oc_1", "chat_type": "p2p", "message_type": "text",
        "content": "{\"text\":\"hello\"}"
    }});
    show(&gateway.event("im.message.receive_v1", message).await?);
    println!("A user clicks something that takes too long");
    show(&gateway.click(Click::button("slow")).await?);
    println!("A user clicks something that fails");
    show(&gateway.click(Click::button("fail")).await?);

    handle.stop(Duration::from_secs(5));
    println!("{}", bot.await??);
    println!("The platform has {} complaints about this client.", gateway.findings().len());
    println!("\nWith FEISHU_APP_ID and FEISHU_APP_SECRET set, the same command serves the real platform.");
    Ok(())
}

/// Prints the answer and what the user would see.
fn show(answer: &Answered) {
    println!("  sent  {}", answer.data().unwrap_or_else(|| json!({"code": answer.code()})));
    if answer.is_callback() {
        println!("  user  sees {}", answer.verdict());
    }
    println!("  took  {:.1} ms\n", answer.elapsed().as_secs_f64() * 1e3);
}

/// The error of a wrong environment variable.
#[derive(Debug)]
struct Wrong(&'static str);

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Wrong {}
