//! Answers beside those for repositories and issues: organisations, GraphQL, workflows, migrations, restore tests.

use model::rows::{BackupRun, Component, ObservedPlan, RestoreTest, RunStatus, TestResult, Trigger};
use serde_json::json;

use super::*;

fn runs(kept: &Kept) -> Vec<&BackupRun> {
    kept.rows.iter().filter_map(|r| if let Row::Run(r) = r { Some(r) } else { None }).collect()
}

fn plans(kept: &Kept) -> Vec<&ObservedPlan> {
    kept.rows.iter().filter_map(|r| if let Row::Plan(p) = r { Some(p) } else { None }).collect()
}

fn tests(kept: &Kept) -> Vec<&RestoreTest> {
    kept.rows.iter().filter_map(|r| if let Row::RestoreTest(t) = r { Some(t) } else { None }).collect()
}

fn run(id: u64, attempt: u64, event: &str, status: &str, conclusion: Option<&str>) -> String {
    json!({"id": id, "workflow_id": 9, "path": ".github/workflows/Backup.yml@main", "event": event, "status": status, "conclusion": conclusion,
        "run_attempt": attempt, "name": null, "head_branch": null, "created_at": "2020-01-08T23:48:37.000-08:00",
        "updated_at": "2020-01-09T08:00:00Z", "repository": {"full_name": "acme/ops"}})
    .to_string()
}

#[test]
fn only_success_is_a_success() {
    let all = [
        (Some("success"), "completed", RunStatus::Success),
        (Some("failure"), "completed", RunStatus::Failed),
        (Some("timed_out"), "completed", RunStatus::Failed),
        (Some("startup_failure"), "completed", RunStatus::Failed),
        (Some("cancelled"), "completed", RunStatus::Aborted),
        (Some("skipped"), "completed", RunStatus::Unknown),
        (Some("neutral"), "completed", RunStatus::Unknown),
        (Some("stale"), "completed", RunStatus::Unknown),
        (Some("action_required"), "completed", RunStatus::Unknown),
        (Some("of_a_new_kind"), "completed", RunStatus::Unknown),
        (None, "completed", RunStatus::Unknown),
        (None, "in_progress", RunStatus::Running),
        (None, "queued", RunStatus::Pending),
        (None, "waiting", RunStatus::Pending),
    ];
    for (n, (conclusion, status, expected)) in all.into_iter().enumerate() {
        let kept = read(&[("runs.json", &run(n as u64, 1, "schedule", status, conclusion))]);
        let found = runs(&kept);
        assert_eq!((found.len(), found[0].status), (1, expected), "{conclusion:?} {status}");
        assert_eq!(found[0].status_raw, conclusion.unwrap_or(status));
        assert_eq!(found[0].ended_at.is_some(), conclusion.is_some());
    }
}

#[test]
fn runs_of_copies_belong_to_their_repository_and_plan() {
    let other = run(3, 1, "push", "completed", Some("success")).replace("Backup.yml", "test.yml");
    let body = format!(
        r#"{{"total_count":3,"workflow_runs":[{},{},{other}]}}"#,
        run(1, 1, "schedule", "completed", Some("success")),
        run(2, 2, "workflow_dispatch", "completed", Some("failure")),
    );
    let kept = read(&[("repos/acme/ops/actions/runs.json", &body)]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let found = runs(&kept);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].run_id.as_str(), found[0].trigger), ("1", Some(Trigger::Scheduled)));
    assert_eq!((found[1].run_id.as_str(), found[1].trigger), ("2/attempts/2", Some(Trigger::Retry)));
    assert_eq!(found[0].origin.record_id, "acme/ops/actions/runs/1");
    assert_eq!(found[0].origin.pointer, "/workflow_runs/0");
    assert_eq!(found[0].resource.as_deref(), Some("github:acme/ops"));
    assert_eq!(found[0].plan_id.as_deref(), Some("github:acme/ops/.github/workflows/Backup.yml"));
    assert_eq!(found[0].component, Some(Component::Mirror));
    assert_eq!(found[0].started_at, instant("2020-01-09T07:48:37Z", None).ok());
}

#[test]
fn a_workflow_that_github_switched_off_is_a_plan_that_is_not_enabled() {
    let workflow = |id: u64, file: &str, state: &str| {
        json!({"id": id, "name": "n", "path": format!(".github/workflows/{file}"), "state": state, "badge_url": "b",
            "url": format!("https://github.example.com/api/v3/repos/acme/ops/actions/workflows/{id}")})
    };
    let list = json!({"total_count": 4, "workflows": [workflow(1, "backup.yml", "active"), workflow(2, "backup-weekly.yaml", "disabled_inactivity"),
        workflow(3, "test.yml", "active"), workflow(4, "mirror-backup.yml", "of_a_new_kind")]});
    let text = "name: b\non:\n  schedule:\n    - cron: '0 2 * * *'\n    - cron: \"30 14 * * 1\"\n";
    let kept = read(&[
        ("repos/acme/ops/actions/workflows/page-0001.json", &list.to_string()),
        ("repos/acme/ops/contents/.github/workflows/backup.yml", text),
        ("repos/acme/ops/contents/.github/workflows/mirror-backup.yml", "on: [push]\n"),
    ]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let found: Vec<(&str, Option<bool>, Option<&str>)> = plans(&kept)
        .iter()
        .map(|p| (p.plan_id.rsplit('/').next().unwrap(), p.enabled, p.schedule.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("backup-weekly.yaml", Some(false), None),
            ("backup.yml", Some(true), Some("0 2 * * *; 30 14 * * 1")),
            ("mirror-backup.yml", None, None),
        ]
    );
    assert_eq!(setting(assets(&kept)[0], "workflow backup-weekly.yaml"), Some("disabled_inactivity"));
    assert_eq!(setting(assets(&kept)[0], "workflow test.yml"), None);
    let kept = read(&[("repos/acme/ops/contents/.github/workflows/backup.yml", "<html>sign in</html>")]);
    assert_eq!(kept.problems.len(), 1);
}

#[test]
fn an_organisation_is_an_asset_that_needs_no_inventory_row() {
    let owner = r#"{"login":"acme","type":"Organization","two_factor_requirement_enabled":false,"default_repository_permission":"write",
        "members_can_delete_repositories":true,"plan":{"name":"enterprise","seats":9},"billing_email":"x@example.com"}"#;
    let lacking = r#"[{"login":"kim","id":1,"type":"User"},{"login":"lee","id":2,"type":"User"}]"#;
    let kept = read(&[
        ("orgs/acme.json", owner),
        ("orgs/acme/members/2fa_disabled/page-0001.json", lacking),
        ("orgs/acme/outside_collaborators/2fa_disabled/page-0001.json", "[]"),
    ]);
    assert!(kept.problems.is_empty() && kept.passed_over.is_empty(), "{:?}", kept.problems);
    let asset = assets(&kept)[0];
    assert_eq!((asset.asset_id.as_str(), asset.kind.as_str()), ("github:acme", "organization"));
    assert!(asset.excluded_reason.is_some());
    assert_eq!(setting(asset, "two-factor authentication required"), Some("false"));
    assert_eq!(setting(asset, "members without two-factor authentication"), Some("2: kim, lee"));
    assert_eq!(setting(asset, "outside collaborators without two-factor authentication"), Some("none"));
    assert_eq!(setting(asset, "default repository permission"), Some("write"));
    // To others than owners GitHub leaves it out, and GraphQL says null.
    let node = r#"{"data":{"organization":{"login":"acme","requiresTwoFactorAuthentication":null,"repositories":{"nodes":[]}}}}"#;
    let kept = read(&[("orgs/acme.json", r#"{"login":"acme","type":"Organization"}"#), ("graphql.json", node)]);
    let asset = assets(&kept)[0];
    assert_eq!(setting(asset, "two-factor authentication required"), Some("not determined"));
    assert_eq!(setting(asset, "members without two-factor authentication"), Some("not determined"));
    let kept = read(&[("graphql.json", &node.replace("null,", "true,"))]);
    assert_eq!(setting(assets(&kept)[0], "two-factor authentication required"), Some("true"));
}

fn node(admin: bool, rules: &str, visible: &str) -> String {
    format!(
        r#"{{"data":{{"organization":{{"login":"acme","repositories":{{"totalCount":1,"nodes":[{{"nameWithOwner":"acme/app","visibility":"INTERNAL",
        "isArchived":false,"isFork":true,"parent":{{"nameWithOwner":"up/stream"}},"isMirror":false,"mirrorUrl":null,"createdAt":"2020-01-01T00:00:00Z",
        "viewerCanAdminister":{admin},"hasVulnerabilityAlertsEnabled":false,"defaultBranchRef":{{"name":"main"}},
        "branchProtectionRules":{rules},"visible":{{"refUpdateRule":{visible}}},
        "effective":{{"rules":{{"totalCount":2,"nodes":[{{"type":"DELETION","parameters":null}},
          {{"type":"PULL_REQUEST","parameters":{{"__typename":"PullRequestParameters","requiredApprovingReviewCount":2}}}}]}}}},
        "rulesets":{{"totalCount":1,"nodes":[{{"name":"guard","enforcement":"EVALUATE","target":"BRANCH","conditions":{{"refName":{{"include":["~ALL"],"exclude":[]}}}},
          "rules":{{"nodes":[{{"type":"DELETION"}}]}},"bypassActors":{{"totalCount":3}}}}]}}}}]}}}}}}}}"#
    )
}

const EMPTY: &str = r#"{"totalCount":0,"nodes":[]}"#;
const RULES: &str = r#"{"totalCount":1,"nodes":[{"pattern":"release/*","isAdminEnforced":true,"allowsForcePushes":true,"requiresApprovingReviews":false}]}"#;

#[test]
fn graphql_tells_in_the_words_of_rest() {
    let kept = read(&[("graphql/repositories/page-0001.json", &node(true, RULES, "null"))]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let asset = *assets(&kept).iter().find(|a| a.asset_id == "github:acme/app").unwrap();
    assert_eq!(asset.origin.pointer, "/data/organization/repositories/nodes/0");
    assert_eq!(asset.first_seen_at, instant("2020-01-01T00:00:00Z", None).unwrap());
    for (name, shown) in [
        ("visibility", "internal"),
        ("fork", "true"),
        ("fork of", "up/stream"),
        ("branch release/*: force pushes allowed", "true"),
        ("branch release/*: approving reviews", "not required"),
        ("branch release/*: deletion allowed", "not determined"),
        ("branch rules", "deletion, pull_request (2 approving reviews)"),
        ("ruleset guard", "evaluate, branch, ~ALL, deletion, 3 may bypass"),
    ] {
        assert_eq!(setting(asset, name), Some(shown), "{name}");
    }
    assert_eq!(setting(asset, "mirror of"), None);
}

#[test]
fn an_empty_list_of_rules_is_no_proof_but_to_those_who_may_see_them() {
    let listed =
        r#"{"full_name":"acme/app","private":true,"security_and_analysis":{"secret_scanning":{"status":"enabled"}}}"#;
    let shown = |admin: bool, rest: &str, visible: &str| {
        let kept = read(&[("graphql.json", &node(admin, EMPTY, visible)), ("repos.json", rest)]);
        let asset = *assets(&kept).iter().find(|a| a.asset_id == "github:acme/app").unwrap();
        let setting = |name: &str| setting(asset, name).unwrap_or("-").to_owned();
        (setting("branch main: classic protection"), setting("vulnerability alerts"))
    };
    let unknown = ("not determined".to_owned(), "not determined".to_owned());
    assert_eq!(shown(true, listed, "null"), ("absent".to_owned(), "disabled".to_owned()));
    assert_eq!(shown(true, r#"{"full_name":"acme/app","private":true}"#, "null"), unknown);
    assert_eq!(shown(false, listed, "null"), unknown);
    // What everybody may see of a rule shows that there is one.
    let rule = r#"{"pattern":"main","allowsForcePushes":true,"allowsDeletions":false,"requiresSignatures":true}"#;
    let kept = read(&[("graphql.json", &node(false, EMPTY, rule))]);
    let asset = *assets(&kept).iter().find(|a| a.asset_id == "github:acme/app").unwrap();
    assert_eq!(setting(asset, "branch main: force pushes allowed"), Some("true"));
    assert_eq!(setting(asset, "branch main: signatures required"), Some("true"));
    assert_eq!(setting(asset, "branch main: classic protection"), None);
}

#[test]
fn errors_beside_data_are_told() {
    let body = r#"{"data":{"r0":null,"r1":{"nameWithOwner":"acme/app","isArchived":true}},"errors":[{"type":"NOT_FOUND","path":["r0"],"message":"Could not resolve"}]}"#;
    let kept = read(&[("graphql.json", body)]);
    assert_eq!(kept.problems[0].place.as_deref(), Some("/errors"));
    assert!(kept.problems[0].message.contains("Could not resolve"));
    assert_eq!(assets(&kept)[0].origin.pointer, "/data/r1");
    assert!(assets(&kept)[0].excluded_reason.is_some());
}

#[test]
fn a_migration_is_a_copy_of_each_of_its_repositories() {
    let migration = |state: &str, more: &str| {
        format!(
            r#"{{"id":79,"guid":"0b98","state":"{state}","lock_repositories":false,"created_at":"2015-07-06T15:33:38-07:00",
            "updated_at":"2015-07-06T15:40:00-07:00","repositories":[{{"full_name":"acme/app","private":true,"temp_clone_token":"x"}},{{"full_name":"acme/ops"}}]{more}}}"#
        )
    };
    let kept = read(&[("orgs/acme/migrations.json", &format!("[{}]", migration("exported", "")))]);
    assert!(kept.problems.is_empty() && assets(&kept).is_empty(), "{:?}", kept.problems);
    let found = runs(&kept);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].status, found[0].resource.as_deref()), (RunStatus::Success, Some("github:acme/app")));
    assert_eq!(found[0].started_at, instant("2015-07-06T22:33:38Z", None).ok());
    for (state, status) in [
        ("failed", RunStatus::Failed),
        ("exporting", RunStatus::Running),
        ("pending", RunStatus::Pending),
        ("odd", RunStatus::Unknown),
    ] {
        let kept = read(&[("m.json", &migration(state, ""))]);
        assert_eq!(runs(&kept)[0].status, status);
        assert_eq!(runs(&kept)[0].ended_at.is_some(), status == RunStatus::Failed);
    }
    let kept = read(&[("m.json", &migration("exported", r#","exclude_git_data":true"#))]);
    assert_eq!(runs(&kept)[0].component, Some(Component::Config));
}

fn restore(number: u32, closed: bool, body: &str, labels: &str) -> String {
    let closed = if closed { r#""2026-10-05T08:00:00Z""# } else { "null" };
    let body = serde_json::to_string(body).unwrap();
    issue(
        number,
        &format!(r#""Restore-Test"{labels}"#),
        &format!(r#","closed_at":{closed},"body":{body},"html_url":"https://github.com/acme/ops/issues/{number}""#),
    )
}

#[test]
fn a_restore_test_is_read_from_front_matter_or_a_form() {
    let front = "---\r\nsystem: crm\r\nresult: success\r\nstarted_at: 2026-10-02T08:00:00Z\r\nservice_ready_at: 2026-10-02T09:00:00Z\r\n---\r\nAll well.\r\n";
    let form = "### System\n\ncrm\n\n### Result\n\npartial\n\n### started at\n\n2026-10-02T08:00:00Z\n\n### Isolated\n\n- [x] kept apart from production\n\n### Issues\n\n- slow\n- no owner\n\n### Reviewer\n\n_No response_\n\n### What we learned\n\nA lot.";
    let list = [
        restore(1, true, front, ""),
        restore(2, true, form, ""),
        restore(3, true, "### Result\n\nsuccess", r#","system:billing-db""#),
    ];
    let kept = read(&[("issues.json", &format!("[{}]", list.join(",")))]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let found = tests(&kept);
    assert_eq!(found.len(), 3);
    assert!(incidents(&kept).is_empty());
    assert_eq!((found[0].test_id.as_str(), found[0].result), ("acme/ops#1", TestResult::Success));
    assert_eq!(found[0].system_id.as_deref(), Some("crm"));
    assert_eq!(found[0].service_ready_at, instant("2026-10-02T09:00:00Z", None).ok());
    assert_eq!(found[0].reported_at, instant("2026-10-05T08:00:00Z", None).ok());
    assert_eq!((found[0].origin.record_id.as_str(), found[0].origin.pointer.as_str()), ("acme/ops#1", "/0"));
    assert_eq!(
        (found[1].result, found[1].isolated, found[1].reviewer.as_deref()),
        (TestResult::Partial, Some(true), None)
    );
    assert_eq!(found[1].issues, ["slow", "no owner"]);
    assert_eq!(found[1].report_ref.as_deref(), Some("https://github.com/acme/ops/issues/2"));
    assert_eq!(found[2].system_id.as_deref(), Some("billing-db"));
}

#[test]
fn a_test_without_a_result_is_open_or_a_problem() {
    let kept = read(&[("i.json", &restore(1, false, "To be done in October.", ""))]);
    assert!(kept.problems.is_empty() && tests(&kept).is_empty(), "{:?}", kept.problems);
    let kept = read(&[("i.json", &restore(1, true, "Done, all well.", ""))]);
    assert!(tests(&kept).is_empty());
    assert!(kept.problems[0].message.contains("no `result`"), "{:?}", kept.problems);
    let kept = read(&[(
        "i.json",
        &restore(1, false, "### Result\n\nplanned\n\n### System\n\ncrm\n\n### Planned for\n\n2026-12-01T08:00:00Z", ""),
    )]);
    assert_eq!(tests(&kept)[0].result, TestResult::Planned);
    let kept = read(&[("i.json", &restore(1, true, "---\nresult: success\n", ""))]);
    assert!(kept.problems[0].message.contains("closing ---"), "{:?}", kept.problems);
    assert!(kept.problems[0].place.as_deref().unwrap().starts_with("/body"));
    // A misspelt field is told; prose is not.
    let kept = read(&[("i.json", &restore(1, true, "### Resutl\n\nsuccess\n\n### Summary\n\nx", ""))]);
    assert!(kept.problems.iter().any(|p| p.message.contains("no `result`")), "{:?}", kept.problems);
}

#[test]
fn a_live_source_may_name_other_labels_workflows_and_headings() {
    let selection = json!({"schema": "backproof.github-selection/1", "repositories": ["acme/o*"], "incident_labels": ["outage"],
        "restore_test_labels": ["drill"], "restore_test_fields": {"Ausgang": "result", "Anlage": "system_id"}, "backup_workflows": ["copy.yml"]});
    let body = json!("### Ausgang\n\nfailed\n\n### Anlage\n\ncrm");
    let drill = issue(3, r#""drill""#, &format!(r#","closed_at":"2026-10-05T08:00:00Z","body":{body}"#));
    let list = [issue(1, r#""Outage""#, ""), issue(2, r#""incident""#, ""), drill].join(",");
    let elsewhere = issue(9, r#""outage""#, "").replace("acme/ops", "acme/app");
    let copy = run(1, 1, "schedule", "completed", Some("success")).replace("Backup.yml", "copy.yml");
    let kept = read(&[
        ("backproof/selection.json", &selection.to_string()),
        ("issues.json", &format!("[{list},{elsewhere}]")),
        ("repo.json", REPOSITORY),
        ("runs.json", &format!("[{copy},{}]", run(2, 1, "schedule", "completed", Some("success")))),
    ]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    assert_eq!(incidents(&kept).iter().map(|i| i.incident_id.as_str()).collect::<Vec<_>>(), ["acme/ops#1"]);
    assert_eq!((tests(&kept).len(), tests(&kept)[0].result), (1, TestResult::Failed));
    assert_eq!(runs(&kept).len(), 1);
    assert!(assets(&kept).is_empty());
    let kept = read(&[("backproof/selection.json", "{}"), ("issues.json", &format!("[{list}]"))]);
    assert_eq!(kept.problems[0].document, "backproof/selection.json");
}

#[test]
fn a_404_means_off_where_the_same_credential_reads_what_administrators_may() {
    let not_found = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}"#;
    let setup = r#"{"state":"not-configured","languages":[]}"#;
    let files = [
        ("repos/acme/app/vulnerability-alerts.json", not_found),
        ("repos/acme/app/private-vulnerability-reporting.json", r#"{"enabled":true}"#),
        ("repos/acme/app/code-scanning/default-setup.json", setup),
        ("repos/acme/ops/vulnerability-alerts.json", not_found),
        ("repos/acme/new/vulnerability-alerts.json", r#"{"status":204}"#),
    ];
    let kept = read(&files);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let of = |id: &str, name: &str| {
        let asset = *assets(&kept).iter().find(|a| a.asset_id == id).unwrap();
        setting(asset, name).unwrap_or_default().to_owned()
    };
    assert_eq!(of("github:acme/app", "vulnerability alerts"), "disabled");
    assert_eq!(of("github:acme/app", "private vulnerability reporting"), "true");
    assert_eq!(of("github:acme/ops", "vulnerability alerts"), "not determined (404 Not Found)");
    assert_eq!(of("github:acme/new", "vulnerability alerts"), "enabled");
}
