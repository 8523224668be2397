//! The files of the page.

/// One file, as it is served.
pub(crate) struct File {
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static [u8],
}

/// The file of a path of the URL.
pub(crate) fn file(path: &str) -> Option<File> {
    let (content_type, body): (_, &[u8]) = match path {
        "/" => ("text/html; charset=utf-8", include_bytes!("page/index.html")),
        _ => return None,
    };
    Some(File { content_type, body })
}
