//! The network below the connection: URLs, TCP, TLS, proxies and the WebSocket.

mod connect_url;
#[cfg(feature = "proxy")]
mod proxy;
#[cfg(feature = "http")]
mod tcp;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "ws")]
mod ws;

pub use connect_url::ConnectUrl;
#[cfg(feature = "proxy")]
pub use proxy::ProxyPolicy;
#[cfg(feature = "http")]
pub use tcp::NetworkDial;
#[cfg(feature = "tls")]
pub use tls::Tls;
#[cfg(feature = "ws")]
pub use ws::WebSocketConnect;
