//! `backproof collect`: one run over every source, one signed manifest, even when sources fail.

use std::collections::BTreeMap;
use std::io::Read;

use collectors::Sink;
use collectors::fetch::{self, PutError, Recorder};
use model::evidence::{MANIFEST_SCHEMA, Manifest, PassedOver, Problem, SourceRun, SourceStatus};
use model::rows::Row;
use model::time::Instant;
use model::workspace::SourceConfig;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Committed, Signer, Store, Writer};

use crate::cli::{Format, Globals};
use crate::clock;
use crate::failure::{End, Failure};
use crate::output;
use crate::progress::Progress;
use crate::replay;
use crate::workspace::{self, Loaded};

/// What a run brought.
#[derive(Debug)]
pub struct Collected {
    /// The committed manifest.
    pub committed: Committed,
    /// Its sources.
    pub sources: Vec<SourceRun>,
}

/// Runs the command.
pub fn run(only: &[String], globals: &Globals) -> Result<End, Failure> {
    let loaded = workspace::open(globals)?;
    let collected = collect(&loaded, only, globals)?;
    print(&collected, globals)?;
    let complete = collected.sources.iter().all(|s| s.status == SourceStatus::Complete);
    Ok(if complete { End::Done } else { End::SourceIncomplete })
}

/// Collects from the chosen sources and commits the run.
///
/// # Errors
/// An unknown source, an unreadable signing key, or a store that can't be written.
pub fn collect(loaded: &Loaded, only: &[String], globals: &Globals) -> Result<Collected, Failure> {
    let sources = chosen(&loaded.workspace.config.sources, only)?;
    let signer = match &loaded.workspace.config.signing_key {
        Some(file) => Some(
            Signer::from_file(&loaded.base.join(file))
                .map_err(|e| Failure::usage(e.to_string(), "see `[signing] key` in the configuration"))?,
        ),
        None => None,
    };
    let path = loaded.evidence();
    let store =
        if path.join("STORE").exists() { Store::open(&path)? } else { Store::create(&path, &clock::store_id())? };
    let mut writer = store.writer()?;
    let progress = Progress::new(globals);
    let started_at = clock::now();
    let mut runs = Vec::new();
    for source in sources {
        progress.at(&format!("{}.{}: reading {}", source.kind, source.id, source.path.as_deref().unwrap_or("")));
        runs.push(one(source, loaded, &store, &mut writer, &progress)?);
    }
    let manifest = Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        sequence: writer.sequence(),
        previous: None,
        store_id: store.id().to_owned(),
        started_at,
        ended_at: clock::now(),
        clock_offset_ms: None,
        tool: concat!("backproof ", env!("CARGO_PKG_VERSION")).to_owned(),
        config: Some(hex(&Sha256::digest(loaded.config.as_bytes()))),
        sources: runs.clone(),
    };
    progress.at("committing the run");
    let committed = writer.commit(manifest, signer.as_ref())?;
    progress.done();
    Ok(Collected { committed, sources: runs })
}

/// The configured sources that `--source` picks; all without it.
fn chosen<'a>(all: &'a [SourceConfig], only: &[String]) -> Result<Vec<&'a SourceConfig>, Failure> {
    if all.is_empty() {
        return Err(Failure::usage(
            "no source is configured",
            "add a table such as [sources.pgbackrest.db1] with a `path` to backproof.toml",
        ));
    }
    let names = |s: &SourceConfig, name: &str| s.id == name || format!("{}.{}", s.kind, s.id) == name;
    for name in only {
        if !all.iter().any(|s| names(s, name)) {
            let known: Vec<String> = all.iter().map(|s| format!("{}.{}", s.kind, s.id)).collect();
            return Err(Failure::usage(
                format!("no source is called {name}"),
                format!("configured are: {}", known.join(", ")),
            ));
        }
    }
    Ok(all.iter().filter(|s| only.is_empty() || only.iter().any(|n| names(s, n))).collect())
}

/// Takes bytes into the store on behalf of the fetchers.
struct Keep<'a>(&'a mut Writer);

impl Recorder for Keep<'_> {
    fn put(&mut self, content: &mut dyn Read) -> Result<(String, u64), PutError> {
        self.0.put(content).map_err(|e| match e {
            store::PutError::Source(e) => PutError::Source(e),
            store::PutError::Store(e) => PutError::Store(std::io::Error::other(e.to_string())),
        })
    }
}

/// Counts rows and keeps what could not be read.
struct Tally<'a> {
    run: &'a SourceRun,
    /// Times after this lie in the future.
    now: Instant,
    in_future: u64,
    counts: BTreeMap<String, u64>,
    problems: Vec<Problem>,
    passed_over: Vec<PassedOver>,
}

/// Most records with a time in the future that are told one by one.
const FUTURE_TOLD: u64 = 20;

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

/// Collects one source. Its failure is part of the manifest, never an error of the run.
fn one(
    source: &SourceConfig,
    loaded: &Loaded,
    store: &Store,
    writer: &mut Writer,
    progress: &Progress,
) -> Result<SourceRun, Failure> {
    let name = format!("{}.{}", source.kind, source.id);
    let pattern = source.path.clone().unwrap_or_default();
    let mut run = SourceRun {
        kind: source.kind.clone(),
        source_id: source.id.clone(),
        endpoint: pattern.clone(),
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
        pages: Vec::new(),
        counts: BTreeMap::new(),
        problems: Vec::new(),
        passed_over: Vec::new(),
        redactions: Vec::new(),
    };
    let Some(kind) = collectors::kind(&source.kind) else {
        run.reason = Some(format!("source kind {} is not known", source.kind));
        return Ok(run);
    };
    let fetched = fetch::files(kind, &loaded.base, &pattern, &mut Keep(writer), &mut |n| {
        if n % 100 == 0 {
            progress.at(&format!("{name}: {n} files"));
        }
    })
    .map_err(|e| {
        Failure::program(format!("the evidence store can't be written: {e}")).help(
            "free space or mend permissions, then run `backproof collect` again; nothing of this run was committed",
        )
    })?;
    run.pages = fetched.pages;
    run.collected_at = clock::now();
    if fetched.walked {
        run.end_of_list = Some(format!(
            "the path was walked to its end: {} files kept, {} passed over",
            run.pages.len(),
            fetched.passed_over.len()
        ));
    }
    progress.at(&format!("{name}: parsing {} files", run.pages.len()));
    let tolerance = loaded.workspace.policy.seconds("clock_skew_tolerance");
    let now = run.collected_at + chrono::TimeDelta::seconds(tolerance);
    let mut tally =
        Tally { run: &run, now, in_future: 0, counts: BTreeMap::new(), problems: Vec::new(), passed_over: Vec::new() };
    replay::parse(store, &run, &mut tally);
    if tally.in_future > FUTURE_TOLD {
        tally.problems.push(Problem {
            document: pattern.clone(),
            place: None,
            message: format!("{} records in all have a time in the future", tally.in_future),
        });
    }
    let Tally { counts, problems, passed_over, .. } = tally;
    let recognised = run.pages.len().saturating_sub(passed_over.len());
    run.counts = counts;
    run.problems = fetched.problems;
    run.problems.extend(problems);
    run.redactions = fetched.redactions;
    run.passed_over = fetched.passed_over;
    run.passed_over.extend(passed_over);
    run.passed_over.sort();
    let first = run.problems.first().map(ToString::to_string);
    let more = run.problems.len().saturating_sub(1);
    (run.status, run.reason) = match first {
        None if recognised == 0 => {
            let example =
                run.passed_over.first().map(|p| format!(" ({}: {})", p.document, p.reason)).unwrap_or_default();
            let reason =
                format!("none of {} files is one that a {} source reads{example}", run.passed_over.len(), kind.title);
            (SourceStatus::Failed, Some(reason))
        }
        None => (SourceStatus::Complete, None),
        Some(first) => {
            let status =
                if run.counts.values().sum::<u64>() == 0 { SourceStatus::Failed } else { SourceStatus::Incomplete };
            let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            (status, Some(format!("{first}{more}")))
        }
    };
    Ok(run)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Prints what each source gave.
fn print(collected: &Collected, globals: &Globals) -> Result<(), Failure> {
    if globals.format == Format::Json {
        return output::json(&json!({
            "schema": "backproof.collection/1",
            "sequence": collected.committed.sequence,
            "manifest": collected.committed.path,
            "digest": collected.committed.digest,
            "signed_by": collected.committed.signed_by,
            "sources": collected.sources,
        }));
    }
    let rows: Vec<Vec<String>> = collected
        .sources
        .iter()
        .map(|s| {
            vec![
                format!("{}.{}", s.kind, s.source_id),
                s.status.to_string(),
                s.pages.len().to_string(),
                s.records().to_string(),
                s.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    if globals.format == Format::Csv {
        let maps: Vec<_> = collected
            .sources
            .iter()
            .filter_map(|s| {
                json!({"source": format!("{}.{}", s.kind, s.source_id), "status": s.status, "files": s.pages.len(), "records": s.records(), "reason": s.reason})
                    .as_object()
                    .cloned()
            })
            .collect();
        return output::rows(serde_json::Map::new(), &maps, &[], globals);
    }
    output::print(&output::table(&["source", "status", "files", "records", "why"], &rows, globals))?;
    if globals.quiet {
        return Ok(());
    }
    let mut text = String::new();
    for source in collected.sources.iter().filter(|s| !s.problems.is_empty()) {
        text.push_str(&format!("\n{}.{}\n", source.kind, source.source_id));
        for problem in source.problems.iter().take(10) {
            text.push_str(&format!("  {}\n", output::printable(&problem.to_string())));
        }
        if source.problems.len() > 10 {
            text.push_str(&format!("  … {} more in {}\n", source.problems.len() - 10, collected.committed.path));
        }
    }
    let signed = collected
        .committed
        .signed_by
        .as_deref()
        .map_or_else(|| "unsigned: set `[signing] key` to sign".to_owned(), |k| format!("signed by {k}"));
    text.push_str(&format!("\nrun {} committed, {signed}\n", collected.committed.sequence));
    output::print(&text)
}
