//! Lists that lie, shift or end too early.

use model::rows::{RunStatus, Trigger};

use super::*;

fn issues(count: u64) -> Hub {
    let mut hub = three();
    hub.repos[0].issues = (1..=count).map(|n| issue(n, &["incident"], "")).collect();
    hub
}

/// Problems of a collection in which `bad` answers some questions for issues; also that nothing is claimed to be whole.
fn broken(count: u64, bad: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> Vec<String> {
    let server = issues(count).start(move |n, seen| if seen.path().contains("/issues?") { bad(n, seen) } else { None });
    let brought = collect(&server, &[]);
    assert!(!brought.problems().is_empty());
    assert!(!brought.net.covers.iter().any(|c| c.tables == ["incidents"]), "claims to be whole");
    assert!(brought.net.covers.iter().any(|c| c.tables == ["backup_runs"]), "the rest is");
    brought.problems()
}

fn page(seen: &Seen) -> u64 {
    let url = reqwest::Url::parse(&format!("http://h{}", seen.path())).unwrap();
    url.query_pairs().find(|(n, _)| n == "page").map_or(1, |(_, v)| v.parse().unwrap())
}

fn part(from: u64, to: u64) -> Reply {
    Reply::json(&Value::Array((from..=to).map(|n| issue(n, &["incident"], "")).collect()).to_string())
}

fn link(seen: &Seen, page: u64) -> String {
    format!("<http://{}/repositories/1/issues?per_page=100&page={page}>; rel=\"next\"", seen.header("host").unwrap())
}

#[test]
fn a_link_to_another_server_is_not_followed() {
    let other = Server::start(|_, _| Reply::json("[]"));
    let elsewhere = other.url.clone();
    let problems = broken(250, move |_, seen| {
        (page(seen) == 1).then(|| part(1, 100).header("link", format!("<{elsewhere}/x?page=2>; rel=\"next\"")))
    });
    assert!(problems[0].contains("another server"), "{problems:?}");
    assert!(other.seen().is_empty());
}

#[test]
fn a_page_left_out_a_loop_and_a_full_last_page_are_seen() {
    let problems = broken(250, |_, seen| (page(seen) == 1).then(|| part(1, 100).header("link", link(seen, 3))));
    assert!(problems[0].contains("from page 1 to page 3"), "{problems:?}");
    let problems = broken(250, |_, seen| (page(seen) == 2).then(|| part(101, 200).header("link", link(seen, 2))));
    assert!(problems[0].contains("page 2 to page 2") || problems[0].contains("leads back"), "{problems:?}");
    let problems = broken(250, |_, seen| (page(seen) == 2).then(|| part(101, 200)));
    assert!(problems[0].contains("names no next one"), "{problems:?}");
}

#[test]
fn exactly_full_pages_are_whole() {
    let server = issues(200).start(quiet);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.net.covers.iter().any(|c| c.tables == ["incidents"]));
}

#[test]
fn a_list_that_shifts_while_it_is_read_is_seen() {
    // An issue of the first page loses its label between the pages: number 101 is skipped.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let problems = broken(150, move |_, seen| {
        let before = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match (before, page(seen)) {
            (0, 1) => Some(part(1, 100).header("link", link(seen, 2))),
            (_, 1) => Some(part(2, 101).header("link", link(seen, 2))),
            _ => Some(part(102, 150)),
        }
    });
    assert!(problems[0].contains("changed while it was read"), "{problems:?}");
    let problems = broken(150, |_, seen| (page(seen) == 2).then(|| part(100, 150)));
    assert!(problems[0].contains("came twice"), "{problems:?}");
}

#[test]
fn rest_and_graphql_must_list_the_same_repositories() {
    let server = three().start(|_, seen| {
        seen.path()
            .starts_with("/orgs/acme/repos")
            .then(|| Reply::json(r#"[{"id":1,"full_name":"acme/ops","private":true}]"#))
    });
    let brought = collect(&server, &[]);
    assert!(brought.problems()[0].contains("REST lists 1 repositories and GraphQL 3"), "{:?}", brought.problems());
    let server = three().start(|_, seen| {
        let cut = r#"{"data":{"organization":{"repositories":{"totalCount":3,"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}}"#;
        (seen.path() == "/graphql").then(|| Reply::json(cut))
    });
    let brought = collect(&server, &[]);
    assert!(brought.problems()[0].contains("0 items came where the server counts 3"), "{:?}", brought.problems());
}

#[test]
fn a_cursor_of_graphql_must_lead_on() {
    let answer = |info: &str| {
        let body = format!(
            r#"{{"data":{{"organization":{{"repositories":{{"totalCount":3,"nodes":[],"pageInfo":{info}}}}}}}}}"#
        );
        let server = three().start(move |_, seen| (seen.path() == "/graphql").then(|| Reply::json(&body)));
        collect(&server, &[]).problems().join("\n")
    };
    assert!(answer(r#"{"hasNextPage":true,"endCursor":"a"}"#).contains("leads back"));
    assert!(answer(r#"{"hasNextPage":true,"endCursor":null}"#).contains("does not say whether"));
    assert!(answer("null").contains("does not say whether"));
}

#[test]
fn every_attempt_at_a_run_is_read_and_old_runs_end_the_list() {
    let mut hub = three();
    let mut again = job(60, "2026-11-21", json!("success"));
    again["run_attempt"] = json!(3);
    hub.repos[0].runs = vec![again];
    hub.repos[0].runs.extend((1000..1150).map(|n| job(n, "2025-01-01", json!("success"))));
    let server = hub.start(quiet);
    let brought = collect(&server, &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert_eq!(server.seen().iter().filter(|s| s.path().contains("/workflows/9/runs")).count(), 1);
    let kept = brought.read();
    let mut runs: Vec<(String, RunStatus, Option<Trigger>)> = kept
        .rows
        .iter()
        .filter_map(|r| if let Row::Run(r) = r { Some((r.run_id.clone(), r.status, r.trigger)) } else { None })
        .filter(|(id, ..)| id.starts_with("60"))
        .collect();
    runs.sort();
    assert_eq!(
        runs,
        [
            ("60".to_owned(), RunStatus::Failed, Some(Trigger::Scheduled)),
            ("60/attempts/2".to_owned(), RunStatus::Failed, Some(Trigger::Retry)),
            ("60/attempts/3".to_owned(), RunStatus::Success, Some(Trigger::Retry)),
        ]
    );
}

#[test]
fn runs_that_cannot_be_had_cover_nothing() {
    for bad in [403, 404] {
        let server = three().start(move |_, seen| {
            seen.path().contains("/workflows/9/runs").then(|| Reply::status(bad, &fake::error(bad, "no")))
        });
        let brought = collect(&server, &[]);
        assert_eq!(brought.problems().len(), 1, "{:?}", brought.problems());
        assert!(!brought.net.covers.iter().any(|c| c.tables == ["backup_runs"]));
    }
    let server = three().start(|_, seen| {
        seen.path()
            .contains("/workflows/9/runs")
            .then(|| Reply::json(r#"{"total_count":3,"workflow_runs":[{"id":1}]}"#))
    });
    let brought = collect(&server, &[]);
    assert!(brought.problems()[0].contains("the server counts 3"), "{:?}", brought.problems());
}

#[test]
fn issues_that_are_switched_off_are_none() {
    let gone = |_: usize, seen: &Seen| {
        seen.path()
            .contains("/issues?")
            .then(|| Reply::status(410, &fake::error(410, "Issues are disabled for this repo")))
    };
    // The repository says that it has issues: one of the two answers is wrong.
    assert!(collect(&three().start(gone), &[]).problems()[0].contains("410"));
    let silent = Hub { tells_issues: false, ..three() };
    let brought = collect(&silent.start(gone), &[]);
    assert_eq!(brought.problems(), Vec::<String>::new());
    assert!(brought.net.covers.iter().any(|c| c.tables == ["incidents"]));
}

#[test]
fn records_that_reading_could_not_place_are_told() {
    let problems = broken(3, |_, _| Some(Reply::json(r#"[{"number":"x","labels":[{"name":"incident"}]}]"#)));
    assert!(problems[0].contains("does not show it"), "{problems:?}");
    let problems = broken(3, |_, _| Some(Reply::json(&Value::Array(vec![issue(7, &["other"], "")]).to_string())));
    assert!(problems[0].contains("issue 7 came for the label"), "{problems:?}");
    for (path, body, words) in [
        ("/workflows/9/runs", r#"{"total_count":1,"workflow_runs":[{"id":1,"workflow_id":8}]}"#, "cannot be placed"),
        ("/ops/actions/workflows?", r#"{"total_count":1,"workflows":[{"id":9}]}"#, "no id or no path"),
        ("/orgs/acme/repos", r#"[{"id":1,"name":"ops"}]"#, "no name of the form"),
    ] {
        let server = three().start(move |_, seen| seen.path().contains(path).then(|| Reply::json(body)));
        let brought = collect(&server, &[]);
        assert!(brought.problems().iter().any(|p| p.contains(words)), "{words}: {:?}", brought.problems());
        assert!(!brought.net.covers.iter().any(|c| c.tables == ["backup_runs"]), "{words}");
    }
}
