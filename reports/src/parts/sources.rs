//! Checks evaluated, sources and their completeness, method and definitions.

use model::dossier::Dossier;

use super::{code, dash_if_empty, heading, note, of_result, of_source, para, provenance, short, table, text};
use crate::block::{
    Align, Block, Completeness, Fact, Inline, KeyValue, List, badge, code as mono, column, row, strong, text as plain,
};

pub(crate) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "checks", "Checks evaluated")];
    out.push(note("Passes as well as findings: the number of units in each state."));
    let rows = d
        .checks
        .iter()
        .map(|c| {
            let (state, word) = of_result(c.state, c.counts[1] == 0 && c.counts[2] > 0);
            let mut cells = vec![code(c.id.clone()), text(c.title.clone()), vec![badge(state, word)]];
            cells.extend(c.counts.iter().map(|n| text(if *n == 0 { "–".to_owned() } else { n.to_string() })));
            row(cells)
        })
        .collect();
    out.push(table(
        "checks-table",
        "Results by check",
        vec![
            column("Check", Align::Left, 1.1),
            column("Title", Align::Left, 4.2),
            column("State", Align::Left, 1.6),
            column("Pass", Align::Right, 0.8),
            column("Fail", Align::Right, 0.8),
            column("Waived", Align::Right, 1.0),
            column("Not appl.", Align::Right, 1.0),
            column("No evid.", Align::Right, 1.0),
        ],
        rows,
    ));
    out.extend(sources(d));
    out.extend(method(d));
    out
}

pub(crate) fn sources(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "sources", "Sources and completeness")];
    out.push(note(
        "Where every row comes from. A missing record proves a miss only where a complete source covers the time; a source collected before the \
         period ended covers only up to its collection. The window of each source is what it states to cover.",
    ));
    let rows = d
        .sources
        .iter()
        .map(|s| {
            let counts: Vec<String> = s.counts.iter().map(|(t, n)| format!("{n} {}", t.replace('_', " "))).collect();
            row(vec![
                vec![strong(s.name.clone()), Inline::Break, mono(s.endpoint.clone())],
                vec![badge(of_source(s.status), s.status.as_str())],
                text(short(s.collected_at)),
                dash_if_empty(&counts.join(", ")),
                text(format!("{} kept, {} passed over", s.objects.len(), s.passed_over)),
            ])
        })
        .collect();
    out.push(table(
        "sources-table",
        "Sources as last collected",
        vec![
            column("Source", Align::Left, 2.2),
            column("State", Align::Left, 1.3),
            column("Collected (UTC)", Align::Left, 1.4),
            column("Rows", Align::Left, 3.4),
            column("Objects", Align::Left, 1.8),
        ],
        rows,
    ));
    out.push(Block::Completeness(Completeness {
        table: "sources-table".to_owned(),
        rows_in_table: d.sources.len() as u64,
        identity: String::new(),
        extracted: String::new(),
        sources: d.sources.iter().map(|s| provenance(s, None)).collect(),
        note: text("The run manifests in the evidence store hold name, size and hash of every object."),
    }));
    for source in d.sources.iter().filter(|s| !s.reason.is_empty()) {
        out.push(heading(
            2,
            &format!("source-{}", source.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
            format!("{}: {}", source.name, source.status),
        ));
        let mut items: Vec<Vec<Inline>> = source.problems.iter().take(20).map(|p| text(p.clone())).collect();
        if items.is_empty() {
            items.push(text(source.reason.clone()));
        }
        if source.problems.len() > 20 {
            items.push(text(format!("and {} more, all in the run manifest", source.problems.len() - 20)));
        }
        out.push(Block::List(List { ordered: false, items }));
    }
    out
}

pub(crate) fn method(d: &Dossier) -> Vec<Block> {
    let fact = |label: &str, value: &str| Fact { label: label.to_owned(), value: text(value) };
    let mut out = vec![heading(1, "method", "Method and definitions")];
    out.push(para(vec![
        plain("Evidence is kept unaltered in an append-only store; this report was computed from run "),
        strong(d.store.last_run.to_string()),
        plain(" of store "),
        mono(d.store.store_id.clone()),
        plain(", whose manifest has SHA-256 "),
        mono(d.store.last_manifest.clone()),
        plain(". The same store, inventory, registers, period and as-of instant give the same report, byte for byte."),
    ]));
    out.push(Block::KeyValue(KeyValue {
        facts: vec![
            fact("Slot", "One expected run of one plan. Attempts of the schedule between this instant and the next belong to it; retries are attempts of the same slot; manual runs fill none."),
            fact("Success, late", "A good recovery point by the deadline (scheduled instant + start window + longest run time, never later than the next slot); late if after it but before the next slot."),
            fact("Failed", "An attempt ended without success and none succeeded before the next slot. Partial, empty or damaged recovery points are no success."),
            fact("Missed", "No attempt, and a complete source covers the start window. Without such a source the slot is unknown."),
            fact("Overrun", "An attempt is still not final after the deadline."),
            fact("Good recovery point", "Complete, with content, from a successful run, not proven damaged, and no mere copy."),
            fact("Result states", "Pass and fail need sufficient evidence. No evidence names what is missing and is never turned into a pass. Not applicable states its reason."),
            fact("Waiver", "An exception approved by every role its risk level needs. It waives from the last needed approval until its expiry, only what it names, and never improves a metric."),
            fact("Roll-up", "Fail before no evidence before pass; not applicable only if all are."),
            fact("Time", "Instants are UTC; months are cut in the reporting zone; schedules are expanded in their own zone, across daylight saving changes without a lost or doubled slot."),
        ],
    }));
    out.push(heading(2, "definitions", "Metrics"));
    out.push(Block::KeyValue(KeyValue {
        facts: d
            .trends
            .iter()
            .map(|t| Fact { label: t.title.clone(), value: text(format!("{} {}", t.population, t.definition)) })
            .collect(),
    }));
    out.push(heading(2, "parameters", "Parameters"));
    out.push(note("Origin: policy, from its text; default, ours because the policy is silent, to be confirmed by its owner; organization, set in the configuration."));
    let rows = d
        .policy
        .parameters
        .iter()
        .map(|[id, value, origin, meaning]| {
            row(vec![code(id.clone()), text(value.clone()), text(origin.clone()), text(meaning.clone())])
        })
        .collect();
    out.push(table(
        "parameters-table",
        "Parameters that results used",
        vec![
            column("Parameter", Align::Left, 2.4),
            column("Value", Align::Left, 1.3),
            column("Origin", Align::Left, 1.1),
            column("Meaning", Align::Left, 4.0),
        ],
        rows,
    ));
    out
}
