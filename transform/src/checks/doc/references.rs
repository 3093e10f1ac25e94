//! DOC-05: the policies that this policy leans on exist and are current.

use chrono::Days;
use model::policy::Reference;
use model::registers::{Document, Recorded};
use model::time::{day_start, utc_text};

use super::super::common::{no_register, or_empty};
use super::{is_own, title_words};
use crate::judgement::Judgement;
use crate::world::World;

/// DOC-05, for each policy that this one names.
///
/// A reference is looked up in `documents` by the id that the policy's data give, else by the words of its title. One
/// whose words are all in this policy's own title, and that no other document answers, points to this policy itself.
pub fn current(world: &World<'_>) -> Vec<Judgement> {
    let references = &world.policy.references;
    let Some(documents) = &world.registers.documents else {
        return or_empty(
            references.iter().map(|r| no_register(&r.title, "documents")).collect(),
            "no_reference",
            "The policy names no other policy.",
        );
    };
    let out = references.iter().map(|reference| judge(world, reference, documents)).collect();
    or_empty(out, "no_reference", "The policy names no other policy.")
}

fn judge(world: &World<'_>, reference: &Reference, documents: &[Recorded<Document>]) -> Judgement {
    let (unit, words) = (reference.title.as_str(), title_words(&reference.title));
    let fits = |d: &Document| match &reference.document_id {
        Some(id) => d.document_id == *id,
        None => d.title.as_deref().is_some_and(|t| title_words(t).is_superset(&words)),
    };
    let named: Vec<&Recorded<Document>> = documents.iter().filter(|d| fits(d)).collect();
    let others: Vec<&Recorded<Document>> = named.iter().filter(|d| !is_own(world, d)).copied().collect();
    let itself = !named.is_empty() || title_words(&world.policy.document.title).is_superset(&words);
    if others.is_empty() {
        return if itself {
            Judgement::not_applicable(
                unit,
                "self_reference",
                format!(
                    "Section {} names it, and no other document of that title is registered: it points to this policy \
                     itself.",
                    reference.section
                ),
            )
        } else {
            Judgement::fail(
                unit,
                "document_missing",
                format!("Section {} leans on it, and the register documents does not hold it.", reference.section),
            )
        };
    }
    let until = world.until();
    let Some((document, approved)) = others
        .iter()
        .filter_map(|d| Some((d, d.approved_at.filter(|at| *at < until)?)))
        .max_by_key(|(_, approved)| *approved)
    else {
        let places: Vec<&str> = others.iter().map(|d| d.declared_in.as_str()).collect();
        return Judgement::fail(
            unit,
            "not_approved",
            format!("No version of it was approved by {} ({}).", utc_text(until), places.join(", ")),
        );
    };
    let id = format!("{} {}", document.document_id, document.version);
    match document.next_review_due {
        None => Judgement::no_evidence(
            unit,
            "review_date_missing",
            format!(
                "{id} was approved {}; when its next review is due is not given (documents.next_review_due).",
                utc_text(approved)
            ),
        ),
        Some(due) => {
            let overdue = day_start(due + Days::new(1), world.period.zone());
            if overdue < until {
                Judgement::fail(unit, "overdue", format!("{id} was due for review on {due}.")).violated(overdue, until)
            } else {
                Judgement::pass(
                    unit,
                    format!("{id} was approved {} and is due for review on {due}.", utc_text(approved)),
                )
            }
        }
    }
}
