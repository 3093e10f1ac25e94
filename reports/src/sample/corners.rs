//! The corners of every block and value.

use super::{AWKWARD, as_of, document, fact, heading, kpi, para, success_chart};
use crate::block::*;

/// The corners of every block: nothing at all, too much, a quarter of days, columns too narrow for their words.
pub fn corners() -> Document {
    let none = Chart { points: Vec::new(), target: None, title: "No points".into(), ..success_chart() };
    let mut unknown = success_chart();
    unknown.points.iter_mut().for_each(|p| p.value = None);
    unknown.title = "No values".into();
    let mut one = success_chart();
    one.points.truncate(2);
    one.title = "One value of 98.1%".into();
    let columns = [
        "Backup identifier",
        "Uninterruptible",
        "Compartment",
        "Representative",
        "Environment",
        "Recoverability",
        "Notes",
    ];
    let narrow = Table::new(
        "narrow",
        "Seven narrow columns",
        columns.map(|title| column(title, Align::Left, if title == "Notes" { 9.0 } else { 0.4 })).to_vec(),
        vec![row((0..7)
            .map(|n| if n % 2 == 0 { vec![code("pgbackrest:billing-database-primary")] } else { vec![] })
            .collect())],
    );
    let empty = Table { id: "empty".into(), caption: "No findings".into(), rows: Vec::new(), ..narrow.clone() };
    let days: Vec<Day> = (0..92)
        .map(|d| Day { label: (d % 30 + 1).to_string(), date: format!("day {d}"), week_start: d % 7 == 3 })
        .collect();
    let strip_rows = (0..40)
        .map(|n| StripRow {
            label: vec![text("System number "), code(n.to_string()), text(" with a rather long name that wraps")],
            note: String::new(),
            cells: (0..92)
                .map(|d| StripCell { state: State::ALL[(n * 7 + d) % State::ALL.len()], text: String::new() })
                .collect(),
            summary: "88/92".into(),
        })
        .collect();
    let long = "an exceedingly long figure without end";
    document(vec![
        Block::Cover(Cover { full_page: true, facts: vec![fact("Signature", vec![])] }),
        Block::Toc(Toc { title: "Contents".into(), depth: 4 }),
        heading(
            1,
            "h1",
            "A heading so long that it needs more than one line of the page, and therefore wraps to the next",
        ),
        heading(2, "h2", "Second"),
        heading(3, "h3", "Third"),
        heading(4, "h4", "Fourth"),
        Block::KpiRow(KpiRow {
            kpis: (0..6).map(|n| kpi(long, if n == 1 { long } else { "12" }, "", Tone::Neutral, &[1.0, 2.0])).collect(),
        }),
        Block::KpiRow(KpiRow { kpis: Vec::new() }),
        Block::KeyValue(KeyValue { facts: Vec::new() }),
        Block::List(List { ordered: true, items: vec![vec![]] }),
        para(ParaRole::Body, vec![]),
        Block::Chart(none),
        Block::Chart(unknown),
        Block::Chart(one),
        Block::Table(narrow),
        Block::Table(empty),
        Block::HeatStrip(HeatStrip {
            id: "quarter".into(),
            caption: "A quarter".into(),
            days,
            rows: strip_rows,
            legend: Vec::new(),
        }),
        Block::HeatStrip(HeatStrip {
            id: "none".into(),
            caption: "No plans".into(),
            days: Vec::new(),
            rows: Vec::new(),
            legend: Vec::new(),
        }),
        Block::Callout(Callout { tone: Tone::Neutral, title: String::new(), inlines: vec![] }),
        Block::PageBreak,
        Block::PageBreak,
    ])
}

/// A sheet with every type of column and cells that spreadsheets like to run.
pub fn sheet() -> crate::sheet::Sheet {
    use crate::sheet::{ColumnKind, Sheet, SheetColumn, Value};
    let columns = [
        ("system", ColumnKind::Text),
        ("runs", ColumnKind::Integer),
        ("seconds", ColumnKind::Number),
        ("rate", ColumnKind::Percent),
        ("taken_at", ColumnKind::Instant),
        ("encrypted", ColumnKind::Bool),
    ];
    let texts = AWKWARD.iter().copied().chain(["+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "https://example.com", "007"]);
    Sheet {
        name: "Runs".into(),
        columns: columns.map(|(title, kind)| SheetColumn { title: title.into(), kind }).to_vec(),
        rows: texts
            .map(|text| {
                vec![
                    Value::Text(text.into()),
                    Value::Integer(-3),
                    Value::Number(-1.5),
                    Value::Percent(0.98662),
                    Value::Instant(as_of()),
                    if text == "007" { Value::Empty } else { Value::Bool(true) },
                ]
            })
            .collect(),
    }
}
