//! The audit packet: everything an auditor asks for about backups, control by control, down to the bytes.
//!
//! Page one says what was asked, what could not be read, and where each usual request is answered. Each check with all its
//! results, each population with its completeness block and each sample has one place; controls link there. A table
//! longer than the limit prints its exceptions and leaves the rest to a file that it names with its hash.

mod checks;
mod controls;
mod evidence;
mod front;
mod gaps;
mod governance;
mod population;
mod samples;
mod scope;

use std::collections::BTreeMap;

use model::dossier::{Dossier, FrameworkSheet};

pub use crate::parts::sheets::workbook;

use crate::block::{Block, Document, Inline, Inlines, Toc, code, file, link, text as plain};
use crate::parts::{changes, closures, day, hash, objectives, results, sources, systems, trends};

/// Most rows of one table in HTML and PDF.
pub const ROWS: usize = 25_000;

/// The packet as a block document, with tables of at most [`ROWS`] rows.
///
/// # Errors
/// None of its own; a dossier that can't be written as JSON would be a defect of ours.
pub fn document(dossier: &Dossier) -> Result<Document, serde_json::Error> {
    limited(dossier, ROWS)
}

/// The packet with tables of at most `most` rows; longer ones print their exceptions.
///
/// # Errors
/// As [`document`].
pub fn limited(dossier: &Dossier, most: usize) -> Result<Document, serde_json::Error> {
    let anchors = Anchors::of(dossier, most);
    let mut blocks = front::blocks(dossier);
    blocks.extend(front::requests(dossier));
    blocks.extend(front::overview(dossier));
    blocks.push(Block::Toc(Toc { title: "Contents".to_owned(), depth: 1 }));
    blocks.extend(scope::blocks(dossier));
    blocks.extend(controls::blocks(dossier));
    blocks.extend(trends::blocks(dossier));
    blocks.extend(systems::blocks(dossier));
    blocks.extend(population::blocks(dossier, most));
    blocks.extend(samples::blocks(dossier));
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
    blocks.extend(evidence::blocks(dossier));
    Ok(Document {
        title: "Backup and restore: audit packet".to_owned(),
        subtitle: format!("As of {}", day(dossier.assessment.period.as_of)),
        organization: dossier.assessment.organization.clone(),
        accent: dossier.accent,
        period: dossier.period_title.clone(),
        language: "en-GB".to_owned(),
        document_hash: hash(dossier)?,
        as_of: dossier.assessment.period.as_of,
        blocks,
    })
}

/// Frameworks asked for, or all.
fn chosen(d: &Dossier) -> impl Iterator<Item = &FrameworkSheet> {
    d.standards.iter().filter(|f| d.frameworks.is_empty() || d.frameworks.contains(&f.id))
}

/// Digits of a hash that are printed as the text of a link.
const DIGITS: usize = 12;

/// An object of the packet by the first digits of its hash, linked to its bytes.
fn object(sha256: &str) -> Inlines {
    let whole = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    match sha256.get(..DIGITS).filter(|_| whole) {
        Some(digits) => vec![file(format!("objects/{sha256}"), digits)],
        None if sha256.is_empty() => vec![plain("–")],
        None => vec![code(sha256)],
    }
}

/// Link targets of the rows that population tables print, by row id.
struct Anchors(BTreeMap<String, String>);

impl Anchors {
    /// Populations whose rows can be linked to, with their link targets.
    const LINKED: [&str; 3] = ["slots", "runs", "recovery-points"];

    fn of(d: &Dossier, most: usize) -> Self {
        let mut out = BTreeMap::new();
        for p in d.populations.iter().filter(|p| Self::LINKED.contains(&p.name.as_str()) && p.rows.len() <= most) {
            let Some(id) = p.columns.iter().position(|c| c == "row_id") else { continue };
            for (n, row) in p.rows.iter().enumerate() {
                if let Some(serde_json::Value::String(id)) = row.get(id) {
                    out.insert(id.clone(), format!("{}-{n}", p.name));
                }
            }
        }
        Self(out)
    }

    /// Rows as links where they are printed, as ids where they are not; beyond three it says how many more there are.
    fn links(&self, rows: &[String]) -> Inlines {
        const SHOWN: usize = 3;
        let mut out: Inlines = Vec::new();
        for id in rows.iter().take(SHOWN) {
            if !out.is_empty() {
                out.push(Inline::Break);
            }
            let name = id.rsplit('/').next().unwrap_or(id);
            out.push(match self.0.get(id) {
                Some(anchor) => link(anchor.clone(), name),
                None => code(name),
            });
        }
        if rows.len() > SHOWN {
            out.push(plain(format!(" and {} more", rows.len() - SHOWN)));
        }
        if out.is_empty() { vec![plain("–")] } else { out }
    }
}

#[cfg(test)]
mod tests;
