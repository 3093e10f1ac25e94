//! DOC-06: versions of the policy and the records that it asks for are kept long enough.

use chrono::NaiveDate;
use model::registers::{Document, DocumentKind, Recorded};
use model::time::{day_of, day_start};

use super::super::common::{filled, keep_until, no_register};
use super::super::notes::Notes;
use super::{history, is_own, own_rows, versions};
use crate::judgement::Judgement;
use crate::world::World;

const RETENTION: &str = "evidence_retention";

/// True for the records that the policy asks for; contracts, reports of providers and other policies are others' to keep.
const fn is_record(kind: DocumentKind) -> bool {
    !matches!(kind, DocumentKind::Policy | DocumentKind::Contract | DocumentKind::ProviderReport | DocumentKind::Other)
}

/// DOC-06, for each version of the policy and each record of `documents`; the unit is `<document> <version>`.
///
/// A version is kept from the day on which the next one replaced it; the one in force, and a record, from its own date.
/// A digest shows that a kept text is the same.
pub fn kept(world: &World<'_>) -> Vec<Judgement> {
    let policy = &world.policy.document.document_id;
    let Some(documents) = &world.registers.documents else {
        return vec![remark(world).on(no_register(policy, "documents"))];
    };
    let zone = world.period.zone();
    let today = day_of(world.as_of, zone);
    let own = own_rows(world).unwrap_or_default();
    let rows: Vec<_> = history::rows(world).into_iter().filter(|r| r.dated <= today).collect();
    let mut out = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let unit = format!("{policy} {}", row.version);
        let Some(document) = own.iter().find(|d| versions::same(&d.version, row.version)) else {
            out.push(Judgement::fail(
                unit,
                "version_missing",
                format!(
                    "Version {} of {} is in the history, and the register documents holds no copy of it.",
                    row.version, row.dated
                ),
            ));
            continue;
        };
        let replaced = rows.get(i + 1).map(|next| {
            let copy = own.iter().find(|d| versions::same(&d.version, next.version));
            copy.and_then(|d| d.effective_from).map_or(next.dated, |at| day_of(at, zone))
        });
        out.push(judge(world, &unit, document, replaced.or(dated(world, document)).or(Some(row.dated))));
    }
    // What the history does not list, and so has no successor.
    let unlisted = own.iter().filter(|d| !rows.iter().any(|r| versions::same(&d.version, r.version)));
    let records = documents.iter().filter(|d| is_record(d.kind) && !is_own(world, d));
    for document in unlisted.copied().chain(records) {
        let created = dated(world, document);
        if created.is_some_and(|day| day > today) {
            continue;
        }
        out.push(judge(world, &format!("{} {}", document.document_id, document.version), document, created));
    }
    if out.is_empty() {
        out.push(Judgement::no_evidence(
            policy,
            "no_version_known",
            "Neither a version of the policy nor a record is known (document_history, documents).",
        ));
    }
    let first = out.remove(0);
    out.insert(0, remark(world).on(first));
    out
}

/// Day on which a document took effect, else was approved.
fn dated(world: &World<'_>, document: &Document) -> Option<NaiveDate> {
    document.effective_from.or(document.approved_at).map(|at| day_of(at, world.period.zone()))
}

fn judge(world: &World<'_>, unit: &str, document: &Recorded<Document>, from: Option<NaiveDate>) -> Judgement {
    let zone = world.period.zone();
    let place = &document.declared_in;
    let Some(from) = from else {
        return Judgement::no_evidence(
            unit,
            "date_missing",
            format!("{place} says neither when it took effect nor when it was approved (effective_from, approved_at)."),
        );
    };
    let needed = keep_until(world, day_start(from, zone));
    let Some(until) = document.retain_until else {
        return Judgement::no_evidence(
            unit,
            "retention_not_stated",
            format!("{place} does not say how long it is kept (documents.retain_until); needed is {needed}."),
        );
    };
    if until < needed {
        return Judgement::fail(
            unit,
            "kept_too_short",
            format!("It is kept until {until}; counted from {from}, it must be kept until {needed} ({place})."),
        );
    }
    let missing: Vec<&str> = [("location_ref", &document.location_ref), ("digest", &document.digest)]
        .into_iter()
        .filter_map(|(name, value)| filled(value.as_deref()).is_none().then_some(name))
        .collect();
    if missing.is_empty() {
        Judgement::pass(
            unit,
            format!("It is kept until {until}, which is not before {needed}, and a digest shows any change."),
        )
    } else {
        Judgement::no_evidence(
            unit,
            "protection_not_shown",
            format!(
                "{place} does not show that it is kept unchanged: documents.{} is empty.",
                missing.join(" and documents.")
            ),
        )
    }
}

/// The policy sets no retention for its records where the parameter is not its own.
fn remark(world: &World<'_>) -> Notes {
    let (parameter, mut notes) = (world.policy.parameter(RETENTION), Notes::default());
    if !parameter.confirmed() {
        let from = parameter.section.as_deref().map_or_else(String::new, |s| format!(", from {s}"));
        notes.add(
            "retention_not_in_policy",
            format!("The policy does not say how long records are kept; {} is used{from}.", parameter.value),
        );
    }
    notes
}
