//! The version history, as printed and as the register tells it, and DOC-02.

use std::cmp::Ordering;

use chrono::NaiveDate;
use model::registers::{DocumentVersion, Recorded};

use super::super::common::names;
use super::super::faults::Faults;
use super::super::notes::Notes;
use super::{is_own_id, own_rows, versions};
use crate::judgement::Judgement;
use crate::world::World;

/// One version of the policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'w> {
    /// Version.
    pub version: &'w str,
    /// Date.
    pub dated: NaiveDate,
    /// What changed, as the row says.
    pub change: &'w str,
    /// The row records an approval.
    pub approval: bool,
    /// Who wrote it; only the register tells.
    pub author: Option<&'w str>,
    /// The printed row names who approved; absent where the row is in the register alone.
    pub approver_named: Option<bool>,
}

fn registered<'w>(world: &World<'w>) -> Vec<&'w Recorded<DocumentVersion>> {
    let registers = world.registers;
    registers.document_history.iter().flatten().filter(|r| is_own_id(world, &r.document_id)).collect()
}

/// All versions by date. A row of the register stands for the printed one of its version, because it tells more.
pub(super) fn rows<'w>(world: &World<'w>) -> Vec<Version<'w>> {
    let policy = world.policy;
    let printed = &policy.document.history;
    let registered = registered(world);
    let mut out: Vec<Version<'w>> = printed
        .iter()
        .filter(|p| !registered.iter().any(|r| versions::same(&r.version, &p.version)))
        .map(|p| Version {
            version: &p.version,
            dated: p.dated,
            change: &p.change,
            approval: p.approval,
            author: None,
            approver_named: Some(p.approver_named),
        })
        .collect();
    out.extend(registered.into_iter().map(|r| {
        let same = printed.iter().find(|p| versions::same(&r.version, &p.version));
        Version {
            version: &r.row.version,
            dated: r.row.dated,
            change: r.row.change.as_deref().or(same.map(|p| p.change.as_str())).unwrap_or_default(),
            approval: r.row.approval.or(same.map(|p| p.approval)).unwrap_or(false),
            author: super::super::common::filled(r.row.author.as_deref()),
            approver_named: same.map(|p| p.approver_named),
        }
    }));
    out.sort_by(|a, b| a.dated.cmp(&b.dated).then(versions::compare(a.version, b.version).unwrap_or(Ordering::Equal)));
    out
}

/// DOC-02: the stated version is the newest of the history, and versions rise with dates.
///
/// Stated are the version that the document prints and the newest that the register of documents holds.
pub fn version(world: &World<'_>) -> Vec<Judgement> {
    let document = &world.policy.document;
    let unit = document.document_id.as_str();
    let rows = rows(world);
    let Some(newest) = rows.last() else {
        return vec![if document.has_history {
            Judgement::no_evidence(
                unit,
                "history_not_given",
                "Neither the policy's data nor the register document_history holds a version history.",
            )
        } else {
            Judgement::not_applicable(unit, "no_history_by_design", "The document has no version history by design.")
        }];
    };
    let mut faults = Faults::default();
    faults.add_if(!versions::same(&document.stated_version, newest.version), "version_differs", || {
        format!(
            "the document states version {}, and its history ends with {} of {}",
            document.stated_version, newest.version, newest.dated
        )
    });
    let recorded = own_rows(world)
        .unwrap_or_default()
        .into_iter()
        .reduce(|a, b| if versions::compare(&b.version, &a.version) == Some(Ordering::Greater) { b } else { a });
    if let Some(recorded) = recorded.filter(|r| !versions::same(&r.version, newest.version)) {
        faults.add(
            "version_differs",
            format!(
                "{} records version {}, and the history ends with {}",
                recorded.declared_in, recorded.version, newest.version
            ),
        );
    }
    for pair in rows.windows(2) {
        let [a, b] = pair else { continue };
        match versions::compare(a.version, b.version) {
            Some(Ordering::Less) => {}
            Some(Ordering::Equal) => faults.add("version_repeats", format!("version {} occurs twice", a.version)),
            Some(Ordering::Greater) => faults.add(
                "unordered",
                format!("version {} of {} follows version {} of {}", b.version, b.dated, a.version, a.dated),
            ),
            None => faults.add(
                "unordered",
                format!("whether version {} or version {} is the later one cannot be told", a.version, b.version),
            ),
        }
    }
    for row in registered(world) {
        let printed = document.history.iter().find(|p| versions::same(&row.version, &p.version));
        if let Some(printed) = printed.filter(|p| p.dated != row.dated) {
            faults.add(
                "date_differs",
                format!(
                    "{} dates version {} {}, the document {}",
                    row.declared_in, row.version, row.dated, printed.dated
                ),
            );
        }
    }
    let good = format!("The document states version {}, the newest of {} versions.", newest.version, rows.len());
    vec![notes(world, &rows).on(faults.judge(unit, "The versions do not agree", good))]
}

/// What the document does not say about itself.
fn notes(world: &World<'_>, rows: &[Version<'_>]) -> Notes {
    let document = &world.policy.document;
    let recorded = own_rows(world).unwrap_or_default();
    let mut notes = Notes::default();
    let missing: Vec<&str> = [
        ("its identifier", document.document_id_stated),
        ("its effective date", document.effective_date_stated || recorded.iter().any(|d| d.effective_from.is_some())),
        (
            "its next review date",
            document.next_review_date_stated || recorded.iter().any(|d| d.next_review_due.is_some()),
        ),
    ]
    .into_iter()
    .filter_map(|(what, stated)| (!stated).then_some(what))
    .collect();
    if !missing.is_empty() {
        notes.add("document_data_missing", format!("Nothing states {}.", missing.join(", ")));
    }
    let unsaid: Vec<&str> = rows
        .iter()
        .filter(|r| {
            matches!(r.change.trim().trim_end_matches('.').to_lowercase().as_str(), "" | "approved" | "approval")
        })
        .map(|r| r.version)
        .collect();
    if !unsaid.is_empty() {
        notes.add("change_not_stated", format!("The history does not say what changed in version {}.", names(&unsaid)));
    }
    notes
}
