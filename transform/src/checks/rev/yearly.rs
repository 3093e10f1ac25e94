//! REV-03 to REV-05: internal audit, verification of the design, and management review, each within its cadence.

use model::registers::{Recorded, Review, ReviewKind};
use model::time::utc_text;

use super::super::cadence::{Standing, note_overdue, programme_began, reviews, standing};
use super::super::common::{ORGANIZATION as UNIT, filled, no_register};
use super::super::faults::Faults;
use super::{is_by_owner, owners};
use crate::judgement::Judgement;
use crate::world::World;

/// A review that must be repeated.
struct Duty<'a> {
    /// Whose owners must perform it; absent where who performs it is judged otherwise.
    check: Option<&'static str>,
    kinds: &'a [ReviewKind],
    cadence: &'static str,
    /// For people: "internal audit".
    what: &'static str,
    /// Which reviews of these kinds count.
    counts: fn(&Review) -> bool,
}

/// Judges the last review of a duty: in time, and with what `look` finds in it.
fn judge(
    world: &World<'_>,
    duty: &Duty<'_>,
    look: impl Fn(&Recorded<Review>, &mut Faults) -> Option<Judgement>,
) -> Vec<Judgement> {
    let Some(mut all) = reviews(world, duty.kinds) else {
        return vec![no_register(UNIT, "reviews")];
    };
    all.retain(|r| (duty.counts)(r));
    let began = programme_began(world);
    let standing = standing(world, duty.cadence, all.iter().map(|r| r.performed_at), began);
    let Some(last) = all.last() else {
        return vec![match standing {
            Standing::NotYetDue { due } => Judgement::not_applicable(
                UNIT,
                "not_yet_due",
                format!("No {} is on record yet; the first is due before {}.", duty.what, utc_text(due)),
            ),
            _ => Judgement::fail(UNIT, "review_missing", format!("No {} is on record.", duty.what)),
        }];
    };
    let mut faults = Faults::default();
    note_overdue(&mut faults, standing);
    if let Some(check) = duty.check.filter(|check| !is_by_owner(world, check, last)) {
        let role = filled(last.performer_role.as_deref()).unwrap_or("nobody named");
        faults.add("wrong_role", format!("performed by {role}, not by {}", owners(world, check)));
    }
    let unknown = look(last, &mut faults);
    let opening = format!("The last {} ({}) was on {}", duty.what, last.review_id, utc_text(last.performed_at));
    let next = match standing {
        Standing::Current { due, .. } => format!("; the next is due before {}", utc_text(due)),
        _ => String::new(),
    };
    let judgement = faults.judge(UNIT, &opening, format!("{opening}{next}."));
    vec![match unknown {
        Some(unknown) if judgement.state == model::assessment::State::Pass => unknown,
        _ => judgement,
    }]
}

/// Text in lower case with single spaces between words.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty() && *w != "and");
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Those of `wanted` (plain text each) that none of `texts` holds.
fn not_held(texts: &[&[String]], wanted: &[String]) -> Vec<String> {
    let texts: Vec<String> = texts.iter().flat_map(|all| all.iter()).map(|t| plain(t)).collect();
    wanted.iter().filter(|w| !texts.iter().any(|t| t.contains(w.as_str()))).cloned().collect()
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|w| (*w).to_owned()).collect()
}

/// True where one of the texts is about backup.
fn speaks_of_backup(texts: &[&[String]]) -> bool {
    ["backup", "recovery", "restore"].iter().any(|word| not_held(texts, &words(&[word])).is_empty())
}

/// True for an audit by somebody from outside.
fn is_external(audit: &Review) -> bool {
    filled(audit.performer_role.as_deref()).is_some_and(|role| plain(role).contains("external"))
}

/// REV-03: the inputs name this policy (by id or title), the classification and retention policies and a configuration
/// export, and the auditor holds no role that makes backups. An external audit counts where its scope speaks of backup.
pub fn internally_audited(world: &World<'_>) -> Vec<Judgement> {
    let duty = Duty {
        check: None,
        kinds: &[ReviewKind::InternalAudit],
        cadence: "internal_audit_cadence",
        what: "internal audit",
        counts: |audit| !is_external(audit) || speaks_of_backup(&[&audit.scope]),
    };
    judge(world, &duty, |audit, faults| {
        let document = &world.policy.document;
        let own = [plain(&document.title), plain(&document.document_id)];
        let mut missing = not_held(&[&audit.inputs], &words(&["classification", "retention", "configuration"]));
        let registered = world
            .registers
            .documents
            .iter()
            .flatten()
            .filter(|d| d.title.as_deref().is_some_and(|t| plain(t) == own[0]));
        let ids: Vec<String> = registered.map(|d| plain(&d.document_id)).chain(own.clone()).collect();
        if not_held(&[&audit.inputs], &ids).len() == ids.len() {
            missing.insert(0, document.title.clone());
        }
        faults
            .add_if(!missing.is_empty(), "inputs_missing", || format!("its inputs do not name {}", missing.join(", ")));
        let bare = audit
            .scope
            .iter()
            .chain(&audit.inputs)
            .find(|text| text.to_lowercase().contains("sample") && !text.chars().any(|c| c.is_ascii_digit()));
        if let Some(text) = bare {
            faults.add("sample_not_described", format!("the size of its sample is not written down (\"{text}\")"));
        }
        // Whoever the policy makes responsible for the backups themselves runs them.
        let makers = world.policy.owners_of("FRQ-01");
        let role = filled(audit.performer_role.as_deref());
        if let Some(role) = role.filter(|role| makers.contains(role)) {
            faults.add(
                "not_independent",
                format!("it was performed as {}, which runs the backups", world.policy.role_name(role)),
            );
        }
        let missing = |field: &str| {
            let detail = format!("Whether the auditor of {} runs backups is not known ({field}).", audit.review_id);
            Some(Judgement::no_evidence(UNIT, "independence_not_shown", detail))
        };
        let Some(person) = filled(audit.performer.as_deref()) else { return missing("reviews.performer") };
        if world.registers.role_assignments.is_none() {
            return missing("role_assignments");
        }
        let held = makers.iter().find(|role| world.registers.held_role(person, role, audit.performed_at));
        if let Some(held) = held.filter(|held| role != Some(**held)) {
            faults.add(
                "not_independent",
                format!("{person} held {} then, which runs the backups", world.policy.role_name(held)),
            );
        }
        None
    })
}

/// REV-04: the review states for frequency, retention, storage and framework requirements whether the design meets
/// them. A coverage review counts where it speaks of the design.
pub fn design_verified(world: &World<'_>) -> Vec<Judgement> {
    let duty = Duty {
        check: Some("REV-04"),
        kinds: &[ReviewKind::DesignVerification, ReviewKind::CoverageRetention],
        cadence: "design_verification_cadence",
        what: "verification of the design",
        counts: |review| {
            review.kind == ReviewKind::DesignVerification
                || not_held(&[&review.scope, &review.inputs, &review.findings], &words(&["design"])).is_empty()
        },
    };
    judge(world, &duty, |review, faults| {
        let wanted = words(&["frequency", "retention", "storage", "framework"]);
        let missing = not_held(&[&review.scope, &review.inputs, &review.findings], &wanted);
        faults.add_if(!missing.is_empty(), "incomplete", || format!("it says nothing of {}", missing.join(", ")));
        None
    })
}

/// REV-05: inputs name the metrics, audit results, open exceptions and actions; decisions are recorded, on resources
/// among others.
pub fn management(world: &World<'_>) -> Vec<Judgement> {
    let duty = Duty {
        check: Some("REV-05"),
        kinds: &[ReviewKind::Management],
        cadence: "management_review_cadence",
        what: "management review",
        counts: |_| true,
    };
    judge(world, &duty, |review, faults| {
        let named = |metric: &model::controls::Metric| {
            let both = [plain(&metric.id), plain(&metric.title)];
            not_held(&[&review.inputs], &both).len() < both.len()
        };
        let mut missing: Vec<String> =
            world.controls.metrics.iter().filter(|m| !named(m)).map(|m| m.title.to_lowercase()).collect();
        missing.extend(not_held(&[&review.inputs], &words(&["audit", "exceptions", "actions"])));
        faults
            .add_if(!missing.is_empty(), "inputs_missing", || format!("its inputs do not name {}", missing.join(", ")));
        let on_agenda = speaks_of_backup(&[&review.scope, &review.inputs, &review.findings]);
        faults.add_if(!on_agenda, "not_on_agenda", || "backup and recovery are no item of it");
        let decided = not_held(&[&review.findings], &words(&["deci"])).is_empty();
        faults.add_if(!decided, "decisions_missing", || "no decision is recorded (findings)");
        let resources = not_held(&[&review.findings], &words(&["resource"])).is_empty();
        faults.add_if(decided && !resources, "resources_missing", || "no decision on resources is recorded (findings)");
        None
    })
}
