//! Systems by tier with their slots as calendar strips.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday};
use model::assessment::Outcome;
use model::dossier::{DayCell, Dossier, SystemSheet};

use super::{count, dash_if_empty, evidenced, heading, note, of_outcome, of_result, short, text};
use crate::block::{
    Align, Block, Day, HeatStrip, State, StripCell, StripRow, Table, badge, column, row, strong, text as plain,
};

pub(crate) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "systems", "Systems and their backups")];
    out.push(note(
        "One cell a day, the worst outcome of the runs expected that day. The figure at the end of a row is good runs of counted runs; \
         runs whose outcome is unknown are not counted.",
    ));
    let mut tiers: Vec<(&str, Vec<&SystemSheet>)> = Vec::new();
    for system in &d.systems {
        match tiers.iter_mut().find(|(name, _)| *name == system.tier_name) {
            Some((_, members)) => members.push(system),
            None => tiers.push((&system.tier_name, vec![system])),
        }
    }
    let days: Vec<Day> = d
        .days
        .iter()
        .map(|date| {
            let parsed = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok();
            Day {
                label: parsed.map(|p| p.day().to_string()).unwrap_or_default(),
                date: date.clone(),
                week_start: parsed.is_some_and(|p| p.weekday() == Weekday::Mon),
            }
        })
        .collect();
    let mut total = 0;
    for (i, (name, members)) in tiers.iter().enumerate() {
        out.push(heading(2, &format!("tier-{i}"), format!("{name} · {}", count(members.len(), "system", "systems"))));
        // Long periods: at most a quarter of days side by side.
        for (part, chunk) in days.chunks(92).enumerate() {
            let from = part * 92;
            let rows = members.iter().flat_map(|s| strip_rows(s, from, chunk.len())).collect::<Vec<_>>();
            if !rows.is_empty() {
                out.push(Block::HeatStrip(HeatStrip {
                    id: format!("strip-{i}-{part}"),
                    caption: format!("Expected runs of {name}, day by day"),
                    days: chunk.to_vec(),
                    rows,
                    legend: Vec::new(),
                }));
            }
        }
        total += members.len();
        out.extend(evidenced(
            d,
            members_table(i, name, members),
            &["backup_runs", "recovery_points"],
            Some(&members.iter().map(|m| m.platform.as_str()).collect()),
            "The inventory of the workspace gives the rows; the sources below give runs and recovery points.",
        ));
    }
    if total == 0 {
        out.push(note("No system of the inventory was in scope and in service."));
    }
    out
}

fn strip_rows(system: &SystemSheet, from: usize, len: usize) -> Vec<StripRow> {
    let several = system.plans.iter().filter(|p| !p.continuous).count() > 1;
    system
        .plans
        .iter()
        .filter(|p| !p.continuous)
        .map(|plan| {
            let cells: Vec<&Option<DayCell>> = plan.days.iter().skip(from).take(len).collect();
            let sum = |f: &dyn Fn(&DayCell) -> u32| plan.days.iter().flatten().map(f).sum::<u32>();
            let (good, slots) = (sum(&|c| c.good), sum(&|c| c.slots));
            StripRow {
                label: if several {
                    vec![strong(system.name.clone()), plain(format!(" {}", plan.plan_id))]
                } else {
                    vec![strong(system.name.clone())]
                },
                note: plan.schedule.clone(),
                cells: cells.into_iter().map(|c| cell(*c)).collect(),
                summary: format!("{good}/{slots}"),
            }
        })
        .collect()
}

fn cell(cell: Option<DayCell>) -> StripCell {
    match cell {
        None => StripCell { state: State::NoSlot, text: String::new() },
        Some(c) => {
            let state = if c.waived { State::Waived } else { of_outcome(c.outcome) };
            let word = c.outcome.as_str().replace('_', " ");
            let text = if c.slots == 1 { word } else { format!("{} of {} good, worst: {word}", c.good, c.slots) };
            StripCell { state, text: if c.outcome == Outcome::Cancelled { "cancelled".to_owned() } else { text } }
        }
    }
}

fn members_table(index: usize, name: &str, members: &[&SystemSheet]) -> Table {
    let rows = members
        .iter()
        .map(|s| {
            let (state, word) = of_result(s.state, s.failing.is_empty() && !s.waived.is_empty());
            let mut findings: BTreeMap<u8, String> = BTreeMap::new();
            if !s.failing.is_empty() {
                findings.insert(0, s.failing.join(", "));
            }
            if !s.waived.is_empty() {
                findings.insert(1, format!("waived: {}", s.waived.join(", ")));
            }
            if !s.no_evidence.is_empty() {
                findings.insert(2, format!("no evidence: {}", s.no_evidence.join(", ")));
            }
            let findings: Vec<String> = findings.into_values().collect();
            row(vec![
                vec![strong(s.name.clone()), crate::block::Inline::Break, crate::block::code(s.system_id.clone())],
                vec![badge(state, word)],
                text(format!("{}, {}", s.kind.replace('_', " "), s.platform)),
                dash_if_empty(&s.owner),
                text(short(s.newest_point_at)),
                dash_if_empty(&findings.join("; ")),
            ])
        })
        .collect();
    Table::new(
        format!("systems-{index}"),
        format!("Systems of {name}"),
        vec![
            column("System", Align::Left, 2.2),
            column("State", Align::Left, 1.2),
            column("Kind, tool", Align::Left, 1.6),
            column("Owner", Align::Left, 1.5),
            column("Newest good point (UTC)", Align::Left, 1.5),
            column("Checks that failed or could not be evaluated", Align::Left, 3.2),
        ],
        rows,
    )
}
