//! What goes wrong between the two hosts, and what must be seen then.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::lab::{Host, LINK, Lab};
use crate::line::Line;

/// How a situation went.
pub(crate) enum Outcome {
    /// As it must, with what was seen.
    Seen(String),
    /// Not played, and why.
    LeftOut(String),
}

/// All of them, by name. An error is a failure.
pub(crate) const NAMES: &[&str] = &["short-cut", "long-cut", "blackhole", "vanished", "flapping", "lossy"];

/// A lost peer is noticed within twice the ping interval and 5 s, plus as much again as a busy machine may need.
const NOTICED_WITHIN: Duration = Duration::from_secs(2 + 5 + 4);
/// An attempt that was under way when the network came back may use up its connect timeout of 10 s, and a pause of 1 s
/// with as much jitter follows.
const BACK_WITHIN: Duration = Duration::from_secs(10 + 2 + 6);
/// From a new connection to the first answered click. The platform may still hold the old one, too, and push half of its
/// clicks there.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Plays one of [`NAMES`].
pub(crate) async fn play(name: &str) -> Result<Outcome> {
    let mut lab = Lab::start(name).await?;
    match name {
        "short-cut" => short_cut(&mut lab).await,
        "long-cut" => long_cut(&mut lab).await,
        "blackhole" => blackhole(&mut lab).await,
        "vanished" => vanished(&mut lab).await,
        "flapping" => flapping(&mut lab).await,
        "lossy" => lossy(&mut lab).await,
        _ => bail!("there is no such situation"),
    }
}

/// TCP repeats what was lost; its pause may have grown to some seconds, which is close to the silence limit.
async fn short_cut(lab: &mut Lab) -> Result<Outcome> {
    lab.link(Host::Bot, "down").await?;
    let cut = lab.during(seconds(3)).await?;
    lab.link(Host::Bot, "up").await?;
    let after = lab.during(seconds(15)).await?;
    let lost = causes(&cut).chain(causes(&after)).collect::<Vec<_>>();
    if lost.len() > 1 {
        bail!("{} connections were lost: {}", lost.len(), lost.join("; "));
    }
    let end = lab.during(seconds(3)).await?;
    let tally = Tally::of(&end);
    if tally.answered == 0 || causes(&end).next().is_some() {
        bail!("answers did not go on: {tally:?} in the last 3 s");
    }
    let reconnects =
        lost.first().map_or("no reconnect".to_owned(), |cause| format!("one reconnect ({cause})"));
    let all = Tally::of(&[cut, after, end].concat());
    Ok(Outcome::Seen(format!("{} clicks answered, {} lost, {reconnects}", all.answered, all.missed)))
}

/// The bot's own interface is gone: its attempts fail at once, so it must be back within its backoff.
async fn long_cut(lab: &mut Lab) -> Result<Outcome> {
    lab.link(Host::Bot, "down").await?;
    let noticed = noticed(lab).await?;
    lab.during(seconds(15).saturating_sub(noticed.after)).await?;
    lab.link(Host::Bot, "up").await?;
    let back = back(lab).await?;
    Ok(Outcome::Seen(format!("{noticed}; {back}")))
}

/// The platform hears the bot, and whatever it says is swallowed: no error, no reset, nothing to read.
async fn blackhole(lab: &mut Lab) -> Result<Outcome> {
    let route = Lab::bot_route();
    lab.ip(Host::Platform, &["route", "add", "blackhole", &route]).await?;
    let noticed = noticed(lab).await?;
    lab.during(seconds(15).saturating_sub(noticed.after)).await?;
    lab.ip(Host::Platform, &["route", "del", "blackhole", &route]).await?;
    let back = back(lab).await?;
    Ok(Outcome::Seen(format!("{noticed}; {back}")))
}

/// The link goes down before the process dies, so its FIN is lost; a new process has the address later.
async fn vanished(lab: &mut Lab) -> Result<Outcome> {
    lab.link(Host::Platform, "down").await?;
    lab.kill_platform().await?;
    let noticed = noticed(lab).await?;
    lab.replace_platform().await?;
    lab.link(Host::Platform, "up").await?;
    let back = back(lab).await?;
    Ok(Outcome::Seen(format!("{noticed}; {back}")))
}

/// Gone for a tenth of each second, as bad radio is; needs nothing of the kernel that may be missing.
async fn flapping(lab: &mut Lab) -> Result<Outcome> {
    let mut said = Vec::new();
    for _ in 0..10 {
        lab.link(Host::Platform, "down").await?;
        said.extend(lab.during(Duration::from_millis(100)).await?);
        lab.link(Host::Platform, "up").await?;
        said.extend(lab.during(Duration::from_millis(900)).await?);
    }
    untouched(&said)
}

/// Packets lost and late at random, both ways.
async fn lossy(lab: &mut Lab) -> Result<Outcome> {
    let bad = ["qdisc", "add", "dev", LINK, "root", "netem", "loss", "3%", "delay", "50ms"];
    for host in [Host::Platform, Host::Bot] {
        if let Err(error) = lab.tc(host, &bad).await {
            return Ok(Outcome::LeftOut(format!("no netem here: {error:#}")));
        }
    }
    untouched(&lab.during(seconds(10)).await?)
}

/// A link that is merely bad is not given up, and no click is lost on it: judges ten seconds.
fn untouched(said: &[Line]) -> Result<Outcome> {
    let tally = Tally::of(said);
    if let Some(cause) = causes(said).next() {
        bail!("the connection was given up: {cause}");
    }
    // Four clicks a second, and some are under way at the end.
    if tally.missed > 0 || tally.answered < 20 {
        bail!("not every click was answered: {tally:?}");
    }
    Ok(Outcome::Seen(format!("{} clicks, all answered, no reconnect", tally.answered)))
}

/// The bot gave its connection up.
struct Noticed {
    after: Duration,
    cause: String,
}

impl std::fmt::Display for Noticed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "noticed after {:.1?} ({})", self.after, self.cause)
    }
}

async fn noticed(lab: &mut Lab) -> Result<Noticed> {
    let lost = lab.until(NOTICED_WITHIN, |line| matches!(line, Line::Disconnected(_))).await?;
    match lost {
        Some((after, Line::Disconnected(cause))) => Ok(Noticed { after, cause }),
        _ => bail!("the bot still takes itself for connected {NOTICED_WITHIN:?} after the network was cut"),
    }
}

/// The bot is connected again, and a click is answered.
async fn back(lab: &mut Lab) -> Result<String> {
    let connected = lab.until(BACK_WITHIN, |line| *line == Line::Connected).await?;
    let (connected, _) = connected.with_context(|| format!("no reconnect within {BACK_WITHIN:?}"))?;
    let answered = lab.until(ANSWERED_WITHIN, |line| matches!(line, Line::Answered(_))).await?;
    let (answered, _) = answered
        .with_context(|| format!("reconnected, but no click was answered for {ANSWERED_WITHIN:?}"))?;
    Ok(format!(
        "reconnected {connected:.1?} after the network was back, a click answered {answered:.1?} later"
    ))
}

/// What became of the clicks.
#[derive(Debug)]
struct Tally {
    answered: usize,
    missed: usize,
}

impl Tally {
    fn of(lines: &[Line]) -> Self {
        let count = |wanted: fn(&&Line) -> bool| lines.iter().filter(wanted).count();
        Self {
            answered: count(|line| matches!(line, Line::Answered(_))),
            missed: count(|line| matches!(line, Line::Missed(_) | Line::Unconnected(_))),
        }
    }
}

/// Why connections were lost.
fn causes(lines: &[Line]) -> impl Iterator<Item = &str> {
    lines.iter().filter_map(|line| match line {
        Line::Disconnected(cause) => Some(cause.as_str()),
        _ => None,
    })
}

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

#[cfg(test)]
mod tests {
    use super::{Line, Tally, causes};

    #[test]
    fn clicks_that_nobody_was_there_for_count_as_missed() {
        let lines = [
            Line::Answered(1),
            Line::Missed(2),
            Line::Disconnected("silence".into()),
            Line::Unconnected(3),
            Line::Answered(4),
        ];
        let tally = Tally::of(&lines);
        assert_eq!((tally.answered, tally.missed), (2, 2));
        assert_eq!(causes(&lines).collect::<Vec<_>>(), ["silence"]);
    }
}
