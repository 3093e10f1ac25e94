//! RDS events of the category `backup` (`aws rds describe-events`; kept by RDS for 14 days).
//!
//! Messages: RDS user guide, "Amazon RDS event categories and event messages": RDS-EVENT-0001 "Backing up DB
//! instance", RDS-EVENT-0002 "Finished DB instance backup".

use std::collections::BTreeMap;

use chrono::Duration;
use model::rows::{BackupRun, Component, Row, RunStatus, Trigger};
use model::time::Instant;

use super::point::Points;
use crate::aws::{Answers, Item};
use crate::{Batch, Sink};

/// A snapshot is created shortly after the event that announces the backup.
const LEAD: Duration = Duration::minutes(10);

/// Reads backups from events. One that a listed snapshot proves as well gives that snapshot's run its end; the
/// others are runs of their own.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, points: &mut Points, sink: &mut dyn Sink) {
    let mut events: BTreeMap<(String, Instant, bool), Item<'_, '_>> = BTreeMap::new();
    for reply in &answers.replies {
        for item in Item::list(reply, "Events", sink) {
            let message = item.text("Message").unwrap_or_default().to_ascii_lowercase();
            let finished = match message.trim_end_matches('.') {
                "backing up db instance" => false,
                "finished db instance backup" => true,
                _ => continue,
            };
            let (Some(at), Some(arn)) = (item.time(batch, "Date", sink), item.text("SourceArn")) else {
                item.fault("SourceArn", "an event without database or time; export it again", sink);
                continue;
            };
            events.entry((format!("rds:{arn}"), at, finished)).or_insert(item);
        }
    }
    let mut open: Option<(String, Instant, Item<'_, '_>)> = None;
    for ((resource, at, finished), item) in events {
        let mut start = open.take();
        if let Some((other, from, first)) = start.take_if(|(of, ..)| *of != resource) {
            backup(batch, &other, Some(from), None, first, points, sink);
        }
        if finished {
            let from = start.as_ref().map(|(_, at, _)| *at);
            backup(batch, &resource, from, Some(at), start.map_or(item, |(.., i)| i), points, sink);
        } else {
            if let Some((_, from, first)) = start {
                backup(batch, &resource, Some(from), None, first, points, sink);
            }
            open = Some((resource, at, item));
        }
    }
    if let Some((resource, from, item)) = open {
        backup(batch, &resource, Some(from), None, item, points, sink);
    }
}

fn backup(
    batch: &Batch<'_>,
    resource: &str,
    from: Option<Instant>,
    to: Option<Instant>,
    item: Item<'_, '_>,
    points: &mut Points,
    sink: &mut dyn Sink,
) {
    let snapshot = points.iter_mut().find(|p| {
        let within =
            |at: Instant| from.is_none_or(|f| f - LEAD <= at) && to.or(from.map(|f| f + LEAD)).is_none_or(|t| at <= t);
        p.run.resource.as_deref() == Some(resource)
            && p.run.trigger == Some(Trigger::Scheduled)
            && from.is_some()
            && p.created_at.is_some_and(within)
    });
    if let Some(point) = snapshot {
        point.run.ended_at = point.run.ended_at.or(to);
        return;
    }
    let Some(at) = from.or(to) else { return };
    // No end among the events: the list may stop before it.
    let status = if to.is_some() { RunStatus::Success } else { RunStatus::Unknown };
    let id = format!("{}@{}", resource.trim_start_matches("rds:"), model::time::utc_text(at));
    let raw = item.text("Message").unwrap_or_default();
    let mut run = BackupRun::new(item.origin(batch, format!("event:{id}")), id, status, raw);
    run.resource = Some(resource.to_owned());
    run.component = Some(Component::Snapshot);
    run.started_at = from;
    run.ended_at = to;
    sink.row(Row::Run(run));
}
