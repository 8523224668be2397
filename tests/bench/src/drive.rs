//! Sends callbacks over the connections and takes their answers, from one thread.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use feishu_proto::{Frame, Header};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::ledger::{Ledger, Received};
use crate::socket::Socket;
use crate::template::Template;
use crate::websocket::{self, Opcode};
use crate::workload::Workload;

/// When the next callback is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// As soon as fewer than so many are unanswered, over all connections.
    Window(usize),
    /// At a fixed rate per second, whether or not earlier ones are answered. A callback's clock starts when it was due:
    /// a client that stops for a moment delays all that were due in that moment, and all of them count.
    Rate(u32),
    /// As fast as the connection takes them.
    Flood,
}

/// How much may wait to be written on one connection before the load sends no more.
const MAX_WAITING: usize = 1 << 20;

/// The default of [`Drive::patience`].
const PATIENCE: Duration = Duration::from_secs(10);

/// What a part of a run gave.
pub(crate) struct Part {
    pub(crate) answered: usize,
    /// From the first callback to the last answer.
    pub(crate) time: Duration,
    /// The time from when it was due to its answer, of each callback.
    pub(crate) latencies: Vec<u64>,
}

pub(crate) struct Drive {
    sockets: Vec<Socket>,
    unanswered: Vec<usize>,
    template: Template,
    ledger: Ledger,
    clock: Instant,
    ready: Vec<bool>,
    /// How long answers are awaited after the last callback.
    patience: Duration,
}

impl Drive {
    pub(crate) fn new(sockets: Vec<Socket>, workload: Workload) -> Self {
        Self {
            unanswered: vec![0; sockets.len()],
            ready: vec![false; sockets.len()],
            sockets,
            template: Template::new(workload),
            ledger: Ledger::new(workload.kind),
            clock: Instant::now(),
            patience: PATIENCE,
        }
    }

    /// Sends for so long, or until so many are sent, and waits for all answers.
    pub(crate) fn run(&mut self, pace: Pace, time: Duration, count: usize) -> Result<Part> {
        let start = self.now();
        let stop = start + time.as_nanos() as u64;
        let (sent, answered) = (self.ledger.sent(), self.ledger.answered());
        let mut latencies = Vec::new();
        let (mut last, mut last_sent) = (start, start);
        loop {
            let mut wait = Duration::from_millis(50);
            let now = self.now();
            let sending = now < stop && self.ledger.sent() - sent < count;
            if sending {
                last_sent = now;
                let most = sent.saturating_add(count);
                match pace {
                    Pace::Window(window) => self.top_up(window, most),
                    Pace::Flood => self.top_up(usize::MAX, most),
                    Pace::Rate(rate) => wait = self.send_due(start, stop, sent, most, rate).min(wait),
                }
            } else if self.ledger.answered() == self.ledger.sent() {
                break;
            } else if now > last_sent + self.patience.as_nanos() as u64 {
                self.ledger.close()?;
            }
            for socket in &mut self.sockets {
                socket.flush()?;
            }
            self.poll(wait)?;
            if self.receive(&mut latencies)? {
                last = self.now();
            }
        }
        let answered = self.ledger.answered() - answered;
        ensure!(answered > 0, "nothing was answered");
        Ok(Part { answered, time: Duration::from_nanos(last - start), latencies })
    }

    /// Ends the run: answers that still come are answers too many.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.poll(Duration::from_millis(20))?;
        self.receive(&mut Vec::new())?;
        self.ledger.close()
    }

    fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    fn send(&mut self, index: usize, due: u64) {
        let number = self.ledger.send(due);
        self.template.put(&mut self.sockets[index].out, number);
        self.unanswered[index] += 1;
    }

    fn top_up(&mut self, window: usize, most: usize) {
        let share = (window / self.sockets.len()).max(1);
        for index in 0..self.sockets.len() {
            while self.unanswered[index] < share
                && self.sockets[index].waiting() < MAX_WAITING
                && self.ledger.sent() < most
            {
                self.send(index, self.now());
            }
        }
    }

    /// Sends what is due by now, and gives the time to the next one.
    fn send_due(&mut self, start: u64, stop: u64, sent: usize, most: usize, rate: u32) -> Duration {
        while self.ledger.sent() < most {
            let index = self.ledger.sent() - sent;
            let due = start + index as u64 * 1_000_000_000 / u64::from(rate);
            let now = self.now();
            if due > now || due >= stop {
                return Duration::from_nanos(due.min(stop).saturating_sub(now).max(1));
            }
            self.send(index % self.sockets.len(), due);
        }
        PATIENCE
    }

    fn poll(&mut self, wait: Duration) -> Result<()> {
        let flags = |socket: &Socket| {
            if socket.wants_write() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN }
        };
        let mut polled: Vec<_> =
            self.sockets.iter().map(|socket| PollFd::new(socket, flags(socket))).collect();
        let wait = Timespec { tv_sec: wait.as_secs().try_into()?, tv_nsec: wait.subsec_nanos().into() };
        poll(&mut polled, Some(&wait))?;
        for (ready, polled) in self.ready.iter_mut().zip(&polled) {
            *ready = !(polled.revents() - PollFlags::OUT).is_empty();
        }
        Ok(())
    }

    /// Takes all messages that are there. True if one was an answer.
    fn receive(&mut self, latencies: &mut Vec<u64>) -> Result<bool> {
        let before = latencies.len();
        for (index, socket) in self.sockets.iter_mut().enumerate().filter(|(index, _)| self.ready[*index]) {
            let mut more = true;
            while more {
                more = socket.fill()?;
                let now = self.clock.elapsed().as_nanos() as u64;
                while let Some((message, out)) = socket.message()? {
                    match message.opcode {
                        Opcode::Binary => {
                            let frame = Received::read(message.payload)?;
                            if frame.method == 0 {
                                websocket::put(out, Opcode::Binary, &pong());
                                continue;
                            }
                            latencies.push(self.ledger.answer(&frame, now)?);
                            self.unanswered[index] -= 1;
                        }
                        Opcode::Ping => websocket::put(out, Opcode::Pong, message.payload),
                        Opcode::Pong => {}
                        Opcode::Close => bail!("the client closed its connection"),
                    }
                }
            }
        }
        Ok(latencies.len() > before)
    }
}

/// The platform's answer to a ping.
fn pong() -> Vec<u8> {
    let headers = vec![Header::new("type", "pong")];
    Frame { service: 1, headers, ..Frame::default() }.encode_to_vec()
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
