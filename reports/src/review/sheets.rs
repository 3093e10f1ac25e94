//! The workbook of a review: its figures as typed values, without the populations of the operations report.

use model::dossier::Dossier;

use super::capacity::{Held, loss, time};
use super::decisions::decisions;
use crate::parts::sheets::{columns, whole, words};
use crate::sheet::{ColumnKind, Sheet, Value, Workbook};

/// Sheets of the operations report that a review keeps.
const KEPT: [&str; 7] = ["metrics", "findings", "drift", "waivers", "incidents", "controls", "about"];

/// The workbook of a dossier.
#[must_use]
pub fn workbook(d: &Dossier) -> Workbook {
    let mut out = crate::parts::sheets::workbook(d);
    out.sheets.retain(|s| KEPT.contains(&s.name.as_str()));
    out.sheets.insert(1, asked(d));
    out.sheets.insert(2, capacity(d));
    if let Some(actions) = actions(d) {
        out.sheets.insert(3, actions);
    }
    out
}

fn asked(d: &Dossier) -> Sheet {
    let rows = decisions(d)
        .into_iter()
        .enumerate()
        .map(|(n, decision)| {
            vec![whole(n as u64 + 1), words(decision.question), words(decision.why), words(decision.section_title)]
        })
        .collect();
    Sheet {
        name: "decisions".to_owned(),
        columns: columns(&[
            ("number", ColumnKind::Integer),
            ("asked", ColumnKind::Text),
            ("because", ColumnKind::Text),
            ("see", ColumnKind::Text),
        ]),
        rows,
    }
}

fn capacity(d: &Dossier) -> Sheet {
    let number = |s: Option<i64>| s.map_or(Value::Empty, Value::Integer);
    let of = |held: Held| {
        [number(held.target), number(held.observed), held.target.map_or(Value::Empty, |_| Value::Bool(held.met))]
    };
    let rows = d
        .systems
        .iter()
        .map(|s| {
            let mut row = vec![words(s.tier_name.clone()), words(s.system_id.clone()), words(s.name.clone())];
            row.extend(of(loss(s)));
            row.extend(of(time(s)));
            row.push(s.last_test_at.map_or(Value::Empty, Value::Instant));
            row
        })
        .collect();
    use ColumnKind::{Bool, Instant, Integer, Text};
    Sheet {
        name: "capacity".to_owned(),
        columns: columns(&[
            ("tier", Text),
            ("system_id", Text),
            ("name", Text),
            ("rpo_target_s", Integer),
            ("loss_observed_s", Integer),
            ("rpo_proven", Bool),
            ("rto_target_s", Integer),
            ("rto_observed_s", Integer),
            ("rto_proven", Bool),
            ("last_test_at", Instant),
        ]),
        rows,
    }
}

fn actions(d: &Dossier) -> Option<Sheet> {
    let at = |t: Option<model::time::Instant>| t.map_or(Value::Empty, Value::Instant);
    let rows = d
        .governance
        .actions
        .as_ref()?
        .iter()
        .map(|a| {
            vec![
                words(a.action_id.clone()),
                words(a.origin.clone()),
                words(a.kind.clone()),
                words(a.owner.clone()),
                Value::Instant(a.opened_at),
                at(a.due_at),
                at(a.closed_at),
                at(a.verified_at),
                Value::Bool(a.overdue),
            ]
        })
        .collect();
    use ColumnKind::{Bool, Instant, Text};
    Some(Sheet {
        name: "actions".to_owned(),
        columns: columns(&[
            ("action_id", Text),
            ("origin", Text),
            ("kind", Text),
            ("owner", Text),
            ("opened_at", Instant),
            ("due_at", Instant),
            ("closed_at", Instant),
            ("verified_at", Instant),
            ("overdue", Bool),
        ]),
        rows,
    })
}
