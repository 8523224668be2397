//! Two hundred streamed cards at once, on a platform with its documented rates that refuses, loses calls and restarts.
#![cfg(feature = "long-connection")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_callbacks::openapi::Receiver;
use feishu_callbacks::{CardActionTrigger, CardReply, MessageId, MessageReceive};
use feishu_gateway::{BotMessage, Click, Entry, Event, Fault, Gateway, Seen, json};
use feishu_kit::UnsteadyDial;
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{
    CardStream, Client, ClientHandle, Context, Delivered, Dispatcher, HandlerError, OpenApi, StreamOptions,
    StreamTarget,
};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
const STREAMS: usize = 200;
/// Streams from clicks, then streams from messages; the others have no handler.
const CLICKED: usize = 20;
const ASKED: usize = 80;
const SEED: u64 = 20_261_127;

/// What became of each stream that ended.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<BTreeMap<usize, Delivered>>>);

impl Ends {
    fn add(&self, stream: usize, delivered: Delivered) {
        assert!(self.0.lock().unwrap().insert(stream, delivered).is_none(), "stream {stream} ended twice");
    }

    fn read(&self) -> BTreeMap<usize, Delivered> {
        self.0.lock().unwrap().clone()
    }
}

/// The chat of a stream: one of twelve.
fn chat(stream: usize) -> String {
    format!("oc_{}", stream % 12)
}

fn mark(stream: usize, at: usize) -> String {
    format!("n{stream}i{at};")
}

/// The text of a stream: from one line to several cards, with code and tables. Each line has a mark of its own.
fn text_of(stream: usize) -> String {
    let mut text = String::new();
    let mut at = 0;
    let mut line = |text: &mut String, before: &str, after: &str| {
        let _ = writeln!(text, "{before}{}{after}", mark(stream, at));
        at += 1;
    };
    if stream % 5 == 0 {
        line(&mut text, "One line, ", " and no more.");
        return text;
    }
    // Some 30 KB go into one card.
    let chapters = if stream % 17 == 3 { 80 } else { 1 + stream % 4 };
    for chapter in 0..chapters {
        for _ in 0..6 {
            line(&mut text, "A paragraph about *tea*, ", " which says what **kettles** are there for.\n");
        }
        if stream % 3 != 0 {
            text.push_str("```rust\n");
            for _ in 0..12 {
                line(&mut text, "let kettle = \"", "\"; // and | no | table\n");
            }
            text.push_str("```\n\n");
        }
        if stream % 2 == 0 && chapter % 3 == 0 {
            text.push_str("| Tea | Mark |\n| --- | --- |\n");
            for _ in 0..8 {
                line(&mut text, "| green | ", " |");
            }
            text.push('\n');
        }
    }
    text
}

/// Pushes the text in pieces that break anywhere, and ends the stream.
async fn write(stream: usize, mut out: CardStream, ends: &Ends) -> Result<(), HandlerError> {
    let mut random = fastrand::Rng::with_seed(SEED ^ stream as u64);
    let text: Vec<char> = text_of(stream).chars().collect();
    let pieces = random.usize(20..60).min(text.len());
    for piece in text.chunks(text.len().div_ceil(pieces)) {
        out.push(&piece.iter().collect::<String>())?;
        sleep(Duration::from_millis(random.u64(100..3000))).await;
    }
    ends.add(stream, out.finish().await?);
    Ok(())
}

fn dispatcher(ends: &Ends) -> Dispatcher {
    let (of_clicks, of_messages) = (ends.clone(), ends.clone());
    let click = move |click: CardActionTrigger, cx: Context| {
        let ends = of_clicks.clone();
        async move {
            let stream = click.event.action.name.as_deref().unwrap().parse().unwrap();
            write(stream, cx.stream_card(StreamOptions::default()).await?, &ends).await?;
            Ok(CardReply::empty())
        }
    };
    let message = move |message: MessageReceive, cx: Context| {
        let ends = of_messages.clone();
        async move {
            let id = message.event.message.message_id.clone().unwrap();
            let stream = id.as_str().trim_start_matches("om_asked").parse().unwrap();
            write(stream, cx.stream_card(StreamOptions::default()).await?, &ends).await
        }
    };
    Dispatcher::builder().on(click).on(message).build().unwrap()
}

fn client(gateway: &Gateway, dial: &UnsteadyDial, ends: &Ends) -> (OpenApi, ClientHandle) {
    let dial = dial.clone();
    let builder = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(dispatcher(ends));
    let api = builder.open_api().unwrap();
    let client = builder.api(api.clone()).build().unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    (api, handle)
}

/// Begins all streams within some seconds.
async fn begin(gateway: &Gateway, api: &OpenApi, ends: &Ends) {
    for stream in 0..STREAMS {
        let (gateway, api, ends) = (gateway.clone(), api.clone(), ends.clone());
        match stream {
            ..CLICKED => {
                let card = gateway.post_card(json!({"schema": "2.0", "body": {"elements": []}}));
                let click = Click::button(&stream.to_string()).message(&card);
                tokio::spawn(async move { gateway.click(click).await.unwrap() });
            }
            CLICKED..ASKED => {
                let message = json!({"message": {
                    "message_id": format!("om_asked{stream}"), "chat_id": chat(stream),
                    "thread_id": format!("omt_{}", stream % 7),
                }});
                tokio::spawn(async move { gateway.push(Event::text_message("tea?").merge(message)).await });
            }
            _ => {
                tokio::spawn(async move {
                    let target = match stream % 4 {
                        0 => StreamTarget::reply(format!("om_other{stream}")),
                        _ => StreamTarget::send(Receiver::Chat(chat(stream).into())),
                    };
                    let out = CardStream::open(&api, target, StreamOptions::default()).await.unwrap();
                    write(stream, out, &ends).await.unwrap();
                });
            }
        }
        sleep(SECOND / 50).await;
    }
}

fn refuse(path: &str, status: u16, code: i64) -> Fault {
    Fault::OpenApi { path: path.into(), status, code, msg: "now and then".into() }
}

/// Refuses some calls every second: for their rate, or by a fault of a server.
async fn refuse_now_and_then(gateway: Gateway) {
    let mut random = fastrand::Rng::with_seed(SEED);
    let kinds = [
        refuse("cardkit", 502, 502),
        refuse("cardkit", 500, 300_120),
        refuse("cardkit", 400, 230_020),
        refuse("cardkit", 429, 99_991_400),
        refuse("im/v1/messages", 503, 503),
        refuse("im/v1/messages", 400, 230_020),
    ];
    loop {
        sleep(Duration::from_millis(random.u64(200..1000))).await;
        gateway.heal();
        gateway.fault_times(random.u32(1..4), random.choice(&kinds).unwrap().clone());
    }
}

/// The platform is away for some seconds, twice. Cards and messages stay, access tokens do not.
async fn restart(gateway: Gateway, dial: UnsteadyDial) {
    for (up, away) in [(15, 8), (20, 4)] {
        sleep(up * SECOND).await;
        dial.go_away();
        sleep(away * SECOND).await;
        gateway.revoke_tokens();
        dial.come_back();
    }
}

/// Checks what the cards of a stream show at its end.
fn check_cards(stream: usize, delivered: &Delivered, messages: &HashMap<&str, &BotMessage>) {
    let cards: Vec<_> = delivered.messages.iter().map(|id| messages[id.as_str()]).collect();
    let mut shown = String::new();
    for card in &cards {
        let config = &card.content["config"];
        assert_ne!(config["streaming_mode"], true, "stream {stream} is still on: {config}");
        let summary = config["summary"]["content"].as_str().unwrap();
        assert!(!summary.is_empty() && !summary.contains("生成中"), "stream {stream}: {summary}");
        let elements = card.content["body"]["elements"].as_array().unwrap();
        shown += &elements.iter().map(|it| it["content"].as_str().unwrap()).collect::<Vec<_>>().join("\n");
        shown += "\n\n";
    }
    let text = text_of(stream);
    if let [_] = cards[..] {
        assert_eq!(shown.trim_end(), text.trim_end(), "stream {stream}");
    }
    assert_eq!(cards.len() > 1, stream % 5 != 0 && stream % 17 == 3, "stream {stream}");
    let marks = |text: &str| -> Vec<String> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != ';');
        words.filter(|word| word.starts_with('n') && word.ends_with(';')).map(str::to_owned).collect()
    };
    let wanted: Vec<_> = (0..marks(&text).len()).map(|at| mark(stream, at)).collect();
    assert_eq!(marks(&shown), wanted, "stream {stream} shows each line once, in order");
}

/// The most that happened within a span of time.
fn most_within(span: Duration, times: &[Duration]) -> usize {
    let ahead = |at: usize| times[at..].iter().take_while(|time| **time < times[at] + span).count();
    (0..times.len()).map(ahead).max().unwrap_or_default()
}

/// Checks the documented rates by the platform's log, over every span and not only its windows.
fn check_rates(log: &[Entry], messages: &HashMap<&str, &BotMessage>) {
    let (mut calls, mut cards, mut chats) = (HashMap::new(), HashMap::new(), HashMap::new());
    for entry in log {
        match &entry.seen {
            Seen::OpenApi { method, path, .. } => {
                let parts: Vec<_> = path.trim_start_matches("/open-apis/").split('/').collect();
                let name = (
                    method,
                    parts[0],
                    parts.get(4).copied(),
                    parts.last().copied().filter(|_| parts.len() > 4),
                );
                calls.entry(name).or_insert_with(Vec::new).push(entry.at);
                if let ["cardkit", "v1", "cards", card, ..] = parts[..] {
                    cards.entry(card.to_owned()).or_insert_with(Vec::new).push(entry.at);
                }
            }
            Seen::Sent { message_id, .. } => {
                let message = messages[&**message_id];
                let parent = message.parent_id.as_deref().unwrap_or_default();
                let asked = parent.strip_prefix("om_asked");
                let chat = asked.map_or(message.receive_id.clone(), |stream| chat(stream.parse().unwrap()));
                // The chat of these is not known to the client.
                if !parent.starts_with("om_other") {
                    chats.entry(chat).or_insert_with(Vec::new).push(entry.at);
                }
            }
            _ => {}
        }
    }
    assert!(chats.len() == 13 && cards.len() >= STREAMS && calls.len() >= 5);
    for (call, times) in &calls {
        let most = (most_within(SECOND, times), most_within(60 * SECOND, times));
        assert!(most.0 <= 50 && most.1 <= 1000, "{call:?}: {most:?}");
    }
    assert!(cards.values().all(|times| most_within(SECOND, times) <= 10));
    let most: Vec<_> = chats.values().map(|times| most_within(SECOND, times)).collect();
    assert!(most.iter().all(|most| *most <= 5), "{most:?}");
}

#[tokio::test(start_paused = true)]
async fn card_streams_show_each_text_once_and_whole_on_a_platform_that_refuses_breaks_and_restarts() {
    let gateway = Gateway::builder().in_memory().rate_limits().log_limit(100_000).start().await.unwrap();
    let dial = UnsteadyDial::new(gateway.clone(), SEED);
    let ends = Ends::default();
    let (api, client) = client(&gateway, &dial, &ends);
    gateway.connected(1).await;
    let start = Instant::now();
    begin(&gateway, &api, &ends).await;
    dial.break_one_in(60);
    let refusing = tokio::spawn(refuse_now_and_then(gateway.clone()));
    tokio::spawn(restart(gateway.clone(), dial.clone()));
    while ends.read().len() < STREAMS {
        sleep(SECOND).await;
        assert!(start.elapsed() < 600 * SECOND, "{} streams: {:?}", ends.read().len(), client.stats());
    }
    refusing.abort();
    sleep(SECOND).await;

    let (messages, log) = (gateway.messages(), gateway.log());
    let messages: HashMap<_, _> = messages.iter().map(|it| (&*it.message_id, it)).collect();
    let ends = ends.read();
    let ids: HashSet<_> = ends.values().flat_map(|it| &it.messages).map(MessageId::as_str).collect();
    assert_eq!(messages.len(), CLICKED + ids.len(), "each message is there once");
    for (stream, delivered) in &ends {
        check_cards(*stream, delivered, &messages);
    }
    check_rates(&log, &messages);
    let codes = |wanted: &[i64]| {
        let is = |entry: &&Entry| matches!(&entry.seen, Seen::OpenApi { code, .. } if wanted.contains(code));
        log.iter().filter(is).count()
    };
    assert_eq!(codes(&[300_317, 300_309, 200_850]), 0, "numbers rise, and no text comes after the end");
    assert!(codes(&[502, 503, 300_120]) > 10 && codes(&[99_991_663]) > 0, "it refused");
    let passed = gateway.findings().into_iter().map(|finding| finding.to_string());
    let passed: Vec<_> = passed.filter(|it| it.contains("limit") || it.contains("in a second")).collect();
    assert!(passed.is_empty(), "only the refusals that were made up are for a rate: {passed:?}");

    let stats = client.stats();
    assert_eq!((stats.streaming, stats.rates.waiting, stats.pending), (0, 0, 0), "{stats:?}");
    let fates: u64 = stats.streamed.iter().map(|(_, count)| count).sum();
    assert_eq!((stats.streamed.delivered, fates), (STREAMS as u64, STREAMS as u64));
    assert!(stats.rates.refused <= codes(&[230_020, 99_991_400]) as u64, "{stats:?}");
}
