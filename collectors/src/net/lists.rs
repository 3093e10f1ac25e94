//! Lists that come in pages: cursors that loop, items that come twice, and lists that change while they are read.

use std::collections::BTreeSet;

/// What one list has given so far.
#[derive(Debug, Default)]
pub struct List {
    cursors: BTreeSet<String>,
    ids: BTreeSet<String>,
    repeated: u64,
}

impl List {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on to this cursor.
    ///
    /// # Errors
    /// Where it was followed before: the list would never end.
    pub fn follow(&mut self, cursor: &str) -> Result<(), String> {
        if self.cursors.insert(cursor.to_owned()) {
            Ok(())
        } else {
            Err("the list leads back to a page that was read already, so its end cannot be reached".to_owned())
        }
    }

    /// Notes an item; true where it is new.
    pub fn item(&mut self, id: impl Into<String>) -> bool {
        let new = self.ids.insert(id.into());
        self.repeated += u64::from(!new);
        new
    }

    /// Different items so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True before the first item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Items that came more than once. A list that shifts while it is read page by page repeats items at one place and
    /// skips others elsewhere.
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// What is wrong with a list that has ended, if the server says that it holds `total` items.
    #[must_use]
    pub fn fault(&self, total: Option<u64>) -> Option<String> {
        let read = self.ids.len() as u64;
        if self.repeated > 0 {
            return Some(format!(
                "{} items came twice: the list changed while it was read, and others may have been skipped; collect again",
                self.repeated
            ));
        }
        match total {
            Some(total) if total != read => Some(format!(
                "{read} items came where the server counts {total}: the list changed while it was read, or is cut; collect again"
            )),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_followed_once() {
        let mut list = List::new();
        assert!(list.follow("a").is_ok());
        assert!(list.follow("b").is_ok());
        assert!(list.follow("a").is_err());
    }

    #[test]
    fn repeated_and_missing_items_are_faults() {
        let mut list = List::new();
        assert!(list.item("1") && list.item("2"));
        assert_eq!(list.fault(None), None);
        assert_eq!(list.fault(Some(2)), None);
        assert!(list.fault(Some(3)).is_some());
        assert!(!list.item("1"));
        assert!(list.fault(Some(2)).is_some());
    }
}
