//! Register files into [`Registers`]: CSV with a header, or TOML with the same names as keys.

use std::collections::BTreeMap;

use super::{REGISTERS, Record, Recorded, Registers, papers};
use crate::controls::Controls;
use crate::fault::{Fault, Faults, File, meant};
use crate::read::csv::{self, Sheet};
use crate::read::{Context, Fields, toml};
use crate::time::Tz;

/// Registers that collectors read as evidence, because their rows are results and not records
/// about management. Such files are left to them.
const COLLECTED: [&str; 1] = ["restore_tests"];

/// Tables that may stand inside a row of another one, as key of it: `[[documents.history]]`. They need not say the id.
pub(super) const NESTED: [(&str, &str, &str); 4] = [
    ("exceptions", "approvals", "exception_approvals"),
    ("documents", "history", "document_history"),
    ("documents", "signatures", "signatures"),
    ("documents", "acknowledgements", "acknowledgements"),
];

/// Name and columns of a register, for a name as people write it.
pub(super) fn register(name: &str) -> Option<(&'static str, &'static [(&'static str, bool)])> {
    let plain = name.trim().to_lowercase().replace([' ', '-'], "_");
    REGISTERS.iter().find(|(table, _)| *table == plain).copied()
}

/// Advice for a name that is no register; `ending` makes it that of a file.
pub(super) fn advice(name: &str, ending: &str) -> String {
    let names = REGISTERS.iter().map(|(table, _)| *table);
    match meant(name, names.clone()) {
        Some(near) => format!("did you mean {near}{ending}?"),
        None => format!("known: {}", names.collect::<Vec<_>>().join(", ")),
    }
}

/// Where each row stands that was read so far, by register and id.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<(&'static str, String), String>);

/// Registers while they are read, from any number of files.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) registers: Registers,
    seen: Seen,
}

impl Reading {
    /// Reads a row of any form but CSV, and the rows that stand in it.
    pub(super) fn record(&mut self, table: &str, mut fields: Fields<'_>, faults: &mut Faults) {
        let id = register(table).and_then(|(_, columns)| Some((columns.first()?.0, fields.peek(columns.first()?.0)?)));
        let id = id.map(|(column, id)| (column, id.to_owned()));
        let mut inside = Vec::new();
        for (_, key, inner) in NESTED.iter().filter(|(outer, ..)| *outer == table) {
            let stated = fields.has(key);
            let mut rows = fields.tables(key);
            if let Some((column, id)) = &id {
                rows.iter_mut().for_each(|row| row.fill(column, id));
            }
            if stated {
                inside.push((*inner, rows));
            }
        }
        self.registers.read(table, Sheet::of(vec![fields]), &mut self.seen, faults);
        for (table, rows) in inside {
            self.registers.read(table, Sheet::of(rows), &mut self.seen, faults);
        }
    }
}

/// Reads register files, and documents (`.md`) whose front matter is a row. The table of a file is its name without
/// folder and ending; `-` counts as `_`. Times without an offset are read in `zone`.
#[must_use]
pub fn load(files: &[File<'_>], zone: Tz, faults: &mut Faults) -> Registers {
    let mut reading = Reading::default();
    for file in files {
        let base = file.name.rsplit('/').next().unwrap_or(file.name);
        match base.rsplit_once('.').map(|(stem, ending)| (stem, ending.to_lowercase())) {
            Some((stem, ending)) if ending == "csv" || ending == "toml" => {
                if COLLECTED.contains(&stem.to_lowercase().replace('-', "_").as_str()) {
                    continue;
                }
                let Some((table, _)) = register(stem) else {
                    let fault = Fault::of_file(file.name, format!("\"{base}\" is not the name of a register"));
                    faults.push(fault.help(advice(stem, &format!(".{ending}"))));
                    continue;
                };
                if ending == "toml" {
                    tables(*file, table, zone, &mut reading, faults);
                } else if let Some(sheet) = csv::rows(*file, table, zone, faults) {
                    reading.registers.read(table, sheet, &mut reading.seen, faults);
                }
            }
            Some((_, ending)) if ending == "md" || ending == "markdown" => {
                papers::read(*file, zone, &mut reading, faults);
            }
            _ => {
                let fault = Fault::of_file(file.name, "a register is a .csv or .toml file, a document a .md file");
                faults.push(fault.help("export it as one of these, or move it"));
            }
        }
    }
    reading.registers
}

/// `[[reviews]]`, once a row.
fn tables(file: File<'_>, table: &'static str, zone: Tz, reading: &mut Reading, faults: &mut Faults) {
    let context = Context { zone: Some(zone), comma_lists: false };
    let Some(mut root) = toml::document(file, context, faults) else { return };
    if !root.has(table) {
        let help = format!("write [[{table}]] above each row, or {table} = [] to say that there are none");
        root.refuse(format!("the file has no row of {table}"), Some(&help));
    }
    let id = register(table).and_then(|(_, columns)| columns.first()).map_or("", |(column, _)| column);
    let rows = root.tables(table);
    root.finish(faults);
    if rows.is_empty() {
        reading.registers.give(table);
    }
    for mut row in rows {
        if let Some(id) = row.peek(id) {
            row.label = format!("[[{table}]] {id}");
        }
        reading.record(table, row, faults);
    }
}

/// Registers in which one thing may stand more than once, as it was at different times.
const REPEATED: [&str; 4] = ["approved_platforms", "keys", "storage_locations", "transport_paths"];

/// The rows of one sheet. A thing that stands twice is a fault: nobody can tell which row holds.
pub(super) fn rows<T: Record>(sheet: Sheet<'_>, seen: &mut Seen, faults: &mut Faults) -> Vec<Recorded<T>> {
    let key = Controls::embedded().table(T::TABLE).map_or("", |t| t.key.as_str());
    let key = if key.contains('+') || REPEATED.contains(&T::TABLE) { "" } else { key };
    sheet.read(faults, |mut fields, faults| {
        let declared_in = fields.declared_in();
        if let Some(id) = fields.peek(key).map(str::to_owned) {
            if let Some(other) = seen.0.get(&(T::TABLE, id.clone())) {
                fields.refuse(format!("stands here and at {other}"), Some("rename or delete one"));
            } else {
                seen.0.insert((T::TABLE, id), declared_in.clone());
            }
        }
        let row = T::read(&mut fields);
        fields.finish(faults);
        row.map(|row| Recorded { row, declared_in })
    })
}
