//! Divides a table's width between its columns, for both renderers.

/// Widths of a column's longest words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Least {
    /// Of its title.
    pub title: f64,
    /// Of its cells.
    pub cells: f64,
}

impl Least {
    /// What the cells need beyond the title.
    fn beyond(&self) -> f64 {
        (self.cells - self.title).max(0.0)
    }
}

/// Divides `usable` by shares; a column narrower than its longest word takes from the others. Titles come first, then
/// the words of cells; where not even the titles fit, all columns shrink alike and words break.
pub fn divide(usable: f64, shares: &[f64], least: &[Least]) -> Vec<f64> {
    let titles: f64 = least.iter().map(|l| l.title).sum();
    let beyond: f64 = least.iter().map(Least::beyond).sum();
    let part = if beyond > 0.0 { ((usable - titles) / beyond).clamp(0.0, 1.0) } else { 0.0 };
    let least: Vec<f64> = least.iter().map(|l| l.title + l.beyond() * part).collect();
    let mut fixed: Vec<Option<f64>> = vec![None; shares.len()];
    let free = |fixed: &[Option<f64>]| -> (f64, f64) {
        let taken: f64 = fixed.iter().flatten().sum();
        let share = shares.iter().zip(fixed).filter(|(_, f)| f.is_none()).map(|(s, _)| s).sum();
        ((usable - taken).max(0.0), share)
    };
    // Each round fixes at least one column, so there are at most as many rounds as columns.
    for _ in 0..shares.len() {
        let (rest, share) = free(&fixed);
        let mut changed = false;
        for ((slot, own), least) in fixed.iter_mut().zip(shares).zip(&least) {
            if slot.is_none() && rest * own / share < *least {
                *slot = Some(*least);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let (rest, share) = free(&fixed);
    let taken: f64 = fixed.iter().flatten().sum();
    let shrink = if taken > usable { usable / taken } else { 1.0 };
    shares.iter().zip(&fixed).map(|(own, fixed)| fixed.map_or(rest * own / share, |f| f * shrink)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Least, divide};

    fn least(title: f64, cells: f64) -> Least {
        Least { title, cells }
    }

    fn near(got: &[f64], want: &[f64]) {
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-9), "{got:?}");
    }

    #[test]
    fn shares_hold_where_words_fit() {
        near(&divide(100.0, &[1.0, 3.0], &[least(5.0, 9.0), least(5.0, 5.0)]), &[25.0, 75.0]);
    }

    #[test]
    fn a_narrow_column_takes_from_the_others() {
        near(
            &divide(100.0, &[0.1, 1.0, 1.0], &[least(10.0, 20.0), least(1.0, 1.0), least(1.0, 1.0)]),
            &[20.0, 40.0, 40.0],
        );
    }

    #[test]
    fn titles_come_before_cells_and_nothing_exceeds_the_measure() {
        near(&divide(30.0, &[1.0, 1.0], &[least(20.0, 20.0), least(5.0, 50.0)]), &[20.0, 10.0]);
        near(&divide(30.0, &[1.0, 1.0], &[least(40.0, 40.0), least(20.0, 20.0)]), &[20.0, 10.0]);
    }
}
