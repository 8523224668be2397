//! Two network namespaces, the link between them, and a host in each.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::line::Line;

/// Name of both ends of the link, each in its own namespace.
pub(crate) const LINK: &str = "cable";
/// These exist in the namespaces only.
const PLATFORM: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const BOT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const PORT: u16 = 8765;
/// Lines of the hosts that may wait for the parent.
const LINES_LIMIT: usize = 1024;
/// From the start of both hosts to the first answered click.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A namespace, removed when dropped.
struct Namespace(String);

impl Namespace {
    async fn add(name: String) -> Result<Self> {
        run("ip", &["netns", "add", &name]).await?;
        Ok(Self(name))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // With the name goes the namespace, as soon as no process is in it, and with the namespace its end of the link.
        let mut remove = std::process::Command::new("ip");
        let removed = remove.args(["netns", "del", &self.0]).stdin(Stdio::null()).status();
        if !removed.is_ok_and(|status| status.success()) {
            eprintln!("cannot remove the network namespace {0}; do it by hand: ip netns del {0}", self.0);
        }
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Host {
    Platform,
    Bot,
}

/// The two hosts and what they said. Dropped, it ends both and removes the namespaces.
pub(crate) struct Lab {
    // The order matters: fields are dropped from the top, processes before their namespaces.
    platform_process: Child,
    _bot_process: Child,
    platform: Namespace,
    bot: Namespace,
    sender: mpsc::Sender<(Instant, Line)>,
    lines: mpsc::Receiver<(Instant, Line)>,
}

impl Lab {
    /// Whether namespaces can be made here, and the reason if not.
    pub(crate) async fn possible() -> Result<()> {
        let namespace = Namespace::add(name("probe")).await?;
        run("ip", &["netns", "exec", &namespace.0, "ip", "link", "set", "lo", "up"]).await
    }

    /// Makes the namespaces, joins them, starts both hosts, and waits for the first answered click.
    pub(crate) async fn start(situation: &str) -> Result<Self> {
        let platform = Namespace::add(name(&format!("{situation}-platform"))).await?;
        let bot = Namespace::add(name(&format!("{situation}-bot"))).await?;
        let pair = ["link", "add", LINK, "netns", &platform.0, "type", "veth"];
        run("ip", &[&pair[..], &["peer", "name", LINK, "netns", &bot.0]].concat()).await?;
        for (namespace, address) in [(&platform, PLATFORM), (&bot, BOT)] {
            let inside = ["-n", &namespace.0];
            run("ip", &[&inside[..], &["addr", "add", &format!("{address}/30"), "dev", LINK]].concat())
                .await?;
            run("ip", &[&inside[..], &["link", "set", "lo", "up"]].concat()).await?;
            run("ip", &[&inside[..], &["link", "set", LINK, "up"]].concat()).await?;
        }
        let (sender, lines) = mpsc::channel(LINES_LIMIT);
        let platform_process = host(&platform, Host::Platform, &sender)?;
        let mut lab = Self {
            _bot_process: host(&bot, Host::Bot, &sender)?,
            platform_process,
            platform,
            bot,
            sender,
            lines,
        };
        if lab.until(START_LIMIT, |line| matches!(line, Line::Answered(_))).await?.is_none() {
            bail!("no click was answered within {START_LIMIT:?} of the start");
        }
        Ok(lab)
    }

    /// Runs `ip` for one host's namespace.
    pub(crate) async fn ip(&self, host: Host, arguments: &[&str]) -> Result<()> {
        run("ip", &[&["-n", self.namespace(host)], arguments].concat()).await
    }

    /// Runs `tc` for one host's namespace.
    pub(crate) async fn tc(&self, host: Host, arguments: &[&str]) -> Result<()> {
        run("tc", &[&["-n", self.namespace(host)], arguments].concat()).await
    }

    /// Puts one end of the link `up` or `down`.
    pub(crate) async fn link(&self, host: Host, position: &str) -> Result<()> {
        self.ip(host, &["link", "set", LINK, position]).await
    }

    /// Kills the platform's process.
    pub(crate) async fn kill_platform(&mut self) -> Result<()> {
        self.platform_process.kill().await.context("cannot kill the platform")
    }

    /// Starts a new platform in the place of the killed one.
    pub(crate) async fn replace_platform(&mut self) -> Result<()> {
        self.platform_process = host(&self.platform, Host::Platform, &self.sender)?;
        if self.until(START_LIMIT, |line| *line == Line::Listening).await?.is_none() {
            bail!("the new platform does not listen");
        }
        Ok(())
    }

    /// Waits for a line, for at most `limit`: how long it took and which it was. Lines before it are passed over.
    ///
    /// # Errors
    ///
    /// When the bot ended, which it never should.
    pub(crate) async fn until(
        &mut self,
        limit: Duration,
        wanted: impl Fn(&Line) -> bool,
    ) -> Result<Option<(Duration, Line)>> {
        let begin = Instant::now();
        while let Ok(Some((at, line))) = tokio::time::timeout_at(begin + limit, self.lines.recv()).await {
            if let Line::Ended(why) = &line {
                bail!("a host ended: {why}");
            }
            if wanted(&line) {
                return Ok(Some((at.saturating_duration_since(begin), line)));
            }
        }
        Ok(None)
    }

    /// Everything that is said in this time.
    pub(crate) async fn during(&mut self, time: Duration) -> Result<Vec<Line>> {
        let by = Instant::now() + time;
        let mut said = Vec::new();
        while let Some((_, line)) = self.until(by.saturating_duration_since(Instant::now()), |_| true).await?
        {
            said.push(line);
        }
        Ok(said)
    }

    /// The bot's address, as a route to it alone.
    pub(crate) fn bot_route() -> String {
        format!("{BOT}/32")
    }

    fn namespace(&self, host: Host) -> &str {
        match host {
            Host::Platform => &self.platform.0,
            Host::Bot => &self.bot.0,
        }
    }
}

fn name(of: &str) -> String {
    format!("feishu-{}-{of}", std::process::id())
}

/// Starts this program once more, as a host in a namespace. `ip netns exec` becomes the host: the child is its process.
fn host(namespace: &Namespace, host: Host, lines: &mpsc::Sender<(Instant, Line)>) -> Result<Child> {
    let role = match host {
        Host::Platform => "platform",
        Host::Bot => "bot",
    };
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &namespace.0]).arg(program);
    command.args([role, &SocketAddr::from((PLATFORM, PORT)).to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("cannot start the {role}"))?;
    let output = child.stdout.take().context("a host has no output")?;
    let lines = lines.clone();
    tokio::spawn(async move {
        let mut output = BufReader::new(output).lines();
        while let Ok(Some(line)) = output.next_line().await {
            let Some(line) = Line::parse(&line) else { continue };
            if lines.send((Instant::now(), line)).await.is_err() {
                return;
            }
        }
    });
    Ok(child)
}

/// Runs a command to its end; what it complains about becomes the error.
async fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let line = || format!("{program} {}", arguments.join(" "));
    let output = command.output().await.with_context(|| format!("cannot run `{}`", line()))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", line(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
