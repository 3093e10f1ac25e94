//! Numbers of versions: 4.0 equals 4, and 1.10 is above 1.9.

use std::cmp::Ordering;

/// Parts of a version as numbers, without zeros at its end; `None` for anything else, such as "draft".
fn parts(version: &str) -> Option<Vec<u64>> {
    let text = version.trim().trim_start_matches(['v', 'V']);
    let mut parts = text.split('.').map(|p| p.parse().ok()).collect::<Option<Vec<u64>>>()?;
    while parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts)
}

/// Order of two versions; `None` where they are no numbers and not the same text.
pub fn compare(a: &str, b: &str) -> Option<Ordering> {
    match (parts(a), parts(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => (a.trim() == b.trim()).then_some(Ordering::Equal),
    }
}

/// True where two texts mean the same version.
pub fn same(a: &str, b: &str) -> bool {
    compare(a, b) == Some(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers_by_part() {
        assert!(same("4.0", "4") && same("v2.1", "2.1.0") && same("draft", "draft"));
        assert_eq!(compare("1.10", "1.9"), Some(Ordering::Greater));
        assert_eq!(compare("1.9", "2"), Some(Ordering::Less));
        assert_eq!(compare("draft", "1.0"), None);
        assert!(!same("1.0", "10") && same("0.0", "0"));
    }
}
