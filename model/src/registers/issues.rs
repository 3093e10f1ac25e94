//! Issues as rows: the text of an issue, front matter or the headings of an issue form, gives the columns of a register,
//! and the tracker gives what the text leaves out.
//!
//! Opening fills `submitted_at`, `opened_at`, `raised_at` and `requested_at`, closing `closed_at`, `completed_at` and
//! `performed_at`, the author `requester`, the address what refers to the record. A label `<column>:<value>` fills a column
//! (`system:` those of systems). An issue that is open and only lacks what its closing tells is no record yet.

use std::collections::BTreeMap;

use super::Registers;
use super::load::{NESTED, Reading, register};
use super::papers::RECORD;
use crate::fault::{Fault, Faults, File, meant};
use crate::read::markdown::{self, Answer, Section};
use crate::read::{Context, Entry, Fields, Node, Value, front_matter};
use crate::time::{Instant, Tz, utc_text};

/// What a tracker knows of a record.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// Its number as people write it, `acme/ops#12`: the id of a row that has none of its own.
    pub id: &'a str,
    /// Its address.
    pub url: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Opened.
    pub opened_at: Option<Instant>,
    /// Closed.
    pub closed_at: Option<Instant>,
    /// Who opened it.
    pub author: Option<&'a str>,
    /// Its labels.
    pub labels: &'a [String],
}

const OPENING: [&str; 4] = ["submitted_at", "opened_at", "raised_at", "requested_at"];
const CLOSING: [&str; 3] = ["closed_at", "completed_at", "performed_at"];

/// True for a name that is a column of some register.
#[must_use]
pub fn is_field(name: &str) -> bool {
    super::REGISTERS.iter().any(|(_, columns)| columns.iter().any(|(column, _)| *column == name))
}

/// The row of the register `table` that an issue is, with the rows that stand in it, as registers of their own. `headings`
/// names columns by the headings that stand for them. `None` for an issue that is no record yet.
///
/// # Errors
/// What cannot be read, with lines of the issue's text.
pub fn of_issue(
    table: &str,
    issue: &Issue<'_>,
    headings: &BTreeMap<String, String>,
    zone: Option<Tz>,
) -> Result<Option<Registers>, Faults> {
    let file = File { name: issue.id, text: issue.text };
    let Some((table, columns)) = register(table) else { return Ok(None) };
    let mut faults = Faults::default();
    let context = Context { zone, comma_lists: true };
    let fields = if markdown::front_matter(issue.text).is_some() {
        front_matter(file, context, &mut faults)
    } else {
        Some(Fields::new(file, "", 0..0, context, form(file, table, headings, &mut faults), None))
    };
    let Some(mut fields) = fields else { return Err(faults) };
    fields.stands_at(issue.url);
    let has = |column: &str| columns.iter().any(|(name, _)| *name == column);
    let mut fill = |column: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|_| has(column)) {
            fields.fill(column, value);
        }
    };
    let mut lists: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, value) in issue.labels.iter().filter_map(|l| l.split_once(':')) {
        let name = name.trim().to_lowercase().replace([' ', '-'], "_");
        let name = if name != "system" {
            name
        } else if has("system_ids") {
            "system_ids".to_owned()
        } else {
            "system_id".to_owned()
        };
        lists.entry(name).or_default().push(value.trim());
    }
    for (column, values) in &lists {
        fill(column, Some(&values.join(";")));
    }
    if let Some((id, _)) = columns.first().filter(|(column, _)| column.ends_with("_id")) {
        fill(id, Some(issue.id));
    }
    let (opened, closed) = (issue.opened_at.map(utc_text), issue.closed_at.map(utc_text));
    OPENING.into_iter().for_each(|column| fill(column, opened.as_deref()));
    CLOSING.into_iter().for_each(|column| fill(column, closed.as_deref()));
    fill("requester", issue.author);
    if let Some(column) = RECORD.into_iter().find(|column| has(column)) {
        fill(column, Some(issue.url));
    }
    let open = closed.is_none()
        && columns.iter().any(|(column, needed)| *needed && CLOSING.contains(column) && fields.peek(column).is_none());
    if open {
        return Ok(None);
    }
    let mut reading = Reading::default();
    reading.record(table, fields, &mut faults);
    faults.or(Some(reading.registers))
}

/// The columns that the headings of a form give. Headings that are no columns are prose; one that may be a misspelt column is a fault.
fn form(file: File<'_>, table: &str, headings: &BTreeMap<String, String>, faults: &mut Faults) -> Vec<Entry> {
    let names: Vec<&str> =
        register(table).map_or(&[][..], |(_, columns)| columns).iter().map(|(name, _)| *name).collect();
    let mut out: Vec<Entry> = Vec::new();
    for section in markdown::sections(file.text) {
        let told = headings
            .iter()
            .find(|(h, _)| h.trim().eq_ignore_ascii_case(section.heading))
            .map(|(_, name)| name.as_str());
        let key = told.unwrap_or(section.heading).trim().to_lowercase().replace([' ', '-'], "_");
        let key = match key.as_str() {
            "system" | "systems" if names.contains(&"system_ids") => "system_ids".to_owned(),
            "system" if names.contains(&"system_id") => "system_id".to_owned(),
            _ => key,
        };
        let span =
            section.at..section.at + file.text.get(section.at..).and_then(|t| t.lines().next()).map_or(0, str::len);
        let inside = NESTED.iter().any(|(outer, inner, _)| *outer == table && *inner == key);
        let value = if inside {
            Value::List(inner_rows(&section))
        } else if names.contains(&key.as_str()) {
            match markdown::answer(&section.lines) {
                Some(Answer::Flag(flag)) => Value::Bool(flag),
                Some(Answer::List(items)) => {
                    Value::List(items.into_iter().map(|i| Node { value: Value::Cell(i), span: span.clone() }).collect())
                }
                Some(Answer::Text(text)) => Value::Cell(text),
                None => continue,
            }
        } else {
            if let Some(near) = misspelt(&key, &names) {
                let fault =
                    Fault::at(&file, &span, "", format!("heading \"{}\" is no column of {table}", section.heading));
                faults.push(fault.help(format!("did you mean \"{near}\"?")));
            }
            continue;
        };
        if out.iter().any(|e| e.key == key) {
            faults.push(Fault::at(&file, &span, "", format!("heading \"{}\" stands twice", section.heading)));
            continue;
        }
        out.push(Entry { key, key_span: span.clone(), node: Node { value, span } });
    }
    out
}

/// The column that a heading may be meant for. A heading of few letters is near to anything and so to nothing, and one of which a
/// column is a part is prose ("Owner's comment").
fn misspelt<'n>(key: &str, names: &[&'n str]) -> Option<&'n str> {
    let near = meant(key, names.iter().copied())?;
    (key.len() > 4 && !key.starts_with(near) && !near.starts_with(key)).then_some(near)
}

/// The rows of a table below a heading; its header names the columns.
fn inner_rows(section: &Section<'_>) -> Vec<Node> {
    let mut rows = markdown::table(&section.lines).into_iter();
    let header: Vec<String> =
        rows.next().into_iter().flatten().map(|(_, name)| name.to_lowercase().replace([' ', '-'], "_")).collect();
    let row = |cells: Vec<markdown::Cell<'_>>| {
        let span = cells.first().map_or(0..0, |(at, text)| *at..at + text.len());
        let entries = header
            .iter()
            .zip(cells)
            .map(|(key, (at, text))| {
                let span = at..at + text.len();
                let node = Node { value: Value::Cell(text.to_owned()), span: span.clone() };
                Entry { key: key.clone(), key_span: span, node }
            })
            .collect();
        Node { value: Value::Table(entries), span }
    };
    rows.map(row).collect()
}
