//! Decisions asked of management. Each follows from a rule below and names what it rests on; nothing is asked where the
//! evidence gives no cause.

use model::assessment::Severity;
use model::dossier::{Dossier, FindingSheet};
use model::evidence::SourceStatus;

use crate::block::{Align, Block, Inlines, column, link, row, strong, text as plain};
use crate::parts::{count, first_sentence, heading, listed, para, table, text};

/// A question that only management can settle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decision {
    /// What is asked.
    pub question: String,
    /// Why, in figures.
    pub why: String,
    /// The section that it rests on.
    pub section: &'static str,
    /// That section's words.
    pub section_title: &'static str,
}

/// What is asked, the gravest first.
pub(super) fn decisions(d: &Dossier) -> Vec<Decision> {
    let open: Vec<&FindingSheet> = d.findings.iter().filter(|f| !f.waived).collect();
    let mut out = Vec::new();
    let mut ask = |question: String, why: String, (section, section_title): (&'static str, &'static str)| {
        out.push(Decision { question, why, section, section_title });
    };
    const CAPACITY: (&str, &str) = ("capacity", "Capacity to recover");
    const RISKS: (&str, &str) = ("findings", "Findings by risk");
    const OVERDUE: (&str, &str) = ("overdue", "Overdue");
    if let Some((whose, first)) = of_check(&open, &["FRQ-04"]) {
        ask(
            format!("Pay for a design that meets the recovery point objective of {whose}, or accept a longer one"),
            first_sentence(&first.detail).to_owned(),
            CAPACITY,
        );
    }
    if let Some((whose, first)) = of_check(&open, &["RST-05"]) {
        ask(
            format!("Shorten the restore of {whose}, or accept a longer recovery time"),
            first_sentence(&first.detail).to_owned(),
            CAPACITY,
        );
    }
    if let Some((whose, first)) = of_check(&open, &["RST-01", "RST-02"]) {
        ask(
            format!("Give people and a date to the restore tests of {whose}"),
            first_sentence(&first.detail).to_owned(),
            OVERDUE,
        );
    }
    let late: Vec<&str> = d
        .waivers
        .iter()
        .filter(|w| w.remediation_overdue || w.standing == "expired")
        .map(|w| w.exception_id.as_str())
        .collect();
    if !late.is_empty() {
        ask(
            format!("Renew, end or escalate {}", listed(&owned(&late))),
            format!(
                "{} past the day on which the deviation was to end.",
                count(late.len(), "exception is", "exceptions are")
            ),
            OVERDUE,
        );
    }
    let told = ["FRQ-04", "RST-05", "RST-01", "RST-02"];
    let rest =
        |level: Severity| open.iter().filter(|f| f.severity == level && !told.contains(&f.check.as_str())).count();
    let (critical, high) = (rest(Severity::Critical), rest(Severity::High));
    if critical + high > 0 {
        ask(
            "Give each open finding of critical or high severity an owner and a date, or decide on an exception"
                .to_owned(),
            format!("Besides the above {critical} critical and {high} high; no approved exception covers them."),
            RISKS,
        );
    }
    let actions: Vec<&str> =
        d.governance.actions.iter().flatten().filter(|a| a.overdue).map(|a| a.action_id.as_str()).collect();
    if !actions.is_empty() {
        ask(
            format!("Set a new date for {}, or give it more people", listed(&owned(&actions))),
            format!("{} overdue.", count(actions.len(), "action is", "actions are")),
            OVERDUE,
        );
    }
    let below: Vec<String> =
        d.trends.iter().filter(|t| super::course::misses(t)).map(|t| t.title.to_lowercase()).collect();
    if !below.is_empty() {
        ask(
            format!("Say what brings the {} back to target", listed(&below)),
            "The value of this period lies below the target that was set.".to_owned(),
            ("metrics", "Metrics"),
        );
    }
    let untargeted: Vec<String> =
        d.trends.iter().filter(|t| t.is_rate && t.target.is_none()).map(|t| t.title.to_lowercase()).collect();
    if !untargeted.is_empty() {
        ask(
            format!("Set a target for the {}", listed(&untargeted)),
            "Without a target nobody can say whether the figure is good enough.".to_owned(),
            ("metrics", "Metrics"),
        );
    }
    if !d.uninventoried.is_empty() {
        let names: Vec<String> = d.uninventoried.iter().map(|(resource, _)| resource.clone()).collect();
        ask(
            format!(
                "Name an owner for {}, or exclude it from scope",
                count(names.len(), "thing that no inventory lists", "things that no inventory lists")
            ),
            format!("May hold data: {}.", listed(&names)),
            RISKS,
        );
    }
    let blind: Vec<&str> =
        d.sources.iter().filter(|s| s.status != SourceStatus::Complete).map(|s| s.name.as_str()).collect();
    if !blind.is_empty() {
        ask(
            format!("Have {} repaired, or accept not to know", listed(&owned(&blind))),
            format!(
                "{} could not be read whole; {} for lack of evidence.",
                count(blind.len(), "source", "sources"),
                count(d.missing.len(), "result is open", "results are open")
            ),
            ("sources", "Sources and completeness"),
        );
    }
    let assumed = d.policy.parameters.iter().filter(|p| p[2] == "default").count();
    if assumed > 0 {
        ask(
            format!("Confirm {} on which the policy is silent", count(assumed, "parameter", "parameters")),
            "Results used values of ours; `backproof.toml` takes those of the policy's owner.".replace('`', ""),
            RISKS,
        );
    }
    out
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// Whom the open findings of some checks concern, and the first of them.
fn of_check<'a>(open: &[&'a FindingSheet], checks: &[&str]) -> Option<(String, &'a FindingSheet)> {
    let mut names: Vec<String> = Vec::new();
    let mut first = None;
    for f in open.iter().filter(|f| checks.contains(&f.check.as_str())) {
        first = first.or(Some(*f));
        if !names.contains(&f.unit_name) {
            names.push(f.unit_name.clone());
        }
    }
    first.map(|f| (listed(&names), f))
}

/// The section of decisions.
pub(super) fn blocks(asked: &[Decision]) -> Vec<Block> {
    let mut out = vec![heading(1, "decisions", "Decisions asked of management")];
    if asked.is_empty() {
        out.push(para(text("None: the evidence of this period gives no cause for one.")));
        return out;
    }
    let rows = asked
        .iter()
        .enumerate()
        .map(|(n, decision)| {
            let mut because: Inlines = vec![plain(format!("{} ", decision.why))];
            because.push(link(decision.section, decision.section_title));
            row(vec![text((n + 1).to_string()), vec![strong(format!("{}.", decision.question))], because])
        })
        .collect();
    out.push(table(
        "decisions-table",
        count(asked.len(), "decision", "decisions"),
        vec![column("No.", Align::Right, 0.5), column("Asked", Align::Left, 4.6), column("Because", Align::Left, 4.9)],
        rows,
    ));
    out
}
