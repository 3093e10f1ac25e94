//! What a source's documents amount to: rows counted and dropped, and what could not be read.

use std::collections::BTreeMap;

use collectors::Sink;
use model::evidence::{PassedOver, Problem, SourceRun};
use model::rows::Row;
use model::time::Instant;

/// Counts rows and keeps what could not be read.
pub struct Tally<'a> {
    pub run: &'a SourceRun,
    /// Times after this lie in the future.
    pub now: Instant,
    pub in_future: u64,
    pub counts: BTreeMap<String, u64>,
    pub problems: Vec<Problem>,
    pub passed_over: Vec<PassedOver>,
}

/// Most records with a time in the future that are told one by one.
pub const FUTURE_TOLD: u64 = 20;

impl Tally<'_> {
    /// Evidence cannot tell of what has not happened: such a record is read, and its source is not whole.
    fn in_time(&mut self, row: &Row) {
        let (at, origin) = match row {
            Row::Run(r) => (r.started_at.max(r.ended_at), &r.origin),
            Row::RecoveryPoint(p) => (p.taken_at.max(p.created_at), &p.origin),
            Row::RestoreTest(t) => (t.started_at.max(t.ended_at), &t.origin),
            _ => return,
        };
        let Some(at) = at.filter(|at| *at > self.now) else { return };
        self.in_future += 1;
        if self.in_future <= FUTURE_TOLD {
            let page = self.run.pages.iter().find(|p| p.object == *origin.evidence);
            let place = match origin.pointer.strip_prefix("line:") {
                Some(line) => format!("line {line}"),
                None => origin.pointer.clone(),
            };
            self.problems.push(Problem {
                document: page.map_or_else(|| self.run.endpoint.clone(), |p| p.name.clone()),
                place: Some(place).filter(|p| !p.is_empty()),
                message: format!(
                    "{} lies in the future: check the clock, and the zone, of what wrote it",
                    model::time::utc_text(at)
                ),
            });
        }
    }
}

impl Sink for Tally<'_> {
    fn row(&mut self, row: Row) {
        self.in_time(&row);
        let table = row.table();
        match self.counts.get_mut(table) {
            Some(n) => *n += 1,
            None => {
                self.counts.insert(table.to_owned(), 1);
            }
        }
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
    fn passed_over(&mut self, document: &str, reason: &str) {
        self.passed_over.push(PassedOver { document: document.to_owned(), reason: reason.to_owned() });
    }
}
