//! The local platform as a program, for bots in any language.
//!
//! It prints the address of its page and, as it happens, everything it sees. The page, and requests under `/local/`,
//! make things happen.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

mod args;
mod desk;
mod greeting;
mod lang;
mod printer;

use std::error::Error as _;
use std::io;
use std::process::ExitCode;

use feishu_gateway::{Entry, Error, Gateway, Seen, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use args::{Args, Task};
use lang::Lang;
use printer::Printer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let lang = Lang::of_environment(|name| std::env::var(name).ok());
    let args = match Args::parse(std::env::args_os().skip(1), lang) {
        Ok(Task::Run(args)) => args,
        Ok(Task::Help(lang)) => {
            print!("{}", lang.help());
            return ExitCode::SUCCESS;
        }
        Ok(Task::Version) => {
            println!("feishu-gateway {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!(
                "feishu-gateway: {why}\n{}",
                lang.of("Try feishu-gateway --help.", "请看 feishu-gateway --help。")
            );
            return ExitCode::from(2);
        }
    };
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, why)) => {
            eprintln!("feishu-gateway: {why}");
            ExitCode::from(code)
        }
    }
}

async fn run(args: Box<Args>) -> Result<(), (u8, String)> {
    let gateway = start(&args).await?;
    let entries = gateway.watch();
    let printer = if args.json {
        let printer =
            Printer::start(|missed| json!({"event": "missed", "data": {"lines": missed}}).to_string());
        printer.line(greeting::json_line(&gateway, &args).to_string());
        printer
    } else {
        let printer = Printer::start(|missed| format!("({missed} lines were too many to show)"));
        printer.line(greeting::text(&gateway, &args));
        printer
    };
    if let Some(file) = &args.faults {
        desk::faults(&gateway, &args, file).await.map_err(|why| (2, why))?;
    }
    if args.open {
        open(&greeting::page(&gateway, &args), args.lang);
    }
    if args.json {
        desk::print_events(gateway, args, printer).await;
    } else {
        show(entries, &printer).await;
    }
    Ok(())
}

#[cfg(feature = "tls")]
async fn start(args: &Args) -> Result<Gateway, (u8, String)> {
    let builder = if args.tls { args.builder().tls() } else { args.builder() };
    let gateway = builder.start().await.map_err(|error| not_started(&error, args.lang))?;
    if args.tls {
        let written = std::fs::write(&args.ca, gateway.root_pem());
        written.map_err(|error| (1, format!("cannot write {}: {error}", args.ca.display())))?;
    }
    Ok(gateway)
}

#[cfg(not(feature = "tls"))]
async fn start(args: &Args) -> Result<Gateway, (u8, String)> {
    if args.tls {
        let en = "this program was built without TLS: cargo install feishu-gateway --features tls";
        let zh = "本程序编译时未启用 TLS：cargo install feishu-gateway --features tls";
        return Err((2, args.lang.of(en, zh).into()));
    }
    args.builder().start().await.map_err(|error| not_started(&error, args.lang))
}

/// The exit code and the reason, with what helps when the port is taken.
fn not_started(error: &Error, lang: Lang) -> (u8, String) {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let help = match source.map(io::Error::kind) {
        Some(io::ErrorKind::AddrInUse) => lang.of(
            "\nIs one running already? Use that one, or another port: --port 0 takes a free one.",
            "\n是否已有一个在运行？请使用它，或换一个端口：--port 0 取任意空闲端口。",
        ),
        _ => "",
    };
    (1, format!("{error}{help}"))
}

/// Opens the page in the browser of the desktop.
fn open(page: &str, lang: Lang) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        // It takes an address as one word, which `cmd /c start` does not.
        "explorer"
    } else {
        "xdg-open"
    };
    if let Err(error) = std::process::Command::new(program).arg(page).spawn() {
        eprintln!("{} {program}: {error}", lang.of("cannot open the browser:", "无法打开浏览器："));
    }
}

/// Prints the log as it grows.
async fn show(mut entries: broadcast::Receiver<Entry>, printer: &Printer) {
    loop {
        match entries.recv().await {
            Ok(entry) => show_entry(&entry, printer),
            Err(RecvError::Lagged(missed)) => printer.line(format!("({missed} lines were too many to show)")),
            Err(RecvError::Closed) => return,
        }
    }
}

fn show_entry(entry: &Entry, printer: &Printer) {
    match &entry.seen {
        // Each pong follows a ping, which is shown.
        Seen::Pong => {}
        Seen::Found(finding) => printer.line(format!("               ! {finding}")),
        Seen::Answered(answer) => {
            let who = if answer.is_callback() { "the user sees" } else { "the platform" };
            printer.line(format!("{entry}\n               {who}: {}", answer.verdict()));
        }
        _ => printer.line(entry.to_string()),
    }
}
