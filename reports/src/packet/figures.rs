//! Figures and their rows, a page of its own beside the packet: each figure that the packet prints leads to its line here, the
//! line to the rows that it counts, and each row to the bytes it was read from. It is `figures.csv` and `lineage.csv` for
//! people who click.

use std::collections::BTreeMap;

use model::dossier::Dossier;
use model::lineage::{Figure, LineageRow};

use super::Anchors;
use crate::block::{
    Align, Block, Column, Document, Inline, Inlines, Table, TableRow, Target, Toc, code, column, file, link, place,
    text as plain,
};
use crate::parts::{self, answer, count, dash_if_empty, figure_anchor, heading, note, text};
use crate::validate::safe_path;

/// Name of the page, beside `packet.html`.
pub const PAGE: &str = "figures.html";
/// The packet, seen from the page.
const PACKET: &str = "packet.html";

/// Most runs of rows that a figure names.
const RUNS: usize = 24;
/// Most rows that one result names.
const RESTS: usize = 50;

/// Populations, with their titles.
const TITLES: [(&str, &str); 7] = [
    ("slots", "Expected runs"),
    ("slots_waived", "Expected runs that went wrong under a waiver"),
    ("restore_tests", "Restore tests"),
    ("backup_related_incidents", "Incidents"),
    ("backup_related_incidents_by_system", "Incidents by system"),
    ("backup_policy_exceptions", "Exceptions"),
    ("backup_policy_exceptions_by_system", "Exceptions by system"),
];
/// Population of results.
const RESULTS: &str = "results";
/// How the populations of rows begin that a result rests on.
const RESTS_ON: &str = "result/";
/// Roles of rows that no follow-up question is asked about.
const QUIET: [&str; 7] = ["success", "late_success", "cancelled", "running", "pass", "not_applicable", "supports"];

/// Lineage rows that the page lists: whole populations up to a limit, of longer ones what went wrong.
#[derive(Debug)]
pub struct Rows {
    most: usize,
    populations: BTreeMap<String, Listed>,
    /// What results rest on, by result, with the number of all rows of each.
    rests: BTreeMap<String, (usize, Vec<LineageRow<'static>>)>,
    resting: usize,
}

#[derive(Debug, Default)]
struct Listed {
    /// Rows in all.
    total: usize,
    /// Rows by their number in the population, from 1.
    rows: Vec<(usize, LineageRow<'static>)>,
}

impl Rows {
    /// No rows yet, at most `most` of each population.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, populations: BTreeMap::new(), rests: BTreeMap::new(), resting: 0 }
    }

    /// Takes a row in the order of `lineage.csv`.
    pub fn add(&mut self, row: &LineageRow<'_>) {
        if row.population.starts_with(RESTS_ON) {
            let (total, rows) = self.rests.entry(row.population.to_string()).or_default();
            *total += 1;
            if rows.len() < RESTS && self.resting < self.most {
                self.resting += 1;
                rows.push(owned(row));
            }
            return;
        }
        let listed = self.populations.entry(row.population.to_string()).or_default();
        listed.total += 1;
        let quiet = |row: &LineageRow<'_>| QUIET.contains(&&*row.role);
        if listed.total == self.most + 1 {
            listed.rows.retain(|(_, row)| !quiet(row));
        }
        if listed.total <= self.most || (!quiet(row) && listed.rows.len() < self.most) {
            listed.rows.push((listed.total, owned(row)));
        }
    }
}

fn owned(row: &LineageRow<'_>) -> LineageRow<'static> {
    let text = |cell: &str| cell.to_owned().into();
    LineageRow {
        population: text(&row.population),
        role: text(&row.role),
        row_id: text(&row.row_id),
        system_id: text(&row.system_id),
        tier: text(&row.tier),
        platform: text(&row.platform),
        check: text(&row.check),
        evidence: text(&row.evidence),
        pointer: text(&row.pointer),
        covered_by: text(&row.covered_by),
    }
}

/// The page; `most` is the limit of the packet's own tables, whose rows are linked to.
///
/// # Errors
/// None of its own; a dossier that can't be written as JSON would be a defect of ours.
pub fn page(d: &Dossier, rows: &Rows, most: usize) -> Result<Document, serde_json::Error> {
    let anchors = Anchors::of(d, most);
    let mut blocks = vec![answer::masthead(d)];
    blocks.push(note(
        "Every figure of the packet with the rows that it counts. Numbers of rows lead to the rows below; a row leads to the object that it was \
         read from, or to the file in which people declare it. figures.csv and lineage.csv hold the same for a spreadsheet.",
    ));
    blocks.push(Block::Toc(Toc { title: "Contents".to_owned(), depth: 1 }));
    let mut figures: Vec<(&str, Vec<(usize, &Figure)>)> = Vec::new();
    for (n, figure) in d.figures.iter().enumerate() {
        match figures.iter_mut().find(|(population, _)| *population == figure.population) {
            Some((_, all)) => all.push((n, figure)),
            None => figures.push((&figure.population, vec![(n, figure)])),
        }
    }
    let none = Listed::default();
    for (k, (population, figures)) in figures.iter().enumerate() {
        let listed = rows.populations.get(*population).unwrap_or(&none);
        let title = TITLES.iter().find(|(name, _)| name == population).map_or("Results of checks", |(_, title)| title);
        blocks.push(heading(1, &format!("population-{k}"), title));
        blocks.push(figures_table(k, population, figures, listed));
        blocks.push(if *population == RESULTS {
            results_table(k, listed, rows, &anchors)
        } else {
            rows_table(k, listed, &anchors)
        });
    }
    parts::report(d, "Figures and their rows", blocks)
}

fn row_anchor(population: usize, number: usize) -> String {
    format!("row-{population}-{number}")
}

fn figures_table(k: usize, population: &str, figures: &[(usize, &Figure)], listed: &Listed) -> Block {
    // Rows by the columns and values that figures ask for, so that each row is looked at once a column.
    let mut by: BTreeMap<(&str, &str), Vec<(usize, &str)>> = BTreeMap::new();
    let mut columns: Vec<&str> = figures.iter().map(|(_, f)| f.by).collect();
    columns.sort_unstable();
    columns.dedup();
    for (number, row) in &listed.rows {
        for column in &columns {
            let value = if column.is_empty() { "" } else { row.column(column).unwrap_or_default() };
            by.entry((column, value)).or_default().push((*number, &row.role));
        }
    }
    let rows = figures
        .iter()
        .map(|(n, f)| {
            let of = by.get(&(f.by, f.key.as_str())).into_iter().flatten();
            let counted: Vec<usize> =
                of.filter(|(_, role)| f.roles.contains(role)).map(|(number, _)| *number).collect();
            let mut what = if f.by.is_empty() { vec![plain(f.definition.clone()), Inline::Break] } else { Vec::new() };
            what.push(code(format!("population={population}, role={}", f.roles.join("|"))));
            if !f.by.is_empty() {
                what.push(code(format!(", {}={}", f.by, f.key)));
            }
            TableRow {
                id: figure_anchor(*n),
                cells: vec![
                    vec![code(f.figure_id.clone())],
                    text(f.value.to_string()),
                    what,
                    runs(k, &counted, usize::try_from(f.value).unwrap_or(usize::MAX)),
                ],
                strong: false,
            }
        })
        .collect();
    let columns = vec![
        column("Figure", Align::Left, 3.2),
        column("Value", Align::Right, 0.8),
        column("What it counts", Align::Left, 4.2),
        column("Rows", Align::Left, 2.4),
    ];
    Table::new(format!("figures-{k}"), count(figures.len(), "figure", "figures"), columns, rows).dense().into()
}

/// Numbers of rows, those that follow each other as one; says how many of `all` are not listed.
fn runs(k: usize, numbers: &[usize], all: usize) -> Inlines {
    let mut out: Inlines = Vec::new();
    let mut named = 0;
    let together = numbers.chunk_by(|a, b| a + 1 == *b);
    for run in together.take(RUNS) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        if !out.is_empty() {
            out.push(plain(", "));
        }
        let words = if first == last { first.to_string() } else { format!("{first}–{last}") };
        out.push(link(row_anchor(k, *first), words));
        named += run.len();
    }
    match (all.saturating_sub(named), out.is_empty()) {
        (0, true) => out.push(plain("none")),
        (0, false) => {}
        (more, true) => out.push(plain(format!("{more}, in lineage.csv"))),
        (more, false) => out.push(plain(format!(" and {more} more, in lineage.csv"))),
    }
    out
}

fn rows_table(k: usize, listed: &Listed, anchors: &Anchors) -> Block {
    let rows = listed
        .rows
        .iter()
        .map(|(number, row)| TableRow {
            id: row_anchor(k, *number),
            cells: vec![
                text(number.to_string()),
                text(row.role.replace('_', " ")),
                vec![in_packet(row, anchors)],
                dash_if_empty(&row.system_id),
                dash_if_empty(&row.tier.replace('_', " ")),
                dash_if_empty(&row.platform),
                read_from(row, anchors),
            ],
            strong: false,
        })
        .collect();
    let columns = vec![
        column("No.", Align::Right, 0.6),
        column("Counts as", Align::Left, 1.2),
        column("Row", Align::Left, 3.4),
        column("System", Align::Left, 1.5),
        column("Tier", Align::Left, 1.5),
        column("Platform", Align::Left, 1.4),
        column("Read from", Align::Left, 2.4),
    ];
    table(k, listed, columns, rows)
}

fn results_table(k: usize, listed: &Listed, all: &Rows, anchors: &Anchors) -> Block {
    let rows = listed
        .rows
        .iter()
        .map(|(number, row)| {
            let unit = row.row_id.strip_prefix(RESTS_ON).and_then(|r| r.split_once('/')).map_or(&*row.row_id, |r| r.1);
            TableRow {
                id: row_anchor(k, *number),
                cells: vec![
                    text(number.to_string()),
                    text(row.role.replace('_', " ")),
                    vec![code(&*row.check)],
                    vec![code(unit)],
                    read_from(row, anchors),
                    rests_on(all.rests.get(&*row.row_id), anchors),
                ],
                strong: false,
            }
        })
        .collect();
    let columns = vec![
        column("No.", Align::Right, 0.6),
        column("Counts as", Align::Left, 1.2),
        column("Check", Align::Left, 0.9),
        column("Unit", Align::Left, 2.2),
        column("Stands in", Align::Left, 1.8),
        column("Rests on", Align::Left, 5.0),
    ];
    table(k, listed, columns, rows)
}

fn table(k: usize, listed: &Listed, columns: Vec<Column>, rows: Vec<TableRow>) -> Block {
    let left = listed.total - rows.len();
    let footnote = if left == 0 {
        Vec::new()
    } else {
        text(format!(
            "{} in lineage.csv alone.",
            count(left, "row that went right stands", "rows, those that went right first of all, stand")
        ))
    };
    Table::new(format!("rows-{k}"), count(listed.total, "row", "rows"), columns, rows).footnote(footnote).dense().into()
}

/// Rows that a result rests on, each with where it was read.
fn rests_on(rests: Option<&(usize, Vec<LineageRow<'static>>)>, anchors: &Anchors) -> Inlines {
    let Some((total, rows)) = rests else { return text("–") };
    let mut out: Inlines = Vec::new();
    for row in rows {
        if !out.is_empty() {
            out.push(Inline::Break);
        }
        out.extend([in_packet(row, anchors), plain(": ")]);
        out.extend(read_from(row, anchors));
    }
    if *total > rows.len() {
        out.push(plain(format!(" and {} more, in lineage.csv", total - rows.len())));
    }
    out
}

/// The id of a row, linked to its line in the packet where it is printed there.
fn in_packet(row: &LineageRow<'_>, anchors: &Anchors) -> Inline {
    match anchors.rows.get(&*row.row_id) {
        Some(id) => place(PACKET, id, &*row.row_id),
        None => code(&*row.row_id),
    }
}

/// Where a row was read: its object and the place in it, or the file that declares it.
fn read_from(row: &LineageRow<'_>, anchors: &Anchors) -> Inlines {
    let mut out: Inlines = Vec::new();
    if row.evidence.is_empty() {
        let (name, at) = match row.pointer.split_once('#') {
            Some((name, at)) => (name.to_owned(), at),
            None => {
                let (name, line) = row.pointer.rsplit_once(':').unwrap_or((&row.pointer, ""));
                (format!("workspace/{name}"), line)
            }
        };
        out.push(if safe_path(&name) { file(&name, &name) } else { code(&name) });
        if !at.is_empty() {
            out.extend([plain(" "), code(if at.starts_with('/') { at.to_owned() } else { format!("line:{at}") })]);
        }
    } else {
        out.extend(anchors.object(&row.evidence).into_iter().map(outward));
        if !row.pointer.is_empty() {
            out.extend([plain(" "), code(&*row.pointer)]);
        }
    }
    if !row.covered_by.is_empty() {
        out.push(plain(format!("; no trace in {}", row.covered_by.replace(';', ", "))));
    }
    out
}

/// A link inside the packet, from this page.
fn outward(inline: Inline) -> Inline {
    match inline {
        Inline::Link { to: Target::Id(id), text } => place(PACKET, id, text),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::plain as words;
    use crate::sample::dossier;

    fn row(
        population: &'static str,
        role: &'static str,
        id: &'static str,
        system: &'static str,
    ) -> LineageRow<'static> {
        LineageRow {
            population: population.into(),
            role: role.into(),
            row_id: id.into(),
            system_id: system.into(),
            tier: "".into(),
            platform: "".into(),
            check: "".into(),
            evidence: "".into(),
            pointer: "inventory.toml:3".into(),
            covered_by: "".into(),
        }
    }

    fn figure(id: &str, value: u64, roles: &[&'static str], by: &'static str, key: &str) -> Figure {
        Figure {
            figure_id: id.to_owned(),
            value,
            population: "slots".to_owned(),
            roles: roles.to_vec(),
            by,
            key: key.to_owned(),
            definition: "Runs.".to_owned(),
        }
    }

    fn tables(d: &Dossier, rows: &Rows) -> Vec<Vec<String>> {
        let page = page(d, rows, 10).unwrap();
        crate::validate::validate(&page).unwrap();
        let line = |r: &TableRow| r.cells.iter().map(|c| words(c)).collect::<Vec<_>>().join(" | ");
        let tables = page.blocks.iter().filter_map(|b| if let Block::Table(t) = b { Some(t) } else { None });
        tables.map(|t| t.rows.iter().map(line).collect()).collect()
    }

    #[test]
    fn a_figure_names_its_rows_and_a_row_where_it_was_read() {
        let mut d = dossier();
        d.figures = vec![
            figure("slots/good", 3, &["success"], "", ""),
            figure("slots/b", 2, &["success", "missed"], "system_id", "b"),
        ];
        let mut rows = Rows::new(10);
        for (role, id, system) in
            [("success", "1", "a"), ("success", "2", "a"), ("missed", "3", "b"), ("success", "4", "b")]
        {
            rows.add(&row("slots", role, id, system));
        }
        let found = tables(&d, &rows);
        assert_eq!(found[0][0], "slots/good | 3 | Runs. population=slots, role=success | 1–2, 4");
        assert_eq!(found[0][1], "slots/b | 2 | population=slots, role=success|missed, system_id=b | 3–4");
        assert_eq!(found[1][2], "3 | missed | 3 | b | – | – | workspace/inventory.toml line:3");
    }

    #[test]
    fn of_a_long_population_what_went_wrong_stays() {
        let mut d = dossier();
        d.figures = vec![figure("slots/good", 4, &["success"], "", ""), figure("slots/missed", 2, &["missed"], "", "")];
        let mut rows = Rows::new(3);
        for role in ["missed", "success", "success", "success", "missed", "success"] {
            rows.add(&row("slots", role, "x", "a"));
        }
        let found = tables(&d, &rows);
        assert!(found[0][0].ends_with("| 4, in lineage.csv"), "{found:?}");
        assert!(found[0][1].ends_with("| 1, 5"), "{found:?}");
        assert_eq!(found[1].len(), 2);
    }
}
