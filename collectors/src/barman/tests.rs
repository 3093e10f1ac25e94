//! Tests on real outputs (3.4) and on variants of the documented format.

use model::rows::{BackupRun, Component, DeleteReason, Integrity, Row, RunStatus, TestResult};
use model::time::{Instant, instant};

use super::KIND;
use crate::testing::{checks, differences_from_truth, parse, points, restores, runs, sample_documents, text};
use crate::{Document, Kept};

mod variants;

fn at(text: &str) -> Instant {
    instant(text, None).unwrap()
}

fn whole_sample() -> Vec<Document> {
    sample_documents("barman")
}

#[test]
fn the_sample_is_read_as_its_truth_says() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    // Truth looks at a run's own output alone; the console of this restore names the backup.
    assert_eq!(differences_from_truth("barman", &kept, &[("r18", "recovery_point")]), Vec::<String>::new());
    assert!(runs(&kept).iter().all(|r| r.resource.as_deref() == Some("barman:sales")));
    assert!(restores(&kept).iter().all(|t| t.from_log && t.service_ready_at.is_none()));
    assert!(checks(&kept).iter().all(|c| c.result == Integrity::NotChecked), "a check reads no stored data");
    assert!(points(&kept).iter().all(|p| p.delete_reason != Some(DeleteReason::Manual)), "a refused deletion");
    assert_eq!(checks(&kept).len(), 5, "one for each `barman check` in runs.json");
    let cause =
        |needle: &str| runs(&kept).iter().any(|r| r.status_detail.as_deref().is_some_and(|d| d.contains(needle)));
    assert!(cause("Check 'PostgreSQL' failed for server 'sales'"), "why the backup could not start");
    assert!(cause("Another backup process is running") && cause("data transfer failure"));
}

#[test]
fn deletions_by_policy_are_told_and_refused_ones_are_not() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    let gone: Vec<(&str, Option<Instant>, Option<DeleteReason>)> = points(&kept)
        .into_iter()
        .filter(|p| p.deleted_at.is_some())
        .map(|p| (p.recovery_point_id.as_str(), p.deleted_at, p.delete_reason))
        .collect();
    let expired = Some(DeleteReason::Expired);
    assert_eq!(
        gone,
        [
            ("20261014T010023", Some(at("2026-11-22T21:32:46.994Z")), expired),
            ("20261015T010005", Some(at("2026-11-22T21:32:51.134Z")), expired),
            ("20261017T010016", Some(at("2026-11-22T21:32:54.147Z")), expired),
        ]
    );
    let last = kept
        .rows
        .iter()
        .filter_map(|r| if let Row::Listing(l) = r { Some(l) } else { None })
        .max_by_key(|l| l.listed_at);
    assert_eq!(last.unwrap().recovery_point_ids, ["20261122T213202", "20261018T010006"]);
    assert!(last.unwrap().complete);
}

#[test]
fn without_run_records_nothing_becomes_better() {
    let bare: Vec<Document> = whole_sample().into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, Some("UTC"), &bare);
    let with = parse(&KIND, Some("UTC"), &whole_sample());
    let states =
        |kept: &Kept| -> Vec<(String, RunStatus)> { runs(kept).iter().map(|r| (r.run_id.clone(), r.status)).collect() };
    assert_eq!(states(&kept), states(&with), "barman.log tells of refused runs as well");
    assert_eq!(with.passed_over.len(), 5, "{:#?}", with.passed_over);
    assert_eq!(restores(&kept).len(), 1);
    assert_eq!(restores(&kept)[0].result, TestResult::Success);
    let length = restores(&kept)[0].ended_at.unwrap() - restores(&kept)[0].started_at.unwrap();
    assert_eq!(length.num_seconds(), 1, "36.898 to 36.890 + 2 s");
}

#[test]
fn the_retention_that_is_set_is_told() {
    let kept = parse(&KIND, Some("UTC"), &whole_sample());
    let plans: Vec<_> =
        kept.rows.iter().filter_map(|r| if let Row::Plan(plan) = r { Some(plan) } else { None }).collect();
    assert_eq!(plans.len(), 1);
    assert_eq!((plans[0].retention_s, plans[0].enabled), (Some(30 * 86_400), Some(true)));
    let claim = (KIND.claim)("sales.conf", b"[sales]\nconninfo = host=a password=x\n");
    assert!(matches!(claim, crate::Claim::Pass(_)));
}

#[test]
fn order_of_documents_and_repetition_change_nothing() {
    let mut docs = whole_sample();
    let first = parse(&KIND, Some("UTC"), &docs).rows;
    docs.reverse();
    assert_eq!(parse(&KIND, Some("UTC"), &docs).rows, first);
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
