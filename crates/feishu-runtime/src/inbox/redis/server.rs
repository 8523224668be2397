//! The connection to a server, a cluster, or the master that sentinels know.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult};
use tokio::sync::Mutex;

use crate::Error;

/// The deadline for connecting, and of one command. The inbox gives up earlier.
const PATIENCE: Duration = Duration::from_secs(5);

/// The code of the answer of a server that does not know the consumer group.
pub(super) const NO_GROUP: &str = "NOGROUP";

/// Where the events are, and the connection to it.
pub(super) struct Server {
    place: Place,
    connection: Mutex<Option<Connection>>,
}

enum Place {
    Single(Client),
    Cluster(Box<ClusterClient>),
    Sentinel(Box<Mutex<SentinelClient>>),
}

#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Server {
    pub(super) fn single(url: &str) -> Result<Self, Error> {
        Client::open(url).map(|client| Self::at(Place::Single(client))).map_err(|_| invalid())
    }

    pub(super) fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let builder = ClusterClientBuilder::new(urls)
            .connection_timeout(PATIENCE)
            .response_timeout(PATIENCE)
            // The inbox asks again itself.
            .retries(1);
        let client = builder.build().map_err(|_| invalid())?;
        Ok(Self::at(Place::Cluster(Box::new(client))))
    }

    pub(super) fn sentinel<'a>(urls: impl IntoIterator<Item = &'a str>, master: &str) -> Result<Self, Error> {
        let urls: Vec<&str> = urls.into_iter().collect();
        let client = SentinelClient::build(urls, master.to_owned(), None, SentinelServerType::Master);
        Ok(Self::at(Place::Sentinel(Box::new(Mutex::new(client.map_err(|_| invalid())?)))))
    }

    fn at(place: Place) -> Self {
        Self { place, connection: Mutex::default() }
    }

    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let asked = match self.connect().await? {
            Connection::Single(mut connection) => command.query_async(&mut connection).await,
            Connection::Cluster(mut connection) => command.query_async(&mut connection).await,
        };
        if asked.as_ref().is_err_and(|error: &redis::RedisError| error.code() != Some(NO_GROUP)) {
            // The next call makes a new connection, to another master if there is one by then.
            *self.connection.lock().await = None;
        }
        asked
    }

    async fn connect(&self) -> RedisResult<Connection> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let config = || {
            AsyncConnectionConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE))
        };
        let new = match &self.place {
            Place::Single(client) => {
                Connection::Single(client.get_multiplexed_async_connection_with_config(&config()).await?)
            }
            Place::Cluster(client) => Connection::Cluster(client.get_async_connection().await?),
            Place::Sentinel(client) => {
                let master = client.lock().await.async_get_client().await?;
                Connection::Single(master.get_multiplexed_async_connection_with_config(&config()).await?)
            }
        };
        Ok(connection.insert(new).clone())
    }
}

fn invalid() -> Error {
    Error::misuse("the URL of a Redis server must look like redis://host:port/0")
}
