//! Uploading an image or a file, to send it with a message or show it in a card.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::super::Call;
use super::super::call_kind::CallKind;
use super::multipart::{Multipart, Part, boundary, content_type};
use crate::text;

/// Uploads an image, for a message, a card or a toast.
///
/// JPG, JPEG, PNG, WEBP, GIF, BMP, ICO, TIFF or HEIC (234011), not empty (234010), of at most
/// [`MAX_BYTES`](Self::MAX_BYTES) (234006) and 12000×12000 pixels, a GIF 2000×2000 (234039). 1000 calls per minute and 50 per
/// second. Needs the scope `im:resource` or `im:resource:upload`. Source: "Upload image" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::openapi::{Call, ImageUpload};
///
/// let upload = ImageUpload::new(b"\x89PNG\r\n\x1a\n".to_vec());
/// assert_eq!(upload.path(), "/open-apis/im/v1/images");
/// assert!(upload.content_type().starts_with("multipart/form-data; boundary="));
/// let uploaded = ImageUpload::read_answer(br#"{"code":0,"data":{"image_key":"img_v3_1"}}"#)?;
/// assert_eq!(uploaded.image_key, "img_v3_1");
/// # Ok::<(), feishu_callbacks::openapi::ApiError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ImageUpload {
    image_type: &'static str,
    image: Vec<u8>,
}

impl ImageUpload {
    /// The largest image.
    pub const MAX_BYTES: usize = 10 * 1024 * 1024;

    /// An image for messages and cards.
    pub fn new(image: impl Into<Vec<u8>>) -> Self {
        Self { image_type: "message", image: image.into() }
    }

    /// An image for the avatar of a chat or app: at most 4096×4096 pixels.
    pub fn avatar(image: impl Into<Vec<u8>>) -> Self {
        Self { image_type: "avatar", image: image.into() }
    }
}

impl Call for ImageUpload {
    const METHOD: &'static str = "POST";
    const KIND: CallKind = CallKind::ImageUpload;
    type Data = UploadedImage;

    fn path(&self) -> String {
        "/open-apis/im/v1/images".to_owned()
    }

    fn content_type(&self) -> String {
        content_type(&self.image, &[])
    }

    fn body(&self) -> Vec<u8> {
        Multipart::new(boundary(&self.image, &[]), self.image.len())
            .part("image_type", &Part::Text(self.image_type))
            .part("image", &Part::File { name: "image", bytes: &self.image })
            .finish()
    }
}

/// Shows the size of the image.
impl fmt::Debug for ImageUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageUpload")
            .field("image_type", &self.image_type)
            .field("bytes", &self.image.len())
            .finish()
    }
}

/// An image that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UploadedImage {
    /// Its key, `img_v3_…`. An answer without one is an error.
    #[serde(deserialize_with = "required")]
    pub image_key: String,
}

/// The kind of a file, which decides how the client shows it. Source: "Upload file" of the Feishu documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// A voice message in Opus.
    Opus,
    /// A video. It is sent as `media`, not as `file` (230055).
    Mp4,
    /// PDF.
    Pdf,
    /// A text document.
    Doc,
    /// A spreadsheet.
    Xls,
    /// A presentation.
    Ppt,
    /// Any other file.
    Stream,
}

impl FileKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Mp4 => "mp4",
            Self::Pdf => "pdf",
            Self::Doc => "doc",
            Self::Xls => "xls",
            Self::Ppt => "ppt",
            Self::Stream => "stream",
        }
    }

    /// The kind by the ending of a name; [`Stream`](Self::Stream) for an unknown one.
    pub fn of(file_name: &str) -> Self {
        let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("opus") => Self::Opus,
            Some("mp4") => Self::Mp4,
            Some("pdf") => Self::Pdf,
            Some("doc" | "docx") => Self::Doc,
            Some("xls" | "xlsx") => Self::Xls,
            Some("ppt" | "pptx") => Self::Ppt,
            _ => Self::Stream,
        }
    }
}

/// Uploads a file, voice message or video, to be sent with a message.
///
/// Not empty (234010) and of at most [`MAX_BYTES`](Self::MAX_BYTES) (234006). 1000 calls per minute and 50 per second. Needs
/// the scope `im:resource` or `im:resource:upload`. Source: "Upload file" of the Feishu documentation.
#[derive(Clone, PartialEq, Eq)]
pub struct FileUpload {
    name: String,
    kind: FileKind,
    duration: Option<Duration>,
    file: Vec<u8>,
}

impl FileUpload {
    /// The largest file.
    pub const MAX_BYTES: usize = 30 * 1024 * 1024;

    /// A file with this name; its ending decides the kind.
    pub fn new(name: impl Into<String>, file: impl Into<Vec<u8>>) -> Self {
        let name = name.into();
        Self { kind: FileKind::of(&name), name, duration: None, file: file.into() }
    }

    /// Sets the kind.
    pub fn kind(mut self, kind: FileKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the length of a voice message or video, in whole milliseconds; without it the client shows none.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }
}

impl Call for FileUpload {
    const METHOD: &'static str = "POST";
    const KIND: CallKind = CallKind::FileUpload;
    type Data = UploadedFile;

    fn path(&self) -> String {
        "/open-apis/im/v1/files".to_owned()
    }

    fn content_type(&self) -> String {
        content_type(&self.file, &[&self.name])
    }

    fn body(&self) -> Vec<u8> {
        let mut form = Multipart::new(boundary(&self.file, &[&self.name]), self.file.len())
            .part("file_type", &Part::Text(self.kind.as_str()))
            .part("file_name", &Part::Text(&self.name));
        if let Some(duration) = self.duration {
            form = form.part("duration", &Part::Text(&duration.as_millis().to_string()));
        }
        form.part("file", &Part::File { name: &self.name, bytes: &self.file }).finish()
    }
}

/// Shows name and size of the file.
impl fmt::Debug for FileUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileUpload")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("bytes", &self.file.len())
            .finish_non_exhaustive()
    }
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UploadedFile {
    /// Its key, `file_v3_…`. An answer without one is an error.
    #[serde(deserialize_with = "required")]
    pub file_key: String,
}

fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text::filled_string(deserializer)?.ok_or_else(|| serde::de::Error::missing_field("key"))
}
