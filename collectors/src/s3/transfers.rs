//! Uploads: output of `aws s3 cp`, `mv` and `sync`, and transfers that ended without output.
//!
//! Lines: `upload: <file> to s3://<bucket>/<key>`, `copy: …`, `move: …`, and `upload failed: <file> to s3://… <error>`.
//! Progress lines end in a carriage return, or in none where the terminal was a file.

use model::rows::{BackupRun, RunStatus};

use super::naming;
use super::objects::Objects;
use crate::Batch;
use crate::aws::{Answers, Place};

const VERBS: &[&str] = &["upload", "copy", "move"];

/// True for output of a transfer.
pub(super) fn is_log(text: &str) -> bool {
    entries(text).next().is_some()
}

/// One transfer to a bucket.
struct Entry<'t> {
    line: usize,
    said: &'t str,
    bucket: &'t str,
    key: &'t str,
    failed: bool,
}

fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    text.lines().enumerate().flat_map(|(at, line)| line.split('\r').filter_map(move |part| entry(at + 1, part)))
}

fn entry(line: usize, part: &str) -> Option<Entry<'_>> {
    // What stands behind the progress of the same line.
    let said = part.rsplit_once(" remaining").map_or(part, |(_, rest)| rest).trim();
    let (failed, rest) = VERBS.iter().find_map(|verb| {
        let rest = said.strip_prefix(verb)?;
        let bad = rest.strip_prefix(" failed: ").map(|r| (true, r));
        bad.or_else(|| rest.strip_prefix(": ").map(|r| (false, r)))
    })?;
    let (_, target) = rest.split_once(" to s3://")?;
    let (bucket, mut key) = target.split_once('/')?;
    if failed {
        // The key ends where the error begins; errors that are none of the usual begin at the first space.
        const ERRORS: &[&str] =
            &[" An error occurred", " Could not ", " Unable to ", " Connect", " Read timeout", " [Errno", " SSL "];
        let end = ERRORS.iter().filter_map(|e| key.find(e)).min().or_else(|| key.find(' '));
        key = end.and_then(|end| key.get(..end)).unwrap_or(key);
    }
    Some(Entry { line, said, bucket, key, failed })
}

/// Where a recorded transfer writes to: bucket and key (a folder ends in `/`).
pub(super) fn target(place: &Place<'_>) -> Option<(String, String)> {
    let call = place.call.as_ref()?;
    if call.service == "s3api" && matches!(call.operation.as_str(), "put-object" | "copy-object") {
        return Some((call.options.get("bucket")?.clone(), call.options.get("key")?.clone()));
    }
    if call.service != "s3" || !matches!(call.operation.as_str(), "cp" | "mv" | "sync") {
        return None;
    }
    let (from, to) = (call.words.first()?, call.words.get(1)?);
    let (bucket, key) = to.strip_prefix("s3://")?.split_once('/').unwrap_or((to.strip_prefix("s3://")?, ""));
    let many = call.operation == "sync" || call.options.contains_key("recursive");
    let file = from.rsplit(['/', '\\']).next().filter(|f| !many && !f.is_empty() && *f != "-");
    let folder = key.is_empty() || key.ends_with('/');
    let key = match file {
        Some(file) if folder => format!("{key}{file}"),
        _ => key.to_owned(),
    };
    Some((bucket.to_owned(), key))
}

/// Reads transfers. One whose object a list of the same folder shows is that object's run already.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, objects: &mut Objects) {
    for (place, text) in &answers.texts {
        let ended_well = place.record.is_none_or(|r| r.killed_by.is_none());
        let mut entries: Vec<Entry<'_>> = entries(text).collect();
        entries.dedup_by(|a, b| a.said == b.said);
        let only = entries.len() == 1;
        for entry in entries {
            if !entry.failed && objects.has(entry.bucket, entry.key) {
                continue;
            }
            let status = match (entry.failed, ended_well) {
                (true, _) => RunStatus::Failed,
                (false, true) => RunStatus::Success,
                (false, false) => RunStatus::Unknown,
            };
            let mut run = upload(batch, place, (entry.bucket, entry.key), status, entry.said);
            run.origin.pointer = format!("line:{}", entry.line);
            if !only {
                // Times of the whole command are no times of one of its files.
                (run.started_at, run.ended_at) = (None, None);
            }
            objects.transfers.push(run);
        }
    }
    for place in &answers.silent {
        // --quiet and --only-show-errors print nothing where all went well.
        let quiet = place.call.as_ref().is_some_and(|c| c.words.len() == 2);
        if let Some((bucket, key)) = target(place).filter(|(b, k)| quiet && !objects.has(b, k)) {
            objects.transfers.push(upload(batch, place, (&bucket, &key), RunStatus::Success, "exit code 0"));
        }
    }
    // put-object and copy-object answer with the new object's ETag, and with no key.
    for reply in &answers.replies {
        let put = ["ETag", "CopyObjectResult"].iter().any(|k| reply.value.contains_key(*k));
        if let Some((bucket, key)) = target(&reply.place).filter(|(b, k)| put && reply.whole && !objects.has(b, k)) {
            objects.transfers.push(upload(batch, &reply.place, (&bucket, &key), RunStatus::Success, "stored"));
        }
    }
    for failure in &answers.failures {
        if let Some((bucket, key)) = target(&failure.place) {
            let killed = failure.place.record.is_some_and(|r| r.killed_by.is_some());
            let status = if killed { RunStatus::Aborted } else { RunStatus::Failed };
            objects.transfers.push(upload(batch, &failure.place, (&bucket, &key), status, &failure.message));
        }
    }
    objects.transfers.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    objects.transfers.dedup_by(|a, b| a.run_id == b.run_id);
}

fn upload(
    batch: &Batch<'_>,
    place: &Place<'_>,
    (bucket, key): (&str, &str),
    status: RunStatus,
    raw: &str,
) -> BackupRun {
    // The record's start tells two attempts at one key apart; without a record the bytes of the log do.
    let when = place
        .record
        .and_then(|r| r.started_at)
        .map_or_else(|| place.document.digest().chars().take(12).collect(), model::time::utc_text);
    let id = format!("{bucket}/{key}#{when}");
    let mut run = BackupRun::new(place.origin(batch, id.clone(), ""), id, status, raw);
    run.resource = Some(naming::resource(bucket, key));
    run.location_id = Some(format!("s3:{bucket}"));
    run.started_at = place.record.and_then(|r| r.started_at);
    run.ended_at = place.record.and_then(|r| r.finished_at);
    run.status_detail = (status != RunStatus::Success).then(|| raw.to_owned());
    run
}
