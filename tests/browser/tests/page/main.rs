//! The page of the local platform, in a real browser.

mod accessibility;
mod chat;
mod components;
mod hostile;
mod pictures;
mod streams;
mod timeline;
