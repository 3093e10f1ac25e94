//! Tests on real outputs (2.45) and on variants of the documented format.

use model::rows::{RecoveryPoint, Row, RunStatus, TestResult};
use model::time::{Instant, instant};
use serde_json::Value;

use super::KIND;
use crate::testing::{checks, differences_from_truth, parse, points, restores, runs, sample, sample_documents, text};
use crate::{Document, Kept};

mod variants;

fn at(text: &str) -> Instant {
    instant(text, None).unwrap()
}

fn whole_sample() -> Vec<Document> {
    sample_documents("pgbackrest")
}

#[test]
fn the_sample_is_read_as_its_truth_says() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    // The sets had expired when `info` was taken, and the log prints rounded sizes.
    let expired: Vec<(&str, &str)> =
        ["b04", "b05", "b06"].into_iter().flat_map(|id| [(id, "bytes"), (id, "bytes_stored")]).collect();
    assert_eq!(differences_from_truth("pgbackrest", &kept, &expired), Vec::<String>::new());
    for run in runs(&kept) {
        assert_eq!(run.resource.as_deref(), Some("pgbackrest:shop"));
        let id = run.recovery_point_id.as_deref().unwrap_or_default();
        assert!(id.is_empty() || (run.component == Some(model::rows::Component::Full)) != id.contains('_'), "{id}");
    }
    assert!(restores(&kept).iter().all(|t| t.from_log && t.service_ready_at.is_none()));
    let check = checks(&kept)[0];
    assert_eq!((check.result, checks(&kept).len()), (model::rows::Integrity::Fail, 1));
    assert_eq!(check.recovery_point_ids, ["20261122-210913F"]);
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
