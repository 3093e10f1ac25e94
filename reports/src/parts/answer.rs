//! The head of a report, and its answer to the first question: are we recoverable?

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{CheckResult, State};
use model::dossier::Dossier;

use super::{count, figure, moment, text};
use crate::block::{Block, Cover, Fact, Inlines, Para, ParaRole, Tone, strong, text as plain};

/// Title block with the period, the evidence and the policy that a report rests on.
pub(crate) fn masthead(d: &Dossier) -> Block {
    let signed = d.store.signed_by.as_deref().map_or_else(|| "unsigned".to_owned(), |k| format!("signed by {k}"));
    let fact = |label: &str, value: Inlines| Fact { label: label.to_owned(), value };
    Block::Cover(Cover {
        full_page: false,
        facts: vec![
            fact("Period", text(format!("{} ({})", d.assessment.period.label, d.assessment.period.timezone))),
            fact("Evidence read up to", text(moment(d.assessment.period.as_of))),
            fact("Judged against", text(format!("{}, version {}", d.policy.title, d.policy.version))),
            fact("Evidence store", text(format!("run {}, {signed}", d.store.last_run))),
        ],
    })
}

/// Whether the systems were recoverable.
pub(crate) struct Recoverable {
    /// The answer in one sentence.
    pub lead: Block,
    /// Its mood.
    pub tone: Tone,
    /// Systems that had a gap.
    pub broken: Vec<String>,
    /// Systems of which nobody can tell.
    pub untold: Vec<String>,
}

pub(crate) fn recoverable(d: &Dossier) -> Recoverable {
    let results = &d.assessment.results;
    let of = |check: &'static str, state: State| results.iter().filter(move |r| r.check == check && r.state == state);
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
    let lead = Block::Para(Para {
        role: ParaRole::Lead,
        inlines: vec![
            strong(format!("{word}. ")),
            figure(d, "results/FRQ-01/pass", kept.to_string()),
            plain(format!(
                " of {} always had a good recovery point no older than {limit}.",
                count(judged.len(), "protected system", "protected systems")
            )),
        ],
    });
    Recoverable { lead, tone, broken, untold }
}

/// Names of systems (or the unit itself) of some results, each once, in order.
pub(crate) fn names<'a>(dossier: &'a Dossier, results: impl Iterator<Item = &'a CheckResult>) -> Vec<String> {
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
