//! Observed recovery point and recovery time against target, and restore tests.

use model::dossier::{Dossier, SystemSheet, TestSheet};

use super::{dash_if_empty, evidenced, heading, note, para, seconds, short, text};
use crate::block::{Align, Block, Inlines, State, Table, badge, column, row, text as plain};

pub(crate) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "objectives", "Recovery objectives: observed against target")];
    out.push(note(
        "Recovery point: the most data that would have been lost at the worst instant of the period. Recovery time: from the order to restore \
         to the validated service, in the newest test that measured it.",
    ));
    let rows: Vec<_> = d.systems.iter().map(objective_row).collect();
    out.extend(evidenced(
        d,
        Table::new(
            "objectives-table",
            "Observed recovery point and recovery time",
            vec![
                column("System", Align::Left, 2.4),
                column("RPO target", Align::Right, 1.2),
                column("RPO observed", Align::Left, 2.2),
                column("Longest gap", Align::Left, 2.4),
                column("RTO target", Align::Right, 1.2),
                column("RTO observed", Align::Left, 1.8),
                column("Last test (UTC)", Align::Left, 1.6),
            ],
            rows,
        ),
        &["recovery_points", "backup_runs", "pitr_status", "restore_tests"],
        None,
        "",
    ));
    out.push(heading(2, "tests", "Restore tests of the period"));
    if d.tests.is_empty() {
        out.push(para(text("No restore test ended in the period.")));
        return out;
    }
    let rows: Vec<_> = d.tests.iter().map(test_row).collect();
    out.extend(evidenced(
        d,
        Table::new(
            "tests-table",
            "Restore tests and real restores",
            vec![
                column("Test", Align::Left, 2.2),
                column("System", Align::Left, 2.0),
                column("Ended (UTC)", Align::Left, 1.5),
                column("Result", Align::Left, 1.3),
                column("Data check", Align::Left, 1.2),
                column("Restore time", Align::Left, 1.8),
                column("Data loss", Align::Left, 1.8),
                column("By, reviewed by", Align::Left, 1.8),
            ],
            rows,
        ),
        &["restore_tests"],
        None,
        "A restore in a tool's log that a report describes is counted once, as the report.",
    ));
    out
}

/// Observed against target, with the mark of its judgement.
fn judged(observed: Option<i64>, target: Option<i64>) -> Inlines {
    match (observed, target) {
        (Some(o), Some(t)) if o <= t => vec![badge(State::Success, seconds(observed))],
        (Some(_), Some(_)) => vec![badge(State::Failed, seconds(observed))],
        (Some(_), None) => text(seconds(observed)),
        (None, Some(_)) => vec![badge(State::Unknown, "not observed")],
        (None, None) => text("–"),
    }
}

fn objective_row(s: &SystemSheet) -> crate::block::TableRow {
    let rpo: Inlines = match (s.rpo_target_s, s.rpo_shown_s, s.rpo_bound_s) {
        (None, ..) => text("not applicable"),
        (Some(t), Some(shown), _) if shown > t => vec![badge(State::Failed, seconds(Some(shown)))],
        (Some(t), _, Some(bound)) if bound <= t => {
            vec![badge(State::Success, format!("at most {}", seconds(Some(bound))))]
        }
        (Some(_), _, Some(bound)) => vec![badge(State::Unknown, format!("not proven; up to {}", seconds(Some(bound))))],
        (Some(_), _, None) => vec![badge(State::Unknown, "not observed")],
    };
    let gap: Inlines = match &s.longest_gap {
        None => text("–"),
        Some((gap, from, _)) => {
            let known = if s.gap_covered { "" } else { " (evidence has holes)" };
            text(format!("{} from {}{known}", seconds(Some(*gap)), short(Some(*from))))
        }
    };
    row(vec![
        text(s.name.clone()),
        text(s.rpo_target_s.map_or_else(|| "none".to_owned(), |t| seconds(Some(t)))),
        rpo,
        gap,
        text(seconds(s.rto_target_s)),
        judged(s.rto_observed_s, s.rto_target_s),
        text(short(s.last_test_at)),
    ])
}

fn test_row(t: &TestSheet) -> crate::block::TableRow {
    let state = match t.result.as_str() {
        "success" => State::Success,
        "partial" => State::Late,
        "failed" | "aborted" => State::Failed,
        _ => State::Running,
    };
    let against = |observed: Option<i64>, target: Option<i64>| -> Inlines {
        match (observed, target) {
            (None, _) => text("–"),
            (o, None) => text(seconds(o)),
            (Some(o), Some(target)) => {
                vec![
                    badge(if o <= target { State::Success } else { State::Failed }, seconds(Some(o))),
                    plain(format!(" of {}", seconds(Some(target)))),
                ]
            }
        }
    };
    let people = match (t.performer.is_empty(), t.reviewer.is_empty()) {
        (true, true) if t.from_log => "tool log, no report".to_owned(),
        (_, true) => format!("{}, not reviewed", t.performer),
        _ => format!("{}, {}", t.performer, t.reviewer),
    };
    row(vec![
        text(format!("{} ({})", t.test_id, t.kind)),
        dash_if_empty(&t.system),
        text(short(t.ended_at)),
        vec![badge(state, t.result.clone())],
        text(t.integrity.clone()),
        against(t.rto_s, t.rto_target_s),
        against(t.loss_s, t.rpo_target_s),
        text(people),
    ])
}
