//! What can be written into each register, made from the row types, the data model and the checks: the reference for
//! people and the templates that `backproof init` writes.

use std::fmt::Write as _;

use super::REGISTERS;
use super::load::{NESTED, register};
use crate::controls::Controls;

/// One column of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Column name.
    pub column: &'static str,
    /// A row cannot be read without it.
    pub needed: bool,
    /// A row can be read without it, and checks call it incomplete.
    pub expected: bool,
    /// What to write, from the data model.
    pub meaning: String,
    /// Type as the data model writes it.
    pub kind: String,
}

impl Header {
    /// Type and allowed words, for people.
    #[must_use]
    pub fn takes(&self) -> String {
        match self.kind.as_str() {
            "instant" => "time".to_owned(),
            "bool" => "yes or no".to_owned(),
            "integer" => "whole number".to_owned(),
            other => match other.strip_prefix("enum(").and_then(|rest| rest.strip_suffix(')')) {
                Some(words) => format!("one of {}", words.replace(',', ", ")),
                None => other.to_owned(),
            },
        }
    }

    /// In one word.
    #[must_use]
    pub const fn need(&self) -> &'static str {
        match (self.needed, self.expected) {
            (true, _) => "needed",
            (false, true) => "expected",
            (false, false) => "optional",
        }
    }

    /// A value as it could stand in a row.
    #[must_use]
    pub fn example(&self) -> String {
        let word = |kind: &str| kind.strip_prefix("enum(")?.split([',', ')']).next().map(str::to_owned);
        let known = match self.column {
            "exception_id" => "EXC-1",
            "review_id" => "REV-1",
            "action_id" | "action_ids" | "improvement_action_ids" => "ACT-1",
            "change_id" => "CHG-1",
            "incident_id" => "INC-1",
            "document_id" => "DOC-1",
            "version" => "2.1",
            "system_id" | "system_ids" | "scope" => "billing-db",
            "plan_id" => "billing-daily",
            "check_ids" => "FRQ-01",
            "statement_ids" => "BRP-3.1-01",
            "platform_id" | "source_id" => "s3",
            "location_id" | "to_ref" => "s3:example-backups",
            "from_ref" => "billing-db",
            "metric_id" => "backup_success_rate",
            "asset_id" => "github:example/archive",
            "role" | "approved_role" | "performer_role" | "issuer_role" | "owner_role" => "security_officer",
            "value" => "P35D",
            "digest" => "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "source" => "contract 2026-17",
            _ => "",
        };
        if !known.is_empty() {
            return known.to_owned();
        }
        if let Some(word) = word(&self.kind) {
            return word;
        }
        match self.kind.as_str() {
            "instant" => "2026-10-01T09:00:00Z",
            "date" => "2026-12-31",
            "bool" => "yes",
            "integer" | "number" => "3",
            _ if self.column.ends_with("_ref") => "https://tickets.example.com/17",
            _ if self.column.ends_with("_by") || PEOPLE.contains(&self.column) => "Ada Example",
            _ if self.column.ends_with("_id") => "an-id",
            _ => "text",
        }
        .to_owned()
    }
}

const PEOPLE: [&str; 8] = ["requester", "approver", "owner", "person", "performer", "reviewer", "author", "custodian"];

/// Columns of a register, or `None` for a name that is none.
#[must_use]
pub fn header(table: &str) -> Option<Vec<Header>> {
    let (table, columns) = register(table)?;
    let schema = Controls::embedded().table(table);
    let described = |column: &str| schema.and_then(|t| t.fields.iter().find(|f| f.name == column));
    let one = |(column, needed): &(&'static str, bool)| {
        let field = described(column);
        Header {
            column,
            needed: *needed,
            expected: field.is_some_and(|f| f.required),
            meaning: field.map_or_else(|| own_meaning(column).to_owned(), |f| f.meaning.clone()),
            kind: field.map_or_else(|| if *column == "at" { "instant" } else { "text" }.to_owned(), |f| f.kind.clone()),
        }
    };
    Some(columns.iter().map(one).collect())
}

/// `asset_exclusions` is no table of the data model but the reason column of one.
fn own_meaning(column: &str) -> &'static str {
    match column {
        "asset_id" => "resource id as the platform's listing shows it",
        "excluded_reason" => "why it needs no inventory row",
        "approved_by" => "who decided",
        _ => "when",
    }
}

fn title(table: &str) -> String {
    Controls::embedded()
        .table(table)
        .map_or_else(|| "Assets that need no inventory row".to_owned(), |t| t.title.clone())
}

/// Checks that read a register, by id.
fn readers(table: &str) -> Vec<&'static str> {
    // The exclusions are the reason column of what platforms show.
    let prefix =
        if table == "asset_exclusions" { "discovered_assets.excluded_reason".to_owned() } else { format!("{table}.") };
    let reads = |inputs: &[String]| inputs.iter().any(|input| input.starts_with(&prefix));
    Controls::embedded().checks.iter().filter(|c| reads(&c.inputs)).map(|c| c.id.as_str()).collect()
}

/// The reference as Markdown: `docs/registers.md`, and the README of a new workspace's registers.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(INTRODUCTION);
    out.push_str("\n| Register | Holds | Read by |\n|---|---|---|\n");
    for (table, _) in REGISTERS {
        let _ = writeln!(out, "| [`{table}`](#{table}) | {} | {} |", title(table), or_none(&readers(table)));
    }
    for (table, _) in REGISTERS {
        let _ = write!(out, "\n## {table}\n\n{}. Read by {}.", title(table), or_none(&readers(table)));
        for (_, key, inner) in NESTED.iter().filter(|(outer, ..)| outer == table) {
            let _ = write!(out, " Rows of `{inner}` may stand in it as `{key}`.");
        }
        out.push_str("\n\n| Column | | Takes | Meaning | Example |\n|---|---|---|---|---|\n");
        for h in header(table).into_iter().flatten() {
            let _ =
                writeln!(out, "| `{}` | {} | {} | {} | {} |", h.column, h.need(), h.takes(), h.meaning, h.example());
        }
    }
    out
}

fn or_none(ids: &[&str]) -> String {
    if ids.is_empty() { "no check".to_owned() } else { ids.join(", ") }
}

/// A CSV file with the header of a register and no row; comments say what each column takes.
#[must_use]
pub fn template(table: &str) -> Option<String> {
    let columns = header(table)?;
    let mut out = format!("# {}: {}. Read by {}.\n", table, title(table), or_none(&readers(table)));
    let _ = write!(
        out,
        "#\n# Copy this file to ../{table}.csv and write one row a line. As long as it lies here it is no register.\n\
         # In ../ a header without rows states that there are none. Lines that begin with \"# \" are comments.\n#\n"
    );
    for h in &columns {
        let _ =
            writeln!(out, "# {} ({}): {}. {}, for example {}", h.column, h.need(), h.meaning, h.takes(), h.example());
    }
    let names: Vec<&str> = columns.iter().map(|h| h.column).collect();
    let values: Vec<String> = columns.iter().map(Header::example).collect();
    let _ = write!(out, "#\n# Example of a row:\n# {}\n{}\n", values.join(","), names.join(","));
    Some(out)
}

const INTRODUCTION: &str = "\
# Registers

What people record about backups. Made from what the program reads.

A register is given where one of these has rows of it, or says that there are none; several are read together:

- `registers/<register>.csv`, as a spreadsheet exports it: a header and one row a line. Lines that begin with `# ` are comments.
- `registers/<register>.toml`: `[[<register>]]` once a row, with the columns as keys.
- Markdown files that `[registers] documents` in `backproof.toml` names: the front matter (`---` or `+++`) is a row of \
`documents`, or of the register that its key `register` names.
- Issues on GitHub with a label `register:<register>`, or one that `registers` of the source names. Front matter, or headings \
such as `### Risk level` with the answer below, are the columns; tables below `### Approvals` are its decisions. A label `<column>:<value>` \
fills a column, `system:<id>` names systems. What the text leaves out the tracker tells: id, address, author, opening \
(`submitted_at`, `opened_at`, `raised_at`, `requested_at`) and closing (`closed_at`, `completed_at`, `performed_at`). The row of a file goes before that of an \
issue with the same id. Whoever may edit the issue may edit the record.

A register that is not given leaves the checks that read it without evidence. A header without rows, or \
`<register> = []`, states that there are none. A row that cannot be read is a fault that names file, line and column, and nothing \
is judged before it is mended; in an issue, it is a problem of the source. So is a system that the inventory does not have. An id that stands twice is a fault as well.

*needed*: a row cannot be read without it. *expected*: a row without it is read, and incomplete to the checks. Lists in a cell are \
separated by `;`. Times are RFC 3339 (`2026-10-01T09:00:00Z`), `YYYY-MM-DD` or `YYYY-MM-DD HH:MM`; those without an offset are read in \
the organisation's zone, in issues in the source's `timezone` (without one they are refused). Columns may stand in any order, and optional ones may be left out.
";
