//! One small Heroku, spoken to over a socket: both hosts, every kind of answer, and every way to misbehave.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, StatusCode};
use model::rows::{RestoreTest, Row, RunStatus, TestResult};
use model::time::instant;
use model::workspace::Setting;
use serde_json::{Value, json};

use super::super::KIND;
use super::transfers::{Window, forgotten};
use super::{Gap, client};
use crate::net::testing::{Reply, Server, context, run};
use crate::net::{Halt, Order, Token, Trail};
use world::{
    Brought, TOKEN, World, answer, app, collect, collect_with, days_ago, faulty, only, source, transfer, world,
    world_of,
};

mod world;

#[test]
fn an_account_is_read_whole() {
    let brought = collect(world(), Vec::new());
    assert!(brought.halt.is_none() && brought.collected.problems.is_empty(), "{}", brought.problems());
    let names: Vec<&str> = brought.collected.pages.iter().map(|p| p.name.as_str()).collect();
    let apps: Vec<&&str> = names.iter().filter(|n| n.starts_with("apps/page-")).collect();
    assert_eq!(apps, [&"apps/page-0001.json", &"apps/page-0002.json", &"apps/page-0003.json"]);
    assert_eq!(brought.collected.pages[1].cursor_in.as_deref(), Some("id ]02..; max=2"));
    assert_eq!(brought.collected.identity.as_deref(), Some("Heroku account ops@example.com"));
    // No config vars, no links to dumps, nothing but reading, each question once.
    let asked = brought.server.seen();
    assert!(asked.iter().all(|s| s.line.starts_with("GET ") && !s.path().contains("config-vars")));
    assert!(asked.iter().all(|s| s.header("authorization") == Some(&format!("Bearer {TOKEN}"))));
    assert!(asked.iter().all(|s| s.header("accept") == Some("application/vnd.heroku+json; version=3")));
    // Advanced databases have another address and no schedules.
    assert!(!names.iter().any(|n| n.starts_with("client/v11/databases/adv")));

    let kept = brought.rows();
    assert!(kept.problems.is_empty() && kept.passed_over.is_empty(), "{:?} {:?}", kept.problems, kept.passed_over);
    let runs: Vec<(String, RunStatus, Option<String>, Option<String>)> = kept
        .rows
        .iter()
        .filter_map(|r| match r {
            Row::Run(r) => Some((r.run_id.clone(), r.status, r.resource.clone(), r.status_detail.clone())),
            _ => None,
        })
        .collect();
    let main = Some("heroku-postgres:acme-prod/postgresql-main".to_owned());
    assert_eq!(
        runs,
        [
            (
                "acme-db/a007".to_owned(),
                RunStatus::Success,
                Some("heroku-postgres:acme-db/postgresql-ledger".to_owned()),
                None
            ),
            ("acme-prod/a001".to_owned(), RunStatus::Success, main.clone(), None),
            (
                "acme-prod/a002".to_owned(),
                RunStatus::Failed,
                main.clone(),
                Some("pg_dump: [address removed] refused, [secret removed]".to_owned())
            ),
        ]
    );
    let restores: Vec<&RestoreTest> =
        kept.rows.iter().filter_map(|r| if let Row::RestoreTest(t) = r { Some(t) } else { None }).collect();
    assert_eq!(restores.len(), 1);
    assert_eq!(restores[0].result, TestResult::Success);
    // Linked by the address of the dump, of which only the signature was removed.
    assert_eq!(restores[0].recovery_point_id.as_deref(), Some("acme-prod/a001"));
    let settings: Vec<(&str, Vec<(&str, &str)>)> = kept
        .rows
        .iter()
        .filter_map(|r| match r {
            Row::Asset(a) => Some((
                a.asset_id.as_str(),
                a.settings
                    .iter()
                    .filter(|(n, _)| ["followers", "ha status"].contains(&n.as_str()))
                    .map(|(n, v)| (n.as_str(), v.as_str()))
                    .collect(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(settings[0], ("heroku-postgres:acme-adv/postgresql-adv", vec![("followers", "3")]));
    assert_eq!(
        settings[2],
        ("heroku-postgres:acme-prod/postgresql-main", vec![("followers", "1"), ("ha status", "Available")])
    );
}

#[test]
fn a_whole_list_of_transfers_speaks_for_a_week() {
    let before = crate::net::testing::context(Arc::default()).0;
    let brought = collect(world(), Vec::new());
    let history = brought.history();
    assert_eq!(history.len(), 1);
    // Nothing is said of apps that the account does not see.
    assert!(history[0].resources.iter().all(|r| r.starts_with("heroku-postgres:acme-") && r.ends_with('/')));
    let to = history[0].to.unwrap();
    assert!((to - (before.now)()).num_seconds().abs() < 60 && history[0].gaps.is_empty());
    assert!((to - history[0].from).num_days() <= 7 && (to - history[0].from).num_hours() >= 167);

    // Only some apps: they are covered, and the foreign owner of a database that is used.
    let brought = collect(world(), only(&["acme-prod"]));
    assert!(brought.collected.problems.is_empty(), "{}", brought.problems());
    assert_eq!(brought.history()[0].resources, ["heroku-postgres:acme-db/", "heroku-postgres:acme-prod/"]);
    let state: Vec<_> =
        brought.collected.covers.iter().filter(|c| c.tables.contains(&"discovered_assets".to_owned())).collect();
    assert_eq!(state[0].resources, ["heroku-postgres:acme-db/postgresql-ledger", "heroku-postgres:acme-prod/"]);

    // Whose names for its databases are hidden: only what was found can be spoken of.
    let mut hidden = world();
    hidden.remove("/apps/acme-db/addon-attachments");
    let brought = collect(hidden, only(&["acme-prod"]));
    assert!(brought.collected.problems.is_empty(), "{}", brought.problems());
    assert_eq!(
        brought.history()[0].resources,
        ["heroku-postgres:acme-db/postgresql-ledger", "heroku-postgres:acme-prod/"]
    );
    assert!(brought.collected.notes.iter().any(|n| n.contains("acme-db owns")));
}

#[test]
fn no_secret_is_kept_anywhere() {
    let brought = collect(world(), Vec::new());
    let manifest = format!("{:?}{:?}", brought.collected, brought.rows());
    for (what, text) in [("an object", brought.objects.everything()), ("the manifest", manifest)] {
        assert!(!text.contains("canary"), "{what}: {}", &text[text.find("canary").unwrap().saturating_sub(80)..]);
        assert!(!text.contains(TOKEN) && !text.contains("db.example.com"), "{what}");
    }
    assert!(brought.collected.redactions.iter().any(|r| r.place == "/0/callback_url"));
}

#[test]
fn without_a_token_nothing_is_asked() {
    let server = Server::start(|_, _| Reply::status(500, ""));
    let (context, _stop) = context(Arc::default());
    let mut trail = Trail::new(context, Vec::new());
    let order = Order { source: source(&[("url", Setting::Text(server.url.clone()))]), secrets: BTreeMap::new() };
    assert!(matches!(run((KIND.live.unwrap().fetch)(&order, &mut trail)), Err(Halt::Over)));
    let collected = trail.finish();
    assert!(collected.problems[0].to_string().contains(r#"token = { env = "HEROKU_API_KEY" }"#));
    assert!(collected.problems[0].document.contains("backproof.toml:9") && server.seen().is_empty());
    let order = Order { source: source(&[("url", Setting::Text("http://heroku.example.com".to_owned()))]), ..order };
    let mut trail = Trail::new(self::context(Arc::default()).0, Vec::new());
    assert!(matches!(run((KIND.live.unwrap().fetch)(&order, &mut trail)), Err(Halt::Over)));
}

#[test]
fn a_refused_token_ends_the_source() {
    let brought =
        faulty("/account", Reply::status(401, r#"{"id":"unauthorized","message":"Invalid credentials provided."}"#));
    assert!(matches!(brought.halt, Some(Halt::Over)));
    brought.tells("Heroku refuses the token (401: Invalid credentials provided.)");
    assert_eq!(brought.asked(), ["/account"]);
}

#[test]
fn a_token_that_may_not_tell_its_owner_reads_all_the_same() {
    let brought = faulty("/account", Reply::status(403, r#"{"id":"forbidden","message":"no"}"#));
    assert!(brought.collected.problems.is_empty() && brought.collected.identity.is_none());
    assert!(brought.collected.notes.iter().any(|n| n.contains("`identity`")));
}

#[test]
fn refusals_of_the_data_host_name_it_and_the_scope() {
    let no = r#"{"id":"forbidden","message":"Scope does not cover this."}"#;
    let brought = faulty("/client/v11/apps/acme-prod/transfers", Reply::status(403, no));
    brought.tells("client/v11/apps/acme-prod/transfers.json: the data host does not permit this (403: Scope does not cover this.)");
    brought.tells("`read`");
    // The others go on.
    assert_eq!(brought.rows().rows.iter().filter(|r| matches!(r, Row::Run(_))).count(), 1);
    assert!(!brought.history()[0].resources.iter().any(|r| r.contains("acme-prod")));

    let brought = faulty("/client/v11/apps/acme-adv/transfers", Reply::status(401, no));
    brought.tells("the data host refuses the token, which the platform accepts");
    assert_eq!(brought.asked().iter().filter(|p| p.starts_with("/client") || p.starts_with("/data")).count(), 1);
    assert!(brought.history().is_empty());
}

#[test]
fn an_app_that_cannot_be_read_is_a_problem_and_the_others_go_on() {
    let brought = collect(world(), only(&["acme-gone", "../etc", "acme-prod"]));
    brought.tells("apps/acme-gone.json: not found");
    brought.tells(r#""../etc" is no name of an app"#);
    assert!(brought.asked().iter().all(|p| !p.contains("..")));
    assert_eq!(brought.rows().rows.iter().filter(|r| matches!(r, Row::Run(_))).count(), 3);
    assert!(!brought.history()[0].resources.iter().any(|r| r.contains("acme-gone")));

    let brought = faulty("/apps/acme-a/addons", Reply::status(403, "{}"));
    brought.tells("apps/acme-a/addons/page-0001.json: the platform does not permit this");
    assert_eq!(brought.rows().rows.iter().filter(|r| matches!(r, Row::Run(_))).count(), 3);
}

#[test]
fn a_database_that_is_being_made_is_no_fault_and_one_that_is_there_must_answer() {
    let state = |state: &str| {
        let mut world = world();
        world.get_mut("/apps/acme-prod/addons").unwrap()[0]["state"] = json!(state);
        world.remove("/client/v11/databases/main");
        world.remove("/client/v11/databases/main/transfer-schedules");
        collect(world, Vec::new())
    };
    let mut making = world();
    making.get_mut("/apps/acme-adv/addons").unwrap()[0]["state"] = json!("provisioning");
    making.retain(|path, _| !path.starts_with("/data/") && path != "/client/v11/apps/acme-adv/transfers");
    let making = collect(making, Vec::new());
    assert!(making.collected.problems.is_empty(), "{}", making.problems());
    // What did not answer proves nothing.
    let with =
        |table: &'static str| making.collected.covers.iter().filter(move |c| c.tables.iter().any(|t| t == table));
    for table in ["backup_runs", "pitr_status"] {
        assert!(with(table).all(|c| c.resources.iter().all(|r| !r.contains("acme-adv"))), "{table}");
    }
    assert!(with("discovered_assets").any(|c| c.resources.contains(&"heroku-postgres:acme-adv/".to_owned())));
    let making = state("provisioning");
    assert!(making.collected.problems.is_empty(), "{}", making.problems());
    assert!(making.collected.notes.iter().any(|n| n.contains("acme-prod/postgresql-main is not yet provisioned")));
    state("provisioned").tells("client/v11/databases/main.json: not found");
}

#[test]
fn a_limit_is_waited_out() {
    let world = world();
    let server = Server::start(move |n, seen| match n {
        1 => Reply::status(429, r#"{"id":"rate_limit","message":"Your account reached the API rate limit"}"#)
            .header("retry-after", "0"),
        _ => answer(&world, seen),
    });
    let brought = collect_with(server, Vec::new(), None, None);
    assert!(brought.collected.problems.is_empty(), "{}", brought.problems());
    assert_eq!(brought.collected.pages[0].attempts, Some(2));

    let now = instant("2026-10-01T00:00:00Z", None).unwrap();
    let limited = |status: u16, body: &str, attempt| {
        client::limited(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), now, attempt)
    };
    assert_eq!(limited(429, "", 1).unwrap().0.as_secs(), 60);
    assert_eq!(limited(429, "", 2).unwrap().0.as_secs(), 120);
    assert!(limited(403, r#"{"id":"rate_limit"}"#, 1).is_some());
    assert!(limited(403, r#"{"id":"forbidden"}"#, 1).is_none() && limited(200, r#"{"id":"rate_limit"}"#, 1).is_none());
    let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("7"))]);
    assert_eq!(client::limited(StatusCode::TOO_MANY_REQUESTS, &headers, b"", now, 1).unwrap().0.as_secs(), 7);
}

#[test]
fn the_last_requests_of_the_hour_are_spaced_out() {
    let world = world();
    // 19 of 20 that are spared: less than a second each.
    let server = Server::start(move |_, seen| answer(&world, seen).header("ratelimit-remaining", "19"));
    let told = Arc::new(std::sync::Mutex::new(std::time::Duration::ZERO));
    let (context, _stop) = context(Arc::default());
    let (patience, settings) = (
        context.limits.patience,
        [("url", Setting::Text(server.url.clone())), ("data_url", Setting::Text(server.url.clone()))],
    );
    let token = Token::new(TOKEN);
    let order = Order { source: source(&settings), secrets: BTreeMap::from([("token".to_owned(), token)]) };
    let mut trail = Trail::new(context, Vec::new());
    run((KIND.live.unwrap().fetch)(&order, &mut trail)).unwrap();
    *told.lock().unwrap() = patience - trail.patience_left();
    // As far as patience goes, and no further: two pauses of 800 ms out of 2 s.
    assert_eq!(told.lock().unwrap().as_millis(), 1600);
    assert!(trail.finish().problems.is_empty());
}

#[test]
fn a_list_that_does_not_go_on_where_it_stopped_is_broken() {
    let page = |status: u16, ids: &[u32], next: Option<&str>| {
        let body = serde_json::to_vec(&ids.iter().map(|n| app(*n, &format!("acme-{n}"))).collect::<Vec<_>>()).unwrap();
        Reply::Whole(status, next.map(|n| ("next-range", n.to_owned())).into_iter().collect(), body)
    };
    for (first, second, told) in [
        (page(206, &[1, 2], Some("id ]03..; max=2")), page(200, &[4], None), "is not where this page ends (02)"),
        (page(206, &[1, 2], Some("name ]02..; max=2")), page(200, &[3], None), "is not where this page ends"),
        (page(206, &[], Some("id ]02..; max=2")), page(200, &[3], None), "it is empty"),
        (page(206, &[1, 2], None), page(200, &[3], None), "does not say how it goes on"),
        (page(206, &[1, 2], Some("id ]02..; max=2")), page(206, &[1, 2], Some("id ]02..; max=2")), "leads back"),
        (page(206, &[1, 2], Some("id ]02..; max=2")), page(200, &[2, 3], None), "1 items came twice"),
        (page(206, &[1, 2], Some("id ]02..; max=2")), Reply::status(404, "{}"), "page-0002.json: not found"),
        (page(206, &[1, 2], Some("id ]02..; max=2")), Reply::status(200, r#"[{"id":"03","na"#), "no JSON, or is cut"),
        (page(206, &[1, 2], Some("id ]02..; max=2")), Reply::status(200, r#"[{"id":"03"}]"#), "not what was asked for"),
        (page(206, &[1, 2], Some("id ]02..; max=2")), Reply::status(204, ""), "the answer (204) is empty"),
        (page(200, &[], None), page(200, &[], None), "no app is to be seen"),
    ] {
        let world = world();
        let server = Server::start(move |_, seen| match (seen.path(), seen.header("range")) {
            ("/apps", Some("id ..; max=1000;")) => first.clone(),
            ("/apps", _) => second.clone(),
            _ if seen.path().ends_with("/addons") => Reply::json("[]"),
            _ => answer(&world, seen),
        });
        let brought = collect_with(server, Vec::new(), None, None);
        brought.tells(told);
    }
}

#[test]
fn a_list_of_transfers_that_is_no_whole_list_proves_nothing() {
    let path = "/client/v11/apps/acme-prod/transfers";
    let one = transfer(1, &days_ago(1), json!({}));
    let text = json!([one]).to_string();
    for (reply, told) in [
        (Reply::json(&text[..text.len() - 9]), "no JSON, or is cut"),
        (Reply::json(&json!([one, one]).to_string()), "stand in the list twice"),
        (Reply::json(&json!([one, {"num": 2}]).to_string()), "1 of 2 items, the first at 1"),
        (Reply::json(r#"{"id":"maintenance","message":"Sorry"}"#), "a list was expected (Sorry)"),
        (Reply::json("[]").header("next-range", "id ]1..; max=1"), "says that it is a part"),
        (Reply::status(206, "[]"), "says that it is a part"),
        (Reply::status(204, ""), "the answer (204) is empty"),
        (Reply::status(404, "{}"), "not found"),
        (Reply::status(302, "").header("location", "https://elsewhere.example.com/"), "leads to another host"),
    ] {
        let brought = faulty(path, reply);
        brought.tells(told);
        assert!(brought.history()[0].resources.iter().all(|r| !r.contains("acme-prod")), "{told}");
    }
}

#[test]
fn what_is_not_the_database_asked_about_is_told() {
    for (path, body, told) in [
        ("/client/v11/databases/main", r#"{"info":"none"}"#, "not what was asked for"),
        ("/client/v11/databases/main", r#"{"id":"x","message":"Sorry"}"#, "its keys are not those"),
        ("/client/v11/databases/main/transfer-schedules", r#"[{"uuid":"s1"}]"#, "not what was asked for"),
        ("/data/postgres/v1/adv/info", r#"{"features":{}}"#, "not what was asked for"),
        (
            "/client/v11/apps/acme-prod/transfers/2?verbose=true",
            r#"{"uuid":"u9","num":9,"to_type":"gof3r"}"#,
            "about another transfer",
        ),
        (
            "/apps/acme-prod/addons",
            r#"[{"id":"1","name":"a","addon_service":{"name":"heroku-postgresql"},"plan":{}}]"#,
            "does not say",
        ),
    ] {
        faulty(path, Reply::json(body)).tells(told);
    }
    let gone = faulty("/client/v11/apps/acme-prod/transfers/2?verbose=true", Reply::status(410, "{}"));
    assert!(
        gone.collected.problems.is_empty() && gone.collected.notes.iter().any(|n| n.contains("transfers/2: deleted"))
    );
}

#[test]
fn a_known_log_is_not_asked_for_again() {
    let first = collect(world(), only(&["acme-prod"]));
    let world = world_of(&first);
    let second =
        collect_with(Server::start(move |_, seen| answer(&world, seen)), only(&["acme-prod"]), Some(&first), None);
    assert!(second.collected.problems.is_empty(), "{}", second.problems());
    assert!(
        first.asked().iter().any(|p| p.contains("verbose")) && !second.asked().iter().any(|p| p.contains("verbose"))
    );
    let page = second.collected.pages.iter().find(|p| p.name.ends_with("transfers/2.json")).unwrap();
    assert_eq!((page.attempts, page.http_status), (Some(0), None));
    let details = second.rows().rows.iter().filter(|r| matches!(r, Row::Run(r) if r.status_detail.is_some())).count();
    assert_eq!(details, 1);
}

#[test]
fn an_app_whose_database_is_gone_is_still_asked_for_its_last_transfers() {
    let first = collect(world(), Vec::new());
    let mut later = world_of(&first);
    later.insert("/apps/acme-prod/addons".to_owned(), json!([]));
    let with = later.clone();
    let second = collect_with(Server::start(move |_, seen| answer(&with, seen)), Vec::new(), Some(&first), None);
    assert!(second.collected.problems.is_empty(), "{}", second.problems());
    assert!(second.asked().contains(&"/client/v11/apps/acme-prod/transfers".to_owned()));
    later.remove("/client/v11/apps/acme-prod/transfers");
    let third = collect_with(Server::start(move |_, seen| answer(&later, seen)), Vec::new(), Some(&first), None);
    assert!(third.collected.problems.is_empty(), "{}", third.problems());
    assert!(third.collected.notes.iter().any(|n| n.contains("acme-prod has no database yet, or no longer")));
}

#[test]
fn a_pause_longer_than_the_memory_of_the_list_is_told() {
    let last = |days: i64| Some((context(Arc::default()).0.now)() - TimeDelta::days(days));
    let told = |last| {
        let world = world();
        let server = Server::start(move |_, seen| answer(&world, seen));
        let brought = collect_with(server, Vec::new(), None, last);
        brought.collected.notes.iter().any(|n| n.contains("the last complete collection ended"))
    };
    assert!(told(last(9)) && !told(last(6)) && !told(None));
}

#[test]
fn where_clocks_disagree_the_shorter_time_is_claimed() {
    let at = |text: &str| instant(text, None).unwrap();
    let mut window = Window::default();
    assert_eq!((window.from(), window.to()), (None, None));
    window.extend(at("2024-06-08T10:00:00Z"), Some(at("2024-06-08T09:00:00Z")));
    let both = (Some(at("2024-06-01T10:00:00Z")), Some(at("2024-06-08T09:00:00Z")));
    assert_eq!((window.from(), window.to()), both);
    // Each further list reaches less far back, and the first was given earliest.
    window.extend(at("2024-06-08T10:05:00Z"), None);
    assert_eq!((window.from(), window.to()), (Some(at("2024-06-01T10:05:00Z")), both.1));
}

#[test]
fn numbers_that_are_missing_show_what_is_forgotten() {
    let at = |text: &str| instant(text, None).unwrap();
    let (from, to) = (at("2024-06-01T00:00:00Z"), at("2024-06-08T00:00:00Z"));
    let made = |num: u64, day: u32, more: Value| {
        transfer(num, &format!("2024-0{}-{:02} 02:00:00 +0000", if day > 20 { 5 } else { 6 }, day), more)
    };
    let gaps = |items: &[Value]| forgotten(items, from, to);
    let gap = |a: &str, b: &str| Gap { from: at(a), to: at(b) };
    // Thinned after their week: nothing younger is missing. The list is not sorted.
    assert_eq!(gaps(&[made(40, 3, json!({})), made(20, 25, json!({})), made(41, 4, json!({}))]), []);
    // 41 was made between 40 and 42, and is gone although it is younger than a week.
    assert_eq!(
        gaps(&[made(40, 3, json!({})), made(42, 5, json!({})), made(43, 6, json!({}))]),
        [gap("2024-06-03T02:00:00Z", "2024-06-05T02:00:00Z")]
    );
    // As many manual backups as are kept: older ones may have gone at any age.
    let manual = |keep: u64| json!({"schedule": null, "num_keep": keep});
    assert_eq!(
        gaps(&[made(40, 3, manual(2)), made(41, 4, manual(2))]),
        [gap("2024-06-01T00:00:00Z", "2024-06-03T02:00:00Z")]
    );
    assert_eq!(gaps(&[made(40, 3, manual(3)), made(41, 4, manual(3))]), []);
    assert_eq!(gaps(&[made(1, 3, manual(1))]), []);
    assert_eq!(gaps(&[]), []);
}

#[test]
fn what_is_gone_concerns_its_app_only() {
    let mut world = world();
    world.get_mut("/client/v11/apps/acme-prod/transfers").unwrap()[2]["num"] = json!(5);
    let brought = collect(world, Vec::new());
    assert!(brought.collected.problems.is_empty(), "{}", brought.problems());
    let stated: Vec<(Vec<String>, usize)> =
        brought.history().iter().map(|c| (c.resources.clone(), c.gaps.len())).collect();
    assert_eq!(
        stated,
        [
            (["adv", "db", "prod"].map(|app| format!("heroku-postgres:acme-{app}/")).to_vec(), 1),
            (vec!["heroku-postgres:acme-adv/".to_owned(), "heroku-postgres:acme-db/".to_owned()], 0),
            (vec!["heroku-postgres:acme-prod/".to_owned()], 1),
        ]
    );
    assert!(brought.collected.notes.iter().any(|n| n.starts_with("acme-prod: transfers made between")));
}

#[test]
fn an_answer_that_did_not_change_is_not_sent_again_and_a_list_that_grew_is() {
    let serve = |world: World| {
        Server::start(move |_, seen| {
            let reply = answer(&world, seen);
            let Reply::Whole(200 | 206, _, body) = &reply else { return reply };
            let etag = format!("\"{}-{}\"", body.len(), body.iter().map(|b| u64::from(*b)).sum::<u64>());
            if seen.header("if-none-match") == Some(&etag) {
                Reply::status(304, "")
            } else {
                reply.header("etag", etag)
            }
        })
    };
    // Its last page is full: what comes behind it leaves the page as it was.
    let mut small = world();
    small.insert("/apps".to_owned(), json!([app(1, "acme-prod"), app(2, "acme-adv")]));
    let first = collect_with(serve(small.clone()), Vec::new(), None, None);
    let mut grown = world_of(&first);
    grown.insert("/apps".to_owned(), json!([app(1, "acme-prod"), app(2, "acme-adv"), app(3, "acme-a")]));
    let second = collect_with(serve(grown), Vec::new(), Some(&first), None);
    assert!(second.collected.problems.is_empty(), "{}", second.problems());
    assert!(second.asked().contains(&"/apps/acme-a/addons".to_owned()));
    let transfers =
        |b: &Brought| b.collected.pages.iter().find(|p| p.name.ends_with("acme-adv/transfers.json")).cloned().unwrap();
    assert_eq!((transfers(&first).object, transfers(&second).http_status), (transfers(&second).object, Some(304)));
    assert_eq!(first.rows().rows.len(), second.rows().rows.len());
}
