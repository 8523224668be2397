//! Connections, calls and findings as the interface shows them.

use std::sync::Arc;

use serde::Serialize;

use super::table::Row;
use crate::peer::Peer;
use crate::{Finding, Severity};

/// A connection, live or ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ConnectionRow {
    pub(crate) id: u64,
    #[serde(serialize_with = "super::text")]
    pub(crate) app_id: Arc<str>,
    pub(crate) state: &'static str,
    pub(crate) user_agent: String,
    pub(crate) client: String,
    pub(crate) device_id: String,
    pub(crate) service_id: i32,
    pub(crate) connected_at: f64,
    pub(crate) ended_at: Option<f64>,
    pub(crate) end: Option<String>,
    pub(crate) by_gateway: Option<bool>,
    pub(crate) pings: u64,
    pub(crate) last_ping_at: Option<f64>,
    pub(crate) pongs: u64,
    pub(crate) last_pong_at: Option<f64>,
    pub(crate) deliveries: u64,
}

impl ConnectionRow {
    pub(super) fn new(peer: &Peer, now: f64) -> Self {
        Self {
            id: peer.id.0,
            app_id: Arc::clone(&peer.app),
            state: "live",
            user_agent: peer.user_agent.clone(),
            client: client(&peer.user_agent),
            device_id: peer.device_id.clone(),
            service_id: peer.service_id,
            connected_at: now,
            ended_at: None,
            end: None,
            by_gateway: None,
            pings: 0,
            last_ping_at: None,
            pongs: 0,
            last_pong_at: None,
            deliveries: 0,
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.ended_at.is_none()
    }
}

impl Row for ConnectionRow {
    fn id(&self) -> u64 {
        self.id
    }

    fn weight(&self) -> usize {
        self.user_agent.len() + self.end.as_ref().map_or(0, String::len)
    }
}

/// The SDK and its version by the `User-Agent` of its endpoint call; empty when it is not known.
fn client(user_agent: &str) -> String {
    const NAMES: [(&str, &str); 7] = [
        ("oapi-sdk-go", "Go"),
        ("oapi-sdk-python", "Python"),
        ("oapi-node-sdk", "Node"),
        ("oapi-sdk-java", "Java"),
        // The endpoint call of the Java SDK has the name of its HTTP library.
        ("okhttp", "Java, okhttp"),
        ("feishu-transport", "Rust"),
        ("feishu-", "Rust"),
    ];
    let first = user_agent.split(' ').next().unwrap_or_default();
    let (product, version) = first.split_once('/').unwrap_or((first, ""));
    let name = NAMES.iter().find(|(prefix, _)| product.starts_with(prefix)).map(|(_, name)| *name);
    match (name, version.trim_start_matches('v')) {
        (None, _) => String::new(),
        (Some(name), "") => name.into(),
        (Some(name), version) => format!("{name} {version}"),
    }
}

/// What kind of request a call is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallKind {
    Endpoint,
    Handshake,
    #[serde(rename = "openapi")]
    OpenApi,
    #[default]
    Unknown,
}

/// A request of a client.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct CallRow {
    pub(crate) id: u64,
    pub(crate) at: f64,
    pub(crate) kind: CallKind,
    pub(crate) app_id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) code: Option<i64>,
    pub(crate) text: String,
    pub(crate) user_agent: String,
}

impl Row for CallRow {
    fn id(&self) -> u64 {
        self.id
    }

    fn weight(&self) -> usize {
        self.path.len() + self.text.len() + self.user_agent.len()
    }
}

/// A mistake of a client.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FindingRow {
    pub(crate) id: u64,
    pub(crate) at: f64,
    pub(crate) kind: String,
    pub(crate) severity: &'static str,
    pub(crate) text: String,
    pub(crate) connection: Option<u64>,
    pub(crate) delivery: Option<u64>,
    pub(crate) message_id: Option<String>,
}

impl FindingRow {
    pub(super) fn new(id: u64, at: f64, delivery: Option<u64>, finding: &Finding) -> Self {
        Self {
            id,
            at,
            kind: format!("{:?}", finding.kind),
            severity: match finding.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            text: finding.text.clone(),
            connection: finding.connection.map(|connection| connection.0),
            delivery,
            message_id: finding.message_id.clone(),
        }
    }
}

impl Row for FindingRow {
    fn id(&self) -> u64 {
        self.id
    }

    fn weight(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::client;

    #[test]
    fn a_client_is_known_by_its_user_agent() {
        for (user_agent, wanted) in [
            ("oapi-sdk-go-v3/3.12.0", "Go 3.12.0"),
            ("oapi-sdk-python/v1.7.5 source/x", "Python 1.7.5"),
            ("oapi-node-sdk/1.74.0", "Node 1.74.0"),
            ("okhttp/3.14.9", "Java, okhttp 3.14.9"),
            ("curl/8.5.0", ""),
            ("", ""),
        ] {
            assert_eq!(client(user_agent), wanted);
        }
    }
}
