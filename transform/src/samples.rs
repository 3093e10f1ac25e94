//! Samples of a packet: seeded draws from the populations that an auditor tests.
//!
//! How many rows follows from the size of the population, by the parameter `sample_sizes` of the policy.

use std::collections::{BTreeMap, BTreeSet};

use model::lineage::{Extract, Place, SampleRow, SampleSheet};
use model::time::{Instant, Period, utc_text};

use crate::assess::{Basis, Judged};
use crate::lineage::{run_place, slot_place};
use crate::sample::{ALGORITHM, draw};
use crate::show;
use crate::world::World;

/// What strata are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stratum {
    /// Tiers of systems.
    Tier,
    /// Systems.
    System,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Seed: any text.
    pub seed: &'a str,
    /// Rows of each population; else those of the policy.
    pub size: Option<u64>,
    /// At least one row of each stratum.
    pub stratify: Option<Stratum>,
}

/// A row that can be drawn.
struct Candidate {
    row_id: String,
    system: Option<usize>,
    at: usize,
}

/// Draws from runs, expected runs, recovery points and restore tests of the period. Extracts are left to whoever can
/// read objects.
#[must_use]
pub fn samples(basis: &Basis<'_>, judged: &Judged, period: Period, ask: Ask<'_>) -> Vec<SampleSheet> {
    let world = &basis.world(period, &judged.slots);
    let runs: Vec<_> = show::shown_runs(basis, &period).collect();
    let points: Vec<_> = show::shown_points(basis, &period).collect();
    let tests: Vec<_> = show::shown_tests(basis, &period).collect();
    let of = |row_id: String, system: Option<usize>, at: usize| Candidate { row_id, system, at };
    let at = |time: Option<Instant>| time.map_or_else(|| "at an unknown time".to_owned(), utc_text);
    vec![
        sheet(
            world,
            "runs",
            runs.iter().enumerate().map(|(n, r)| of(basis.runs.row_id(r.row), r.system, n)).collect(),
            &|n| {
                (format!("{} {}", runs[n].status, at(runs[n].placed_at())), Place::from(run_place(world, runs[n].row)))
            },
            ask,
        ),
        sheet(
            world,
            "slots",
            world
                .slots
                .iter()
                .enumerate()
                .map(|(n, s)| of(format!("slot/{}", s.id(world.inventory)), Some(s.system), n))
                .collect(),
            &|n| (world.slots[n].outcome.to_string(), Place::from(slot_place(world, &world.slots[n]))),
            ask,
        ),
        sheet(
            world,
            "recovery-points",
            points.iter().enumerate().map(|(n, p)| of(p.row_id(world.runs), p.system, n)).collect(),
            &|n| {
                let at_place = points[n].lineage(world.runs).map(|l| Place::from((l.evidence, l.pointer)));
                (format!("taken {}", at(points[n].taken_at())), at_place.unwrap_or_default())
            },
            ask,
        ),
        sheet(
            world,
            "restore-tests",
            tests.iter().enumerate().map(|(n, t)| of(t.row_id.clone(), t.system, n)).collect(),
            &|n| (format!("{} {}", tests[n].row.result, at(tests[n].row.ended_at)), (&tests[n].row.origin).into()),
            ask,
        ),
    ]
}

fn sheet(
    world: &World<'_>,
    population: &str,
    mut all: Vec<Candidate>,
    says: &dyn Fn(usize) -> (String, Place),
    ask: Ask<'_>,
) -> SampleSheet {
    all.sort_by(|a, b| a.row_id.cmp(&b.row_id));
    let total = all.len() as u64;
    let (size, rule) = match ask.size {
        Some(asked) => (asked.min(total), "asked for".to_owned()),
        None => (world.policy.sample_size(total), "parameter sample_sizes".to_owned()),
    };
    let stratum = |c: &Candidate| {
        let system = c.system.map(|i| &world.inventory.systems[i]);
        match ask.stratify {
            None => String::new(),
            Some(Stratum::Tier) => system.and_then(|s| s.tier.clone()).unwrap_or_else(|| "none".to_owned()),
            Some(Stratum::System) => system.map_or_else(|| "none".to_owned(), |s| s.system_id.clone()),
        }
    };
    let tickets: Vec<(&str, u32)> = all.iter().map(|c| (c.row_id.as_str(), 1)).collect();
    let ordered = draw(ask.seed, &tickets, all.len());
    let drawn = pick(&ordered, size, |at| stratum(&all[at]), ask.stratify.is_some());
    let rows = drawn
        .into_iter()
        .map(|(at, draw)| {
            let candidate = &all[*at];
            let (says, place) = says(candidate.at);
            SampleRow {
                row_id: candidate.row_id.clone(),
                draw: draw.clone(),
                system_id: candidate.system.map(|i| world.inventory.systems[i].system_id.clone()).unwrap_or_default(),
                says,
                stratum: stratum(candidate),
                place,
                extract: Extract::default(),
            }
        })
        .collect();
    let mut algorithm = format!("{ALGORITHM}; one ticket a row");
    if ask.stratify.is_some() {
        algorithm.push_str("; first the first row of each stratum, then the others, until the size is reached");
    }
    SampleSheet {
        population: population.to_owned(),
        total,
        size,
        rule,
        seed: ask.seed.to_owned(),
        algorithm,
        stratified_by: match ask.stratify {
            None => String::new(),
            Some(Stratum::Tier) => "tier".to_owned(),
            Some(Stratum::System) => "system_id".to_owned(),
        },
        rows,
    }
}

/// The first `size` of the ordered rows; with strata the first of each goes before all others, even beyond `size`.
fn pick(
    ordered: &[(usize, String)],
    size: u64,
    stratum: impl Fn(usize) -> String,
    stratified: bool,
) -> Vec<&(usize, String)> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if !stratified {
        return ordered.iter().take(size).collect();
    }
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    for (n, (at, _)) in ordered.iter().enumerate() {
        firsts.entry(stratum(*at)).or_insert(n);
    }
    let mut chosen: BTreeSet<usize> = firsts.into_values().collect();
    for n in 0..ordered.len() {
        if chosen.len() >= size {
            break;
        }
        chosen.insert(n);
    }
    chosen.into_iter().filter_map(|n| ordered.get(n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stratum_has_a_row() {
        let ordered: Vec<(usize, String)> = (0..10).map(|n| (n, format!("{n}"))).collect();
        let of = |at: usize| if at == 9 { "rare" } else { "common" }.to_owned();
        let at = |rows: Vec<&(usize, String)>| rows.into_iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(at(pick(&ordered, 3, of, false)), [0, 1, 2]);
        assert_eq!(at(pick(&ordered, 3, of, true)), [0, 1, 9]);
        assert_eq!(at(pick(&ordered, 1, of, true)), [0, 9], "every stratum, even beyond the size");
    }
}
