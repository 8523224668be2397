//! The page of the local platform in a real Chromium: [`desk`] is the platform with a bot and a browser before it,
//! [`browser`] the browser, [`bot`] the bot, [`axe`] the checks of accessibility.
//!
//! Without `chromium` and `chromedriver` the tests are left out, and say so.
#![allow(clippy::missing_panics_doc, reason = "a helper of tests fails as a test does")]

pub mod axe;
pub mod bot;
pub mod browser;
pub mod desk;
