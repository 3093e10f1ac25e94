//! The sample against its ground truth, and variants from the documented formats.

use std::collections::BTreeMap;

use model::rows::{BackupRun, IntegrityCheck, RestoreTest, Row, RunStatus};
use model::time::{Instant, instant};

use super::KIND;
use crate::testing::{documents, parse, sample};
use crate::{Claim, Document, Kept};

mod dumps;
mod variants;

fn at(t: &str) -> Instant {
    instant(t, None).unwrap()
}

fn runs(kept: &Kept) -> Vec<&BackupRun> {
    kept.rows.iter().filter_map(|r| if let Row::Run(r) = r { Some(r) } else { None }).collect()
}

fn restores(kept: &Kept) -> Vec<&RestoreTest> {
    kept.rows.iter().filter_map(|r| if let Row::RestoreTest(r) = r { Some(r) } else { None }).collect()
}

fn checks(kept: &Kept) -> Vec<&IntegrityCheck> {
    kept.rows.iter().filter_map(|r| if let Row::IntegrityCheck(r) = r { Some(r) } else { None }).collect()
}

struct Seen {
    started: Option<Instant>,
    ended: Option<Instant>,
    status: String,
    bytes: Option<u64>,
    stored: Option<u64>,
    encrypted: Option<bool>,
    point: Option<String>,
}

#[test]
fn the_sample_gives_its_ground_truth() {
    let kept = parse(&KIND, None, &documents(&sample("pg_dump")));
    assert_eq!(kept.problems, []);
    let truth: serde_json::Value =
        serde_json::from_slice(&std::fs::read(sample("pg_dump").join("truth.json")).unwrap()).unwrap();
    let mut seen: BTreeMap<&str, Vec<Seen>> = BTreeMap::new();
    for row in &kept.rows {
        let (kind, one) = match row {
            Row::Run(r) => (
                "backup",
                Seen {
                    started: r.started_at,
                    ended: r.ended_at,
                    status: r.status.to_string(),
                    bytes: r.bytes,
                    stored: r.bytes_stored,
                    encrypted: r.encrypted,
                    point: r.recovery_point_id.clone(),
                },
            ),
            Row::RestoreTest(r) => (
                "restore",
                Seen {
                    started: r.started_at,
                    ended: r.ended_at,
                    status: r.result.to_string(),
                    bytes: r.bytes,
                    stored: None,
                    encrypted: None,
                    point: r.recovery_point_id.clone(),
                },
            ),
            Row::IntegrityCheck(r) => (
                "verify",
                Seen {
                    started: r.started_at,
                    ended: r.ended_at,
                    status: r.status.to_string(),
                    bytes: None,
                    stored: None,
                    encrypted: None,
                    point: None,
                },
            ),
            _ => continue,
        };
        seen.entry(kind).or_default().push(one);
    }
    for entry in truth["runs"].as_array().unwrap() {
        let id = entry["id"].as_str().unwrap();
        let kind = entry["kind"].as_str().unwrap().split('-').next().unwrap();
        let of_kind = seen.get_mut(kind).unwrap();
        let time = |key: &str| entry[key].as_str().map(at);
        let near = |a: Option<Instant>, b: Option<Instant>| match (a, b) {
            (Some(a), Some(b)) => (a - b).num_milliseconds().abs() <= entry["tolerance_s"].as_i64().unwrap_or(0) * 1000,
            (a, b) => a == b,
        };
        let found = of_kind
            .iter()
            .position(|s| {
                near(s.started, time("started_at"))
                    && near(s.ended, time("finished_at"))
                    && entry["bytes"].as_u64() == s.bytes
                    && entry["encrypted"].as_bool() == s.encrypted
            })
            .unwrap_or_else(|| panic!("{id}: no row with its times, size and encryption"));
        let one = of_kind.remove(found);
        let status = match entry["status"].as_str().unwrap() {
            "warning" => "partial",
            "interrupted" => "aborted",
            other => other,
        };
        assert_eq!(one.status, status, "{id}");
        assert_eq!(one.stored, entry["bytes_stored"].as_u64(), "{id}");
        assert_eq!(one.point.as_deref(), entry["recovery_point"].as_str(), "{id}");
    }
    for (kind, left) in seen {
        assert!(left.is_empty(), "{} {kind} too many", left.len());
    }
}

/// Statuses by the document that a run's row points to.
fn by_document(kept: &Kept) -> BTreeMap<String, Vec<RunStatus>> {
    let mut out: BTreeMap<String, Vec<RunStatus>> = BTreeMap::new();
    for run in runs(kept) {
        out.entry(run.origin.evidence.to_string()).or_default().push(run.status);
    }
    out
}

#[test]
fn without_records_only_what_the_bytes_prove_is_said() {
    let all: Vec<Document> = documents(&sample("pg_dump")).into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, Some("Europe/London"), &all);
    let seen = by_document(&kept);
    let of = |name: &str| seen.get(&format!("evidence/{name}")).cloned().unwrap_or_default();
    assert_eq!(of("01-cron-dump.stdout"), [RunStatus::Success]);
    assert_eq!(of("02-cron-dump-dst.stdout"), [RunStatus::Success]);
    assert_eq!(of("02b-cron-dump-across.stdout"), [RunStatus::Success]);
    assert_eq!(of("06-refused.stdout"), [RunStatus::Failed]);
    assert_eq!(of("08-disk-full.stdout"), [RunStatus::Failed]);
    assert_eq!(of("09-sigterm.stderr"), [RunStatus::Aborted]);
    assert_eq!(of("14-pg_basebackup.stderr"), [RunStatus::Success]);
    assert_eq!(of("crm-table.sql"), [RunStatus::Success]);
    assert_eq!(of("globals.sql"), [RunStatus::Success]);
    assert_eq!(of("typo.sql.gz"), [RunStatus::Failed]);
    let successes = runs(&kept).iter().filter(|r| r.status == RunStatus::Success).count();
    assert_eq!(successes, 6, "{:#?}", runs(&kept));
    let across = runs(&kept).into_iter().find(|r| r.bytes == Some(5_630_340)).unwrap();
    assert_eq!(across.started_at, Some(at("2026-10-25T00:59:59Z")));
    assert_eq!(across.ended_at, Some(at("2026-10-25T01:00:04Z")));
    let first = runs(&kept).into_iter().find(|r| r.started_at == Some(at("2026-10-12T02:30:00Z"))).unwrap();
    assert_eq!((first.bytes, first.encrypted), (Some(350_418), Some(false)), "the dump file joins its log");
    assert!(restores(&kept).iter().all(|r| r.result == model::rows::TestResult::Failed));
    assert!(checks(&kept).iter().filter(|c| c.status == RunStatus::Success).all(|c| c.status_raw.contains("verified")));
    // The restore without its exit code is a gap, not a pass.
    assert_eq!(
        kept.problems.iter().map(|p| p.document.as_str()).collect::<Vec<_>>(),
        ["evidence/11-restore-test.stderr"]
    );
}

#[test]
fn order_and_repetition_change_nothing() {
    for records in [true, false] {
        let mut all: Vec<Document> =
            documents(&sample("pg_dump")).into_iter().filter(|d| records || d.name() != "runs.json").collect();
        let once = parse(&KIND, Some("Europe/London"), &all);
        all.reverse();
        let again = parse(&KIND, Some("Europe/London"), &all);
        assert_eq!(once.rows, again.rows);
        let ids: std::collections::BTreeSet<String> = runs(&once).iter().map(|r| r.origin.record_id.clone()).collect();
        assert_eq!(ids.len(), runs(&once).len(), "ids are unique");
    }
}

#[test]
fn facts_about_dumps_tell_what_the_dumps_told() {
    let raw = documents(&sample("pg_dump"));
    let mut kept_back = Vec::new();
    let facts: Vec<Document> = raw
        .iter()
        .map(|d| {
            let head = d.head(8192).unwrap();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut d.raw().unwrap(), &mut bytes).unwrap();
            if (KIND.claim)(d.name(), &bytes[..bytes.len().min(8192)]) != Claim::Facts {
                return d.clone();
            }
            assert!(!head.is_empty() || d.name().ends_with("typo.sql.gz"));
            kept_back.push(d.file_name().to_owned());
            let facts = crate::fetch::facts(&mut bytes.as_slice()).unwrap();
            Document::in_memory(d.name(), d.name(), None, serde_json::to_vec_pretty(&facts).unwrap())
        })
        .collect();
    kept_back.sort();
    assert_eq!(kept_back, ["crm-table.sql", "crm.dump", "crm.dump.gpg", "globals.sql", "typo.sql.gz"]);
    assert_eq!(parse(&KIND, None, &raw).rows, parse(&KIND, None, &facts).rows);
}
