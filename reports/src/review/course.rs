//! The four metrics with target, the period before and the months of this one.

use model::dossier::{Dossier, Trend, TrendPoint};

use crate::block::{Align, Block, Inlines, State, Table, badge, column, row, strong};
use crate::parts::{heading, note, rate, table, text};

/// Months that stand as columns; more of them have a table of their own.
const COLUMNS: usize = 3;

/// True where the value of the period is below its target.
pub(super) fn misses(t: &Trend) -> bool {
    let target = t.target.as_ref().and_then(|v| v.parse::<f64>().ok());
    match (target, t.points.last()) {
        (Some(target), Some(p)) if p.has_value => (p.numerator as f64) < target * p.denominator as f64,
        _ => false,
    }
}

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "metrics", "Metrics")];
    let months: Vec<&str> =
        d.trends.first().map(|t| t.months.iter().map(|m| m.label.as_str()).collect()).unwrap_or_default();
    let shown = if months.len() > COLUMNS { &[][..] } else { &months[..] };
    let mut columns = vec![
        column("Metric", Align::Left, 2.6),
        column("Target", Align::Left, 1.1),
        column("Period before", Align::Right, 1.3),
        column("This period", Align::Right, 1.3),
        column("Counted, unknown", Align::Left, 1.9),
    ];
    columns.extend(shown.iter().map(|label| column(month(label), Align::Right, 1.2)));
    let rows = d
        .trends
        .iter()
        .filter_map(|t| t.points.last().map(|now| (t, now)))
        .map(|(t, now)| {
            let mut cells = vec![
                text(t.title.clone()),
                target(t),
                text(t.points.iter().rev().nth(1).map_or_else(|| "–".to_owned(), |p| value(t, p))),
                vec![strong(value(t, now))],
                text(counted(t, now)),
            ];
            cells.extend(t.months.iter().take(shown.len()).map(|p| text(value(t, p))));
            row(cells)
        })
        .collect();
    out.push(table("metrics-table", format!("Metrics of {}", d.period_title), columns, rows));
    if months.len() > COLUMNS {
        out.push(by_month(d));
    }
    out.push(note(
        "A dash: nothing is known. Unknown runs are left out of a rate; approved exceptions never improve it.",
    ));
    out
}

/// The metrics of each month, as far as the period has come.
fn by_month(d: &Dossier) -> Block {
    let mut columns = vec![column("Month", Align::Left, 1.3)];
    columns.extend(d.trends.iter().map(|t| column(t.title.clone(), Align::Right, 2.0)));
    let months = d.trends.iter().map(|t| t.months.len()).max().unwrap_or(0);
    let line = |n: usize| {
        let label = d.trends.iter().find_map(|t| t.months.get(n)).map_or_else(String::new, |p| month(&p.label));
        let mut cells = vec![text(label)];
        cells.extend(d.trends.iter().map(|t| text(t.months.get(n).map_or_else(|| "–".to_owned(), |p| value(t, p)))));
        row(cells)
    };
    Table::new("months-table", "Month by month", columns, (0..months).map(line).collect()).dense().into()
}

/// A month as the head of a column; of a part of one it says so.
fn month(label: &str) -> String {
    match label.split_once("..") {
        Some((from, _)) => format!("{} (part)", from.get(..7).unwrap_or(from)),
        None => label.to_owned(),
    }
}

fn target(t: &Trend) -> Inlines {
    let Some(target) = &t.target else {
        return text(if t.is_rate { "none set" } else { "–" });
    };
    let printed = target.parse::<f64>().map_or_else(|_| target.clone(), |v| format!("{} %", v * 100.0));
    if misses(t) { vec![badge(State::Failed, printed)] } else { text(printed) }
}

fn counted(t: &Trend, p: &TrendPoint) -> String {
    match (t.is_rate, p.unknown) {
        (false, _) => "–".to_owned(),
        (true, 0) => format!("{} of {}", p.numerator, p.denominator),
        (true, n) => format!("{} of {}, {n} unknown", p.numerator, p.denominator),
    }
}

/// The value, a dash where there is none.
fn value(t: &Trend, p: &TrendPoint) -> String {
    match (p.has_value, t.is_rate) {
        (false, _) => "–".to_owned(),
        (true, true) => rate(p.numerator, p.denominator),
        (true, false) => p.numerator.to_string(),
    }
}
