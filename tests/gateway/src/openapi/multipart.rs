//! Reading bodies of the type `multipart/form-data`.

use bytes::Bytes;

/// One part of a form.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) bytes: Bytes,
}

/// The parts of a form; why it cannot be read.
pub(super) fn read(content_type: &str, body: &Bytes) -> Result<Vec<Part>, String> {
    let kind = "multipart/form-data";
    if !content_type.to_ascii_lowercase().starts_with(kind) {
        return Err(format!("the content type is {content_type:?}, not {kind}"));
    }
    let boundary = content_type.split(';').find_map(|member| member.trim().strip_prefix("boundary="));
    let boundary =
        boundary.map(|boundary| boundary.trim_matches('"')).filter(|boundary| !boundary.is_empty());
    let boundary = boundary.ok_or("the content type names no boundary")?;
    let (first, next) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut at = find(body, 0, first.as_bytes()).ok_or("the boundary is not in the body")? + first.len();
    let mut parts = Vec::new();
    while body.get(at..at + 2) == Some(b"\r\n") {
        let header = at + 2;
        let content = find(body, header, b"\r\n\r\n").ok_or("a part has no end of its header")? + 4;
        let end = find(body, content, next.as_bytes()).ok_or("a part has no end")?;
        let lines = String::from_utf8_lossy(body.get(header..content).unwrap_or_default()).into_owned();
        let name = parameter(&lines, "name").ok_or("a part has no name")?;
        parts.push(Part { name, file_name: parameter(&lines, "filename"), bytes: body.slice(content..end) });
        at = end + next.len();
    }
    if body.get(at..at + 2) == Some(b"--") { Ok(parts) } else { Err("the form has no end".into()) }
}

/// A parameter of `Content-Disposition`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let line = header.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let mut members = line.split(';').map(str::trim);
    let value = members.find_map(|member| member.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

fn find(body: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut at = from;
    loop {
        at += body.get(at..)?.iter().position(|byte| *byte == first)?;
        if body.get(at..)?.starts_with(what) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_form_is_read_part_by_part() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"image_type\"\r\n\r\nmessage\r\n--b\r\n\
            Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: x/y\r\n\r\n\r\n1\r\n--b--\r\n";
        let parts = read("multipart/form-data; boundary=\"b\"", &body.into()).unwrap();
        let seen: Vec<_> =
            parts.iter().map(|part| (&*part.name, part.file_name.as_deref(), &*part.bytes)).collect();
        assert_eq!(seen, [("image_type", None, &b"message"[..]), ("image", Some("a.png"), b"\r\n1")]);
        for (kind, body) in [
            ("application/json", body),
            ("multipart/form-data", body),
            ("multipart/form-data; boundary=c", body),
            ("multipart/form-data; boundary=b", "--b\r\nX: y\r\n\r\n1\r\n--b--"),
            ("multipart/form-data; boundary=b", "--b\r\n"),
            ("multipart/form-data; boundary=b", "--b"),
        ] {
            assert!(read(kind, &body.into()).is_err(), "{kind} {body}");
        }
    }
}
