//! Wording that both renderers share: legends and summaries of calendar strips, words of sources, short hashes.

use std::collections::BTreeSet;

use crate::block::{HeatStrip, State, StripRow};

/// Digits of a SHA-256 that are printed: enough to find the object in any store.
const DIGITS: usize = 16;

/// The legend: as given, else every state that occurs with its own word.
pub fn legend(strip: &HeatStrip) -> Vec<(State, String)> {
    if !strip.legend.is_empty() {
        return strip.legend.clone();
    }
    let used: BTreeSet<State> = strip.rows.iter().flat_map(|r| &r.cells).map(|c| c.state).collect();
    used.into_iter().filter(|s| *s != State::NoSlot).map(|s| (s, s.word().to_owned())).collect()
}

/// One row in words: every day that is neither a success nor without a slot.
pub fn row_summary(strip: &HeatStrip, row: &StripRow) -> String {
    let days: Vec<String> = row
        .cells
        .iter()
        .zip(&strip.days)
        .filter(|(cell, _)| !matches!(cell.state, State::Success | State::NoSlot))
        .map(|(cell, day)| {
            format!("{} {}", day.date, if cell.text.is_empty() { cell.state.word() } else { &cell.text })
        })
        .collect();
    let label = crate::block::plain(&row.label);
    let figure = if row.summary.is_empty() { String::new() } else { format!(", {}", row.summary) };
    if days.is_empty() {
        format!("{label}{figure}: no exception")
    } else {
        format!("{label}{figure}: {}", days.join("; "))
    }
}

/// The word for a source's state.
pub const fn source_word(state: State) -> &'static str {
    match state {
        State::Success => "complete",
        State::Unknown => "incomplete",
        other => other.word(),
    }
}

/// The first digits of a hash.
pub fn short_hash(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}
