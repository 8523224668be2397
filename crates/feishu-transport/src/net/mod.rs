//! The network below the connection: TCP, TLS, proxies, HTTP exchanges and the WebSocket.

#[cfg(feature = "doctor")]
mod certificate;
#[cfg(feature = "ws")]
mod counted;
#[cfg(feature = "http")]
pub(crate) mod exchange;
#[cfg(feature = "doctor")]
mod probe;
#[cfg(feature = "proxy")]
mod proxy;
#[cfg(feature = "proxy")]
mod socks;
#[cfg(feature = "http")]
mod tcp;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "ws")]
mod ws;

#[cfg(feature = "doctor")]
pub use certificate::Certificate;
#[cfg(feature = "doctor")]
pub use probe::Probe;
#[cfg(feature = "proxy")]
pub use proxy::ProxyPolicy;
#[cfg(feature = "http")]
pub use tcp::NetworkDial;
#[cfg(feature = "tls")]
pub use tls::Tls;
#[cfg(feature = "ws")]
pub use ws::WebSocketConnect;
