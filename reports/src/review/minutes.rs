//! Template of the minutes: who was there, what was decided, who signs.

use model::dossier::Dossier;

use super::decisions::Decision;
use crate::block::{Align, Block, Fact, Inlines, KeyValue, column, row};
use crate::parts::{heading, note, table, text};

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
    let mut decided: Vec<_> = asked
        .iter()
        .enumerate()
        .map(|(n, decision)| row(vec![text((n + 1).to_string()), text(decision.question.clone()), line(), line()]))
        .collect();
    decided.push(row(vec![text((asked.len() + 1).to_string()), line(), line(), line()]));
    out.push(table(
        "decided-table",
        format!("Decisions: {} asked, and room for more", asked.len()),
        vec![
            column("No.", Align::Right, 0.5),
            column("Asked", Align::Left, 4.6),
            column("Decided, and why", Align::Left, 3.4),
            column("Who, by when", Align::Left, 1.6),
        ],
        decided,
    ));
    let roles = d.governance.roles.iter().filter(|r| !r.holders.is_empty());
    let mut people: Vec<Vec<Inlines>> =
        roles.map(|r| vec![text(r.name.clone()), text(r.holders.join(", ")), line(), line(), line()]).collect();
    people.push(vec![line(), line(), line(), line(), line()]);
    out.push(table(
        "attendees-table",
        "Attendees and signatures",
        vec![
            column("Role", Align::Left, 2.3),
            column("Name", Align::Left, 2.6),
            column("Present", Align::Left, 0.9),
            column("Signature", Align::Left, 2.6),
            column("Date", Align::Left, 1.3),
        ],
        people.into_iter().map(row).collect(),
    ));
    out
}

/// Room to write on.
fn line() -> Inlines {
    text("\u{a0}")
}
