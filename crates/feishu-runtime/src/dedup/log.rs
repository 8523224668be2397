//! What ended in a part of the memory of repeats, oldest first, with the answers that were given.
//!
//! The answers lie one behind the other in one ring of bytes: no allocation of their own, and forgetting the oldest
//! touches memory in order. As single buffers they cost half a microsecond per callback, most of it cache misses.

use std::collections::VecDeque;

use bytes::Bytes;
use feishu_transport::Answer;

/// Bytes of one place in the list.
#[cfg(test)]
pub(super) const PLACE_BYTES: usize = size_of::<Ended>();

/// The places are numbered in order; the numbers wrap around.
#[derive(Debug, Default)]
pub(super) struct Log {
    ended: VecDeque<Ended>,
    /// The number of the first place.
    first: u32,
    data: VecDeque<u8>,
    /// The position of the first byte of `data`.
    data_first: u32,
}

/// How one delivery ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) key: u64,
    /// The second at which it ended.
    pub(super) at: u32,
    how: How,
    /// The position of its answer's first byte.
    start: u32,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Failed,
    /// Answered with `{}`, as nearly all events are.
    Empty,
    /// Answered with as many bytes.
    Answered(u32),
}

impl Log {
    /// Adds the end of a delivery, with `None` for a failure, and returns its number.
    pub(super) fn push(&mut self, key: u64, answer: Option<&Answer>, at: u32) -> u32 {
        let data =
            answer.filter(|answer| answer.is_ok()).map(|answer| answer.data().map_or(&[][..], |data| data));
        let how = match data {
            None => How::Failed,
            Some(b"{}") => How::Empty,
            Some(data) => match u32::try_from(data.len()) {
                Ok(len) => {
                    self.data.extend(data);
                    How::Answered(len)
                }
                // No answer is so large.
                Err(_) => How::Failed,
            },
        };
        let start = match how {
            How::Answered(len) => self.data_end().wrapping_sub(len),
            How::Failed | How::Empty => self.data_end(),
        };
        let number = self.first.wrapping_add(as_u32(self.ended.len()));
        self.ended.push_back(Ended { key, at, how, start });
        number
    }

    /// The oldest, with its number.
    pub(super) fn oldest(&self) -> Option<(u32, Ended)> {
        self.ended.front().map(|ended| (self.first, *ended))
    }

    /// Forgets the oldest.
    pub(super) fn pop(&mut self) {
        let Some(ended) = self.ended.pop_front() else { return };
        self.first = self.first.wrapping_add(1);
        if let How::Answered(len) = ended.how {
            self.data.drain(..self.data.len().min(len as usize));
            self.data_first = self.data_first.wrapping_add(len);
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<&Ended> {
        self.ended.get(number.wrapping_sub(self.first) as usize)
    }

    /// The answer that was given; `None` for a failure.
    pub(super) fn answer(&self, ended: &Ended) -> Option<Answer> {
        match ended.how {
            How::Failed => None,
            How::Empty => Some(Answer::empty()),
            How::Answered(len) => {
                let start = ended.start.wrapping_sub(self.data_first) as usize;
                let data = self.data.iter().skip(start).take(len as usize).copied();
                Some(Answer::ok(data.collect::<Bytes>()))
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ended.len()
    }

    /// Bytes of the answers.
    pub(super) fn data_len(&self) -> usize {
        self.data.len()
    }

    fn data_end(&self) -> u32 {
        self.data_first.wrapping_add(as_u32(self.data.len()))
    }
}

/// The bounds of a part are far below; the numbers wrap in any case.
fn as_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_is_the_one_that_was_pushed_also_when_all_numbers_wrap() {
        let mut log = Log { first: u32::MAX - 5, data_first: u32::MAX - 50, ..Log::default() };
        let answer = |key: u64| Answer::ok(key.to_string().repeat(9));
        let mut numbers = Vec::new();
        for key in 100..150 {
            numbers.push(log.push(key, Some(&answer(key)), 1));
            log.push(key, None, 1);
            log.push(key, Some(&Answer::empty()), 1);
            if log.len() > 12 {
                (0..3).for_each(|_| log.pop());
            }
            for (index, number) in numbers.iter().enumerate().rev().take(4) {
                let known = 100 + index as u64;
                let ended = log.get(*number).unwrap();
                assert_eq!((ended.key, log.answer(ended)), (known, Some(answer(known))));
                assert_eq!(log.answer(log.get(number.wrapping_add(1)).unwrap()), None);
                assert_eq!(log.answer(log.get(number.wrapping_add(2)).unwrap()), Some(Answer::empty()));
            }
        }
        while log.oldest().is_some() {
            log.pop();
        }
        assert_eq!((log.len(), log.data_len()), (0, 0));
    }

    #[test]
    fn push_takes_an_answer_with_another_code_for_a_failure() {
        let mut log = Log::default();
        let number = log.push(7, Some(&Answer::failed()), 1);
        assert_eq!(log.answer(log.get(number).unwrap()), None);
    }
}
