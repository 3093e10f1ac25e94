//! What complete sources cover: the difference between "missed" and "unknown".
//!
//! `[conventions] source_coverage`: a missing row is evidence of a miss only where a source that
//! is complete covers the table, the object and the interval. A source collected before the
//! period ended covers only up to its collection.

use model::evidence::{SourceRun, SourceStatus};
use model::inventory::{Inventory, System};
use model::time::Instant;

/// Half-open interval `[from, to)`.
pub type Interval = (Instant, Instant);

/// What one collection covers.
#[derive(Debug, Clone)]
struct Cover {
    source: String,
    tables: Vec<String>,
    systems: Vec<String>,
    interval: Vec<Interval>,
}

/// The union of all complete collections up to `as_of`.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    covers: Vec<Cover>,
}

/// Sorts and joins intervals that touch or overlap.
#[must_use]
pub fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|(a, b)| a < b);
    intervals.sort_unstable();
    let mut out: Vec<Interval> = Vec::new();
    for (from, to) in intervals {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// The parts of `[from, to)` outside of `intervals` (which [`union`] gave).
#[must_use]
pub fn holes(intervals: &[Interval], from: Instant, to: Instant) -> Vec<Interval> {
    let mut out = Vec::new();
    let mut at = from;
    for (a, b) in intervals {
        if *b <= at {
            continue;
        }
        if *a >= to {
            break;
        }
        if *a > at {
            out.push((at, *a));
        }
        at = *b;
    }
    if at < to {
        out.push((at, to));
    }
    out
}

/// True where a pattern of the inventory is covered by what was listed: where nothing that it could match lies outside.
///
/// What was listed is given by beginnings of resource ids. A beginning ends where a name ends: `github:acme/app` says
/// nothing of `github:acme/app2`, nor of the pattern `github:acme/app*`.
fn is_listed(pattern: &str, listed: &[String]) -> bool {
    let fixed = pattern.split(['*', '?', '[', '{']).next().unwrap_or_default();
    let within = |beginning: &String| {
        fixed.strip_prefix(beginning.as_str()).is_some_and(|rest| {
            let is_whole = rest.is_empty() && fixed.len() == pattern.len();
            is_whole || rest.starts_with('/') || beginning.ends_with(['/', ':'])
        })
    };
    listed.is_empty() || listed.iter().any(within)
}

impl Coverage {
    /// Of these collections. `tables` gives the tables that a kind of source fills.
    ///
    /// `*` in a statement of a tool's source means the systems whose resources are of that tool; in a
    /// generic run log and in restore reports it means every system.
    #[must_use]
    pub fn of(collections: &[SourceRun], inventory: &Inventory, tables: fn(&str) -> Vec<String>) -> Self {
        let mut covers: Vec<Cover> = Vec::new();
        for run in collections {
            for stated in run.covers.iter().filter(|c| c.complete && run.status == SourceStatus::Complete) {
                let to = stated.to.map_or(run.collected_at, |to| to.min(run.collected_at));
                let gaps = union(stated.gaps.iter().map(|g| (g.from, g.to)).collect());
                let interval = holes(&gaps, stated.from, to.max(stated.from));
                let systems = if stated.systems.iter().any(|s| s == "*") {
                    let prefix = format!("{}:", run.kind);
                    let generic = matches!(run.kind.as_str(), "runs" | "restore-reports");
                    let of_kind = |s: &&System| {
                        let mut own = s.resources.iter().filter(|r| r.starts_with(&prefix)).peekable();
                        generic || (own.peek().is_some() && own.all(|r| is_listed(r, &stated.resources)))
                    };
                    inventory.systems.iter().filter(of_kind).map(|s| s.system_id.clone()).collect()
                } else {
                    stated.systems.clone()
                };
                let tables = if stated.tables.is_empty() { tables(&run.kind) } else { stated.tables.clone() };
                let source = format!("{}.{}", run.kind, run.source_id);
                // Collections of one source overlap almost wholly: keep one entry for equal statements.
                match covers.iter_mut().find(|c| c.source == source && c.tables == tables && c.systems == systems) {
                    Some(same) => same.interval = union(same.interval.iter().copied().chain(interval).collect()),
                    None => covers.push(Cover { source, tables, systems, interval }),
                }
            }
        }
        Self { covers }
    }

    /// Covered parts for a table and a system, joined over all sources.
    #[must_use]
    pub fn intervals(&self, table: &str, system_id: &str) -> Vec<Interval> {
        union(
            self.covers
                .iter()
                .filter(|c| c.tables.iter().any(|t| t == table) && c.systems.iter().any(|s| s == system_id))
                .flat_map(|c| c.interval.iter().copied())
                .collect(),
        )
    }

    /// True where `[from, to)` is covered whole.
    #[must_use]
    pub fn covers(&self, table: &str, system_id: &str, from: Instant, to: Instant) -> bool {
        holes(&self.intervals(table, system_id), from, to).is_empty()
    }

    /// Covered parts for a table and a system, by the source that states them.
    #[must_use]
    pub fn by_source(&self, table: &str, system_id: &str) -> Vec<(&str, &[Interval])> {
        self.covers
            .iter()
            .filter(|c| c.tables.iter().any(|t| t == table) && c.systems.iter().any(|s| s == system_id))
            .map(|c| (c.source.as_str(), c.interval.as_slice()))
            .collect()
    }

    /// Sources that say anything about a table and a system.
    #[must_use]
    pub fn sources(&self, table: &str, system_id: &str) -> Vec<&str> {
        self.covers
            .iter()
            .filter(|c| c.tables.iter().any(|t| t == table) && c.systems.iter().any(|s| s == system_id))
            .map(|c| c.source.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::is_listed;

    #[test]
    fn what_was_listed_covers_no_neighbour() {
        let listed = |pattern: &str, beginning: &str| is_listed(pattern, &[beginning.to_owned()]);
        assert!(listed("heroku-postgres:acme/*", "heroku-postgres:acme/"));
        assert!(listed("github:acme/app", "github:acme/") && listed("github:acme/app", "github:acme/app"));
        assert!(listed("s3:bucket/prefix*", "s3:bucket"));
        assert!(!listed("github:acme/app2", "github:acme/app") && !listed("github:acme/app*", "github:acme/app"));
        assert!(!listed("github:acme/*", "github:acme/app") && !listed("github:*", "github:acme/"));
        assert!(is_listed("anything", &[]));
    }
}
