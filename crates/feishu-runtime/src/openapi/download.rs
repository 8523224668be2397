//! Downloads: answers that are files, as bytes in memory, into a writer, or onto the disk.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use feishu_callbacks::openapi::BytesCall;
use tokio::fs::{self, OpenOptions};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::exchange::ApiStream;
use super::{CallError, OpenApi, Outgoing};

/// A file that the platform sends: what its header says, and the bytes that are still to come.
///
/// Every method has a bound in bytes, above which it is an error. The deadline of the call bounds the wait for each piece,
/// not the whole, so that a large file may take its time as long as something comes.
pub struct Download {
    stream: ApiStream,
}

impl OpenApi {
    /// Asks for a file with the app's token: a [`ResourceGet`](feishu_callbacks::openapi::ResourceGet), or the path of a
    /// call of your own. Returns when the platform begins to send it.
    ///
    /// Renews the token and waits for rate limits as [`call`](Self::call) does.
    ///
    /// ```
    /// use feishu_runtime::callbacks::openapi::ResourceGet;
    /// use feishu_runtime::testing::FakeApi;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let fake = FakeApi::new().answer_bytes("/resources/", "image/png", &b"\x89PNG"[..]);
    /// let image = fake.api().download(&ResourceGet::image("om_1", "img_v3_1")).await?;
    /// assert_eq!(image.content_type(), Some("image/png"));
    /// assert_eq!(&*image.bytes(10 << 20).await?, b"\x89PNG");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the platform refused it, with its code, or was not reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the download.
    pub async fn download<C: BytesCall + Sync + ?Sized>(&self, call: &C) -> Result<Download, CallError> {
        let path = call.path();
        let stream = self.made(&Outgoing::new("GET", &path, Bytes::new()), true).await?;
        Ok(Download { stream })
    }
}

impl Download {
    /// What kind of file it is: the header `Content-Type`.
    pub fn content_type(&self) -> Option<&str> {
        self.stream.content_type.as_deref()
    }

    /// Its size in bytes, if the platform said so.
    pub fn length(&self) -> Option<u64> {
        self.stream.length
    }

    /// The log id, to quote to the platform's support.
    pub fn log_id(&self) -> Option<&str> {
        self.stream.log_id.as_deref()
    }

    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    ///
    /// If the answer broke off, or no piece came in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the next call returns the piece.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        Ok(self.stream.chunk().await?)
    }

    /// Reads all of it into memory, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// If it is larger, broke off, or no piece came in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the download.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, CallError> {
        let mut bounded = Bounded::new(&mut self, u64::try_from(limit).unwrap_or(u64::MAX))?;
        let mut whole = BytesMut::new();
        while let Some(piece) = bounded.chunk().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Writes all of it into a writer, at most `limit` bytes, and returns how many. The writer is flushed, not closed.
    ///
    /// # Errors
    ///
    /// If it is larger, broke off, or no piece came in time, and if the writer failed. The writer then has the beginning.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: after a drop the writer has the beginning.
    pub async fn copy_to<W: AsyncWrite + Unpin>(
        mut self,
        writer: &mut W,
        limit: u64,
    ) -> Result<u64, CallError> {
        let mut bounded = Bounded::new(&mut self, limit)?;
        while let Some(piece) = bounded.chunk().await? {
            writer.write_all(&piece).await.map_err(CallError::file)?;
        }
        writer.flush().await.map_err(CallError::file)?;
        Ok(bounded.bytes)
    }

    /// Writes all of it to a file, at most `limit` bytes, and returns how many. A file that is there already is replaced.
    ///
    /// It is written under another name beside `path` and renamed when it is complete and on the disk, so that a file with
    /// the name `path` is never half.
    ///
    /// # Errors
    ///
    /// If it is larger, broke off, or no piece came in time, and if the disk failed. `path` is then as it was before, and
    /// what was written is deleted.
    ///
    /// # Cancel safety
    ///
    /// After a drop `path` is as it was before, and what was written is deleted. If the process is killed, the half file
    /// stays under its other name, which ends with `.part`.
    pub async fn save(self, path: impl AsRef<Path>, limit: u64) -> Result<u64, CallError> {
        let path = path.as_ref();
        let mut part = Part::beside(path).map_err(CallError::file)?;
        let opened = OpenOptions::new().write(true).create_new(true).open(&part.path).await;
        let mut file = opened.map_err(CallError::file)?;
        part.is_there = true;
        let bytes = self.copy_to(&mut file, limit).await?;
        file.sync_all().await.map_err(CallError::file)?;
        drop(file);
        fs::rename(&part.path, path).await.map_err(CallError::file)?;
        part.is_there = false;
        Ok(bytes)
    }
}

/// A download that may not go over its bound.
struct Bounded<'a> {
    download: &'a mut Download,
    limit: u64,
    bytes: u64,
}

impl<'a> Bounded<'a> {
    fn new(download: &'a mut Download, limit: u64) -> Result<Self, CallError> {
        if download.length().is_some_and(|length| length > limit) {
            return Err(CallError::too_large(limit));
        }
        Ok(Self { download, limit, bytes: 0 })
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        let piece = self.download.chunk().await?;
        let length = piece.as_ref().map_or(0, Bytes::len);
        self.bytes = self.bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if self.bytes > self.limit {
            return Err(CallError::too_large(self.limit));
        }
        Ok(piece)
    }
}

/// The file that is being written; deleted when it is dropped before it got its name.
struct Part {
    path: PathBuf,
    is_there: bool,
}

impl Part {
    fn beside(path: &Path) -> io::Result<Self> {
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name");
        let mut name = OsString::from(".");
        name.push(path.file_name().ok_or_else(no_name)?);
        name.push(format!(".{:016x}.part", fastrand::u64(..)));
        Ok(Self { path: path.with_file_name(name), is_there: false })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.is_there {
            if let Err(error) = std::fs::remove_file(&self.path) {
                tracing::warn!(path = %self.path.display(), %error, "cannot delete the file of a download that failed");
            }
        }
    }
}

/// Shows kind and size.
impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("content_type", &self.content_type())
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}
