//! DOC-04: the controls that the policy cites exist and fit, and those that its statements serve are cited.

use std::collections::BTreeSet;

use model::controls::{Framework, Relevance, TitleKind};
use model::policy::{Citation, Verdict};

use super::super::common::names;
use super::super::faults::Faults;
use super::super::notes::Notes;
use crate::judgement::Judgement;
use crate::world::World;

/// DOC-04, one result a framework, `<document>:<framework>`, so that each can be corrected on its own.
///
/// Identifiers of a vendor are tested for existence and for what the policy's own list says of them: its titles are
/// public listings, so what it lacks is a remark. Wildcards are remarks too.
pub fn fit(world: &World<'_>) -> Vec<Judgement> {
    let policy = world.policy;
    let document = policy.document.document_id.as_str();
    let cited = policy.citations.iter().map(|c| c.framework.as_str());
    let mapped = policy.statements.iter().flat_map(|s| s.controls.keys().map(String::as_str));
    let frameworks: BTreeSet<&str> = cited.chain(mapped).collect();
    if frameworks.is_empty() {
        return vec![Judgement::no_evidence(
            document,
            "citations_not_given",
            "The policy's data name no control of any framework (citation, statement.controls).",
        )];
    }
    frameworks
        .into_iter()
        .map(|id| {
            let unit = format!("{document}:{id}");
            match world.controls.framework(id) {
                Some(framework) => judge(world, &unit, framework),
                None => Judgement::no_evidence(
                    unit,
                    "framework_not_given",
                    format!("The data of the framework {id} are missing: whether its controls exist is not known."),
                ),
            }
        })
        .collect()
}

fn judge(world: &World<'_>, unit: &str, framework: &Framework) -> Judgement {
    let policy = world.policy;
    let vendor = framework.controls.iter().any(|c| c.title_kind == TitleKind::PublicListing);
    let cited: Vec<&Citation> = policy.citations.iter().filter(|c| c.framework == framework.id).collect();
    let mapped: BTreeSet<&str> =
        policy.statements.iter().filter_map(|s| s.controls.get(&framework.id)).flatten().map(String::as_str).collect();
    let of = |holds: &dyn Fn(&Citation) -> bool| -> Vec<String> {
        cited.iter().filter(|c| holds(c)).map(|c| format!("{} ({})", c.as_cited, c.section)).collect()
    };
    let (mut faults, mut notes) = (Faults::default(), Notes::default());
    let unknown = of(&|c| c.resolves_to.is_empty() || c.resolves_to.iter().any(|id| framework.control(id).is_none()));
    let miscited = of(&|c| c.verdict == Verdict::Miscited);
    let unrelated = of(&|c| c.verdict == Verdict::Unrelated);
    let already = |c: &Citation| matches!(c.verdict, Verdict::Miscited | Verdict::Unrelated);
    let unsupported = of(&|c| {
        c.verdict == Verdict::Unsupported
            || !vendor && !already(c) && !c.resolves_to.iter().any(|id| mapped.contains(id.as_str()))
    });
    for (all, code, what) in [
        (unknown, "unknown_control", "no control of the framework"),
        (miscited, "miscited", "cited for something that the control does not say"),
        (unrelated, "unrelated", "not about backup"),
        (unsupported, "unsupported", "cited without a statement of the policy behind it"),
    ] {
        faults.add_if(!all.is_empty(), code, || format!("{what}: {}", all.join(", ")));
    }
    let resolved: BTreeSet<&str> = cited.iter().flat_map(|c| c.resolves_to.iter().map(String::as_str)).collect();
    let left_out: Vec<&str> = framework
        .controls
        .iter()
        .filter(|c| c.relevance == Relevance::Primary)
        .map(|c| c.id.as_str())
        .filter(|id| mapped.contains(id) && !resolved.contains(id))
        .collect();
    if vendor && !left_out.is_empty() {
        notes.add("not_cited", format!("By its public titles the list lacks {}.", left_out.join(", ")));
    } else {
        let count = left_out.len();
        faults.add_if(count > 0, "not_cited", || {
            let of =
                if cited.is_empty() { "the policy does not cite the framework at all; not cited" } else { "not cited" };
            format!("{of}, although statements serve them: {}", left_out.join(", "))
        });
    }
    let imprecise = of(&|c| c.verdict == Verdict::Imprecise);
    if !imprecise.is_empty() {
        notes.add("imprecise", format!("Cited as a family instead of single controls: {}.", names(&imprecise)));
    }
    let good = format!("All {} citations of {} exist and fit.", cited.len(), framework.name);
    notes.on(faults.judge(unit, &format!("Citations of {}", framework.name), good))
}
