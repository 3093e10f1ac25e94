//! Page one.

use std::collections::BTreeSet;

use model::assessment::{Severity, State};
use model::dossier::Dossier;
use model::evidence::SourceStatus;

use crate::block::{Block, Callout, Inlines, Tone, badge, link, text as plain};
use crate::parts::answer::{self, names};
use crate::parts::{count, first_sentence, kpis, listed, of_source, severity};

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let results = &d.assessment.results;
    let of = |check: &'static str, state: State| results.iter().filter(move |r| r.check == check && r.state == state);
    let mut out = vec![answer::masthead(d)];

    let recoverable = answer::recoverable(d);
    let (broken, untold, tone) = (recoverable.broken, recoverable.untold, recoverable.tone);
    out.push(recoverable.lead);

    out.push(kpis::row(d));

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
        answer.push(severity(finding.severity));
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
        answer.push(badge(of_source(source.status), format!("{} {}", source.name, source.status)));
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
