//! Tests on real outputs (2.45) and on variants of the documented format.

use model::rows::{BackupRun, IntegrityCheck, RecoveryPoint, RestoreTest, Row, RunStatus, TestResult};
use model::time::{Instant, instant};
use serde_json::Value;

use super::KIND;
use crate::testing::{documents, parse, sample, text};
use crate::{Document, Kept};

mod variants;

fn runs(kept: &Kept) -> Vec<&BackupRun> {
    kept.rows.iter().filter_map(|r| if let Row::Run(run) = r { Some(run) } else { None }).collect()
}

fn restores(kept: &Kept) -> Vec<&RestoreTest> {
    kept.rows.iter().filter_map(|r| if let Row::RestoreTest(test) = r { Some(test) } else { None }).collect()
}

fn checks(kept: &Kept) -> Vec<&IntegrityCheck> {
    kept.rows.iter().filter_map(|r| if let Row::IntegrityCheck(check) = r { Some(check) } else { None }).collect()
}

fn points(kept: &Kept) -> Vec<&RecoveryPoint> {
    kept.rows.iter().filter_map(|r| if let Row::RecoveryPoint(point) = r { Some(point) } else { None }).collect()
}

fn at(text: &str) -> Instant {
    instant(text, None).unwrap()
}

fn whole_sample() -> Vec<Document> {
    documents(&sample("pgbackrest"))
        .into_iter()
        .filter(|d| d.name() != "truth.json" && d.name() != "README.md")
        .collect()
}

fn near(found: Option<Instant>, truth: &Value, tolerance: i64, what: &str) {
    let truth = truth.as_str().map(at);
    match (found, truth) {
        (None, None) => {}
        (Some(found), Some(truth)) => {
            let off = (found - truth).num_milliseconds().abs();
            assert!(off < tolerance * 1000 + 1000, "{what}: {found} is {off} ms from {truth}");
        }
        _ => panic!("{what}: {found:?} where the truth is {truth:?}"),
    }
}

#[test]
fn the_sample_is_read_as_its_truth_says() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    assert_eq!(kept.problems, vec![]);
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(sample("pgbackrest").join("truth.json")).unwrap()).unwrap();
    let entries = truth["runs"].as_array().unwrap();
    let evidence: String = whole_sample().iter().map(|d| d.lossy_text().unwrap()).collect();
    let count = |prefix: &str| entries.iter().filter(|e| e["kind"].as_str().unwrap().starts_with(prefix)).count();
    assert_eq!(runs(&kept).len(), count("backup"));
    assert_eq!(restores(&kept).len(), count("restore"));
    assert_eq!(checks(&kept).len(), count("verify"));
    for entry in entries {
        let id = entry["id"].as_str().unwrap();
        let kind = entry["kind"].as_str().unwrap();
        let tolerance = entry["tolerance_s"].as_i64().unwrap_or(0);
        let point = entry["recovery_point"].as_str().and_then(|p| p.split(' ').next());
        let start = at(entry["started_at"].as_str().unwrap());
        let close = |t: Option<Instant>| t.is_some_and(|t| (t - start).num_seconds().abs() <= 1);
        // A size of an expired backup stands nowhere in the evidence: a reader must say unknown.
        let size = |field: &str| entry[field].as_u64().filter(|n| evidence.contains(&n.to_string()));
        if kind.starts_with("backup") {
            let run = runs(&kept)
                .into_iter()
                .find(|r| {
                    if point.is_some() {
                        r.recovery_point_id.as_deref() == point
                    } else {
                        close(r.started_at) && r.recovery_point_id.is_none()
                    }
                })
                .unwrap_or_else(|| panic!("{id} is missing"));
            let status = match entry["status"].as_str().unwrap() {
                "success" => RunStatus::Success,
                "failed" => RunStatus::Failed,
                "interrupted" => RunStatus::Aborted,
                other => panic!("{other}"),
            };
            assert_eq!(run.status, status, "{id}");
            assert_eq!(run.resource.as_deref(), Some("pgbackrest:shop"), "{id}");
            near(run.started_at, &entry["started_at"], tolerance, id);
            near(run.ended_at, &entry["finished_at"], tolerance, id);
            assert_eq!(run.bytes, size("bytes"), "{id}");
            assert_eq!(run.bytes_stored, size("bytes_stored"), "{id}");
            assert_eq!(run.encrypted, entry["encrypted"].as_bool(), "{id}");
            let full = run.component == Some(model::rows::Component::Full);
            assert_eq!(full, kind == "backup-full", "{id}");
        } else if kind == "restore" {
            let test = restores(&kept)
                .into_iter()
                .find(|t| close(t.started_at) && (t.recovery_point_id.as_deref() == point))
                .unwrap();
            let result = if entry["status"] == "success" { TestResult::Success } else { TestResult::Failed };
            assert_eq!(test.result, result, "{id}");
            near(test.started_at, &entry["started_at"], tolerance, id);
            near(test.ended_at, &entry["finished_at"], tolerance, id);
            assert_eq!(test.bytes, size("bytes"), "{id}");
            assert!(test.from_log && test.service_ready_at.is_none());
        } else {
            let check = checks(&kept)[0];
            assert_eq!(check.status, RunStatus::Failed);
            assert_eq!(check.result, model::rows::Integrity::Fail);
            assert_eq!(check.recovery_point_ids, ["20261122-210913F"]);
            near(check.started_at, &entry["started_at"], tolerance, id);
            near(check.ended_at, &entry["finished_at"], tolerance, id);
        }
    }
    let failed = runs(&kept).into_iter().find(|r| r.status_raw.contains("[050]")).unwrap();
    assert!(failed.status_detail.as_deref().unwrap().starts_with("error 050: unable to acquire lock"));
}

#[test]
fn recovery_points_show_what_exists_and_what_expired() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(sample("pgbackrest").join("truth.json")).unwrap()).unwrap();
    let current: Vec<&str> =
        truth["facts"]["current_sets"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let alive: Vec<&str> =
        points(&kept).into_iter().filter(|p| p.deleted_at.is_none()).map(|p| p.recovery_point_id.as_str()).collect();
    assert_eq!(alive, current);
    let gone: Vec<&RecoveryPoint> = points(&kept).into_iter().filter(|p| p.deleted_at.is_some()).collect();
    assert_eq!(gone.len(), 4);
    let first = gone.iter().find(|p| p.recovery_point_id == "20261010-015807F").unwrap();
    assert_eq!(first.deleted_at, Some(at("2026-11-18T02:00:12.585Z")));
    assert_eq!(first.bytes, Some(109_353_337), "its size is in the first listing");
    let whole: Vec<_> = kept.rows.iter().filter_map(|r| if let Row::Listing(l) = r { Some(l) } else { None }).collect();
    assert_eq!(whole.len(), 3, "two as JSON, one as text");
    assert!(whole.iter().all(|l| l.complete));
    assert_eq!(whole[1].listed_at, at("2026-11-22T21:10:15.322Z"));
    assert_eq!(whole[1].recovery_point_ids, whole[2].recovery_point_ids);
}

#[test]
fn without_run_records_the_bytes_alone_prove_the_same_states() {
    let bare: Vec<Document> = whole_sample().into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, Some("UTC"), &bare);
    let states = |kept: &Kept| {
        let mut out: Vec<(String, RunStatus)> = runs(kept).iter().map(|r| (r.run_id.clone(), r.status)).collect();
        out.sort();
        out
    };
    assert_eq!(states(&kept), states(&parse(&KIND, Some("UTC"), &whole_sample())));
    assert_eq!(restores(&kept).iter().filter(|t| t.result == TestResult::Success).count(), 1);
    assert_eq!(checks(&kept)[0].status, RunStatus::Failed);
    let complete = kept.rows.iter().filter(|r| matches!(r, Row::Listing(l) if l.complete)).count();
    assert_eq!(complete, 1, "of two listings without a time only the newer one proves absence");
}

#[test]
fn run_records_place_the_logs_without_a_zone_of_the_source() {
    let told = parse(&KIND, Some("UTC"), &whole_sample());
    for zone in [None, Some("America/New_York")] {
        let kept = parse(&KIND, zone, &whole_sample());
        assert_eq!(runs(&kept), runs(&told), "{zone:?}");
        assert_eq!(restores(&kept), restores(&told), "{zone:?}");
    }
}

#[test]
fn order_of_documents_and_repetition_change_nothing() {
    let mut docs = whole_sample();
    let first = parse(&KIND, Some("UTC"), &docs).rows;
    docs.reverse();
    assert_eq!(parse(&KIND, Some("UTC"), &docs).rows, first);
}

#[test]
fn the_retention_in_force_is_told() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    let plans: Vec<_> =
        kept.rows.iter().filter_map(|r| if let Row::Plan(plan) = r { Some(plan) } else { None }).collect();
    assert_eq!(plans.len(), 1);
    assert_eq!((plans[0].retention_s, plans[0].retention_count), (Some(30 * 86_400), None));
    assert_eq!(plans[0].resource.as_deref(), Some("pgbackrest:shop"));
}

#[test]
fn run_ids_are_unique() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    let mut ids: Vec<&str> = runs(&kept).iter().map(|r| r.origin.record_id.as_str()).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_cut_document_never_gives_a_success_that_is_none() {
    let good = |kept: &Kept| -> Vec<String> {
        runs(kept).iter().filter(|r| r.status == RunStatus::Success).map(|r| r.run_id.clone()).collect()
    };
    let whole = good(&parse(&KIND, Some("UTC"), &whole_sample()));
    for document in whole_sample() {
        let bytes = document.bytes().unwrap();
        for cut in (0..bytes.len()).step_by(bytes.len() / 150 + 1) {
            let cut = Document::in_memory(document.name(), "cut", None, bytes[..cut].to_vec());
            for id in good(&parse(&KIND, Some("UTC"), &[cut])) {
                assert!(whole.contains(&id), "{id} from {}", document.name());
            }
        }
    }
}
