//! Where the headers of a received frame are.

use crate::wire::{Fields, LENGTH_DELIMITED, is_text};

/// The places of the headers. The platform sends six; more than fit here are on the heap.
#[derive(Clone, Default)]
pub(crate) struct Headers {
    first: [HeaderAt; 8],
    len: usize,
    more: Vec<HeaderAt>,
}

/// The places of a header's name and value, as start and end: half the size of ranges, as a frame is copied some times.
#[derive(Clone, Copy, Default)]
pub(crate) struct HeaderAt {
    pub(crate) key: (u32, u32),
    pub(crate) value: (u32, u32),
}

impl Headers {
    pub(crate) fn push(&mut self, header: HeaderAt) {
        match self.first.get_mut(self.len) {
            Some(free) => *free = header,
            None => self.more.push(header),
        }
        self.len += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &HeaderAt> {
        self.first.iter().take(self.len).chain(&self.more)
    }
}

impl HeaderAt {
    /// Finds them; `offset` is the place of the header in the frame.
    pub(crate) fn read(message: &[u8], offset: usize) -> Option<Self> {
        let (mut name, mut value) = (None, None);
        let mut fields = Fields::of(message);
        for field in fields.by_ref() {
            let end = offset + field.end;
            let place = (u32::try_from(end - field.bytes.len()).ok()?, u32::try_from(end).ok()?);
            match (field.tag, field.wire_type) {
                (1, LENGTH_DELIMITED) => name = Some(place),
                (2, LENGTH_DELIMITED) => value = Some(place),
                (0..=2, _) => return None,
                _ => continue,
            }
            is_text(field.bytes).then_some(())?;
        }
        let (true, Some(key), Some(value)) = (fields.is_done(), name, value) else { return None };
        Some(Self { key, value })
    }
}
