//! Page one.

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{CheckResult, Severity, State};
use model::dossier::Dossier;
use model::evidence::SourceStatus;

use super::{count, moment, rate, text};
use crate::block::{
    Block, Callout, Cover, Fact, Inlines, Kpi, KpiRow, Para, ParaRole, Tone, badge, link, strong, text as plain,
};

/// Names of systems (or the unit itself) of some results, each once, in order.
fn names<'a>(dossier: &'a Dossier, results: impl Iterator<Item = &'a CheckResult>) -> Vec<String> {
    let by_id: BTreeMap<&str, &str> = dossier.systems.iter().map(|s| (s.system_id.as_str(), s.name.as_str())).collect();
    let mut out: Vec<String> = Vec::new();
    for result in results {
        let unit = result.unit.split('@').next().unwrap_or(&result.unit);
        let name = by_id.get(unit).copied().unwrap_or(unit).to_owned();
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

/// `A, B and C`; beyond four, `A, B, C and 5 more`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] if names.len() <= 4 => format!("{} and {last}", head.join(", ")),
        _ => format!("{} and {} more", names[..3].join(", "), names.len() - 3),
    }
}

/// The first sentence of a detail: enough for page one, the section below has the whole.
fn first_sentence(detail: &str) -> &str {
    detail.find(". ").map_or(detail, |end| &detail[..=end])
}

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let results = &d.assessment.results;
    let of = |check: &'static str, state: State| results.iter().filter(move |r| r.check == check && r.state == state);
    let signed = d.store.signed_by.as_deref().map_or_else(|| "unsigned".to_owned(), |k| format!("signed by {k}"));
    let fact = |label: &str, value: Inlines| Fact { label: label.to_owned(), value };
    let mut out = vec![Block::Cover(Cover {
        full_page: false,
        facts: vec![
            fact("Period", text(format!("{} ({})", d.assessment.period.label, d.assessment.period.timezone))),
            fact("Evidence read up to", text(moment(d.assessment.period.as_of))),
            fact("Judged against", text(format!("{}, version {}", d.policy.title, d.policy.version))),
            fact("Evidence store", text(format!("run {}, {signed}", d.store.last_run))),
        ],
    })];

    // The answer in one sentence.
    let judged: BTreeSet<&str> = results
        .iter()
        .filter(|r| r.check == "FRQ-01" && r.state != State::NotApplicable)
        .map(|r| r.unit.as_str())
        .collect();
    let kept = of("FRQ-01", State::Pass).count();
    let broken = names(d, of("FRQ-01", State::Fail));
    let untold = names(d, of("FRQ-01", State::NoEvidence));
    let (word, tone) = match (broken.len(), untold.len()) {
        (0, 0) if kept > 0 => ("Yes", Tone::Good),
        (0, 0) => ("Nothing could be judged", Tone::Unknown),
        (0, _) => ("Not proven for all", Tone::Unknown),
        _ => ("Not all of it", Tone::Bad),
    };
    let limit = d.policy.parameters.iter().find(|p| p[0] == "max_backup_interval").map_or("PT24H", |p| p[1].as_str());
    let limit = limit
        .parse::<model::time::Span>()
        .ok()
        .and_then(model::time::Span::elapsed)
        .map_or_else(|| limit.to_owned(), model::time::human);
    out.push(Block::Para(Para {
        role: ParaRole::Lead,
        inlines: vec![
            strong(format!("{word}. ")),
            plain(format!(
                "{kept} of {} always had a good recovery point no older than {limit}.",
                count(judged.len(), "protected system", "protected systems")
            )),
        ],
    }));

    out.push(kpis(d));

    // Are we recoverable?
    let mut answer: Inlines = Vec::new();
    if !broken.is_empty() {
        answer.push(plain(format!("A gap was too long for {}. ", listed(&broken))));
    }
    if !untold.is_empty() {
        answer.push(plain(format!("Nobody can tell for {}: the evidence has holes. ", listed(&untold))));
    }
    let tested = names(d, of("RST-01", State::Pass));
    let untested = names(d, of("RST-01", State::Fail));
    if !tested.is_empty() || !untested.is_empty() {
        answer.push(plain(format!(
            "A restore was proven in its quarter for {} of {}",
            tested.len(),
            count(tested.len() + untested.len(), "critical system", "critical systems")
        )));
        answer.push(plain(if untested.is_empty() {
            ". ".to_owned()
        } else {
            format!("; not for {}. ", listed(&untested))
        }));
    }
    let slow = names(d, of("RST-05", State::Fail));
    if !slow.is_empty() {
        answer.push(plain(format!(
            "{} took longer than its objective: {}. ",
            if slow.len() == 1 { "One restore" } else { "Restores" },
            listed(&slow)
        )));
    }
    let design = names(d, of("FRQ-04", State::Fail));
    if !design.is_empty() {
        answer.push(plain(format!(
            "As configured, {} cannot meet {} recovery point objective.",
            listed(&design),
            if design.len() == 1 { "its" } else { "their" }
        )));
    }
    if answer.is_empty() {
        answer.push(plain("Every protected system kept its recovery points, and no restore missed its objective."));
    }
    out.push(Block::Callout(Callout { tone, title: "Are we recoverable?".to_owned(), inlines: answer }));

    // What broke?
    let open: Vec<_> = d.findings.iter().filter(|f| !f.waived).collect();
    let waived = d.findings.len() - open.len();
    let mut answer: Inlines = Vec::new();
    let mut shown: BTreeSet<(&str, &str)> = BTreeSet::new();
    for finding in &open {
        if shown.len() == 5 {
            break;
        }
        if !shown.insert((&finding.check, &finding.unit_name)) {
            continue;
        }
        if !answer.is_empty() {
            answer.push(crate::block::Inline::Break);
        }
        answer.push(super::severity(finding.severity));
        answer.push(plain(format!(" {}: {} ", finding.unit_name, first_sentence(&finding.detail))));
        answer.push(link(format!("finding-{}", finding.check), finding.check.clone()));
    }
    let more = open.len().saturating_sub(shown.len());
    if more > 0 {
        answer.push(crate::block::Inline::Break);
        answer.push(plain(format!("and {} in ", count(more, "further finding", "further findings"))));
        answer.push(link("findings", "Exceptions noted"));
    }
    if waived > 0 {
        answer.push(plain(format!(
            "{}{} under an approved exception.",
            if answer.is_empty() { "" } else { "; " },
            count(waived, "finding is", "findings are")
        )));
    }
    if answer.is_empty() {
        answer.push(plain("No exceptions noted."));
    }
    let worst = open.iter().map(|f| f.severity).max();
    let tone_of_findings = match worst {
        None => Tone::Good,
        Some(Severity::Critical | Severity::High) => Tone::Bad,
        Some(_) => Tone::Warning,
    };
    out.push(Block::Callout(Callout { tone: tone_of_findings, title: "What broke?".to_owned(), inlines: answer }));

    out.push(unknowns(d));
    out
}

/// What can't we know?
fn unknowns(d: &Dossier) -> Block {
    let mut answer: Inlines = Vec::new();
    for source in d.sources.iter().filter(|s| s.status != SourceStatus::Complete) {
        answer.push(badge(super::of_source(source.status), format!("{} {}", source.name, source.status)));
        answer.push(plain(format!(" {}", source.reason)));
        answer.push(crate::block::Inline::Break);
    }
    let unknown: u64 = d.systems.iter().map(|s| s.slots[2]).sum();
    if unknown > 0 {
        answer.push(plain(format!(
            "{} no record and no complete source. ",
            count(usize::try_from(unknown).unwrap_or(usize::MAX), "expected run has", "expected runs have")
        )));
    }
    if !d.uninventoried.is_empty() {
        let names: Vec<String> = d.uninventoried.iter().map(|(r, _)| r.clone()).collect();
        answer.push(plain(format!(
            "{} in no inventory: {}. ",
            count(names.len(), "thing that may hold data is", "things that may hold data are"),
            listed(&names)
        )));
    }
    if !d.missing.is_empty() {
        answer.push(plain(format!(
            "{} not be evaluated; ",
            count(d.missing.len(), "check result could", "check results could")
        )));
        answer.push(link("missing", "What is missing"));
        answer.push(plain(" names what would be needed."));
    }
    let tone = if answer.is_empty() { Tone::Good } else { Tone::Unknown };
    if answer.is_empty() {
        answer.push(plain("Every source was read to its end and every check could be evaluated."));
    }
    Block::Callout(Callout { tone, title: "What can’t we know?".to_owned(), inlines: answer })
}

fn kpis(d: &Dossier) -> Block {
    let mut out = Vec::new();
    for trend in &d.trends {
        let Some(now) = trend.points.last() else { continue };
        let sparkline = trend
            .points
            .iter()
            .map(|p| {
                p.has_value.then(|| {
                    if trend.is_rate { p.numerator as f64 / p.denominator.max(1) as f64 } else { p.numerator as f64 }
                })
            })
            .collect();
        let value = match (now.has_value, trend.is_rate) {
            (false, _) => "–".to_owned(),
            (true, true) => rate(now.numerator, now.denominator),
            (true, false) => now.numerator.to_string(),
        };
        let (units, tone) = match trend.metric.as_str() {
            "backup_success_rate" => ("expected runs", Tone::Neutral),
            "restore_test_success_rate" => ("restore tests", Tone::Neutral),
            _ => ("", Tone::Neutral),
        };
        let note = match (&now.undefined, now.has_value) {
            (Some(why), false) => undefined(why).to_owned(),
            (_, true) if trend.is_rate && now.unknown > 0 => format!(
                "{} of {} {units}; {} unknown: {} to {}",
                now.numerator,
                now.denominator,
                now.unknown,
                rate(now.numerator, now.denominator + now.unknown),
                rate(now.numerator + now.unknown, now.denominator + now.unknown)
            ),
            (_, true) if trend.is_rate => format!("{} of {} {units}", now.numerator, now.denominator),
            _ => "in the period".to_owned(),
        };
        let tone = if now.has_value {
            if trend.is_rate && now.numerator < now.denominator { Tone::Warning } else { tone }
        } else {
            Tone::Unknown
        };
        out.push(Kpi { value, label: trend.title.clone(), note, tone, sparkline });
    }
    Block::KpiRow(KpiRow { kpis: out })
}

/// Why a metric has no value, for people.
pub(super) fn undefined(why: &str) -> &str {
    match why {
        "no_slots" => "no run was due",
        "no_tests" => "no restore test ended in the period",
        "before_first_entry" => "not known: before the first entry of the register",
        "not_evidenced" => "too much is unknown to rely on it",
        other => other.strip_prefix("no_evidence: ").unwrap_or(other),
    }
}
