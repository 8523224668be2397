//! A diagnosis of an app's way to the platform: what is right, what is wrong, and what to do.
//!
//! The program `feishu-doctor` runs it from the command line. In a program of your own:
//!
//! ```no_run
//! use feishu_runtime::doctor::Doctor;
//! use feishu_runtime::transport::{AppSecret, Language, LongConnection};
//!
//! # async fn run() {
//! let connection = LongConnection::builder("cli_0123456789abcdef", AppSecret::new("…"));
//! let diagnosis = Doctor::new(connection)
//!     .examine(|finding| println!("{}", finding.text(Language::English)))
//!     .await;
//! std::process::exit(diagnosis.exit_code());
//! # }
//! ```

mod arrival;
mod connection;
mod finding;
mod refused;
mod way;

use std::time::Duration;

use feishu_transport::LongConnectionBuilder;

pub use finding::{Diagnosis, Finding, Step, Verdict};

use connection::{after_connecting, online, open};
use finding::Findings;

use crate::Subscriptions;

/// How long a click is waited for by default.
const WAIT: Duration = Duration::from_secs(60);

/// Examines the way of one app to the platform: settings, name look-up, proxy, TCP, TLS, endpoint call, clock, handshake,
/// first ping, number of connections, and one click.
///
/// It opens one long connection, which takes its share of the app's messages while it lasts: events are refused with code
/// 500 and come again to another process after 15 s; a click gets a toast that names the doctor. Nothing that it says
/// contains a secret.
#[derive(Debug)]
pub struct Doctor {
    connection: LongConnectionBuilder,
    wait: Duration,
    subscriptions: Option<Subscriptions>,
}

impl Doctor {
    /// Examines with the settings of this connection: credentials, domain, proxy, TLS roots, deadlines.
    pub fn new(connection: LongConnectionBuilder) -> Self {
        Self { connection, wait: WAIT, subscriptions: None }
    }

    /// Sets how long a click is waited for at the end; 60 s by default, zero to leave it out.
    #[must_use]
    pub fn wait_for_click(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Lists what the app must subscribe to in the developer console, as
    /// [`Dispatcher::subscriptions`](crate::Dispatcher::subscriptions) gives it. What it is subscribed to cannot be seen from
    /// here.
    #[must_use]
    pub fn subscriptions(mut self, subscriptions: Subscriptions) -> Self {
        self.subscriptions = Some(subscriptions);
        self
    }

    /// Goes through all steps, and passes each finding to `tell` as soon as it is known. A step that fails ends the
    /// examination, as the later ones need it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn examine(self, tell: impl FnMut(&Finding) + Send) -> Diagnosis {
        let mut findings = Findings::new(tell);
        // The error says that a step failed, which is among the findings.
        let _ = self.steps(&mut findings).await;
        findings.diagnosis()
    }

    async fn steps<T: FnMut(&Finding) + Send>(self, findings: &mut Findings<T>) -> Result<(), Failed> {
        let Self { connection, wait, subscriptions } = self;
        way::configuration(&connection, findings)?;
        if let Some(subscriptions) = subscriptions {
            findings.add(listed(&subscriptions));
        }
        let site = connection.probe_site().await;
        way::judge(site, findings)?;
        let endpoint = refused::endpoint(connection.call_endpoint().await, &connection, findings)?;
        way::clock(endpoint.clock_ahead, findings);
        let gateway = connection.probe_gateway(&endpoint.url).await;
        way::judge(gateway, findings)?;
        let online = online(&connection);
        let open = open(connection, findings).await?;
        after_connecting(open, online, wait, findings).await
    }
}

/// The list of what the console must show.
fn listed(subscriptions: &Subscriptions) -> Finding {
    let list = subscriptions.to_string();
    let list = list.trim_end().replace('\n', "\n         ");
    Finding::new(
        Step::Subscriptions,
        Verdict::Unknown,
        "subscriptions",
        format!("The developer console must have these, which cannot be seen from here:\n         {list}"),
        format!("开发者后台须已订阅以下内容，此处无法查看：\n         {list}"),
    )
}

/// A step failed.
struct Failed;
