//! Template of the minutes: who was there, what was decided, who signs.

use model::dossier::Dossier;

use super::decisions::Decision;
use crate::block::{Align, Block, Fact, Inline, Inlines, KeyValue, column, row};
use crate::parts::{count, heading, note, table, text};

pub(super) fn blocks(d: &Dossier, asked: &[Decision]) -> Vec<Block> {
    let fact = |label: &str, value: Inlines| Fact { label: label.to_owned(), value };
    let mut out = vec![
        heading(1, "minutes", "Minutes"),
        note(
            "To be filled in at the meeting, signed, and kept as a record in the register of reviews (kind management).",
        ),
        Block::KeyValue(KeyValue {
            facts: vec![
                fact("Subject", text(format!("Management review of backup and restore, {}", d.period_title))),
                fact("Date and place", line()),
                fact("Chair, minutes taken by", line()),
            ],
        }),
    ];
    let roles = d.governance.roles.iter().filter(|r| !r.holders.is_empty());
    let mut people: Vec<Vec<Inlines>> =
        roles.map(|r| vec![text(r.name.clone()), text(r.holders.join(", ")), line()]).collect();
    people.extend((0..2).map(|_| vec![line(), line(), line()]));
    out.push(table(
        "attendees-table",
        "Attendees",
        vec![column("Role", Align::Left, 2.0), column("Name", Align::Left, 3.0), column("Present", Align::Left, 1.4)],
        people.into_iter().map(row).collect(),
    ));
    let mut decided: Vec<_> = asked
        .iter()
        .enumerate()
        .map(|(n, decision)| row(vec![text((n + 1).to_string()), text(decision.question.clone()), line(), line()]))
        .collect();
    decided.extend((0..2).map(|n| row(vec![text((asked.len() + n + 1).to_string()), line(), line(), line()])));
    out.push(table(
        "decided-table",
        format!("Decisions: {} asked, and room for more", count(asked.len(), "one", "those")),
        vec![
            column("No.", Align::Right, 0.5),
            column("Asked", Align::Left, 3.8),
            column("Decided, and why", Align::Left, 3.8),
            column("Who, by when", Align::Left, 1.9),
        ],
        decided,
    ));
    out.push(table(
        "signatures-table",
        "Signatures",
        vec![
            column("Role", Align::Left, 2.0),
            column("Name", Align::Left, 2.4),
            column("Signature", Align::Left, 3.2),
            column("Date", Align::Left, 1.4),
        ],
        (0..3).map(|_| row(vec![tall(), tall(), tall(), tall()])).collect(),
    ));
    out
}

/// Room to write on.
fn line() -> Inlines {
    text("\u{a0}")
}

/// Room for a signature.
fn tall() -> Inlines {
    vec![crate::block::text("\u{a0}"), Inline::Break, crate::block::text("\u{a0}")]
}
