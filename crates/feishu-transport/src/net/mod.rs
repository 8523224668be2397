//! The network below the connection: TCP, TLS, proxies, HTTP exchanges and the WebSocket.

#[cfg(feature = "ws")]
mod counted;
#[cfg(feature = "http")]
pub(crate) mod exchange;
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

#[cfg(feature = "proxy")]
pub use proxy::ProxyPolicy;
#[cfg(feature = "http")]
pub use tcp::NetworkDial;
#[cfg(feature = "tls")]
pub use tls::Tls;
#[cfg(feature = "ws")]
pub use ws::WebSocketConnect;
