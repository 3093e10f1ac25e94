//! Collects one source. Its failure is part of the manifest, never an error of the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use collectors::Kind;
use collectors::fetch::{self, Fetched};
use collectors::net::{self, Context, Halt, Limits, Order, Trail};
use model::evidence::{Problem, SourceRun, SourceStatus};
use model::workspace::SourceConfig;

use super::objects::Keep;
use super::tally::{FUTURE_TOLD, Tally};
use super::{Run, credentials};
use crate::clock;
use crate::failure::Failure;
use crate::replay;

/// What was brought, before anything is parsed.
struct Brought {
    fetched: Fetched,
    net: Option<net::Collected>,
}

/// Collects one source.
///
/// # Errors
/// Only that the store can't be written.
pub fn collect(source: &SourceConfig, shared: &Run<'_>) -> Result<SourceRun, Failure> {
    let mut run = blank(source);
    let Some(kind) = collectors::kind(&source.kind) else {
        run.reason = Some(format!("source kind {} is not known", source.kind));
        return Ok(run);
    };
    let line = shared.progress.source(&format!("{}.{}", source.kind, source.id));
    let brought = match (&source.path, &kind.live) {
        _ if source.bucket_path().is_some() => {
            let ask: Ask = Box::new(|order, trail| Box::pin(collectors::s3::files::fetch(kind, order, trail)));
            service(source, ask, shared, &line)
        }
        (Some(path), _) => files(kind, path, shared, &line),
        (None, Some(live)) => service(source, Box::new(live.fetch), shared, &line),
        (None, None) => {
            line.done("failed");
            run.reason = Some(format!("a {} source needs a `path`: it reads files only", kind.title));
            return Ok(run);
        }
    }
    .map_err(|e| {
        Failure::program(format!("the evidence store can't be written: {e}")).help(
            "free space or mend permissions, then run `backproof collect` again; nothing of this run was committed",
        )
    })?;
    // Files must be of the source's kind, wherever they lie; an answer always is.
    let asked = brought.net.is_some() && source.path.is_none();
    take(&mut run, brought);
    line.at(&format!("parsing {} documents", run.pages.len()));
    judge(&mut run, kind, asked, shared);
    line.done(&format!("{}, {} documents, {} records", run.status, run.pages.len(), run.records()));
    Ok(run)
}

/// A source whose collecting came to a defect of ours.
pub fn broken(source: &SourceConfig) -> SourceRun {
    let mut run = blank(source);
    run.reason =
        Some("backproof itself failed on this source (a defect: please report it); nothing of it was kept".to_owned());
    run
}

fn blank(source: &SourceConfig) -> SourceRun {
    SourceRun {
        kind: source.kind.clone(),
        source_id: source.id.clone(),
        endpoint: source.path.clone().unwrap_or_default(),
        identity: clock::user().map(|u| format!("operating system user {u}")),
        permissions: Vec::new(),
        query: None,
        timezone: source.timezone.map(|z| z.name().to_owned()),
        covers: source.covers.clone(),
        started_at: clock::now(),
        collected_at: clock::now(),
        status: SourceStatus::Failed,
        reason: None,
        end_of_list: None,
        clock_offset_ms: None,
        notes: Vec::new(),
        pages: Vec::new(),
        counts: BTreeMap::new(),
        problems: Vec::new(),
        passed_over: Vec::new(),
        redactions: Vec::new(),
    }
}

/// Reads files of this machine.
fn files(kind: &Kind, path: &str, shared: &Run<'_>, line: &crate::progress::Line) -> Result<Brought, std::io::Error> {
    let mut progress = |n: usize| {
        if n > 0 && n.is_multiple_of(100) {
            line.at(&format!("{n} files"));
        }
        !*shared.stop.borrow()
    };
    let fetched = fetch::files(kind, &shared.loaded.base, path, &mut Keep(&shared.objects), &mut progress)?;
    Ok(Brought { fetched, net: None })
}

/// How a service is asked.
type Ask = Box<dyn for<'a> Fn(&'a Order, &'a mut Trail) -> net::Pending<'a, Result<(), Halt>>>;

/// Asks a service.
fn service(
    source: &SourceConfig,
    ask: Ask,
    shared: &Run<'_>,
    line: &crate::progress::Line,
) -> Result<Brought, std::io::Error> {
    let secrets = match credentials::of(source, &shared.loaded.base) {
        Ok(secrets) => secrets,
        Err(why) => {
            let mut net = net::Collected::default();
            net.problems.push(Problem {
                document: "backproof.toml".to_owned(),
                place: Some(source.declared_in.clone()),
                message: why,
            });
            return Ok(Brought { fetched: Fetched::default(), net: Some(net) });
        }
    };
    let past = shared.history.past(source);
    let context = Context {
        objects: Arc::clone(&shared.objects) as Arc<dyn net::Objects>,
        now: clock::precisely_now,
        chance: clock::chance,
        tell: line.teller(),
        stop: shared.stop.clone(),
        limits: Limits::of(source),
        known: Arc::new(past.pages),
        last_complete: past.last_complete,
    };
    let tokens = secrets.values().cloned().collect();
    let order = Order { source: source.clone(), secrets };
    let mut trail = Trail::new(context, tokens);
    match shared.runtime.block_on(ask(&order, &mut trail)) {
        Ok(()) | Err(Halt::Over) => {}
        Err(Halt::Stopped) => {
            trail.problem("", "stopped by the operator before everything was asked; collect again");
        }
        Err(Halt::Store(e)) => return Err(e),
    }
    Ok(Brought { fetched: Fetched::default(), net: Some(trail.finish()) })
}

/// Writes what was brought into the manifest's entry.
fn take(run: &mut SourceRun, brought: Brought) {
    let Brought { fetched, net } = brought;
    run.collected_at = clock::now();
    run.pages = fetched.pages;
    run.problems = fetched.problems;
    run.redactions = fetched.redactions;
    run.passed_over = fetched.passed_over;
    if fetched.walked {
        run.end_of_list = Some(format!(
            "the path was walked to its end: {} files kept, {} passed over",
            run.pages.len(),
            run.passed_over.len()
        ));
    }
    let Some(net) = net else { return };
    if let Some(endpoint) = net.endpoint {
        run.endpoint = endpoint;
    }
    run.identity = net.identity.or(run.identity.take());
    run.permissions = net.permissions;
    run.query = net.query;
    run.notes = net.notes;
    run.covers.extend(net.covers);
    run.clock_offset_ms = net.clock_offset_ms;
    run.pages.extend(net.pages);
    run.problems.extend(net.problems);
    run.redactions.extend(net.redactions);
    run.passed_over.extend(net.passed_over);
    run.end_of_list = (!net.ended.is_empty()).then(|| net.ended.join("; "));
}

/// Counts rows and settles how far the source could be read.
fn judge(run: &mut SourceRun, kind: &Kind, asked: bool, shared: &Run<'_>) {
    let tolerance = shared.loaded.workspace.policy.seconds("clock_skew_tolerance");
    let now = run.collected_at + chrono::TimeDelta::seconds(tolerance);
    let mut tally =
        Tally { run: &*run, now, in_future: 0, counts: BTreeMap::new(), problems: Vec::new(), passed_over: Vec::new() };
    replay::parse(shared.store, run, &mut tally);
    let Tally { counts, mut problems, passed_over, in_future, .. } = tally;
    if in_future > FUTURE_TOLD {
        problems.push(Problem {
            document: run.endpoint.clone(),
            place: None,
            message: format!("{in_future} records in all have a time in the future"),
        });
    }
    let recognised = run.pages.len().saturating_sub(passed_over.len());
    run.counts = counts;
    run.problems.extend(problems);
    run.passed_over.extend(passed_over);
    run.passed_over.sort();
    let first = run.problems.first().map(ToString::to_string);
    let more = run.problems.len().saturating_sub(1);
    (run.status, run.reason) = match first {
        None if recognised == 0 && !asked => {
            let example =
                run.passed_over.first().map(|p| format!(" ({}: {})", p.document, p.reason)).unwrap_or_default();
            let reason =
                format!("none of {} files is one that a {} source reads{example}", run.passed_over.len(), kind.title);
            (SourceStatus::Failed, Some(reason))
        }
        None => (SourceStatus::Complete, None),
        Some(first) => {
            let status = if run.records() == 0 { SourceStatus::Failed } else { SourceStatus::Incomplete };
            let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            (status, Some(format!("{first}{more}")))
        }
    };
}
