//! ISO/IEC 27001, clause 9.3: where each input of a management review is found, and what has to be brought to it. The
//! standard is copyrighted; the words are ours.

use model::dossier::Dossier;

use crate::block::{Align, Block, Inline, Inlines, State, Table, badge, column, link, row, text as plain};
use crate::parts::{count, day, heading, note, text};

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let to = |id: &str, words: &str| link(id, words);
    let brought = |what: &str| -> Inlines { vec![badge(State::Missed, "to be brought"), plain(format!(" {what}"))] };
    let list = |items: Vec<Inline>| -> Inlines {
        let mut out = Vec::new();
        for item in items {
            if !out.is_empty() {
                out.push(plain(", "));
            }
            out.push(item);
        }
        out
    };
    let with = |mut found: Inlines, more: Inlines| {
        found.push(Inline::Break);
        found.extend(more);
        found
    };
    let (earlier, audit) = (last(d, "management"), last(d, "internal audit"));
    let actions = d.governance.actions.as_ref().map_or_else(
        || plain("no register of actions"),
        |all| {
            let open = all.iter().filter(|a| a.closed_at.is_none()).count();
            plain(format!("{} on record, {open} open", count(all.len(), "action", "actions")))
        },
    );
    let rows = [
        (
            "a",
            "What became of the actions of earlier reviews",
            with(list(vec![to("overdue", "Overdue"), actions]), earlier),
        ),
        (
            "b",
            "Changes inside and outside that matter",
            with(list(vec![to("changes", "Better and worse")]), brought("changes outside the organisation")),
        ),
        ("c", "Changed needs of those who depend on the systems", brought("contracts, law, customers")),
        (
            "d 1",
            "What was not met and how it was corrected",
            list(vec![to("findings", "Findings by risk"), to("incidents", "Incidents and lessons")]),
        ),
        ("d 2", "Results of measuring", list(vec![to("metrics", "Metrics")])),
        ("d 3", "Results of audits", audit),
        (
            "d 4",
            "Whether objectives were met",
            list(vec![to("capacity", "Capacity to recover"), to("metrics", "Metrics")]),
        ),
        ("e", "What those concerned said", brought("feedback of owners, users and customers")),
        (
            "f",
            "Risks and how they are treated",
            with(
                list(vec![to("findings", "Findings by risk"), to("overdue", "Overdue"), waivers(d)]),
                brought("the risk register"),
            ),
        ),
        (
            "g",
            "Chances to improve",
            list(vec![to("decisions", "Decisions asked"), to("incidents", "Incidents and lessons")]),
        ),
        ("out", "Decisions on improvements and changes, kept as a record", list(vec![to("minutes", "Minutes")])),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(id, what, found)| row(vec![text(id), text(what), found])).collect();
    vec![
        heading(1, "clause", "What was available to the review"),
        note(
            "ISO/IEC 27001:2022, clause 9.3, names what goes into a management review and what comes out of it (in our words). This report holds what \
             evidence of backups can tell; the rest has to be brought to the meeting.",
        ),
        Table::new(
            "clause-table",
            "Inputs and outputs of a management review",
            vec![
                column("9.3", Align::Left, 0.6),
                column("Input or output", Align::Left, 3.4),
                column("Where it is found", Align::Left, 5.0),
            ],
            rows,
        )
        .dense()
        .into(),
    ]
}

/// The last review of a kind, with what it decided or found.
fn last(d: &Dossier, kind: &str) -> Inlines {
    let Some(reviews) = &d.governance.reviews else {
        return vec![badge(State::Unknown, format!("not known: no register of reviews ({kind})"))];
    };
    match reviews.iter().rev().find(|r| r.kind == kind) {
        None => vec![badge(State::Missed, format!("none on record: {kind}"))],
        Some(r) => {
            let by = if r.performer.is_empty() { String::new() } else { format!(" by {}", r.performer) };
            let found = if r.findings.is_empty() { String::new() } else { format!(": {}", r.findings.join("; ")) };
            vec![plain(format!("last {kind}: {}, {}{by}{found}", r.review_id, day(r.performed_at)))]
        }
    }
}

fn waivers(d: &Dossier) -> Inline {
    let effective = d.waivers.iter().filter(|w| w.standing == "effective").count();
    plain(count(effective, "exception in force", "exceptions in force"))
}
