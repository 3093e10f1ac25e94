//! The monthly report: what an operations lead puts in front of management.
//!
//! Page one answers three questions: are we recoverable, what broke, what can't we know. Everything after it is there
//! to be looked up. The report formats a [`Dossier`] and decides nothing.

mod front;

use model::dossier::Dossier;

pub use crate::parts::sheets::workbook;

use crate::block::{Block, Document, Toc};
use crate::parts::{self, changes, closures, frameworks, objectives, results, sources, systems, trends};

/// The report as a block document.
///
/// # Errors
/// None of its own; a dossier that can't be written as JSON would be a defect of ours.
pub fn document(dossier: &Dossier) -> Result<Document, serde_json::Error> {
    let mut blocks = front::blocks(dossier);
    blocks.push(Block::Toc(Toc { title: "Contents".to_owned(), depth: 1 }));
    blocks.extend(trends::blocks(dossier));
    blocks.extend(systems::blocks(dossier));
    blocks.extend(closures::blocks(dossier, closures::LINES));
    blocks.extend(objectives::blocks(dossier));
    blocks.extend(changes::blocks(dossier));
    blocks.extend(results::findings(dossier));
    blocks.extend(results::waivers(dossier));
    blocks.extend(results::missing(dossier));
    blocks.extend(frameworks::blocks(dossier));
    blocks.extend(sources::blocks(dossier));
    parts::report(dossier, "Backup and restore: monthly report", blocks)
}
