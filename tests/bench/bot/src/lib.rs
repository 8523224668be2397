//! The bot that the benchmark measures, written as the README shows.
//!
//! Each program in `src/bin` runs it in another way: on the multi-thread runtime, on the current-thread runtime, and
//! with its allocations counted.

mod handlers;
mod options;

use std::error::Error;

use feishu_runtime::transport::{AppSecret, LongConnectionBuilder, Tls};
use feishu_runtime::{Client, Dispatcher, Limits, Supervisor, shutdown_signal};

use crate::options::Options;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs until SIGTERM. Settings come from the environment: see `options.rs`.
///
/// # Errors
///
/// If a setting is wrong, or the client ends with an error.
pub async fn run() -> Result<()> {
    end_with_parent()?;
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::from_env()?;
    let dispatcher = dispatcher(&options)?;
    let tls = tls(&options)?;
    if options.apps > 1 {
        return run_apps(&options, dispatcher, tls).await;
    }
    let client = Client::from_env()?.connection(|connection| settings(connection, options.connections, tls));
    client.dispatcher(dispatcher).build()?.run_until_signal().await?;
    Ok(())
}

/// As many apps as the options say, in this process.
async fn run_apps(options: &Options, dispatcher: Dispatcher, tls: Option<Tls>) -> Result<()> {
    let supervisor = Supervisor::staggered(std::time::Duration::from_millis(5));
    let domain = std::env::var("FEISHU_DOMAIN")?;
    let connections = options.connections;
    for app in 0..options.apps {
        let (dispatcher, tls, domain) = (dispatcher.clone(), tls.clone(), domain.clone());
        supervisor.add(format!("app {app}"), move || {
            Client::builder(format!("cli_bench_{app}"), AppSecret::new("bench"))
                .domain(domain.as_str())
                .connection(|connection| settings(connection, connections, tls.clone()))
                .dispatcher(dispatcher.clone())
                .build()
        })?;
    }
    shutdown_signal().await;
    Ok(())
}

fn dispatcher(options: &Options) -> Result<Dispatcher> {
    let mut dispatcher = Dispatcher::builder().on(handlers::card).on(handlers::preview).on(handlers::message);
    for number in 0..options.types {
        dispatcher =
            dispatcher.on_raw(format!("bench.type_{number}_v1"), |_event, _context| async { Ok(()) });
    }
    if let Some(running) = options.running {
        dispatcher = dispatcher.limits(Limits::default().running(running));
    }
    Ok(dispatcher.build()?)
}

/// The root certificate of the load, if it speaks TLS.
fn tls(options: &Options) -> Result<Option<Tls>> {
    let Some(path) = &options.root else { return Ok(None) };
    Ok(Some(Tls::new().with_root_pem(std::fs::read(path)?)?.only_added_roots()))
}

fn settings(connection: LongConnectionBuilder, connections: u16, tls: Option<Tls>) -> LongConnectionBuilder {
    let connection = connection.connections(connections);
    match tls {
        Some(tls) => connection.tls(tls),
        None => connection,
    }
}

/// Asks the kernel to end this process with the benchmark, also when that is killed.
fn end_with_parent() -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}
