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

/// One row in words: every day that is neither a success nor without a slot, neighbours of one kind together.
pub fn row_summary(strip: &HeatStrip, row: &StripRow) -> String {
    let mut spans: Vec<(&str, &str, &str)> = Vec::new();
    let mut last = None;
    for (n, (cell, day)) in row.cells.iter().zip(&strip.days).enumerate() {
        if matches!(cell.state, State::Success | State::NoSlot) {
            continue;
        }
        let what = if cell.text.is_empty() { cell.state.word() } else { &cell.text };
        match spans.last_mut() {
            Some((same, _, until)) if *same == what && last == n.checked_sub(1) => *until = &day.date,
            _ => spans.push((what, &day.date, &day.date)),
        }
        last = Some(n);
    }
    let figure = if row.summary.is_empty() { String::new() } else { format!(", {} in all", row.summary) };
    let days: Vec<String> = spans
        .into_iter()
        .map(
            |(what, from, until)| {
                if from == until { format!("{what} on {from}") } else { format!("{what} from {from} to {until}") }
            },
        )
        .collect();
    let days = if days.is_empty() { "no exception".to_owned() } else { days.join(", ") };
    format!("Calendar of {}{figure}: {days}.", crate::block::plain(&row.label))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Day, StripCell, text};

    #[test]
    fn a_row_reads_as_a_sentence() {
        let states = [State::Missed, State::Missed, State::Success, State::Failed, State::NoSlot];
        let row = StripRow {
            label: vec![text("Billing")],
            note: String::new(),
            cells: states.map(|state| StripCell { state, text: String::new() }).to_vec(),
            summary: "1/4".into(),
        };
        let days =
            (1..=5).map(|d| Day { label: d.to_string(), date: format!("2026-10-0{d}"), week_start: false }).collect();
        let strip =
            HeatStrip { id: "s".into(), caption: String::new(), days, rows: vec![row.clone()], legend: Vec::new() };
        let said = row_summary(&strip, &row);
        assert_eq!(
            said,
            "Calendar of Billing, 1/4 in all: missed from 2026-10-01 to 2026-10-02, failed on 2026-10-04."
        );
        assert_eq!(legend(&strip).len(), 3);
    }
}
