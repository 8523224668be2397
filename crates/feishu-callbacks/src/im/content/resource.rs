//! What of a message can be downloaded.

use super::element::Element;
use super::kinds::Content;

/// An image or file of a message, to download it by its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// An image, by its `image_key`. The download call takes it as `type=image`.
    Image(String),
    /// A file, voice message or video, by its `file_key`. The download call takes it as `type=file`.
    File(String),
}

impl Resource {
    /// The key.
    pub fn key(&self) -> &str {
        match self {
            Self::Image(key) | Self::File(key) => key,
        }
    }
}

impl Content {
    /// The images and files that can be downloaded, also those inside a rich text: a pasted screenshot is a rich text with
    /// an image.
    ///
    /// The platform refuses stickers, folders, cards and forwarded messages (234043), so none of theirs is listed. Source:
    /// "Get resource of message" of the Feishu documentation.
    pub fn resources(&self) -> Vec<Resource> {
        match self {
            Self::Image { image_key } => vec![Resource::Image(image_key.clone())],
            Self::File { file_key, .. } | Self::Audio { file_key, .. } | Self::Media { file_key, .. } => {
                vec![Resource::File(file_key.clone())]
            }
            Self::Post(post) => post.paragraphs.iter().flatten().filter_map(of_element).collect(),
            _ => Vec::new(),
        }
    }
}

fn of_element(element: &Element) -> Option<Resource> {
    match element {
        Element::Image { image_key } => Some(Resource::Image(image_key.clone())),
        Element::Media { file_key, .. } => Some(Resource::File(file_key.clone())),
        _ => None,
    }
}
