//! Bodies of the type `multipart/form-data` (RFC 7578).

/// A form that is being written. The boundary occurs in none of its parts.
pub(super) struct Multipart {
    boundary: String,
    body: Vec<u8>,
}

/// One part of a form.
pub(super) enum Part<'a> {
    Text(&'a str),
    File { name: &'a str, bytes: &'a [u8] },
}

/// The content type of a form with such a file.
pub(super) fn content_type(file: &[u8], texts: &[&str]) -> String {
    format!("multipart/form-data; boundary={}", boundary(file, texts))
}

/// A line that occurs in none of these.
pub(super) fn boundary(file: &[u8], texts: &[&str]) -> String {
    const STEM: &str = "feishu-form-boundary-";
    let occurs = |line: &str| {
        texts.iter().any(|text| text.contains(line))
            || file.windows(line.len()).any(|bytes| bytes == line.as_bytes())
    };
    let mut boundary = format!("{STEM}0");
    let mut number = 0_u64;
    while occurs(&boundary) {
        number += 1;
        boundary = format!("{STEM}{number}-");
    }
    boundary
}

impl Multipart {
    /// Begins a form with this boundary; `size` is about that of its parts.
    pub(super) fn new(boundary: String, size: usize) -> Self {
        Self { boundary, body: Vec::with_capacity(size + 1024) }
    }

    pub(super) fn part(mut self, field: &str, part: &Part<'_>) -> Self {
        self.line(&format!("--{}", self.boundary));
        match part {
            Part::Text(text) => {
                self.line(&format!("Content-Disposition: form-data; name=\"{field}\""));
                self.line("");
                self.line(text);
            }
            Part::File { name, bytes } => {
                let name = quoted(name);
                self.line(&format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\""));
                self.line("Content-Type: application/octet-stream");
                self.line("");
                self.body.extend_from_slice(bytes);
                self.line("");
            }
        }
        self
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.line(&format!("--{}--", self.boundary));
        self.body
    }

    fn line(&mut self, text: &str) {
        self.body.extend_from_slice(text.as_bytes());
        self.body.extend_from_slice(b"\r\n");
    }
}

/// A name that cannot end its quotes or its line, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::{Multipart, Part, boundary, quoted};

    #[test]
    fn multipart_writes_each_part_between_boundaries() {
        let form = Multipart::new("b".into(), 10)
            .part("type", &Part::Text("message"))
            .part("image", &Part::File { name: "a\"b.png", bytes: b"\0\r\n1" });
        let wanted = "--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nmessage\r\n\
            --b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a%22b.png\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\0\r\n1\r\n--b--\r\n";
        assert_eq!(String::from_utf8(form.finish()).unwrap(), wanted);
        assert_eq!(quoted("a\r\n\"b"), "a%0D%0A%22b");
    }

    #[test]
    fn boundary_occurs_in_no_part() {
        assert_eq!(boundary(b"some bytes", &[]), "feishu-form-boundary-0");
        assert_eq!(boundary(b"1 feishu-form-boundary-0 2", &[]), "feishu-form-boundary-1-");
        let texts = ["feishu-form-boundary-0 feishu-form-boundary-1-"];
        assert_eq!(boundary(b"", &texts), "feishu-form-boundary-2-");
    }
}
