//! Page one: what could not be read, and where the usual requests of an auditor are answered.

use model::dossier::Dossier;
use model::evidence::SourceStatus;

use crate::block::{
    Align, Block, Callout, Inline, Inlines, State, Table, Tone, badge, column, link, row, text as plain,
};
use crate::parts::{answer, count, figure, heading, kpis, note, of_source, table, text};

/// Columns of the table of frameworks: head, and the states that it counts.
const STATES: [&str; 6] =
    ["Held", "Exceptions noted", "Under a waiver only", "No evidence", "Not applicable", "Not judged"];

/// Page one up to its request list.
pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    vec![answer::masthead(d), incomplete(d)]
}

/// The figures, and the controls of the chosen frameworks by state.
pub(super) fn overview(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "overview", "Overview"), answer::recoverable(d).lead, kpis::row(d)];
    let rows = d
        .chosen()
        .map(|f| {
            let mut counts = [0_u32; STATES.len()];
            for c in &f.controls {
                use model::assessment::State as S;
                let place = match c.state {
                    Some(S::Pass) => 0,
                    Some(S::Fail) if c.only_waived => 2,
                    Some(S::Fail) => 1,
                    Some(S::NoEvidence) => 3,
                    Some(S::NotApplicable) => 4,
                    None => 5,
                };
                if let Some(n) = counts.get_mut(place) {
                    *n += 1;
                }
            }
            let mut cells =
                vec![vec![link(format!("framework-{}", f.id), f.name.split(", ").next().unwrap_or(&f.name))]];
            cells.extend(counts.map(|n| text(n.to_string())));
            row(cells)
        })
        .collect();
    let mut columns = vec![column("Framework", Align::Left, 3.0)];
    columns.extend(STATES.map(|head| column(head, Align::Right, 1.2)));
    out.push(table("frameworks-table", "Controls by framework", columns, rows));
    out.push(note(
        "By the worst result of their checks. Held: all evidence we have speaks for the control, not that the control is met as a whole. \
         The links between controls and checks are our reading, and no opinion of an auditor.",
    ));
    out
}

/// What could not be read, first of all.
fn incomplete(d: &Dossier) -> Block {
    let mut inlines: Inlines = Vec::new();
    for s in d.sources.iter().filter(|s| s.status != SourceStatus::Complete) {
        inlines.extend([
            badge(of_source(s.status), format!("{} {}", s.name, s.status)),
            plain(format!(" {}", s.reason)),
            Inline::Break,
        ]);
    }
    let whole = d.sources.iter().filter(|s| s.status == SourceStatus::Complete).count();
    let tone = if d.sources.is_empty() || !inlines.is_empty() { Tone::Unknown } else { Tone::Good };
    inlines.push(plain(match (d.sources.len(), whole) {
        (0, _) => "No source is configured: nothing was read.".to_owned(),
        (all, whole) if all == whole => format!("{} read to the end. ", count(all, "source was", "sources were")),
        (all, whole) => format!("{whole} of {} read to the end. ", count(all, "source was", "sources were")),
    }));
    if !d.missing.is_empty() {
        let missing = count(d.missing.len(), "result", "results");
        inlines.extend([figure(d, "results/no_evidence", missing), plain(" could not be evaluated; ")]);
        inlines.push(link("gaps", "Gaps"));
        inlines.push(plain(" says what and why."));
    }
    Block::Callout(Callout { tone, title: "What could not be read".to_owned(), inlines })
}

/// What auditors usually ask for.
pub(super) fn requests(d: &Dossier) -> Vec<Block> {
    let given = |population: &str| d.populations.iter().any(|p| p.name == population && p.total > 0);
    let g = &d.governance;
    let recorded = |there: bool| if there { "in this packet" } else { "nothing on record" };
    let has_review = g.reviews.iter().flatten().any(|r| r.kind == "management");
    let requests: [(&str, &str, &str, &str); 16] = [
        (
            "Policy with versions, approval and signatures",
            "policy",
            "Policy document",
            recorded(g.documents.as_ref().is_some_and(|all| !all.is_empty())),
        ),
        ("Inventory with tier, owner, RTO and RPO", "scope", "Scope and inventory", recorded(!d.systems.is_empty())),
        (
            "Coverage, from the inventory to backups and back",
            "coverage",
            "Coverage both ways",
            recorded(!d.systems.is_empty()),
        ),
        (
            "Schedules, retention, encryption, replication",
            "configuration",
            "Configuration",
            recorded(given("plans") || given("storage")),
        ),
        (
            "Full population of expected and actual runs",
            "population",
            "Populations",
            recorded(given("slots") || given("runs")),
        ),
        ("Failures with incident and later success", "closures", "Failures and their closure", "in this packet"),
        ("Sampled rows with their raw record", "samples", "Samples", recorded(!d.samples.is_empty())),
        ("Restore tests per quarter", "tests", "Restore tests", recorded(!d.tests.is_empty())),
        ("Register of exceptions with approvals", "waivers", "Approved exceptions", recorded(!d.waivers.is_empty())),
        (
            "Access list with second factor",
            "access",
            "Access to backup platforms",
            recorded(g.access.as_ref().is_some_and(|all| !all.is_empty())),
        ),
        ("Monthly metrics", "metrics", "Metrics", recorded(!d.trends.is_empty())),
        ("Management review and internal audit", "reviews", "Reviews and audits", recorded(has_review)),
        (
            "Completeness and accuracy of extraction",
            "sources",
            "Sources and completeness",
            recorded(!d.sources.is_empty()),
        ),
        ("What could not be determined, and why", "gaps", "Gaps", "in this packet"),
        ("Changes of scope, configuration and results", "changes", "What changed", "in this packet"),
        ("Manifest, signature and how to verify them", "verify", "How to verify this packet", "in this packet"),
    ];
    let rows = requests
        .into_iter()
        .map(|(asked, id, place, state)| {
            let mark = if state == "in this packet" { State::Success } else { State::Missed };
            row(vec![text(asked), vec![link(id, place)], vec![badge(mark, state)]])
        })
        .collect();
    vec![
        heading(1, "requests", "What auditors ask for, and where it is"),
        Table::new(
            "requests-table",
            "The usual request list",
            vec![
                column("Request", Align::Left, 5.0),
                column("Answered under", Align::Left, 3.2),
                column("State", Align::Left, 1.8),
            ],
            rows,
        )
        .dense()
        .into(),
    ]
}
