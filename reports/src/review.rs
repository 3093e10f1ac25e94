//! The review: what management needs to decide about backups, for a quarter or a year.
//!
//! Decisions come first, what they rest on after; the last page is the template of the minutes. Long lists end early and
//! say where the whole of them is, and records stand close: a year of the sample company is six pages. The report formats a [`Dossier`]; which decisions it asks for follows from rules in
//! [`decisions`], each of which names what it rests on.

mod capacity;
mod clause;
mod course;
mod decisions;
mod incidents;
mod minutes;
mod overdue;
mod risks;
mod sheets;
mod sources;

use model::dossier::Dossier;

pub use sheets::workbook;

use crate::block::{Block, Callout, Document, Inlines, Tone, text as plain};
use crate::parts::{self, answer, count, day, kpis, moment, text};

/// The report as a block document.
///
/// # Errors
/// None of its own; a dossier that can't be written as JSON would be a defect of ours.
pub fn document(dossier: &Dossier) -> Result<Document, serde_json::Error> {
    let asked = decisions::decisions(dossier);
    let mut blocks = vec![answer::masthead(dossier)];
    blocks.push(answer::recoverable(dossier).lead);
    blocks.push(kpis::row(dossier));
    blocks.extend(unfinished(dossier));
    blocks.extend(decisions::blocks(&asked));
    blocks.extend(course::blocks(dossier));
    blocks.extend(risks::blocks(dossier));
    blocks.extend(risks::changes(dossier));
    blocks.extend(overdue::blocks(dossier));
    blocks.extend(capacity::blocks(dossier));
    blocks.extend(incidents::blocks(dossier));
    blocks.extend(clause::blocks(dossier));
    blocks.extend(sources::blocks(dossier));
    blocks.push(Block::PageBreak);
    blocks.extend(minutes::blocks(dossier, &asked));
    parts::report(dossier, "Management review of backups", blocks)
}

/// What a list that ends early leaves out, `one` or `many` of it, and where the whole of it is.
fn rest(more: usize, one: &str, many: &str, place: &str) -> Inlines {
    if more == 0 { Vec::new() } else { text(format!("{} not shown here: {place}.", count(more, one, many))) }
}

/// Says that the period has not ended, where it has not.
fn unfinished(d: &Dossier) -> Option<Block> {
    let period = &d.assessment.period;
    let days = (period.end - period.as_of).num_days();
    (period.as_of < period.end).then(|| {
        Block::Callout(Callout {
            tone: Tone::Unknown,
            title: "The period is not over".to_owned(),
            inlines: vec![plain(format!(
                "It ends on {}, in {}. Everything here stands as of {}; what is due later is neither met nor missed.",
                day(period.end - chrono::Duration::seconds(1)),
                count(usize::try_from(days + 1).unwrap_or(0), "day", "days"),
                moment(period.as_of)
            ))],
        })
    })
}

#[cfg(test)]
mod tests;
