//! From a figure to the rows it counts, and from a row to the bytes it was read from.
//!
//! A figure is the number of lineage rows of its population that have one of its roles and, where it is a part of
//! another figure, one value in one column. A spreadsheet counts it with `COUNTIFS`, a script with a loop.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::rows::Origin;

/// A number that a report prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Id: `backup_success_rate/numerator`, `slots/missed`, `results/FRQ-01/fail`.
    pub figure_id: String,
    /// Its value.
    pub value: u64,
    /// Population of the lineage rows that it counts.
    pub population: String,
    /// Roles that it counts.
    pub roles: Vec<&'static str>,
    /// Column that narrows it; empty for a figure of the whole population.
    pub by: &'static str,
    /// Value of that column.
    pub key: String,
    /// What is counted.
    pub definition: String,
}

impl Figure {
    /// True where it counts `row`.
    #[must_use]
    pub fn counts(&self, row: &LineageRow<'_>) -> bool {
        self.population == row.population
            && self.roles.contains(&&*row.role)
            && (self.by.is_empty() || row.column(self.by) == Some(&self.key))
    }
}

/// A row that figures count, and where it was read. Texts are empty where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineageRow<'a> {
    /// What it is a row of: `slots`, `restore_tests`, `results`, …; `result/<check>/<unit>` for what a result rests on.
    pub population: Cow<'a, str>,
    /// What it counts as there.
    pub role: Cow<'a, str>,
    /// Row id, as `show` prints it.
    pub row_id: Cow<'a, str>,
    /// System.
    pub system_id: Cow<'a, str>,
    /// Tier of the system, or `none`.
    pub tier: Cow<'a, str>,
    /// Platform of its backups.
    pub platform: Cow<'a, str>,
    /// Check, of a result.
    pub check: Cow<'a, str>,
    /// SHA-256 of the object it was read from. Rows that people declare, and runs that were expected and left no
    /// trace, have none.
    pub evidence: Cow<'a, str>,
    /// Pointer into that object; without one `file:line` of the declaration.
    pub pointer: Cow<'a, str>,
    /// Sources that would hold a trace and do not, of an expected run without any.
    pub covered_by: Cow<'a, str>,
}

impl LineageRow<'_> {
    /// Columns in order.
    pub const COLUMNS: [&'static str; 10] =
        ["population", "role", "row_id", "system_id", "tier", "platform", "check", "evidence", "pointer", "covered_by"];

    /// Values in the order of [`Self::COLUMNS`].
    #[must_use]
    pub fn cells(&self) -> [&str; 10] {
        [
            &self.population,
            &self.role,
            &self.row_id,
            &self.system_id,
            &self.tier,
            &self.platform,
            &self.check,
            &self.evidence,
            &self.pointer,
            &self.covered_by,
        ]
    }

    /// Value of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&str> {
        let at = Self::COLUMNS.iter().position(|c| *c == name)?;
        self.cells().get(at).copied()
    }
}

/// Where a row was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Place {
    /// SHA-256 of the object; empty for what people declare.
    pub evidence: String,
    /// Pointer into it, or `file:line`.
    pub pointer: String,
}

impl From<&Origin> for Place {
    fn from(origin: &Origin) -> Self {
        Self { evidence: origin.evidence.to_string(), pointer: origin.pointer.clone() }
    }
}

impl From<(&str, &str)> for Place {
    /// Of an object and a pointer.
    fn from((evidence, pointer): (&str, &str)) -> Self {
        Self { evidence: evidence.to_owned(), pointer: pointer.to_owned() }
    }
}

/// Where rows were read, by row id.
pub type Places<'a> = BTreeMap<&'a str, Place>;

/// Rows drawn from a population.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleSheet {
    /// Population, as `show` names it.
    pub population: String,
    /// Rows in it.
    pub total: u64,
    /// Rows that the preset or the command line asks for.
    pub size: u64,
    /// Why so many, in words.
    pub rule: String,
    /// Seed.
    pub seed: String,
    /// How rows are drawn, in words.
    pub algorithm: String,
    /// Column that strata are made of; empty where there are none.
    pub stratified_by: String,
    /// Rows in the order in which they were drawn.
    pub rows: Vec<SampleRow>,
}

/// A row of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleRow {
    /// Row id.
    pub row_id: String,
    /// Its number in the draw.
    pub draw: String,
    /// System; empty where it has none in the inventory.
    pub system_id: String,
    /// What it says, in a few words.
    pub says: String,
    /// Stratum; empty without strata.
    pub stratum: String,
    /// Where it was read.
    pub place: Place,
    /// The bytes around that place.
    pub extract: Extract,
}

/// Bytes around a place, as text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Extract {
    /// Name of the document at its source.
    pub document: String,
    /// Number of the first line shown, from 1.
    pub first_line: u64,
    /// Lines.
    pub lines: Vec<String>,
    /// The lines that the row was read from: number of the first and the last.
    pub marked: Option<(u64, u64)>,
    /// Why there are none.
    pub absent: String,
}
