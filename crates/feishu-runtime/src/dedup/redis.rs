//! A deduplication store in Redis, for several processes.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue};
use tokio::sync::Mutex;

use super::{DedupStore, StoreError, StoredClaim};

/// The deadline for connecting. Calls are bounded by [`Dedup::store_timeout`](crate::Dedup::store_timeout).
const CONNECT: Duration = Duration::from_secs(5);

/// The script of an atomic claim. A value is `c` and the owner, `f`, or `d` and the reply.
const CLAIM: &str = "
local found = redis.call('GET', KEYS[1])
local kind = found and string.sub(found, 1, 1) or ''
if kind == 'd' then return {'done', string.sub(found, 2)} end
if kind == 'c' and string.sub(found, 2) ~= ARGV[1] then return {'in-flight', ''} end
redis.call('SET', KEYS[1], 'c' .. ARGV[1], 'PX', ARGV[2])
return {kind == 'f' and 'again' or 'new', ''}";

/// The script that ends a claim, unless another owner has it by now.
const END: &str = "
local found = redis.call('GET', KEYS[1])
if found and found ~= 'c' .. ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1";

/// A [`DedupStore`] in Redis 2.6 or newer: one string per event, which Redis expires. Replies are stored unencrypted.
///
/// It uses one connection, opened at the first call and reopened when it breaks.
pub struct RedisStore {
    client: Client,
    prefix: String,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisStore {
    /// Creates a store on the server of a URL such as `redis://:password@127.0.0.1:6379/0`, without connecting yet.
    ///
    /// # Errors
    ///
    /// If the URL is invalid. The error does not contain it.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let client = Client::open(url)
            .map_err(|_| "the URL of the Redis server must look like redis://host:port/0")?;
        Ok(Self { client, prefix: "feishu:dedup:".to_owned(), connection: Mutex::default() })
    }

    /// Sets the prefix of every key; `feishu:dedup:` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn eval<T: FromRedisValue>(
        &self,
        script: &str,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<T, StoreError> {
        let mut connection = self.connect().await?;
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(1).arg(format!("{}{key}", self.prefix));
        for argument in arguments {
            command.arg(*argument);
        }
        match command.query_async(&mut connection).await {
            Ok(value) => Ok(value),
            Err(error) => {
                // The next call makes a new connection.
                *self.connection.lock().await = None;
                Err(error.into())
            }
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT));
        let new = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(connection.insert(new).clone())
    }

    async fn end(&self, key: &str, owner: &str, value: &[u8], keep: Duration) -> Result<(), StoreError> {
        let keep = millis(keep);
        let _: i64 = self.eval(END, key, &[owner.as_bytes(), value, keep.as_bytes()]).await?;
        Ok(())
    }
}

#[async_trait]
impl DedupStore for RedisStore {
    async fn claim(&self, key: &str, owner: &str, lease: Duration) -> Result<StoredClaim, StoreError> {
        let lease = millis(lease);
        let arguments = [owner.as_bytes(), lease.as_bytes()];
        let (found, reply): (String, Vec<u8>) = self.eval(CLAIM, key, &arguments).await?;
        match found.as_str() {
            "new" => Ok(StoredClaim::New),
            "again" => Ok(StoredClaim::Again),
            "in-flight" => Ok(StoredClaim::InFlight),
            "done" => Ok(StoredClaim::Done(reply)),
            other => Err(format!("Redis answered `{other}` to a claim").into()),
        }
    }

    async fn complete(&self, key: &str, owner: &str, reply: &[u8], keep: Duration) -> Result<(), StoreError> {
        let value: Vec<u8> = b"d".iter().chain(reply).copied().collect();
        self.end(key, owner, &value, keep).await
    }

    async fn fail(&self, key: &str, owner: &str, keep: Duration) -> Result<(), StoreError> {
        self.end(key, owner, b"f", keep).await
    }
}

/// At least 1, because Redis refuses an expiry of 0.
fn millis(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
