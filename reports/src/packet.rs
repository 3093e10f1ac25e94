//! The audit packet: everything an auditor asks for about backups, control by control, down to the bytes.
//!
//! Page one says what was asked, what could not be read, and where each usual request is answered. Each check with all its
//! results, each population with its completeness block and each sample has one place; controls link there. A table
//! longer than the limit prints its exceptions and leaves the rest to a file that it names with its hash.

mod checks;
mod controls;
mod evidence;
mod figures;
mod front;
mod gaps;
mod governance;
mod population;
mod samples;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use model::dossier::{Dossier, Population};

pub use crate::parts::sheets::workbook;
pub use figures::{PAGE as FIGURES, Rows, page as figures};

use crate::block::{Block, Document, Inline, Inlines, Toc, code, file, link, text as plain};
use crate::parts::{self, changes, closures, objectives, results, sources, systems, text, trends};

/// The packet as a block document, with tables of at most `most` rows; longer ones print their exceptions.
///
/// # Errors
/// None of its own; a dossier that can't be written as JSON would be a defect of ours.
pub fn document(dossier: &Dossier, most: usize) -> Result<Document, serde_json::Error> {
    let anchors = Anchors::of(dossier, most);
    let mut blocks = front::blocks(dossier);
    blocks.extend(front::requests(dossier));
    blocks.extend(front::overview(dossier));
    blocks.push(Block::Toc(Toc { title: "Contents".to_owned(), depth: 1 }));
    blocks.extend(scope::blocks(dossier, &anchors));
    blocks.extend(controls::blocks(dossier));
    blocks.extend(trends::blocks(dossier));
    blocks.extend(systems::blocks(dossier));
    blocks.extend(population::blocks(dossier, most, &anchors));
    blocks.extend(samples::blocks(dossier, &anchors));
    blocks.extend(closures::blocks(dossier, usize::MAX));
    blocks.extend(objectives::blocks(dossier));
    blocks.extend(results::findings(dossier));
    blocks.extend(results::waivers(dossier));
    blocks.extend(checks::blocks(dossier, most, &anchors));
    blocks.extend(gaps::blocks(dossier));
    blocks.extend(results::missing(dossier));
    blocks.extend(governance::policy(dossier));
    blocks.extend(governance::access(dossier));
    blocks.extend(governance::reviews(dossier));
    blocks.extend(changes::blocks(dossier));
    blocks.extend(sources::sources(dossier));
    blocks.extend(sources::method(dossier));
    blocks.extend(evidence::blocks(dossier, &anchors));
    parts::report(dossier, "Backup and restore: audit packet", blocks)
}

/// States of results: their figure and their word, in the order in which sheets count them.
const STATES: [(&str, &str); 5] = [
    ("pass", "pass"),
    ("unwaived", "fail"),
    ("waived", "fail under a waiver"),
    ("not_applicable", "not applicable"),
    ("no_evidence", "without evidence"),
];

/// Digits of a hash that are printed as the text of a link.
const DIGITS: usize = 12;

/// True where a table prints every row of a population.
fn whole(p: &Population, most: usize) -> bool {
    p.rows.len() as u64 == p.total && p.rows.len() <= most
}

/// Where an object lies, seen from the document.
fn path(sha256: &str) -> String {
    format!("evidence/objects/{}/{sha256}", sha256.get(..2).unwrap_or_default())
}

/// Link target of what is said of an object that is withheld.
fn withheld_anchor(sha256: &str) -> String {
    format!("withheld-{sha256}")
}

/// Link targets of the rows that population tables print, and of objects.
struct Anchors {
    /// By row id.
    rows: BTreeMap<String, String>,
    /// Of runs by run id; `None` where several have the same.
    runs: BTreeMap<String, Option<String>>,
    /// Objects that are not in the packet.
    withheld: BTreeSet<String>,
}

impl Anchors {
    /// Populations whose rows can be linked to.
    const LINKED: [&str; 3] = ["slots", "runs", "recovery-points"];

    fn of(d: &Dossier, most: usize) -> Self {
        let withheld = d.withheld.iter().map(|w| w.sha256.clone()).collect();
        let mut out = Self { rows: BTreeMap::new(), runs: BTreeMap::new(), withheld };
        for p in d.populations.iter().filter(|p| Self::LINKED.contains(&p.name.as_str()) && whole(p, most)) {
            let column = |name: &str| p.columns.iter().position(|c| c == name);
            let (row_id, run_id) = (column("row_id"), column("run_id").filter(|_| p.name == "runs"));
            for (n, row) in p.rows.iter().enumerate() {
                let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).and_then(serde_json::Value::as_str);
                if let Some(id) = cell(row_id) {
                    out.rows.insert(id.to_owned(), anchor(p, n));
                }
                if let Some(id) = cell(run_id) {
                    out.runs
                        .entry(id.to_owned())
                        .and_modify(|known| *known = None)
                        .or_insert_with(|| Some(anchor(p, n)));
                }
            }
        }
        out
    }

    /// An object by the first digits of its hash, linked to its bytes, or to why they are withheld.
    fn object(&self, sha256: &str) -> Inlines {
        if sha256.is_empty() { text("–") } else { vec![self.linked(sha256, sha256.get(..DIGITS).unwrap_or(sha256))] }
    }

    /// Words that lead to an object.
    fn linked(&self, sha256: &str, words: &str) -> Inline {
        let whole = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
        match (whole, self.withheld.contains(sha256)) {
            (false, _) => code(sha256),
            (true, true) => link(withheld_anchor(sha256), words),
            (true, false) => file(path(sha256), words),
        }
    }

    /// Rows as links where they are printed, as ids where they are not; of long ids the end.
    fn links(&self, rows: &[String]) -> Inlines {
        listed(rows, Some(TAIL), |id| self.rows.get(id).map(String::as_str))
    }

    /// Runs of an expected run, in the same way.
    fn of_runs(&self, ids: &[String]) -> Inlines {
        listed(ids, None, |id| self.runs.get(id).and_then(Option::as_deref))
    }
}

/// Link target of the row at a place of a population.
fn anchor(p: &Population, at: usize) -> String {
    format!("{}-{at}", p.name)
}

/// Characters of the end of an id that is too long for a narrow column.
const TAIL: usize = 16;

/// Ids one below the other, cut to their last `most` characters; beyond three it says how many more there are.
fn listed<'a>(ids: &[String], most: Option<usize>, target: impl Fn(&str) -> Option<&'a str>) -> Inlines {
    const SHOWN: usize = 3;
    let mut out: Inlines = Vec::new();
    for id in ids.iter().take(SHOWN) {
        if !out.is_empty() {
            out.push(Inline::Break);
        }
        let name = id.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(id);
        let cut = most.and_then(|most| name.char_indices().nth_back(most - 1)).filter(|(at, _)| *at > 0);
        let name = cut.map_or_else(|| name.to_owned(), |(at, _)| format!("…{}", &name[at..]));
        out.push(match target(id) {
            Some(anchor) => link(anchor, name),
            None => code(name),
        });
    }
    if ids.len() > SHOWN {
        out.push(plain(format!(" and {} more", ids.len() - SHOWN)));
    }
    if out.is_empty() { vec![plain("–")] } else { out }
}

#[cfg(test)]
mod tests;
