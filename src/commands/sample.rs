//! `backproof sample`: rows drawn from a population with a seed, so that anyone can redraw them.

use model::assessment::PeriodInfo;
use serde_json::{Map, Value, json};
use transform::sample::{ALGORITHM, draw};

use crate::cli::{Globals, PeriodArgs, Population, Table};
use crate::failure::{End, Failure};
use crate::{judge, output, workspace};

impl Population {
    /// The table of `show` that holds it, where one does.
    const fn table(self) -> Option<Table> {
        match self {
            Self::Runs => Some(Table::Runs),
            Self::Slots => Some(Table::Slots),
            Self::RecoveryPoints => Some(Table::RecoveryPoints),
            Self::RestoreTests => Some(Table::RestoreTests),
            Self::Systems => Some(Table::Systems),
            Self::RestoreCandidates => None,
        }
    }
}

/// Columns of restore candidates that people see.
const CANDIDATES: &[&str] =
    &["system_id", "tier", "last_test_at", "last_test_id", "tickets", "recovery_point", "taken_at"];

/// Runs the command.
pub fn run(
    population: Population,
    size: usize,
    seed: &str,
    period: &PeriodArgs,
    globals: &Globals,
) -> Result<End, Failure> {
    let loaded = workspace::open(globals)?;
    judge::with(&loaded, period, globals, |basis, judged, period| {
        let (name, columns, rows) = match population.table().map(Table::shown) {
            Some((name, columns)) => {
                (name, columns, transform::show::rows(name, basis, judged, &period)?.unwrap_or_default())
            }
            None => ("restore-candidates", CANDIDATES, transform::candidates::rows(basis, judged, period, seed)),
        };
        let tickets: Vec<(&str, u32)> = rows
            .iter()
            .map(|row| {
                let held = row.get("tickets").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
                (row.get("row_id").and_then(Value::as_str).unwrap_or_default(), held.unwrap_or(1))
            })
            .collect();
        let drawn: Vec<Map<String, Value>> = draw(seed, &tickets, size)
            .into_iter()
            .filter_map(|(at, draw)| {
                let mut row = rows.get(at)?.clone();
                row.insert("draw".into(), json!(draw));
                Some(row)
            })
            .collect();
        let mut envelope = Map::new();
        envelope.insert("schema".into(), json!("backproof.sample/1"));
        envelope.insert("population".into(), json!(name));
        envelope.insert("population_size".into(), json!(rows.len()));
        envelope.insert("size".into(), json!(drawn.len()));
        envelope.insert("seed".into(), json!(seed));
        envelope.insert("algorithm".into(), json!(ALGORITHM));
        envelope.insert("period".into(), json!(PeriodInfo::of(&period, basis.input.as_of)));
        output::rows(envelope, &drawn, columns, globals)?;
        Ok(judge::end(judged, None))
    })
}
