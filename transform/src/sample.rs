//! Seeded draws that anyone can redraw.
//!
//! Each row holds one ticket or several. A ticket's number is the SHA-256 of `seed:row_id:n`, `n` counting the row's
//! tickets from 1, as lower-case hexadecimal; a row's draw is its smallest number, and the rows with the smallest draws
//! are taken, in that order. With one ticket each every row is as likely as any other; a row with twice the tickets is
//! twice as likely to come first.

use sha2::{Digest, Sha256};

/// The algorithm in a sentence, for outputs.
pub const ALGORITHM: &str = "rows in the order of the smallest SHA-256 of \"seed:row_id:n\", n = 1 to tickets";

/// Positions of the first `size` rows drawn from `rows` (id and tickets), each with its draw.
#[must_use]
pub fn draw(seed: &str, rows: &[(&str, u32)], size: usize) -> Vec<(usize, String)> {
    let number = |id: &str, n: u32| format!("{:x}", Sha256::digest(format!("{seed}:{id}:{n}")));
    let mut all: Vec<(String, usize)> = rows
        .iter()
        .enumerate()
        .filter_map(|(at, (id, tickets))| Some(((1..=*tickets).map(|n| number(id, n)).min()?, at)))
        .collect();
    all.sort();
    all.truncate(size);
    all.into_iter().map(|(draw, at)| (at, draw)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_what_sha256sum_says() {
        // printf 's1:a:1' | sha256sum; likewise b and c
        let drawn = draw("s1", &[("a", 1), ("b", 1), ("c", 1)], 2);
        let numbers: Vec<&str> = drawn.iter().map(|(_, n)| &n[..8]).collect();
        assert_eq!(numbers, ["4b7584e0", "b4cacecb"]);
        assert_eq!(drawn, draw("s1", &[("a", 1), ("b", 1), ("c", 1)], 3)[..2]);
        assert_ne!(drawn, draw("s2", &[("a", 1), ("b", 1), ("c", 1)], 2));
    }

    #[test]
    fn more_tickets_come_first_more_often_and_none_never() {
        let first =
            (0..2_000).filter(|seed| draw(&seed.to_string(), &[("a", 1), ("b", 3), ("c", 0)], 3)[0].0 == 1).count();
        // Three of four tickets: 1,500 of 2,000, and five standard deviations are 97.
        assert!((1_400..1_600).contains(&first), "{first}");
        assert_eq!(draw("x", &[("a", 1), ("c", 0)], 5).len(), 1);
    }
}
