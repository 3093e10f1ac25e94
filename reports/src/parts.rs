//! Parts that several reports are made of, and the words they share.
//!
//! Each part is some blocks of one subject made from a [`Dossier`]; a report chooses its parts and their order.

pub(crate) mod answer;
pub(crate) mod changes;
pub(crate) mod closures;
pub(crate) mod findings;
pub(crate) mod frameworks;
pub(crate) mod kpis;
pub(crate) mod objectives;
pub(crate) mod results;
pub(crate) mod sheets;
pub(crate) mod sources;
pub(crate) mod systems;
pub(crate) mod trends;

use std::collections::BTreeSet;
use std::io::BufWriter;

use model::assessment::{Outcome, Severity, percent};
use model::dossier::{Dossier, SourceSheet};
use model::evidence::SourceStatus;
use model::time::{Instant, human, utc_text};
use sha2::{Digest, Sha256};

use crate::block::{
    self, Block, Column, Completeness, Document, Heading, Inline, Inlines, Para, ParaRole, Provenance, State, Table,
    TableRow, Target,
};

/// SHA-256 of the dossier as JSON: names the data that every rendering is made from.
fn hash(dossier: &Dossier) -> Result<String, serde_json::Error> {
    let mut digest = BufWriter::with_capacity(1 << 16, Sha256::new());
    serde_json::to_writer(&mut digest, dossier)?;
    let digest = digest.into_inner().map_err(|e| serde_json::Error::io(e.into_error()))?;
    Ok(digest.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// A report of these blocks: what stands on every page is the same for all reports.
///
/// # Errors
/// None of its own; a dossier that can't be written as JSON would be a defect of ours.
pub(crate) fn report(d: &Dossier, title: &str, blocks: Vec<Block>) -> Result<Document, serde_json::Error> {
    Ok(Document {
        title: title.to_owned(),
        subtitle: format!("As of {}", day(d.assessment.period.as_of)),
        organization: d.assessment.organization.clone(),
        accent: d.accent,
        logo: d.logo.clone(),
        period: d.period_title.clone(),
        language: "en-GB".to_owned(),
        document_hash: hash(d)?,
        as_of: d.assessment.period.as_of,
        blocks,
    })
}

pub(crate) fn heading(level: u8, id: &str, text: impl Into<String>) -> Block {
    Block::Heading(Heading { level, id: id.to_owned(), text: text.into() })
}

pub(crate) fn para(inlines: Inlines) -> Block {
    Block::Para(Para { inlines, role: ParaRole::Body })
}

pub(crate) fn note(text: impl Into<String>) -> Block {
    Block::Para(Para { inlines: vec![block::text(text)], role: ParaRole::Note })
}

pub(crate) fn text(text: impl Into<String>) -> Inlines {
    vec![block::text(text)]
}

pub(crate) fn code(text: impl Into<String>) -> Inlines {
    vec![block::code(text)]
}

pub(crate) fn dash_if_empty(value: &str) -> Inlines {
    text(if value.is_empty() { "–" } else { value })
}

pub(crate) fn table(id: &str, caption: impl Into<String>, columns: Vec<Column>, rows: Vec<TableRow>) -> Block {
    Table::new(id, caption, columns, rows).into()
}

/// `2 November 2026, 08:00 UTC`.
pub(crate) fn moment(at: Instant) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// `2 November 2026`.
pub(crate) fn day(at: Instant) -> String {
    at.format("%-d %B %Y").to_string()
}

/// `2026-11-02 08:00`, for table cells; the column says UTC.
pub(crate) fn short(at: Option<Instant>) -> String {
    at.map_or_else(|| "–".to_owned(), |t| t.format("%Y-%m-%d %H:%M").to_string())
}

pub(crate) fn seconds(s: Option<i64>) -> String {
    s.map_or_else(|| "–".to_owned(), human)
}

/// `1 system`, `2 systems`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `96.58 %`, which no line break divides.
pub(crate) fn rate(numerator: u64, denominator: u64) -> String {
    percent(numerator, denominator).map_or_else(|| "–".to_owned(), |p| p.replace(' ', "\u{a0}"))
}

pub(crate) const fn severity(s: Severity) -> Inline {
    Inline::Severity {
        severity: match s {
            Severity::Low => block::Severity::Low,
            Severity::Medium => block::Severity::Medium,
            Severity::High => block::Severity::High,
            Severity::Critical => block::Severity::Critical,
        },
    }
}

pub(crate) const fn of_outcome(outcome: Outcome) -> State {
    match outcome {
        Outcome::Success => State::Success,
        Outcome::LateSuccess => State::Late,
        Outcome::Failed => State::Failed,
        Outcome::Missed => State::Missed,
        Outcome::Overrun => State::Overrun,
        Outcome::Unknown => State::Unknown,
        Outcome::Running => State::Running,
        Outcome::Cancelled => State::NoSlot,
    }
}

pub(crate) const fn of_result(state: model::assessment::State, waived: bool) -> (State, &'static str) {
    use model::assessment::State as S;
    match (state, waived) {
        (S::Fail, true) => (State::Waived, "waived"),
        (S::Fail, false) => (State::Failed, "fail"),
        (S::Pass, _) => (State::Success, "pass"),
        (S::NotApplicable, _) => (State::NotApplicable, "not applicable"),
        (S::NoEvidence, _) => (State::Unknown, "no evidence"),
    }
}

pub(crate) const fn of_source(status: SourceStatus) -> State {
    match status {
        SourceStatus::Complete => State::Success,
        SourceStatus::Incomplete => State::Unknown,
        SourceStatus::Failed => State::Failed,
    }
}

/// Rows of a population, each as a function from the name of a column to its text.
pub(crate) fn population<'d>(d: &'d Dossier, name: &str) -> Vec<impl Fn(&str) -> String + 'd> {
    let found = d.populations.iter().find(|p| p.name == name);
    let rows = found.into_iter().flat_map(|p| p.rows.iter().map(move |row| (&p.columns, row)));
    rows.map(|(columns, row)| {
        move |column: &str| match columns.iter().position(|c| c == column).and_then(|n| row.get(n)) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    })
    .collect()
}

/// A printed figure: a link to the rows that it counts, where a page of them lies beside the report.
pub(crate) fn figure(d: &Dossier, id: &str, words: impl Into<String>) -> Inline {
    match rows_of(d, id) {
        Some(to) => Inline::Link { to, text: words.into() },
        None => block::text(words),
    }
}

/// Where the rows of a figure are listed.
pub(crate) fn rows_of(d: &Dossier, id: &str) -> Option<Target> {
    let file = d.figures_page.clone()?;
    let at = d.figures.iter().position(|f| f.figure_id == id)?;
    Some(Target::Place { file, id: figure_anchor(at) })
}

/// Link target of a figure, by its place among all of them: ids of systems hold any character.
pub(crate) fn figure_anchor(at: usize) -> String {
    format!("figure-{at}")
}

/// A table, or a sentence where it would be empty.
pub(crate) fn table_or(words: &str, table: Table) -> Block {
    if table.rows.is_empty() { para(text(words)) } else { table.into() }
}

/// A table with its completeness block.
pub(crate) fn evidenced(
    d: &Dossier,
    table: Table,
    tables: &[&str],
    kinds: Option<&BTreeSet<&str>>,
    remark: &str,
) -> [Block; 2] {
    let completeness = completeness(d, &table.id, table.rows.len(), tables, kinds, remark);
    [table.into(), completeness]
}

/// The completeness block under a table: the sources that fill any of `tables`, with the rows each gave.
///
/// `kinds` narrows it to the tools that the rows rest on; a source that is not complete is named wherever its
/// rows could be missing. Objects of a source are listed once, under Sources.
fn completeness(
    dossier: &Dossier,
    table: &str,
    rows: usize,
    tables: &[&str],
    kinds: Option<&BTreeSet<&str>>,
    remark: &str,
) -> Block {
    let fills = |s: &&SourceSheet| {
        s.counts.iter().any(|(t, _)| tables.contains(&t.as_str())) || s.status != SourceStatus::Complete
    };
    let concerns = |s: &&SourceSheet| kinds.is_none_or(|k| k.contains(s.kind.as_str()));
    let mut sources: Vec<Provenance> =
        dossier.sources.iter().filter(fills).filter(concerns).map(|s| provenance(s, Some(tables))).collect();
    let (identity, extracted) = shared(&mut sources);
    let mut note = if remark.is_empty() { Vec::new() } else { text(format!("{remark} ")) };
    if !sources.is_empty() {
        note.push(block::text("The objects of each source are listed under "));
        note.push(block::link("sources", "Sources and completeness"));
        note.push(block::text("."));
    }
    let (table, rows_in_table) = (table.to_owned(), rows as u64);
    Block::Completeness(Completeness { table, rows_in_table, identity, extracted, sources, note })
}

/// Takes out what holds for all sources: one identity, and the span of times in which they were read. The exact time of
/// each stands under Sources.
pub(crate) fn shared(sources: &mut [Provenance]) -> (String, String) {
    let (Some(first), true) = (sources.first().cloned(), sources.len() > 1) else { return Default::default() };
    let mut identity = String::new();
    if sources.iter().all(|s| s.identity == first.identity) {
        identity = first.identity;
        sources.iter_mut().for_each(|s| s.identity.clear());
    }
    let mut extracted = String::new();
    if sources.iter().all(|s| s.extracted != NEVER) {
        let times = || sources.iter().map(|s| s.extracted.as_str());
        extracted = match (times().min(), times().max()) {
            (Some(from), Some(to)) if from != to => format!("{from} to {to}"),
            (from, _) => from.unwrap_or_default().to_owned(),
        };
        sources.iter_mut().for_each(|s| s.extracted.clear());
    }
    (identity, extracted)
}

/// In place of a time of extraction.
const NEVER: &str = "never";

/// Provenance of the rows a source gave for `tables`; of all its rows, with its objects, without.
pub(crate) fn provenance(s: &SourceSheet, tables: Option<&[&str]>) -> Provenance {
    let rows: u64 =
        s.counts.iter().filter(|(t, _)| tables.is_none_or(|all| all.contains(&t.as_str()))).map(|(_, n)| n).sum();
    Provenance {
        source: s.name.clone(),
        state: of_source(s.status),
        query: s.endpoint.clone(),
        identity: s.identity.clone(),
        window: s.covers.clone(),
        extracted: s.collected_at.map_or_else(|| NEVER.to_owned(), utc_text),
        rows_at_source: if s.reason.is_empty() { rows.to_string() } else { format!("not known; {rows} could be read") },
        rows: rows.to_string(),
        objects: if tables.is_none() { s.objects.clone() } else { Vec::new() },
    }
}

/// `A, B and C`; beyond four, `A, B, C and 5 more`.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] if names.len() <= 4 => format!("{} and {last}", head.join(", ")),
        _ => format!("{} and {} more", names[..3].join(", "), names.len() - 3),
    }
}

/// The first sentence of a detail: enough for page one, the section below has the whole.
pub(crate) fn first_sentence(detail: &str) -> &str {
    detail.find(". ").map_or(detail, |end| &detail[..=end])
}

/// A text cut after a word, with an ellipsis that says so.
pub(crate) fn clipped(words: &str, most: usize) -> String {
    let Some((end, _)) = words.char_indices().nth(most) else { return words.to_owned() };
    let head = words.get(..end).unwrap_or(words);
    let cut = head.rfind(' ').unwrap_or(end);
    format!("{} …", head.get(..cut).unwrap_or(head).trim_end_matches([',', ';', ':']))
}
