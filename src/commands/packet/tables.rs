//! The CSV files of a packet.

use std::collections::BTreeMap;
use std::io::{self, Write};

use model::dossier::Dossier;
use model::lineage::{LineageRow, SampleSheet};
use serde_json::{Map, Value};

use crate::output;

/// Writes a line of texts.
pub fn line<'a>(out: &mut dyn Write, cells: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    out.write_all(output::csv_line(cells.into_iter().map(|c| (c.to_owned(), true))).as_bytes())
}

/// Writes rows of a population; instants and lists are texts.
pub fn rows(out: &mut dyn Write, columns: &[String], rows: &[Map<String, Value>]) -> io::Result<()> {
    for row in rows {
        let cells = columns.iter().map(|c| {
            let value = row.get(c).unwrap_or(&Value::Null);
            (output::cell(value), !value.is_number())
        });
        out.write_all(output::csv_line(cells).as_bytes())?;
    }
    Ok(())
}

/// `figures.csv`.
pub fn figures(d: &Dossier, out: &mut dyn Write) -> io::Result<()> {
    line(out, ["figure_id", "value", "population", "roles", "by", "key", "definition"])?;
    for f in &d.figures {
        let (value, roles) = (f.value.to_string(), f.roles.join(";"));
        line(out, [&*f.figure_id, &value, &f.population, &roles, f.by, &f.key, &f.definition])?;
    }
    Ok(())
}

/// Counts lineage rows as `figures.csv` says, to be compared with what it states: by population, column, value of the
/// column and role.
#[derive(Debug)]
pub struct Recount(BTreeMap<String, BTreeMap<&'static str, Counts>>);

/// Rows by value of a column and role.
type Counts = BTreeMap<String, BTreeMap<String, u64>>;

impl Recount {
    /// Nothing counted yet, of what the figures need.
    pub fn of(d: &Dossier) -> Self {
        let mut out: BTreeMap<String, BTreeMap<&'static str, Counts>> = BTreeMap::new();
        for figure in &d.figures {
            out.entry(figure.population.clone()).or_default().entry(figure.by).or_default();
        }
        Self(out)
    }

    /// Counts a row.
    pub fn add(&mut self, row: &LineageRow<'_>) {
        for (by, counts) in self.0.get_mut(&*row.population).into_iter().flatten() {
            let key = if by.is_empty() { "" } else { row.column(by).unwrap_or_default() };
            // Looked up before anything is copied: there are few values, and hundreds of thousands of rows.
            if !counts.contains_key(key) {
                counts.insert(key.to_owned(), BTreeMap::new());
            }
            let Some(roles) = counts.get_mut(key) else { continue };
            match roles.get_mut(&*row.role) {
                Some(count) => *count += 1,
                None => {
                    roles.insert(row.role.to_string(), 1);
                }
            }
        }
    }

    /// Figures whose lineage does not give their value, each with what it states and what it gives.
    pub fn differing<'d>(&self, d: &'d Dossier) -> Vec<(&'d str, u64, u64)> {
        let counted = |f: &model::lineage::Figure| {
            let roles = self.0.get(&f.population).and_then(|by| by.get(f.by)).and_then(|counts| counts.get(&f.key));
            f.roles.iter().filter_map(|role| roles?.get(*role)).sum::<u64>()
        };
        let all = d.figures.iter().map(|f| (f.figure_id.as_str(), f.value, counted(f)));
        all.filter(|(_, stated, counted)| stated != counted).collect()
    }
}

/// `completeness.csv`: one line a source and table.
pub fn completeness(d: &Dossier, out: &mut dyn Write) -> io::Result<()> {
    line(
        out,
        [
            "source",
            "kind",
            "status",
            "reason",
            "endpoint",
            "identity",
            "timezone",
            "covers",
            "collected_at",
            "table",
            "rows",
            "passed_over",
            "problems",
            "objects",
        ],
    )?;
    for s in &d.sources {
        let none = [(String::new(), 0)];
        let counts = if s.counts.is_empty() { &none[..] } else { &s.counts };
        for (table, rows) in counts {
            let at = s.collected_at.map(model::time::utc_text).unwrap_or_default();
            let (status, rows, passed) = (s.status.to_string(), rows.to_string(), s.passed_over.to_string());
            let (problems, objects) = (s.problems.join("; "), s.objects.join(";"));
            line(
                out,
                [
                    &*s.name,
                    &s.kind,
                    &status,
                    &s.reason,
                    &s.endpoint,
                    &s.identity,
                    &s.timezone,
                    &s.covers,
                    &at,
                    table,
                    &rows,
                    &passed,
                    &problems,
                    &objects,
                ],
            )?;
        }
    }
    Ok(())
}

/// `findings.csv`.
pub fn findings(d: &Dossier, out: &mut dyn Write) -> io::Result<()> {
    line(
        out,
        [
            "severity",
            "check",
            "title",
            "unit",
            "system_id",
            "since",
            "waived",
            "found",
            "remediation",
            "owner",
            "basis",
            "statements",
            "records",
        ],
    )?;
    for f in &d.findings {
        let since = f.since.map(model::time::utc_text).unwrap_or_default();
        let (severity, waived) = (f.severity.to_string(), f.waived.to_string());
        let (statements, records) = (f.statements.join(";"), f.records.join(";"));
        line(
            out,
            [
                &*severity,
                &f.check,
                &f.title,
                &f.unit,
                &f.system,
                &since,
                &waived,
                &f.detail,
                &f.remediation,
                &f.owner,
                &f.basis,
                &statements,
                &records,
            ],
        )?;
    }
    Ok(())
}

/// `samples.csv`: every row drawn, with the bytes around its place. Marked lines begin with `> `.
pub fn samples(sheets: &[SampleSheet], out: &mut dyn Write) -> io::Result<()> {
    line(
        out,
        [
            "population",
            "population_size",
            "sample_size",
            "rule",
            "seed",
            "stratified_by",
            "position",
            "draw",
            "row_id",
            "system_id",
            "stratum",
            "says",
            "evidence",
            "pointer",
            "document",
            "extract",
        ],
    )?;
    for sheet in sheets {
        let (total, size) = (sheet.total.to_string(), sheet.size.to_string());
        for (n, row) in sheet.rows.iter().enumerate() {
            let position = (n + 1).to_string();
            let e = &row.extract;
            let extract = if e.absent.is_empty() { shown(e) } else { format!("({})", e.absent) };
            line(
                out,
                [
                    &*sheet.population,
                    &total,
                    &size,
                    &sheet.rule,
                    &sheet.seed,
                    &sheet.stratified_by,
                    &position,
                    &row.draw,
                    &row.row_id,
                    &row.system_id,
                    &row.stratum,
                    &row.says,
                    &row.place.evidence,
                    &row.place.pointer,
                    &e.document,
                    &extract,
                ],
            )?;
        }
    }
    Ok(())
}

/// Lines with their numbers; those that the row was read from are marked.
fn shown(extract: &model::lineage::Extract) -> String {
    let numbered = extract.lines.iter().zip(extract.first_line..).map(|(text, number)| {
        let marked = extract.marked.is_some_and(|(from, to)| (from..=to).contains(&number));
        format!("{} {number}: {text}", if marked { ">" } else { " " })
    });
    numbered.collect::<Vec<_>>().join("\n")
}
