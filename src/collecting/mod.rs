//! One run over the sources: each on a thread of its own, so that a slow or broken one delays no other; one manifest at
//! the end, whatever happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::evidence::{MANIFEST_SCHEMA, Manifest, Page, SourceRun, SourceStatus};
use model::time::Instant;
use model::workspace::SourceConfig;
use sha2::{Digest, Sha256};
use store::{Committed, Store};
use tokio::sync::watch;

use crate::cli::Globals;
use crate::clock;
use crate::failure::Failure;
use crate::output::hex;
use crate::progress::Progress;
use crate::workspace::Loaded;

pub mod credentials;
mod objects;
mod source;
mod tally;

use objects::Shared;

/// What a run brought.
#[derive(Debug)]
pub struct Collected {
    /// The committed manifest.
    pub committed: Committed,
    /// Its sources.
    pub sources: Vec<SourceRun>,
}

/// What every source of a run shares.
struct Run<'a> {
    loaded: &'a Loaded,
    store: &'a Store,
    objects: Arc<Shared>,
    progress: &'a Progress,
    runtime: &'a tokio::runtime::Handle,
    stop: watch::Receiver<bool>,
    history: &'a History,
}

/// Collects from the chosen sources and commits the run.
///
/// # Errors
/// An unknown source, an unreadable signing key, or a store that can't be written.
pub fn collect(loaded: &Loaded, only: &[String], globals: &Globals) -> Result<Collected, Failure> {
    let sources = chosen(&loaded.workspace.config.sources, only)?;
    credentials::guarded(&sources, &loaded.base)?;
    let signer = loaded.signer()?;
    let path = loaded.evidence();
    let store =
        if path.join("STORE").exists() { Store::open(&path)? } else { Store::create(&path, &clock::store_id())? };
    let writer = store.writer()?;
    let sequence = writer.sequence();
    let history = History::of(&store, &sources);
    let runtime = network()?;
    let (stopper, stop) = watch::channel(false);
    let progress = Arc::new(Progress::new(globals));
    progress.at(&format!("collecting from {} sources", sources.len()));
    let told = Arc::clone(&progress);
    runtime.spawn(async move {
        // The first interrupt ends the run in order; the second one ends the program, as is usual.
        if tokio::signal::ctrl_c().await.is_ok() && stopper.send(true).is_ok() {
            told.notice("stopping: what is whole is kept; Ctrl-C again ends at once and keeps nothing of this run");
            if tokio::signal::ctrl_c().await.is_ok() {
                told.done();
                std::process::exit(130);
            }
        }
    });
    let objects = Arc::new(Shared::new(store.clone(), writer));
    let started_at = clock::now();
    let run = Run {
        loaded,
        store: &store,
        objects: Arc::clone(&objects),
        progress: &progress,
        runtime: runtime.handle(),
        stop,
        history: &history,
    };
    let done: Vec<Result<SourceRun, Failure>> = std::thread::scope(|threads| {
        let started: Vec<_> = sources.iter().map(|s| threads.spawn(|| source::collect(s, &run))).collect();
        started
            .into_iter()
            .zip(&sources)
            .map(|(thread, source)| thread.join().unwrap_or_else(|_| Ok(source::broken(source))))
            .collect()
    });
    drop(run);
    runtime.shutdown_background();
    let runs = done.into_iter().collect::<Result<Vec<SourceRun>, Failure>>()?;
    let manifest = Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        sequence,
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
    let Some(writer) = Shared::writer(objects) else {
        return Err(Failure::program("the evidence store is still being written by a source that did not end"));
    };
    let committed = writer.commit(manifest, signer.as_ref())?;
    progress.done();
    Ok(Collected { committed, sources: runs })
}

/// Threads that wait for the network.
///
/// # Errors
/// Where the system gives none.
pub fn network() -> Result<tokio::runtime::Runtime, Failure> {
    // The only provider of cryptography for TLS; a second call finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Failure::program(format!("no threads for the network can be started: {e}")))
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

/// What earlier runs tell of the sources that ask a service: which answers are known already, and since when nothing
/// was seen of it whole.
#[derive(Debug, Default)]
struct History {
    sources: BTreeMap<(String, String), Past>,
}

#[derive(Debug, Default, Clone)]
struct Past {
    pages: BTreeMap<String, Page>,
    last_complete: Option<Instant>,
}

impl History {
    /// Reads the manifests, where a source wants to know. A damaged chain ends the history, never the collecting.
    fn of(store: &Store, sources: &[&SourceConfig]) -> Self {
        let mut out = Self::default();
        if sources.iter().all(|s| s.path.is_some() && s.bucket_path().is_none()) {
            return out;
        }
        for recorded in store.manifests().into_iter().flatten() {
            let Ok(recorded) = recorded else { break };
            for run in recorded.manifest.sources {
                let past = out.sources.entry((run.kind, run.source_id)).or_default();
                if run.status == SourceStatus::Complete {
                    past.last_complete = Some(run.collected_at);
                }
                past.pages = run.pages.into_iter().map(|p| (p.name.clone(), p)).collect();
            }
        }
        out
    }

    fn past(&self, source: &SourceConfig) -> Past {
        self.sources.get(&(source.kind.clone(), source.id.clone())).cloned().unwrap_or_default()
    }
}
