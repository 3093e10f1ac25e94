use model::registers::{CauseClass, Incident, IncidentKind};
use model::rows::{DiscoveredAsset, Row};
use model::time::instant;

use super::KIND;
use crate::testing::{parse, text};
use crate::{Document, Kept};

mod shapes;

fn read(documents: &[(&str, &str)]) -> Kept {
    let documents: Vec<Document> = documents.iter().map(|(name, content)| text(name, content)).collect();
    parse(&KIND, None, &documents)
}

fn assets(kept: &Kept) -> Vec<&DiscoveredAsset> {
    kept.rows.iter().filter_map(|r| if let Row::Asset(a) = r { Some(a) } else { None }).collect()
}

fn incidents(kept: &Kept) -> Vec<&Incident> {
    kept.rows.iter().filter_map(|r| if let Row::Incident(i) = r { Some(&i.incident) } else { None }).collect()
}

fn setting<'a>(asset: &'a DiscoveredAsset, name: &str) -> Option<&'a str> {
    asset.settings.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

const REPOSITORY: &str = r#"{"id":1,"full_name":"acme/billing","private":true,"visibility":"internal","archived":false,"disabled":false,
 "fork":false,"default_branch":"main","pushed_at":"2026-10-01T10:00:00Z","created_at":"2020-01-01T00:00:00Z","size":120,
 "temp_clone_token":"ghs_secret","custom_properties":{"environment":"production"},
 "security_and_analysis":{"secret_scanning":{"status":"enabled"},"secret_scanning_push_protection":{"status":"disabled"}}}"#;

const PROTECTION: &str = r#"{"url":"https://api.github.com/repos/acme/billing/branches/release/1.0/protection",
 "enforce_admins":{"enabled":true},"required_pull_request_reviews":{"required_approving_review_count":2},
 "allow_force_pushes":{"enabled":false},"restrictions":null}"#;

fn issue(number: u32, labels: &str, more: &str) -> String {
    format!(
        r#"{{"number":{number},"title":"t","state":"closed","labels":[{labels}],"user":null,"created_at":"2026-10-02T08:00:00Z",
        "updated_at":"2026-10-03T08:00:00Z","repository_url":"https://api.github.com/repos/acme/ops"{more}}}"#
    )
}

#[test]
fn a_repository_is_an_asset_with_its_settings() {
    let archived = REPOSITORY.replace("acme/billing", "acme/old").replace(r#""archived":false"#, r#""archived":true"#);
    let kept = read(&[("repos.json", &format!("[{REPOSITORY},{archived}]"))]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let asset = assets(&kept)[0];
    assert_eq!((asset.asset_id.as_str(), asset.kind.as_str()), ("github:acme/billing", "repository"));
    assert_eq!(asset.first_seen_at, instant("2020-01-01T00:00:00Z", None).unwrap());
    assert_eq!(asset.environment.as_deref(), Some("production"));
    assert_eq!(asset.excluded_reason, None);
    assert_eq!(setting(asset, "visibility"), Some("internal"));
    assert_eq!(setting(asset, "archived"), Some("false"));
    assert_eq!(setting(asset, "default branch"), Some("main"));
    assert_eq!(setting(asset, "secret scanning"), Some("enabled"));
    assert_eq!(setting(asset, "secret scanning push protection"), Some("disabled"));
    assert_eq!(setting(asset, "advanced security"), Some("not determined"));
    assert!(asset.settings.is_sorted());
    assert_eq!(assets(&kept)[1].origin.pointer, "/1");
    assert!(assets(&kept)[1].excluded_reason.is_some());
    assert!(!format!("{:?}", kept.rows).contains("ghs_secret"));
}

#[test]
fn without_rights_security_settings_are_not_determined() {
    let kept = read(&[("r.json", r#"{"full_name":"acme/x","private":true,"security_and_analysis":null}"#)]);
    assert_eq!(setting(assets(&kept)[0], "secret scanning"), Some("not determined"));
    assert_eq!(setting(assets(&kept)[0], "visibility"), Some("private or internal"));
}

#[test]
fn protection_and_rules_belong_to_their_repository() {
    let rules = r#"[{"type":"non_fast_forward","ruleset_source_type":"Organization","ruleset_source":"acme","ruleset_id":7},
      {"type":"pull_request","parameters":{"required_approving_review_count":1},"ruleset_source_type":"Repository","ruleset_source":"acme/billing","ruleset_id":8}]"#;
    let ruleset = r#"{"id":8,"name":"guard","target":"branch","source_type":"Repository","source":"acme/billing","enforcement":"evaluate",
      "conditions":{"ref_name":{"include":["~DEFAULT_BRANCH"],"exclude":[]}},"rules":[{"type":"deletion"}],"bypass_actors":[]}"#;
    let branch = r#"{"name":"main","commit":{"sha":"a","url":"https://api.github.com/repos/acme/billing/commits/a"},"protected":false}"#;
    let kept = read(&[
        ("repo.json", REPOSITORY),
        ("p.json", PROTECTION),
        ("export/acme/billing/rules.json", rules),
        ("s.json", ruleset),
        ("b.json", branch),
        ("acme/billing/automated-security-fixes.json", r#"{"enabled":true,"paused":false}"#),
    ]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    assert_eq!(assets(&kept).len(), 1);
    let asset = assets(&kept)[0];
    assert_eq!(setting(asset, "branch release/1.0: force pushes allowed"), Some("false"));
    assert_eq!(setting(asset, "branch release/1.0: deletion allowed"), Some("not determined"));
    assert_eq!(setting(asset, "branch release/1.0: approving reviews"), Some("2"));
    assert_eq!(setting(asset, "branch rules"), Some("non_fast_forward, pull_request (1 approving reviews)"));
    assert_eq!(setting(asset, "ruleset guard"), Some("evaluate, branch, ~DEFAULT_BRANCH, deletion, 0 may bypass"));
    assert_eq!(setting(asset, "branch main: protected"), Some("false"));
    assert_eq!(setting(asset, "dependabot security fixes"), Some("true"));
}

#[test]
fn a_404_is_not_determined_and_other_errors_are_problems() {
    let not_found = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}"#;
    let unprotected =
        r#"{"message":"Branch not protected","documentation_url":"https://docs.github.com/rest","status":"404"}"#;
    let forbidden = r#"{"message":"Resource not accessible by personal access token","documentation_url":"https://docs.github.com/rest","status":"403"}"#;
    let kept = read(&[
        ("repos/acme/billing/repo.json", REPOSITORY),
        ("repos/acme/billing/vulnerability-alerts.json", not_found),
        ("repos/acme/billing/branches/main/protection.json", unprotected),
        ("repos/acme/billing/issues.json", not_found),
        ("repos/acme/billing/rulesets.json", forbidden),
    ]);
    let asset = assets(&kept)[0];
    assert_eq!(setting(asset, "vulnerability alerts"), Some("not determined (404 Not Found)"));
    assert_eq!(setting(asset, "branch main: classic protection"), Some("absent"));
    let told: Vec<&str> = kept.problems.iter().map(|p| p.document.as_str()).collect();
    assert_eq!(told, ["repos/acme/billing/issues.json", "repos/acme/billing/rulesets.json"]);
}

#[test]
fn issues_become_incidents_by_label() {
    let list = [
        issue(1, r#"{"name":"Incident"},{"name":"backup"},{"name":"cause:backup-failed"},{"name":"system:billing-db"},{"name":"system: crm"},{"name":"severity:High"},{"name":"significant"}"#, r#","closed_at":"2026-10-03T08:00:00Z","state_reason":"completed""#),
        issue(2, r#""investigation","cause:gremlins""#, r#","closed_at":null"#),
        issue(3, r#"{"name":"incident"}"#, r#","closed_at":"2026-10-03T08:00:00Z","state_reason":"duplicate","body":"Duplicate of #1.""#),
        issue(4, r#"{"name":"bug"}"#, ""),
        issue(5, r#"{"name":"incident"}"#, r#","pull_request":{"url":"https://api.github.com/repos/acme/ops/pulls/5"}"#),
    ]
    .join(",");
    let kept = read(&[("issues.json", &format!("[{list}]"))]);
    let incidents = incidents(&kept);
    assert_eq!(
        incidents.iter().map(|i| i.incident_id.as_str()).collect::<Vec<_>>(),
        ["acme/ops#1", "acme/ops#2", "acme/ops#3"]
    );
    let first = incidents[0];
    assert_eq!((first.kind, first.backup_related, first.significant), (IncidentKind::Incident, true, true));
    assert_eq!(first.cause_class, Some(CauseClass::BackupFailed));
    assert_eq!(first.system_ids, ["billing-db", "crm"]);
    assert_eq!(first.severity.as_deref(), Some("High"));
    assert_eq!(first.closed_at, Some(instant("2026-10-03T08:00:00Z", None).unwrap()));
    assert_eq!(first.duplicate_of, None);
    assert_eq!((incidents[1].kind, incidents[1].backup_related), (IncidentKind::Investigation, false));
    assert_eq!((incidents[1].cause_class, incidents[1].closed_at), (None, None));
    assert_eq!(incidents[2].duplicate_of.as_deref(), Some("acme/ops#1"));
    assert_eq!(kept.problems.len(), 1);
    assert_eq!(kept.problems[0].place.as_deref(), Some("/1/labels"));
}

#[test]
fn pages_and_searches_are_read_and_the_newest_state_counts() {
    let open = issue(1, r#""incident""#, r#","closed_at":null"#);
    let closed = issue(1, r#""incident""#, r#","closed_at":"2026-10-03T08:00:00Z""#)
        .replace("2026-10-03T08:00:00Z\",\n", "2026-10-04T08:00:00Z\",\n");
    let other = issue(2, r#""incident""#, "");
    for documents in [
        vec![("pages.json", format!("[{open}][{closed}]\n[{other}]"))],
        vec![
            ("b.json", format!(r#"{{"total_count":1,"incomplete_results":false,"items":[{closed}]}}"#)),
            ("a.json", format!("[{open},{other}]")),
        ],
    ] {
        let documents: Vec<(&str, &str)> = documents.iter().map(|(n, c)| (*n, c.as_str())).collect();
        let kept = read(&documents);
        assert!(kept.problems.is_empty(), "{:?}", kept.problems);
        assert_eq!(incidents(&kept).len(), 2);
        assert!(incidents(&kept)[0].closed_at.is_some());
    }
    let kept = read(&[("s.json", &format!(r#"{{"total_count":9,"incomplete_results":true,"items":[{open}]}}"#))]);
    assert_eq!((incidents(&kept).len(), kept.problems.len()), (1, 1));
}

#[test]
fn damaged_and_foreign_files_are_told_apart() {
    let kept = read(&[
        ("cut.json", &format!("[{}] [{}", issue(1, r#""incident""#, ""), &REPOSITORY[..60])),
        ("empty.json", ""),
        ("readme.md", "# hello"),
        ("runs.json", r#"{"total_count":0,"workflow_runs":[]}"#),
        ("none.json", "[]"),
    ]);
    assert_eq!(incidents(&kept).len(), 1);
    assert_eq!(kept.problems.iter().map(|p| p.document.as_str()).collect::<Vec<_>>(), ["cut.json", "empty.json"]);
    assert_eq!(kept.passed_over.len(), 3);
}

#[test]
fn the_order_of_documents_does_not_matter() {
    let list = issue(1, r#""incident""#, "");
    let mut documents = vec![("repo.json", REPOSITORY), ("p.json", PROTECTION), ("i.json", list.as_str())];
    let rows = read(&documents).rows;
    documents.reverse();
    assert_eq!(rows, read(&documents).rows);
    assert_eq!(rows.len(), 2);
}
