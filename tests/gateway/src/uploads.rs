//! Images and files that apps uploaded.

use bytes::Bytes;

use crate::messages::Messages;

/// Uploads that are remembered; the oldest are forgotten first.
pub(crate) const UPLOADS_LIMIT: usize = 64;

/// An uploaded image or file.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) content_type: &'static str,
    /// `mp4`, `opus`, …; empty for an image.
    pub(crate) file_type: String,
    pub(crate) bytes: Bytes,
}

impl Messages {
    pub(crate) fn add_upload(&mut self, key: String, upload: Upload) {
        self.uploads.insert(key, upload);
    }

    pub(crate) fn upload(&mut self, key: &str) -> Option<Upload> {
        self.uploads.get_mut(key).cloned()
    }
}
