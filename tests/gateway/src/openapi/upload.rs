//! Uploading images and files.

use bytes::Bytes;
use serde_json::{Value, json};

use super::multipart::{self, Part};
use super::{Call, Refused};
use crate::envelope::id;
use crate::shared::lock;
use crate::uploads::Upload;

/// Largest image and largest file ("upload image", "upload file").
const IMAGE_LIMIT: usize = 10 * 1024 * 1024;
const FILE_LIMIT: usize = 30 * 1024 * 1024;
/// Largest body of an upload: the file, and the form around it.
pub(super) const BODY_LIMIT: usize = FILE_LIMIT + 64 * 1024;

/// `POST /open-apis/im/v1/images`.
pub(super) fn image(call: &Call<'_>) -> Result<Value, Refused> {
    let parts = parts(call)?;
    match text(&parts, "image_type").as_deref() {
        Some("message" | "avatar") => {}
        other => {
            return Err(wrong(format!(
                "image_type is {}, not message or avatar",
                other.unwrap_or("missing")
            )));
        }
    }
    let bytes = file(&parts, "image", IMAGE_LIMIT)?;
    let content_type =
        image_kind(&bytes).ok_or_else(|| Refused::code(234_011, "Can't recognize image format."))?;
    let key = format!("img_v3_{}", id(""));
    let upload = Upload { content_type, file_type: String::new(), bytes };
    lock(&call.shared.messages).add_upload(key.clone(), upload);
    Ok(json!({"code": 0, "msg": "success", "data": {"image_key": key}}))
}

/// `POST /open-apis/im/v1/files`.
pub(super) fn file_of(call: &Call<'_>) -> Result<Value, Refused> {
    let parts = parts(call)?;
    let file_type = text(&parts, "file_type").unwrap_or_default();
    if !matches!(&*file_type, "opus" | "mp4" | "pdf" | "doc" | "xls" | "ppt" | "stream") {
        return Err(wrong(format!("file_type is {file_type:?}")));
    }
    if text(&parts, "file_name").is_none_or(|name| name.is_empty()) {
        return Err(wrong("file_name is missing"));
    }
    if text(&parts, "duration").is_some_and(|duration| duration.parse::<u64>().is_err()) {
        return Err(wrong("duration is not a number of milliseconds"));
    }
    let bytes = file(&parts, "file", FILE_LIMIT)?;
    let key = format!("file_v3_{}", id(""));
    let content_type = "application/octet-stream";
    let upload = Upload { content_type, file_type, bytes };
    lock(&call.shared.messages).add_upload(key.clone(), upload);
    Ok(json!({"code": 0, "msg": "success", "data": {"file_key": key}}))
}

fn parts(call: &Call<'_>) -> Result<Vec<Part>, Refused> {
    multipart::read(call.content_type, call.body).map_err(wrong)
}

fn text(parts: &[Part], name: &str) -> Option<String> {
    let part = parts.iter().find(|part| part.name == name)?;
    String::from_utf8(part.bytes.to_vec()).ok()
}

fn file(parts: &[Part], name: &str, limit: usize) -> Result<Bytes, Refused> {
    let part = parts.iter().find(|part| part.name == name && part.file_name.is_some());
    let part = part.ok_or_else(|| wrong(format!("{name} is missing, or has no filename")))?;
    match part.bytes.len() {
        0 => Err(Refused::code(234_010, "File's size can't be 0.")),
        size if size > limit => Err(Refused::code(234_006, "The file size exceed the max value.")),
        _ => Ok(part.bytes.clone()),
    }
}

/// The kind of an image by its first bytes.
fn image_kind(bytes: &[u8]) -> Option<&'static str> {
    let begins = |what: &[u8]| bytes.starts_with(what);
    let brand = bytes.get(4..12).unwrap_or_default();
    match () {
        () if begins(b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        () if begins(b"\xff\xd8\xff") || matches!(brand, b"ftypheic" | b"ftypmif1") => Some("image/jpeg"),
        () if begins(b"GIF8") => Some("image/gif"),
        () if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => Some("image/webp"),
        () if begins(b"BM") => Some("image/bmp"),
        () if begins(b"\0\0\x01\0") => Some("image/x-icon"),
        () if begins(b"II*\0") || begins(b"MM\0*") => Some("image/jpeg"),
        () => None,
    }
}

fn wrong(msg: impl Into<String>) -> Refused {
    Refused::code(234_001, msg)
}
