//! Whole populations, a row at a time: a year of a thousand systems must not be held as JSON.

use std::collections::BTreeSet;

use model::parallel;
use model::time::Period;

use super::{Fields, point, rows, run, shown_points, shown_runs, slot};
use crate::Error;
use crate::assess::{Basis, Judged};

/// Rows that are built side by side.
const BLOCK: usize = 1_000;

/// Hands on the rows of a population, sorted by `row_id`, in blocks. Blocks of long populations are built on every core
/// and let go one by one.
///
/// # Errors
/// Those of [`rows`], and the first that `visit` gives.
pub fn each<E: From<Error>>(
    table: &str,
    basis: &Basis<'_>,
    judged: &Judged,
    period: &Period,
    visit: &mut dyn FnMut(Vec<Fields>) -> Result<(), E>,
) -> Result<(), E> {
    let runs = &basis.runs;
    match table {
        "runs" => blocks(shown_runs(basis, period), |r| runs.row_id(r.row), |r| run(basis, r), visit),
        "slots" => {
            let id = |s: &&crate::slots::Slot| format!("slot/{}", s.id(basis.input.inventory));
            blocks(judged.slots.iter(), id, |s| slot(basis, s), visit)
        }
        "recovery-points" => blocks(shown_points(basis, period), |p| p.row_id(runs), |p| point(basis, p), visit),
        _ => {
            let all = rows(table, basis, judged, period)?.unwrap_or_default();
            if all.is_empty() { Ok(()) } else { visit(all) }
        }
    }
}

fn blocks<T: Copy + Send + Sync, E>(
    items: impl Iterator<Item = T>,
    id: impl Fn(&T) -> String,
    build: impl Fn(T) -> Fields + Sync,
    visit: &mut dyn FnMut(Vec<Fields>) -> Result<(), E>,
) -> Result<(), E> {
    let mut sorted: Vec<(String, T)> = items.map(|item| (id(&item), item)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut done = Ok(());
    parallel::stream(
        sorted.chunks(BLOCK),
        |block| block.iter().map(|(_, item)| build(*item)).collect::<Vec<Fields>>(),
        |block| {
            if done.is_ok() {
                done = visit(block);
            }
        },
    );
    done
}

/// Columns of rows in a stable order: ids first, lineage last.
#[must_use]
pub fn columns(rows: &[Fields]) -> Vec<String> {
    const LAST: [&str; 4] = ["source_id", "evidence", "pointer", "row_id"];
    // Rows of a table mostly have the same columns.
    let mut names: BTreeSet<&String> = BTreeSet::new();
    let mut last: Option<&Fields> = None;
    for row in rows {
        if !last.is_some_and(|last| last.keys().eq(row.keys())) {
            names.extend(row.keys());
        }
        last = Some(row);
    }
    let mut columns: Vec<String> = names.iter().filter(|n| !LAST.contains(&n.as_str())).map(|n| (*n).clone()).collect();
    columns.sort_by_key(|n| (!n.ends_with("_id"), n.clone()));
    columns.extend(LAST.iter().filter(|l| names.contains(&(**l).to_owned())).map(|l| (*l).to_owned()));
    columns
}
