//! `backproof collect`: one run over every source, one signed manifest, even when sources fail.

use model::evidence::SourceStatus;
use model::time::utc_text;
use serde_json::json;
use store::timestamp::Timestamp;

use crate::cli::{Format, Globals};
use crate::collecting::{self, Collected};
use crate::failure::{End, Failure};
use crate::workspace::{self, Loaded};
use crate::{output, timestamping};

/// Runs the command.
pub fn run(only: &[String], globals: &Globals) -> Result<End, Failure> {
    let loaded = workspace::open(globals)?;
    let collected = collecting::collect(&loaded, only, globals)?;
    let stamp = loaded.workspace.config.timestamp_url.as_ref().map(|url| stamped(url, &loaded, &collected)).transpose();
    print(&collected, stamp.as_ref().ok().and_then(Option::as_ref), globals)?;
    stamp?;
    let complete = collected.sources.iter().all(|s| s.status == SourceStatus::Complete);
    Ok(if complete { End::Done } else { End::SourceIncomplete })
}

/// The timestamp of the run, which covers all before it: each manifest names the one before by its hash.
fn stamped(url: &str, loaded: &Loaded, collected: &Collected) -> Result<Timestamp, Failure> {
    let committed = &collected.committed;
    let name = committed.path.rsplit('/').next().unwrap_or_default();
    timestamping::ensure(url, &committed.digest, &loaded.store()?.receipts().join(name))
}

/// Prints what each source gave.
fn print(collected: &Collected, stamp: Option<&Timestamp>, globals: &Globals) -> Result<(), Failure> {
    if globals.format == Format::Json {
        return output::json(&json!({
            "schema": "backproof.collection/1",
            "sequence": collected.committed.sequence,
            "manifest": collected.committed.path,
            "digest": collected.committed.digest,
            "signed_by": collected.committed.signed_by,
            "timestamp": stamp,
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
    if let Some(stamp) = stamp {
        text.push_str(&format!("timestamp: {} by the authority's clock\n", utc_text(stamp.at)));
    }
    output::print(&text)
}
