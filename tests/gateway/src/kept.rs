//! A map that forgets its oldest entries.

use std::collections::{HashMap, VecDeque};

/// A map from texts that holds at most `LIMIT` entries. One past it, the entry that was added first is forgotten.
#[derive(Debug)]
pub(crate) struct Kept<T, const LIMIT: usize> {
    by_key: HashMap<String, T>,
    order: VecDeque<String>,
    forgotten: u64,
}

impl<T, const LIMIT: usize> Default for Kept<T, LIMIT> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), order: VecDeque::new(), forgotten: 0 }
    }
}

impl<T, const LIMIT: usize> Kept<T, LIMIT> {
    /// Adds an entry. One with the same key is replaced, and keeps its age.
    pub(crate) fn insert(&mut self, key: String, value: T) {
        if self.by_key.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > LIMIT {
            if let Some(oldest) = self.order.pop_front() {
                self.by_key.remove(&oldest);
                self.forgotten += 1;
            }
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.by_key.get_mut(key)
    }

    /// How many entries were forgotten.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The keys, the oldest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.order.iter()
    }

    /// The entries, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.order.iter().rev().filter_map(|key| self.by_key.get(key))
    }

    /// The entries, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.by_key.values()
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let value = self.by_key.remove(key)?;
        self.order.retain(|kept| kept != key);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insert_one_past_the_limit_forgets_the_oldest_entry() {
        let mut kept = Kept::<_, 4>::default();
        for number in 0..4 {
            kept.insert(number.to_string(), number);
        }
        kept.insert("0".into(), 7);
        assert_eq!(kept.get_mut("0"), Some(&mut 7), "at the limit all are kept");
        kept.insert("more".into(), 0);
        assert_eq!(kept.get_mut("0"), None);
        assert_eq!((kept.by_key.len(), kept.order.len()), (4, 4));
    }

    #[test]
    fn remove_makes_room_for_another_entry() {
        let mut kept = Kept::<_, 2>::default();
        kept.insert("a".into(), 1);
        kept.insert("b".into(), 2);
        assert_eq!((kept.remove("b"), kept.remove("b")), (Some(2), None));
        kept.insert("c".into(), 3);
        assert_eq!(kept.get_mut("a"), Some(&mut 1));
        assert_eq!((kept.by_key.len(), kept.order.len()), (2, 2));
    }
}
