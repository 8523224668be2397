//! A connection of the load, plain or TLS, that never blocks: received bytes and bytes still to be written.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Result, bail};
use tokio_rustls::rustls::ServerConnection;

use crate::websocket::{self, Incoming};

/// Bytes of one read.
const READ: usize = 256 << 10;

pub(crate) struct Socket {
    stream: TcpStream,
    tls: Option<Box<ServerConnection>>,
    received: Vec<u8>,
    /// The part of `received` that is filled and not yet taken.
    start: usize,
    end: usize,
    /// What is to be written; the caller appends whole messages.
    pub(crate) out: Vec<u8>,
    written: usize,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, tls: Option<Box<ServerConnection>>) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let received = vec![0; 2 * READ];
        Ok(Self { stream, tls, received, start: 0, end: 0, out: Vec::new(), written: 0 })
    }

    /// Bytes that wait to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    pub(crate) fn wants_write(&self) -> bool {
        self.waiting() > 0 || self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Writes as much as the kernel takes.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        loop {
            let rest = self.out.get(self.written..).unwrap_or_default();
            let done = match &mut self.tls {
                None if rest.is_empty() => break,
                None => self.stream.write(rest),
                Some(tls) => {
                    // What does not fit into the TLS buffer stays.
                    self.written += tls.writer().write(rest)?;
                    if !tls.wants_write() {
                        break;
                    }
                    tls.write_tls(&mut self.stream).map(|_| 0)
                }
            };
            match done {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if self.waiting() == 0 {
            self.out.clear();
            self.written = 0;
        } else if self.written > 4 << 20 {
            self.out.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }

    /// Reads once. False if there is nothing more to read now.
    pub(crate) fn fill(&mut self) -> Result<bool> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && self.received.len() - self.end < READ {
            self.received.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.received.len() - self.end < READ {
            self.received.resize(self.end + READ, 0);
        }
        let space = &mut self.received[self.end..];
        let read = match &mut self.tls {
            None => self.stream.read(space),
            Some(tls) => match tls.reader().read(space) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => match tls.read_tls(&mut self.stream) {
                    Ok(0) => Ok(0),
                    Ok(_) => {
                        tls.process_new_packets()?;
                        return Ok(true);
                    }
                    Err(error) => Err(error),
                },
                done => done,
            },
        };
        match read {
            Ok(0) => bail!("the client closed its connection"),
            Ok(count) => {
                let full = count == space.len();
                self.end += count;
                Ok(full || self.tls.is_some())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The next complete message among the received bytes, and where replies to it go.
    pub(crate) fn message(&mut self) -> Result<Option<(Incoming<'_>, &mut Vec<u8>)>> {
        let message = websocket::take(&mut self.received[self.start..self.end])?;
        if let Some(message) = &message {
            self.start += message.length;
        }
        Ok(message.map(|message| (message, &mut self.out)))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
