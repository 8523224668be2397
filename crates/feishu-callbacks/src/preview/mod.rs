//! `url.preview.get`: a client shows a link that the app has a preview for.

mod event;
mod reply;

pub use event::{PreviewParty, PreviewPartyId, PreviewPlace, UrlPreviewEvent};
pub use reply::{PreviewLanguage, PreviewReply, PreviewUrls};

use crate::envelope::Envelope;

/// A request for a link's preview, as a handler takes it.
pub type UrlPreviewGet = Envelope<UrlPreviewEvent>;
