//! The local platform as a program, for clients in any language.
//!
//! It prints its address and, as it happens, everything it sees; commands on standard input make things happen.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

mod args;
mod command;

use std::io::BufRead as _;
use std::process::ExitCode;
use std::time::Duration;

use feishu_gateway::{Answered, Click, Entry, Error, Event, Gateway, Outgoing, Seen};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinSet;

use args::Args;
use command::Command;

/// Bounds the typed lines that are not run yet; beyond it the reading thread waits.
const LINES_LIMIT: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("feishu-gateway: {why}\nTry feishu-gateway --help.");
            return ExitCode::from(2);
        }
    };
    let click_every = args.click_every;
    let gateway = match args.builder().start().await {
        Ok(gateway) => gateway,
        Err(error) => {
            eprintln!("feishu-gateway: {error}");
            return ExitCode::FAILURE;
        }
    };
    greet(&gateway);
    tokio::spawn(show(gateway.watch()));
    if let Some(pause) = click_every {
        tokio::spawn(click_every_now_and_then(gateway.clone(), pause));
    }
    obey(&gateway).await;
    ExitCode::SUCCESS
}

fn greet(gateway: &Gateway) {
    println!("listening on {}", gateway.base_url());
    println!("  app id     {}", gateway.app_id());
    println!("  app secret {}", gateway.app_secret());
    println!("Give the address to a client as its domain, then type: click approve");
    println!("(help lists the other commands)");
}

/// Prints the log as it grows.
async fn show(mut entries: broadcast::Receiver<Entry>) {
    loop {
        match entries.recv().await {
            Ok(entry) => show_entry(&entry),
            Err(RecvError::Lagged(missed)) => println!("({missed} lines were too many to show)"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn show_entry(entry: &Entry) {
    match &entry.seen {
        // Each pong follows a ping, which is shown.
        Seen::Pong => {}
        Seen::Found(finding) => println!("               ! {finding}"),
        Seen::Answered(answer) => {
            println!("{entry}");
            let who = if answer.is_callback() { "the user sees" } else { "the platform" };
            println!("               {who}: {}", answer.verdict());
        }
        _ => println!("{entry}"),
    }
}

async fn click_every_now_and_then(gateway: Gateway, pause: Duration) {
    loop {
        gateway.connected(1).await;
        show_failure(gateway.click(Click::button("approve")).await);
        tokio::time::sleep(pause).await;
    }
}

/// Runs the commands of standard input until `quit`. It goes on when the input ends, so that the program can run in the
/// background.
async fn obey(gateway: &Gateway) {
    let (lines, mut typed) = mpsc::channel(LINES_LIMIT);
    // A thread, as reading a terminal cannot be cancelled; it ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let mut pushes = JoinSet::new();
    let mut last_event = None;
    while let Some(line) = typed.recv().await {
        match Command::parse(&line) {
            Ok(None) => {}
            Ok(Some(Command::Quit)) => {
                // Each waits for its answer, 3 s at most.
                pushes.join_all().await;
                return;
            }
            Ok(Some(command)) => run(gateway, command, &mut pushes, &mut last_event),
            Err(why) => println!("{why} (help lists the commands)"),
        }
    }
    std::future::pending::<()>().await;
}

fn run(gateway: &Gateway, command: Command, pushes: &mut JoinSet<()>, last_event: &mut Option<Event>) {
    match command {
        Command::Help => print!("{}", command::HELP),
        Command::Quit => {}
        Command::Push(push) => start(gateway, *push, pushes),
        Command::Event(event) => {
            *last_event = Some(event.clone());
            start(gateway, event, pushes);
        }
        Command::Replay => match last_event {
            Some(event) => start(gateway, event.replay(), pushes),
            None => println!("no event was pushed yet (event TYPE pushes one)"),
        },
        Command::Deliver(event) => {
            *last_event = Some(event.clone());
            let gateway = gateway.clone();
            tokio::spawn(deliver(gateway, event));
        }
        Command::Fault(times, fault) => {
            match times {
                Some(times) => gateway.fault_times(times, fault),
                None => gateway.fault(fault),
            }
            println!("done (heal ends all faults)");
        }
        Command::Heal => gateway.heal(),
        Command::Settings(settings) => gateway.set_settings(settings),
        Command::Card(message_id) => match gateway.card(&message_id) {
            Some(card) => println!("{card:#}"),
            None => println!("no card is known for {message_id:?}"),
        },
        Command::Connections => {
            for connection in gateway.connections() {
                let (id, app) = (connection.id(), connection.app_id());
                println!("{id} {app} service_id {}", connection.service_id());
            }
            println!("{} live, {} handshakes in all", gateway.connections().len(), gateway.handshakes());
        }
        Command::Findings => {
            let findings = gateway.findings();
            for finding in &findings {
                println!("! {finding}");
            }
            println!("{} findings", findings.len());
        }
    }
}

/// Pushes in the background and shows what went wrong.
fn start(gateway: &Gateway, push: impl Into<Outgoing>, pushes: &mut JoinSet<()>) {
    let (gateway, push) = (gateway.clone(), push.into());
    while pushes.try_join_next().is_some() {}
    pushes.spawn(async move { show_failure(gateway.push(push).await) });
}

async fn deliver(gateway: Gateway, event: Event) {
    let attempts = gateway.deliver(event).await;
    let count = attempts.len();
    match attempts.last() {
        Some(Ok(answer)) if answer.verdict().is_ok() => println!("delivered with attempt {count}"),
        _ => println!("given up after attempt {count}"),
    }
}

fn show_failure(pushed: Result<Answered, Error>) {
    if let Err(error) = pushed {
        match error.verdict() {
            Some(verdict) => println!("               {error}; the user sees: {verdict}"),
            None => println!("               {error}"),
        }
    }
}
