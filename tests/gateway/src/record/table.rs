//! Rows in the order of their numbers; the oldest are forgotten first.

use std::collections::VecDeque;

use serde::Serialize;

/// A row of a table.
pub(crate) trait Row {
    /// Its number, greater than those of all rows before it.
    fn id(&self) -> u64;
    /// The bytes that it keeps alive, about.
    fn weight(&self) -> usize {
        0
    }
}

/// The newest rows, bounded by their count and by the bytes that they keep alive.
pub(crate) struct Table<T> {
    rows: VecDeque<T>,
    limit: usize,
    bytes_limit: usize,
    bytes: usize,
    next: u64,
    forgotten: u64,
}

/// How much a table remembers.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Kept {
    limit: usize,
    forgotten: u64,
}

impl<T: Row> Table<T> {
    pub(crate) fn new(limit: usize, bytes_limit: usize) -> Self {
        Self { rows: VecDeque::new(), limit, bytes_limit, bytes: 0, next: 1, forgotten: 0 }
    }

    /// The number for a new row.
    pub(crate) fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    pub(crate) fn add(&mut self, row: T) {
        self.bytes += row.weight();
        self.rows.push_back(row);
        self.trim();
    }

    /// Changes a row and gives what the change gives; `None` when the row was forgotten.
    pub(crate) fn change<R>(&mut self, id: u64, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let index = self.rows.binary_search_by_key(&id, Row::id).ok()?;
        let row = self.rows.get_mut(index)?;
        let before = row.weight();
        let result = change(row);
        self.bytes = self.bytes + row.weight() - before;
        self.trim();
        Some(result)
    }

    pub(crate) fn get(&self, id: u64) -> Option<&T> {
        self.rows.get(self.rows.binary_search_by_key(&id, Row::id).ok()?)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter()
    }

    pub(crate) fn kept(&self) -> Kept {
        Kept { limit: self.limit, forgotten: self.forgotten }
    }

    /// Forgets all rows; the numbers go on.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.bytes = 0;
        self.forgotten = 0;
    }

    /// Forgets the rows for which this is false.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.rows.retain(keep);
        self.bytes = self.rows.iter().map(Row::weight).sum();
        self.forgotten = 0;
    }

    fn trim(&mut self) {
        while self.rows.len() > self.limit || (self.bytes > self.bytes_limit && self.rows.len() > 1) {
            let Some(oldest) = self.rows.pop_front() else { break };
            self.bytes -= oldest.weight();
            self.forgotten += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Line(u64, usize);

    impl Row for Line {
        fn id(&self) -> u64 {
            self.0
        }
        fn weight(&self) -> usize {
            self.1
        }
    }

    fn ids(table: &Table<Line>) -> Vec<u64> {
        table.iter().map(Row::id).collect()
    }

    #[test]
    fn a_table_forgets_the_oldest_rows_past_its_limits_and_counts_them() {
        let mut table = Table::new(3, 100);
        for weight in [10, 10, 10, 10] {
            let id = table.number();
            table.add(Line(id, weight));
        }
        assert_eq!(ids(&table), [2, 3, 4], "by count");
        assert_eq!(table.change(4, |row| row.1 = 85), Some(()));
        assert_eq!(ids(&table), [3, 4], "by bytes, also when a row grew");
        assert_eq!(table.kept().forgotten, 2);
        assert_eq!(table.change(1, |_| ()), None);
        table.clear();
        let id = table.number();
        table.add(Line(id, 1));
        assert_eq!(ids(&table), [5], "numbers go on");
    }
}
