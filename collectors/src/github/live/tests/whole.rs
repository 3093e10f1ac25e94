//! Whole collections.

use model::rows::{RunStatus, TestResult, Trigger};

use super::*;

#[test]
fn issues_of_a_register_are_asked_by_their_label_and_its_rows_are_all_there_are() {
    let server = three().start(quiet);
    let brought = collect(&server, &[("registers", list(&["incident = actions", "none-yet = reviews"]))]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    let kept = brought.read();
    let of = |table: &str| kept.rows.iter().filter(|r| r.table() == table).count();
    assert_eq!((of("actions"), of("reviews"), of("incidents")), (1, 0, 1), "{:?}", kept.problems);
    let covered: Vec<&str> = brought.net.covers.iter().map(|c| c.tables[0].as_str()).collect();
    assert!(covered.contains(&"actions") && covered.contains(&"reviews"), "{covered:?}");
}

#[test]
fn everything_is_collected_and_read() {
    let server = three().start(quiet);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    let kept = brought.read();
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let tables: Vec<&str> = kept.rows.iter().map(Row::table).collect();
    let count = |table: &str| tables.iter().filter(|t| **t == table).count();
    assert_eq!(
        (
            count("discovered_assets"),
            count("backup_plans"),
            count("backup_runs"),
            count("incidents"),
            count("restore_tests")
        ),
        (4, 1, 2, 1, 1)
    );
    let setting = |asset: &str, name: &str| brought.setting(asset, name).unwrap_or_default();
    assert_eq!(setting("github:acme", "two-factor authentication required"), "true");
    assert_eq!(setting("github:acme", "members without two-factor authentication"), "none");
    assert_eq!(setting("github:acme/ops", "branch main: force pushes allowed"), "false");
    assert_eq!(setting("github:acme/ops", "branch main: approving reviews"), "1");
    assert_eq!(setting("github:acme/ops", "branch rules"), "non_fast_forward");
    assert_eq!(setting("github:acme/ops", "ruleset guard"), "active, branch, ~DEFAULT_BRANCH, non_fast_forward");
    assert_eq!(setting("github:acme/ops", "vulnerability alerts"), "enabled");
    assert_eq!(setting("github:acme/ops", "secret scanning"), "enabled");
    assert_eq!(setting("github:acme/ops", "code scanning default setup"), "configured");
    assert_eq!(setting("github:acme/ops", "private vulnerability reporting"), "false");
    assert_eq!(setting("github:acme/ops", "immutable releases"), "disabled");
    assert_eq!(setting("github:acme/ops", "workflow backup.yml"), "active");
    assert_eq!(setting("github:acme/old", "branch main: classic protection"), "absent");
    let run = kept.rows.iter().find_map(|r| if let Row::Run(r) = r { Some(r) } else { None }).unwrap();
    assert_eq!((run.run_id.as_str(), run.status, run.trigger), ("51", RunStatus::Failed, Some(Trigger::Scheduled)));
    assert_eq!(run.resource.as_deref(), Some("github:acme/ops"));
    let test = kept.rows.iter().find_map(|r| if let Row::RestoreTest(t) = r { Some(t) } else { None }).unwrap();
    assert_eq!((test.test_id.as_str(), test.system_id.as_deref()), ("acme/ops#3", Some("crm")));
    assert_eq!((test.result, test.reported_at), (TestResult::Success, instant("2026-10-03T08:00:00Z", None).ok()));
    assert_eq!(test.report_ref.as_deref(), Some("https://github.com/acme/ops/issues/3"));
    // What it proves, as whom, and what must not be in it.
    let net = &brought.net;
    let covered: Vec<(&str, &str)> =
        net.covers.iter().map(|c| (c.tables[0].as_str(), c.resources[0].as_str())).collect();
    assert_eq!(
        covered,
        [("discovered_assets", "github:acme/"), ("incidents", "github:acme/"), ("backup_runs", "github:acme/ops")]
    );
    assert_eq!(net.covers[2].from, instant("2026-08-24T12:00:00Z", None).unwrap());
    assert_eq!(net.identity.as_deref(), Some("erika (personal access token)"));
    let stored = brought.objects.everything();
    for secret in ["canary", "@example.com"] {
        assert!(!stored.contains(secret), "{secret}");
    }
    assert!(net.redactions.iter().any(|r| r.place.ends_with("/temp_clone_token")));
    assert!(net.ended.iter().any(|e| e.starts_with("issues: 2 in 2 lists")), "{:?}", net.ended);
}

#[test]
fn a_label_that_a_repository_does_not_have_costs_no_question() {
    let server = three().start(quiet);
    collect(&server, &[]);
    let asked: Vec<String> =
        server.seen().iter().map(|s| s.path().to_owned()).filter(|p| p.contains("/issues?")).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|p| p.contains("/repos/acme/ops/")
        && p.contains("state=all")
        && p.contains("since=2025-10-01T00%3A00%3A00Z")));
}

#[test]
fn a_thousand_repositories_take_sixty_questions_at_most() {
    let hub = Hub::of((0..1000).map(|n| Repo::new(&format!("store-{n:04}"))).collect());
    let server = hub.start(quiet);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    let seen = server.seen();
    let graphql = seen.iter().filter(|s| s.path() == "/graphql").count();
    assert_eq!(graphql, 25);
    assert!(seen.len() <= 60, "{}: {:?}", seen.len(), seen.iter().map(|s| &s.line).collect::<Vec<_>>());
    assert!(brought.noted("only REST tells"));
    let kept = brought.read();
    assert_eq!(kept.rows.len(), 1001);
    assert_eq!(brought.setting("github:acme/store-0999", "branch main: deletion allowed").as_deref(), Some("false"));
    // The same settings one by one, where somebody asks for it.
    let hub = Hub::of((0..3).map(|n| Repo::new(&format!("store-{n:04}"))).collect());
    let server = hub.start(quiet);
    assert!(!collect(&server, &[]).noted("only REST tells"));
    assert!(collect(&server, &[("detail", text("fleet"))]).noted("only REST tells"));
}

#[test]
fn a_second_collection_takes_over_what_did_not_change() {
    let server = three().start(quiet);
    let first = collect(&server, &[]);
    let before = server.seen().len();
    let second = collect_by(&order(&server.url, &[]), Arc::clone(&first.objects), first.net.pages.clone());
    assert_eq!(second.problems(), Vec::<String>::new());
    let objects = |b: &Brought| b.net.pages.iter().map(|p| (p.name.clone(), p.object.clone())).collect::<Vec<_>>();
    assert_eq!(objects(&first), objects(&second));
    assert_eq!(first.read().rows, second.read().rows);
    let conditional = server.seen()[before..].iter().filter(|s| s.header("if-none-match").is_some()).count();
    let unchanged = second.net.pages.iter().filter(|p| p.http_status == Some(304)).count();
    assert!(unchanged > 10 && conditional == unchanged, "{conditional} {unchanged}");
}

#[test]
fn unchanged_pages_lead_on_without_links() {
    let mut hub = three();
    hub.repos[0].issues = (1..=250).map(|n| issue(n, &["incident"], "")).collect();
    let server = hub.start(quiet);
    let first = collect(&server, &[]);
    let second = collect_by(&order(&server.url, &[]), Arc::clone(&first.objects), first.net.pages.clone());
    assert_eq!(second.problems(), Vec::<String>::new());
    let incidents = |b: &Brought| b.read().rows.iter().filter(|r| matches!(r, Row::Incident(_))).count();
    assert_eq!((incidents(&first), incidents(&second)), (250, 250));
    assert!(second.net.pages.iter().any(|p| p.name.ends_with("/page-0003.json") && p.http_status == Some(304)));
}

#[test]
fn without_graphql_rest_tells_the_same() {
    let by = |graphql: bool| {
        let server = Hub { graphql, ..three() }.start(quiet);
        collect(&server, &[])
    };
    let (rest, graph) = (by(false), by(true));
    assert_eq!(rest.problems(), Vec::<String>::new());
    assert!(rest.noted("GraphQL is not to be had (404"));
    for (asset, name) in [
        ("github:acme/app", "branch main: protected"),
        ("github:acme/app", "branch main: force pushes allowed"),
        ("github:acme/app", "branch main: applies to administrators"),
        ("github:acme/app", "branch main: approving reviews"),
        ("github:acme/app", "branch rules"),
        ("github:acme/app", "ruleset guard"),
        ("github:acme/app", "vulnerability alerts"),
        ("github:acme/old", "branch main: classic protection"),
        ("github:acme/app", "default branch"),
    ] {
        assert_eq!(rest.setting(asset, name), graph.setting(asset, name), "{asset} {name}");
        assert!(rest.setting(asset, name).is_some(), "{asset} {name}");
    }
    let rows = |b: &Brought, table: &str| b.read().rows.iter().filter(|r| r.table() == table).count();
    for table in ["backup_runs", "incidents", "restore_tests", "discovered_assets"] {
        assert_eq!(rows(&rest, table), rows(&graph, table), "{table}");
    }
}

#[test]
fn a_part_that_graphql_refuses_is_asked_of_rest() {
    let refuse = |_: usize, seen: &Seen| {
        let body = String::from_utf8_lossy(&seen.body).into_owned();
        (seen.path() == "/graphql" && body.contains("branchProtectionRules")).then(|| {
            let path = json!(["organization", "repositories", "nodes", 0, "branchProtectionRules"]);
            let error = json!({"type": "FORBIDDEN", "path": path, "message": "Resource not accessible by personal access token"});
            Reply::json(&json!({"data": {"organization": null}, "errors": [error]}).to_string())
        })
    };
    let server = three().start(refuse);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.noted("GraphQL does not give branchProtectionRules"));
    assert_eq!(brought.setting("github:acme/app", "branch main: approving reviews").as_deref(), Some("1"));
    assert_eq!(brought.setting("github:acme/app", "branch rules").as_deref(), Some("non_fast_forward"));
    assert_eq!(server.seen().iter().filter(|s| s.path() == "/graphql").count(), 2);
}

#[test]
fn large_queries_that_fail_become_smaller_ones_and_hopeless_ones_rest() {
    let timeout = |most: u64| {
        move |_: usize, seen: &Seen| {
            let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
            let size = body["variables"]["size"].as_u64().unwrap_or_default();
            (seen.path() == "/graphql" && size > most).then(|| {
                Reply::json(
                    r#"{"data":null,"errors":[{"message":"Something went wrong while executing your query."}]}"#,
                )
            })
        }
    };
    let server = three().start(timeout(20));
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.noted("20 repositories are asked at once"));
    let server = three().start(timeout(0));
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.noted("REST is asked for everything"));
    assert_eq!(brought.setting("github:acme/app", "branch main: approving reviews").as_deref(), Some("1"));
}

#[test]
fn repositories_by_name_follow_a_rename() {
    let moved = |_: usize, seen: &Seen| {
        let host = seen.header("host").unwrap_or_default().to_owned();
        (seen.path() == "/repos/acme/former")
            .then(|| Reply::status(301, "{}").header("location", format!("http://{host}/repos/acme/app")))
    };
    let server = three().start(moved);
    let mut order = order(&server.url, &[("repositories", list(&["acme/former", "acme/ops"]))]);
    order.source.settings.remove("organization");
    let brought = collect_by(&order, Arc::default(), Vec::new());
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.noted("moved (301) to /repos/acme/app"));
    let kept = brought.read();
    let assets: Vec<&str> =
        kept.rows.iter().filter_map(|r| if let Row::Asset(a) = r { Some(a.asset_id.as_str()) } else { None }).collect();
    assert_eq!(assets, ["github:acme/app", "github:acme/ops"]);
}

#[test]
fn patterns_keep_others_out() {
    let server = three().start(quiet);
    let brought = collect(&server, &[("repositories", list(&["ops*"]))]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    let kept = brought.read();
    let assets: Vec<&str> =
        kept.rows.iter().filter_map(|r| if let Row::Asset(a) = r { Some(a.asset_id.as_str()) } else { None }).collect();
    assert_eq!(assets, ["github:acme", "github:acme/ops"]);
    assert!(!server.seen().iter().any(|s| s.path().contains("/repos/acme/app")));
}
