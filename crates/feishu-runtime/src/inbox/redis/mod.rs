//! An inbox engine in Redis Streams, for several processes.

mod scripts;
mod server;

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use redis::FromRedisValue;

use super::engine::{ClaimEnd, ClaimedEvent, DeadLetter, InboxEngine, InboxError, InboxEvent, Stored};
use super::table::{MAX_DEAD, MAX_HANDLED, millis};
use crate::Error;
use scripts::Script;
use server::{NO_GROUP, Server};

/// New events that one claim reads at most, so that it takes the server a few milliseconds.
const MOST_READ: usize = 2000;
/// How long the name of an owner without claims stays in the consumer group, in milliseconds.
const FORGET_OWNER: u64 = 3_600_000;

/// An [`InboxEngine`] in Redis, for several processes on several machines. It needs the commands of Redis 6.2, which Valkey
/// has as well, and is tested with Redis 7.0.
///
/// The events of an app are a stream, and its processes a consumer group. A claim is an entry pending in the group, with its
/// lease; the claims of a dead process are taken over by the others once their lease has ended. Only the owner of a claim
/// can renew or end it, and times are those of the server. All steps are scripts, so each happens in whole or not at all.
/// Payloads are stored unencrypted.
///
/// The server must keep what it confirmed: set `appendonly yes` and `appendfsync always`. With the default of Redis,
/// `appendfsync everysec`, a crash of the server's machine loses the last second; without `appendonly`, all. `maxmemory-policy` must
/// be `noeviction`. A failover to a replica loses what was not replicated yet.
///
/// It uses one connection, opened at the first call and reopened when it breaks.
pub struct RedisInbox {
    server: Server,
    prefix: String,
}

/// Of a claimed event: id, lane, headers, payload, attempt, failures.
type Claimed = (String, String, Vec<u8>, Vec<u8>, u32, u32);

impl RedisInbox {
    /// Creates an engine on the server of a URL such as `redis://:password@127.0.0.1:6379/0`, without connecting yet.
    ///
    /// # Errors
    ///
    /// If the URL is invalid. The error does not contain it.
    pub fn open(url: &str) -> Result<Self, Error> {
        Ok(Self::on(Server::single(url)?))
    }

    /// Creates an engine on a cluster, by the URLs of some of its nodes, without connecting yet. All of an app's events are in
    /// one slot.
    ///
    /// # Errors
    ///
    /// If a URL is invalid. The error does not contain it.
    pub fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        Ok(Self::on(Server::cluster(urls)?))
    }

    /// Creates an engine on the master of this name, which the sentinels of these URLs know, without connecting yet. The
    /// sentinels are asked again whenever the connection breaks.
    ///
    /// # Errors
    ///
    /// If a URL is invalid. The error does not contain it.
    pub fn sentinel<'a>(urls: impl IntoIterator<Item = &'a str>, master: &str) -> Result<Self, Error> {
        Ok(Self::on(Server::sentinel(urls, master)?))
    }

    fn on(server: Server) -> Self {
        Self { server, prefix: "feishu:inbox:".to_owned() }
    }

    /// Sets the prefix of every key; `feishu:inbox:` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The stream of a queue. The braces put all keys of a queue into one slot of a cluster.
    fn stream(&self, queue: &str) -> String {
        format!("{}{{app-{queue}}}:events", self.prefix)
    }

    async fn eval<T: FromRedisValue>(
        &self,
        queue: &str,
        script: Script,
        arguments: &[&[u8]],
    ) -> Result<T, InboxError> {
        let command = script.command(&self.stream(queue), arguments);
        match self.server.query(&command).await {
            Err(error) if error.code() == Some(NO_GROUP) => {
                let group = scripts::create_group(&self.stream(queue));
                // Another process may have been faster.
                let _: Result<String, _> = self.server.query(&group).await;
                Ok(self.server.query(&command).await?)
            }
            asked => Ok(asked?),
        }
    }
}

#[async_trait]
impl InboxEngine for RedisInbox {
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError> {
        let backlog = backlog.to_string();
        let mut texts = Vec::with_capacity(events.len());
        for event in events {
            let lane = event.lane.map(|lane| lane.to_string()).unwrap_or_default();
            texts.push((lane, serde_json::to_vec(&event.headers)?));
        }
        let mut arguments = vec![backlog.as_bytes()];
        for (event, (lane, headers)) in events.iter().zip(&texts) {
            arguments.extend([event.id.as_bytes(), lane.as_bytes(), headers, &event.payload]);
        }
        let stored: Vec<String> = self.eval(queue, Script::Put, &arguments).await?;
        let read = |stored: String| match stored.as_str() {
            "new" => Ok(Stored::New),
            "known" => Ok(Stored::Known),
            "full" => Ok(Stored::Full),
            other => Err(format!("Redis answered `{other}` to an event").into()),
        };
        stored.into_iter().map(read).collect()
    }

    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError> {
        let (max, lease) = (max.to_string(), millis(lease).max(1).to_string());
        let (most, forget) = (MOST_READ.to_string(), FORGET_OWNER.to_string());
        let arguments = [owner, &max, &lease, &most, &forget].map(str::as_bytes);
        let claimed: Vec<Claimed> = self.eval(queue, Script::Claim, &arguments).await?;
        let read = |(id, lane, headers, payload, attempt, failures): Claimed| {
            let event = event(id, &lane, &headers, payload)?;
            Ok(ClaimedEvent { event, attempt, failures })
        };
        claimed.into_iter().map(read).collect()
    }

    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError> {
        let lease = millis(lease).to_string();
        let arguments: Vec<&[u8]> =
            [owner, &lease].into_iter().chain(ids.iter().map(String::as_str)).map(str::as_bytes).collect();
        let held: Vec<i64> = self.eval(queue, Script::Renew, &arguments).await?;
        Ok(held.into_iter().map(|held| held == 1).collect())
    }

    async fn hold(
        &self,
        queue: &str,
        owner: &str,
        event: &InboxEvent,
        lease: Duration,
    ) -> Result<bool, InboxError> {
        let (headers, lease) = (serde_json::to_vec(&event.headers)?, millis(lease).to_string());
        let arguments: [&[u8]; 5] =
            [owner.as_bytes(), event.id.as_bytes(), &headers, &event.payload, lease.as_bytes()];
        let held: i64 = self.eval(queue, Script::Hold, &arguments).await?;
        Ok(held == 1)
    }

    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError> {
        let (kind, argument) = match end {
            ClaimEnd::Done(keep) => ("done", millis(*keep).to_string()),
            ClaimEnd::Retry(after) => ("retry", millis(*after).to_string()),
            ClaimEnd::Release(after) => ("release", millis(*after).to_string()),
            ClaimEnd::Dead(why) => ("dead", why.clone()),
        };
        let (handled, dead) = (MAX_HANDLED.to_string(), MAX_DEAD.to_string());
        let arguments = [owner, id, kind, &argument, &handled, &dead].map(str::as_bytes);
        let _: i64 = self.eval(queue, Script::End, &arguments).await?;
        Ok(())
    }

    async fn backlog(&self, queue: &str) -> Result<u64, InboxError> {
        Ok(self.server.query(&scripts::count(&self.stream(queue))).await?)
    }

    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        let command = scripts::dead_letters(&self.stream(queue), skip.saturating_add(max));
        let found: Vec<(String, Vec<(String, Vec<u8>)>)> = self.server.query(&command).await?;
        found.into_iter().skip(skip).map(|(_, fields)| letter(&fields)).collect()
    }

    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        let found: i64 = self.eval(queue, Script::Dead, &[b"retry", id.as_bytes()]).await?;
        Ok(found == 1)
    }

    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        let found: i64 = self.eval(queue, Script::Dead, &[b"purge", id.as_bytes()]).await?;
        Ok(found == 1)
    }
}

fn event(id: String, lane: &str, headers: &[u8], payload: Vec<u8>) -> Result<InboxEvent, InboxError> {
    let lane = if lane.is_empty() { None } else { Some(lane.parse()?) };
    Ok(InboxEvent { id, lane, headers: serde_json::from_slice(headers)?, payload: Bytes::from(payload) })
}

fn letter(fields: &[(String, Vec<u8>)]) -> Result<DeadLetter, InboxError> {
    let bytes = |name: &str| {
        let field = fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.clone()).ok_or_else(|| format!("a dead letter in Redis has no `{name}`"))
    };
    let text = |name: &str| Ok::<_, InboxError>(String::from_utf8_lossy(&bytes(name)?).into_owned());
    let (id, lane, headers) = (text("id")?, text("lane")?, text("headers")?);
    let (attempts, why, at) = (text("attempts")?.parse()?, text("why")?, text("at")?.parse()?);
    let event = event(id, &lane, headers.as_bytes(), bytes("payload")?)?;
    Ok(DeadLetter { event, attempts, why, at: UNIX_EPOCH + Duration::from_millis(at) })
}

impl fmt::Debug for RedisInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisInbox").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
