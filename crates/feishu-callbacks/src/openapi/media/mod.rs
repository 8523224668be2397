//! Images and files: uploading them, and downloading those of a message.

mod multipart;
mod resource;
mod upload;

pub use resource::{BytesCall, ResourceGet};
pub use upload::{FileKind, FileUpload, ImageUpload, UploadedFile, UploadedImage};
