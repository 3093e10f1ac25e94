//! `backproof trace`: from a figure, result or row down to bytes and how they were got.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use model::assessment::{CheckResult, Metric, PeriodInfo, percent, undefined};
use model::lineage::{Figure, Place};
use model::time::utc_text;
use serde::Serialize;
use serde_json::json;
use transform::lineage;
use transform::world::World;
use transform::{Basis, Judged};

use super::{packet, report};
use crate::cli::{Format, Globals, PeriodArgs};
use crate::failure::{End, Failure};
use crate::{judge, output, workspace};

/// A step on the way from a figure to bytes.
#[derive(Debug, Serialize)]
struct Node {
    /// `metric`, `figure`, `result`, `row`, `source`, `declaration` or `object`.
    kind: &'static str,
    /// Its id; of an object its SHA-256.
    id: String,
    /// What it says.
    says: String,
    /// What it rests on.
    children: Vec<Node>,
}

/// Runs the command.
pub fn run(id: &str, period: &PeriodArgs, limit: usize, globals: &Globals) -> Result<End, Failure> {
    let loaded = workspace::open(globals)?;
    let store = loaded.store()?;
    judge::with(&loaded, period, globals, |basis, judged, period| {
        let world = basis.world(period, &judged.slots);
        let known = packet::known(&store, &report::store_sheet(&store, basis.input.as_of)?)?;
        let limit = if globals.format == Format::Json { usize::MAX } else { limit };
        let tracer = Tracer { basis, judged, world: &world, known, limit };
        let tree = tracer.of(id).ok_or_else(|| {
            Failure::usage(
                format!("{id:?} is no figure, result or row of {}", period.label()),
                "give a metric (backup_success_rate) or the id of a figure (slots/missed, backup_success_rate/numerator), a check with its unit (FRQ-01 billing-db), or a row_id that `show` prints",
            )
        })?;
        match globals.format {
            Format::Json => output::json(&json!({
                "schema": "backproof.trace/1",
                "id": id,
                "period": PeriodInfo::of(&period, basis.input.as_of),
                "tree": tree,
            }))?,
            Format::Csv => {
                let mut text =
                    output::csv_line(["depth", "kind", "id", "says"].map(|c| (c.to_owned(), true)).into_iter());
                flat(&tree, 0, &mut text);
                output::print(&text)?;
            }
            Format::Table => output::print(&drawn(&tree))?,
        }
        Ok(judge::end(judged, None))
    })
}

struct Tracer<'t> {
    basis: &'t Basis<'t>,
    judged: &'t Judged,
    world: &'t World<'t>,
    known: BTreeMap<String, packet::Known>,
    limit: usize,
}

impl Tracer<'_> {
    /// The tree of whatever the id names.
    fn of(&self, id: &str) -> Option<Node> {
        let figures = lineage::figures(self.world, self.judged);
        if let Some(figure) = figures.iter().find(|f| f.figure_id == id) {
            return Some(self.figure(figure));
        }
        if let Some(metric) = self.judged.assessment.metrics.iter().find(|m| m.id == id) {
            return Some(self.metric(metric, &figures));
        }
        let plain = id.strip_prefix("result/").unwrap_or(id);
        let named = |r: &&CheckResult| {
            plain.strip_prefix(&*r.check).and_then(|rest| rest.strip_prefix([' ', '/'])) == Some(&r.unit)
        };
        if let Some(result) = self.judged.assessment.results.iter().find(named) {
            return Some(self.result(result));
        }
        let place = lineage::places(self.world, &BTreeSet::from([id])).remove(id)?;
        Some(self.row(id, &place))
    }

    /// A metric with the figures of the whole period that it is made of.
    fn metric(&self, metric: &Metric, figures: &[Figure]) -> Node {
        let part = |f: &Figure| f.figure_id.strip_prefix(&metric.id).and_then(|rest| rest.strip_prefix('/')).is_some();
        let parts: Vec<&Figure> = figures.iter().filter(|f| part(f) && f.by.is_empty()).collect();
        let mut says = match percent(metric.numerator, metric.denominator) {
            Some(percent) if parts.len() > 1 => {
                format!("{percent} = {} of {}", metric.numerator, metric.denominator)
            }
            _ => metric.numerator.to_string(),
        };
        if metric.unknown > 0 {
            says.push_str(&format!(", and {} nobody can know", metric.unknown));
        }
        if let Some(why) = &metric.undefined {
            says.push_str(&format!("; {}", undefined(why)));
        }
        let children = parts.into_iter().map(|f| self.figure(f)).collect();
        Node { kind: "metric", id: metric.id.clone(), says, children }
    }

    fn figure(&self, figure: &Figure) -> Node {
        let (mut children, mut more) = (Vec::new(), 0_usize);
        let mut visit = |row: &model::lineage::LineageRow<'_>| -> Result<(), Infallible> {
            if !figure.counts(row) {
                return Ok(());
            }
            if children.len() >= self.limit {
                more += 1;
                return Ok(());
            }
            let result = self
                .judged
                .assessment
                .results
                .iter()
                .find(|r| row.population == lineage::RESULTS && lineage::result_id(r) == *row.row_id);
            let place = Place { evidence: row.evidence.to_string(), pointer: row.pointer.to_string() };
            children.push(match result {
                Some(result) => self.result(result),
                None => Node { says: row.role.to_string(), ..self.row(&row.row_id, &place) },
            });
            Ok(())
        };
        let Ok(()) = lineage::each(self.world, self.judged, &mut visit);
        rest(&mut children, more);
        let narrowed = if figure.by.is_empty() { String::new() } else { format!(", {} {}", figure.by, figure.key) };
        let says = format!(
            "{} = rows of {} that are {}{narrowed}. {}",
            figure.value,
            figure.population,
            figure.roles.join(" or "),
            figure.definition
        );
        Node { kind: "figure", id: figure.figure_id.clone(), says, children }
    }

    fn result(&self, result: &CheckResult) -> Node {
        let shown: Vec<&str> = result.records.iter().take(self.limit).map(String::as_str).collect();
        let places = lineage::places(self.world, &shown.iter().copied().collect());
        let mut children: Vec<Node> =
            shown.iter().map(|row| self.row(row, places.get(row).unwrap_or(&Place::default()))).collect();
        rest(&mut children, result.records.len() - shown.len());
        let waived = if result.waived { " (waived)" } else { "" };
        let says = format!("{}{waived}: {}", result.state, result.detail);
        Node { kind: "result", id: format!("{} {}", result.check, result.unit), says, children }
    }

    fn row(&self, id: &str, place: &Place) -> Node {
        let slot = id
            .strip_prefix("slot/")
            .and_then(|slot| self.world.slots.iter().find(|s| s.id(self.world.inventory) == slot));
        let Some(slot) = slot else {
            return Node { kind: "row", id: id.to_owned(), says: String::new(), children: self.read_at(place) };
        };
        let runs = &self.basis.runs;
        let attempt = |at: &usize| {
            let run = &runs.list[*at];
            let evidence = runs.document(run.row).map(|d| d.evidence.to_string()).unwrap_or_default();
            let place = Place { evidence, pointer: runs.pointer(run.row).to_owned() };
            Node {
                kind: "row",
                id: runs.row_id(run.row),
                says: format!("attempt, {}", run.status),
                children: self.read_at(&place),
            }
        };
        let mut children: Vec<Node> = slot.attempts.iter().map(attempt).collect();
        if children.is_empty() {
            children = self.read_at(place);
            let system = &self.world.inventory.systems[slot.system].system_id;
            let sources = self.world.coverage.sources("backup_runs", system);
            children.extend(sources.into_iter().map(|source| Node {
                kind: "source",
                id: source.to_owned(),
                says: "would hold a trace of an attempt, and does not".to_owned(),
                children: Vec::new(),
            }));
        }
        Node { kind: "row", id: id.to_owned(), says: slot.outcome.to_string(), children }
    }

    /// The object, with how it was got; else the file and line of a declaration.
    fn read_at(&self, place: &Place) -> Vec<Node> {
        if place.evidence.is_empty() {
            if place.pointer.is_empty() {
                return Vec::new();
            }
            let id = place.pointer.clone();
            return vec![Node { kind: "declaration", id, says: String::new(), children: Vec::new() }];
        }
        let at = if place.pointer.is_empty() { "the whole of it" } else { &place.pointer };
        let says = match self.known.get(&place.evidence) {
            None => format!("{at}; no run manifest names it"),
            Some(k) => format!(
                "{at} in {} of {}, read from {} by {} at {} ({}, {} bytes)",
                k.page,
                k.source,
                k.endpoint,
                k.identity.as_deref().unwrap_or("an unnamed user"),
                utc_text(k.collected_at),
                k.manifest,
                k.bytes
            ),
        };
        vec![Node { kind: "object", id: place.evidence.clone(), says, children: Vec::new() }]
    }
}

/// Says how many are left out.
fn rest(children: &mut Vec<Node>, more: usize) {
    if more > 0 {
        let says = format!("and {more} more: --limit, or --format json for all");
        children.push(Node { kind: "row", id: "…".to_owned(), says, children: Vec::new() });
    }
}

/// For people: a tree.
fn drawn(node: &Node) -> String {
    fn line(node: &Node) -> String {
        let says = if node.says.is_empty() { String::new() } else { format!("  {}", node.says) };
        output::printable(&format!("{}{says}", node.id)).replace('\n', " ")
    }
    fn branches(children: &[Node], indent: &str, out: &mut String) {
        for (n, child) in children.iter().enumerate() {
            let last = n + 1 == children.len();
            out.push_str(&format!("{indent}{} {}\n", if last { "└─" } else { "├─" }, line(child)));
            branches(&child.children, &format!("{indent}{}", if last { "   " } else { "│  " }), out);
        }
    }
    let mut out = line(node) + "\n";
    branches(&node.children, "", &mut out);
    out
}

fn flat(node: &Node, depth: usize, out: &mut String) {
    let cells =
        [(depth.to_string(), false), (node.kind.to_owned(), true), (node.id.clone(), true), (node.says.clone(), true)];
    out.push_str(&output::csv_line(cells.into_iter()));
    for child in &node.children {
        flat(child, depth + 1, out);
    }
}
