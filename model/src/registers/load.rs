//! Register files into [`Registers`].

use std::collections::BTreeMap;

use super::{REGISTERS, Record, Recorded, Registers};
use crate::controls::Controls;
use crate::fault::{Fault, Faults, File, meant};
use crate::read::csv::{self, Sheet};
use crate::time::Tz;

/// Registers that collectors read as evidence, because their rows are results and not records
/// about management. Such files are left to them.
const COLLECTED: [&str; 1] = ["restore_tests"];

/// One column of a register file, for the header that `init` writes and for `explain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Column name.
    pub column: &'static str,
    /// A row cannot be read without it.
    pub needed: bool,
    /// What to write, from the data model.
    pub meaning: String,
    /// Type as the data model writes it.
    pub kind: String,
}

/// Columns of a register, or `None` for a name that is none.
#[must_use]
pub fn header(table: &str) -> Option<Vec<Header>> {
    let (_, columns) = REGISTERS.iter().find(|(name, _)| *name == table)?;
    let schema = Controls::embedded().table(table);
    let described = |column: &str| schema.and_then(|t| t.fields.iter().find(|f| f.name == column));
    Some(
        columns
            .iter()
            .map(|(column, needed)| Header {
                column,
                needed: *needed,
                meaning: described(column).map_or_else(|| own_meaning(column), |f| f.meaning.clone()),
                kind: described(column).map_or_else(|| own_kind(column), |f| f.kind.clone()),
            })
            .collect(),
    )
}

/// `asset_exclusions` is no table of the data model but the reason column of one.
fn own_meaning(column: &str) -> String {
    match column {
        "asset_id" => "resource id as the platform's listing shows it",
        "excluded_reason" => "why it needs no inventory row",
        "approved_by" => "who decided",
        _ => "when",
    }
    .to_owned()
}

fn own_kind(column: &str) -> String {
    if column == "at" { "instant" } else { "text" }.to_owned()
}

/// Reads register files. The table of a file is its name without folder and `.csv`; `-` counts
/// as `_`. Times without an offset are read in `zone`.
#[must_use]
pub fn load(files: &[File<'_>], zone: Tz, faults: &mut Faults) -> Registers {
    let mut registers = Registers::default();
    for file in files {
        let base = file.name.rsplit('/').next().unwrap_or(file.name);
        let Some(table) = base.strip_suffix(".csv").map(|stem| stem.to_lowercase().replace('-', "_")) else {
            faults.push(Fault::of_file(file.name, "a register is a .csv file").help("export it as CSV, or move it"));
            continue;
        };
        if COLLECTED.contains(&table.as_str()) {
            continue;
        }
        let names: Vec<&str> = REGISTERS.iter().map(|(name, _)| *name).collect();
        if !names.contains(&table.as_str()) {
            let fault = Fault::of_file(file.name, format!("\"{base}\" is not the name of a register"));
            faults.push(match meant(&table, names.iter().copied()) {
                Some(name) => fault.help(format!("did you mean {name}.csv?")),
                None => fault.help(format!("known: {}", names.join(", "))),
            });
            continue;
        }
        if let Some(sheet) = csv::rows(*file, &table, zone, faults) {
            registers.read(&table, sheet, faults);
        }
    }
    registers
}

/// Registers in which one thing may stand more than once, as it was at different times.
const REPEATED: [&str; 4] = ["approved_platforms", "keys", "storage_locations", "transport_paths"];

/// The rows of one sheet. A thing that stands twice is a fault: nobody can tell which row holds.
pub(super) fn rows<T: Record>(sheet: Sheet<'_>, faults: &mut Faults) -> Vec<Recorded<T>> {
    let key = Controls::embedded().table(T::TABLE).map_or("", |t| t.key.as_str());
    let key = if key.contains('+') || REPEATED.contains(&T::TABLE) { "" } else { key };
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    sheet.read(faults, |mut fields, faults| {
        let declared_in = fields.file.line_of(fields.span.start);
        if let Some(id) = fields.peek(key).map(str::to_owned) {
            if let Some(other) = seen.get(&id) {
                fields.refuse(format!("stands here and at {other}"), Some("rename or delete one"));
            } else {
                seen.insert(id, declared_in.clone());
            }
        }
        let row = T::read(&mut fields);
        fields.finish(faults);
        row.map(|row| Recorded { row, declared_in })
    })
}
