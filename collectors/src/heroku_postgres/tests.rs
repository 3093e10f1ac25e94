use model::rows::{Component, DiscoveredAsset, ObservedPlan, PitrSample, Row, RunStatus, TestResult, Trigger};
use model::time::{Instant, instant};

use super::KIND;
use crate::testing::{listings, parse, points, restores, rows, runs, text};
use crate::{Document, Kept};

fn read(documents: &[(&str, &str)]) -> Kept {
    let documents: Vec<Document> = documents.iter().map(|(name, content)| text(name, content)).collect();
    parse(&KIND, None, &documents)
}

rows!(plans, Plan, ObservedPlan);
rows!(samples, Pitr, PitrSample);
rows!(assets, Asset, DiscoveredAsset);

fn at(text: &str) -> Option<Instant> {
    Some(instant(text, None).unwrap())
}

const TRANSFERS: &str = r#"[
 {"uuid":"u42","num":42,"from_name":"DATABASE","from_type":"pg_dump","from_url":"postgres://ec2.example.com:5432/d",
  "to_name":"SCHEDULED BACKUP","to_type":"gof3r","to_url":"https://bucket.example.com/x/2024-05-28T02:01:07Z/u42",
  "options":{},"source_bytes":2147483648,"processed_bytes":536870912,"succeeded":true,"warnings":0,
  "created_at":"2024-05-28 02:01:07 +0000","started_at":"2024-05-28 02:01:09 +0000","canceled_at":null,
  "updated_at":"2024-05-28 02:05:37 +0000","finished_at":"2024-05-28 02:05:37 +0000",
  "deleted_at":null,"purged_at":null,"num_keep":5,"schedule":{"uuid":"s1"}},
 {"uuid":"u43","num":43,"from_name":"BACKUP","from_type":"gof3r",
  "from_url":"https://bucket.example.com/x/2024-05-28T02:01:07Z/u42?X-Amz-Signature=deadbeef",
  "to_name":"STAGING","to_type":"pg_restore","to_url":"postgres://user:hunter2@ec2.example.com/d","options":{},"source_bytes":null,"processed_bytes":536870912,
  "succeeded":true,"warnings":0,"created_at":"2024-05-29 09:00:00 +0000","started_at":"2024-05-29 09:00:02 +0000",
  "finished_at":"2024-05-29 09:06:00 +0000","num_keep":5,"schedule":null}]"#;

const ADDONS: &str = r#"[{"id":"9e2c","name":"postgresql-round-00001","addon_service":{"id":"1","name":"heroku-postgresql"},
 "plan":{"id":"2","name":"heroku-postgresql:standard-0"},"app":{"id":"3","name":"acme-prod"},"state":"provisioned",
 "config_vars":["DATABASE_URL","HEROKU_POSTGRESQL_IVORY_URL"],"created_at":"2024-01-01T12:00:00Z"},
 {"id":"77","name":"papertrail-flat-1","addon_service":{"name":"papertrail"},"plan":{"name":"papertrail:choklad"},"app":{"name":"acme-prod"}}]"#;

const INFO: &str = r#"{"addon_id":"9e2c","name":"postgresql-round-00001","plan":"standard-0","port":5432,
 "resource_url":"postgres://user:hunter2@ec2.example.com/d","database_password":"hunter2",
 "created_at":"2024-01-01 12:00:00 +0000","waiting?":false,"num_bytes":612990000,
 "info":[{"name":"Plan","values":["Standard 0"]},{"name":"Tables","values":[29]},
  {"name":"Rollback","values":["earliest from 2024-05-24 20:00 UTC"]},
  {"name":"Continuous Protection","values":["On"]},{"name":"Data Encryption","values":["In Use"]},
  {"name":"Followers","resolve_db_name":true,"values":["postgres://user:hunter2@ec2.example.com/e"]}]}"#;

#[test]
fn a_scheduled_backup_and_its_restore() {
    let kept = read(&[("addons.json", ADDONS), ("transfers.json", TRANSFERS)]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let run = runs(&kept)[0];
    assert_eq!((runs(&kept).len(), run.run_id.as_str()), (1, "acme-prod/a042"));
    assert_eq!(run.origin.record_id, "u42");
    assert_eq!(run.origin.pointer, "/0");
    assert_eq!(run.resource.as_deref(), Some("heroku-postgres:acme-prod/postgresql-round-00001"));
    assert_eq!((run.status, run.status_raw.as_str()), (RunStatus::Success, "Completed"));
    assert_eq!((run.component, run.trigger), (Some(Component::Logical), Some(Trigger::Scheduled)));
    assert_eq!(run.plan_id.as_deref(), Some("s1"));
    assert_eq!((run.started_at, run.ended_at), (at("2024-05-28T02:01:09Z"), at("2024-05-28T02:05:37Z")));
    assert_eq!((run.bytes, run.bytes_stored), (Some(2_147_483_648), Some(536_870_912)));
    let point = points(&kept)[0];
    assert_eq!(run.recovery_point_id.as_ref(), Some(&point.recovery_point_id));
    assert_eq!((point.taken_at, point.created_at), (run.started_at, run.ended_at));
    assert_eq!((point.complete, point.deleted_at, point.encrypted), (Some(true), None, None));
    let test = restores(&kept)[0];
    assert_eq!((test.test_id.as_str(), test.result, test.from_log), ("acme-prod/r043", TestResult::Success, true));
    assert_eq!((test.started_at, test.restore_finished_at), (at("2024-05-29T09:00:02Z"), at("2024-05-29T09:06:00Z")));
    assert_eq!((test.service_ready_at, test.bytes), (None, Some(536_870_912)));
    assert_eq!(test.recovery_point_id.as_deref(), Some("acme-prod/a042"));
    assert_eq!(test.resource, run.resource);
    assert_eq!(test.environment.as_deref(), Some("acme-prod/STAGING"));
    let listing = listings(&kept)[0];
    assert_eq!(listing.recovery_point_ids, ["acme-prod/a042"]);
    assert!(listing.complete);
}

#[test]
fn states_are_those_of_the_cli() {
    let times = r#""created_at":"2024-05-28 02:01:07 +0000","started_at":"2024-05-28 02:01:09 +0000""#;
    let end = r#""finished_at":"2024-05-28 02:02:00 +0000""#;
    for (fields, status, raw, point) in [
        (
            format!(r#"{times},{end},"succeeded":true,"warnings":3"#),
            RunStatus::Partial,
            "Finished with 3 warnings",
            true,
        ),
        (format!(r#"{times},{end},"succeeded":false"#), RunStatus::Failed, "Failed", false),
        (format!(r#"{times},{end},"succeeded":null"#), RunStatus::Failed, "Failed", false),
        (
            format!(r#"{times},{end},"succeeded":false,"canceled_at":"2024-05-28 02:02:00 +0000""#),
            RunStatus::Aborted,
            "Canceled",
            false,
        ),
        (format!(r#"{times},"succeeded":null,"processed_bytes":10"#), RunStatus::Running, "Running", false),
        (r#""created_at":"2024-05-28 02:01:07 +0000""#.to_owned(), RunStatus::Pending, "Pending", false),
        (
            format!(r#"{times},{end},"succeeded":true,"deleted_at":"2024-06-28 00:00:00 +0000""#),
            RunStatus::Success,
            "Completed",
            true,
        ),
    ] {
        let content = format!(
            r#"[{{"uuid":"u","num":"1004","from_name":"IVORY","from_type":"pg_dump","to_type":"gof3r",{fields}}}]"#
        );
        let kept = read(&[("acme-prod/transfers.json", &content)]);
        assert!(kept.problems.is_empty(), "{:?}", kept.problems);
        let run = runs(&kept)[0];
        assert_eq!((run.status, run.status_raw.as_str()), (status, raw));
        assert_eq!(run.run_id, "acme-prod/b1004");
        assert_eq!(run.trigger, Some(Trigger::Manual));
        assert_eq!(run.resource.as_deref(), Some("heroku-postgres:acme-prod/IVORY"));
        assert_eq!(points(&kept).len(), usize::from(point));
        let deleted = fields.contains("deleted_at");
        assert_eq!(points(&kept).iter().any(|p| p.deleted_at.is_some()), deleted);
        let listed: usize = listings(&kept).iter().map(|l| l.recovery_point_ids.len()).sum();
        assert_eq!(listed, usize::from(point && !deleted));
    }
}

#[test]
fn copies_leave_no_recovery_point_and_unknown_kinds_never_succeed() {
    let content = r#"{"app":"acme-prod","transfers":[
      {"uuid":"a","num":1,"from_name":"DATABASE","from_type":"pg_dump","to_type":"pg_restore","succeeded":true,"started_at":"2024-05-28 02:01:09 +0000","finished_at":"2024-05-28 02:02:00 +0000"},
      {"uuid":"b","num":2,"from_name":"DATABASE","from_type":"pg_dump","to_type":"floppy","succeeded":true,"started_at":"2024-05-28 02:01:09 +0000","finished_at":"2024-05-28 02:02:00 +0000"},
      {"uuid":"c","num":3,"from_type":"htcat","to_name":"DATABASE","to_type":"pg_restore","succeeded":false,"started_at":"2024-05-28T02:01:09Z","finished_at":"2024-05-28T02:02:00Z"}]}"#;
    let kept = read(&[("export.json", content)]);
    assert_eq!(runs(&kept).iter().map(|r| r.run_id.as_str()).collect::<Vec<_>>(), ["acme-prod/c001", "acme-prod/b002"]);
    assert_eq!((runs(&kept)[0].component, runs(&kept)[1].status), (Some(Component::Replica), RunStatus::Unknown));
    assert!(points(&kept).is_empty());
    assert_eq!(kept.problems.len(), 1);
    assert_eq!(restores(&kept)[0].result, TestResult::Failed);
    assert_eq!(restores(&kept)[0].restore_finished_at, None);
    assert_eq!(restores(&kept)[0].origin.pointer, "/transfers/2");
}

#[test]
fn one_transfer_seen_twice_is_one_run_with_the_newest_state() {
    let running = r#"[{"uuid":"u","num":7,"from_name":"DATABASE","from_type":"pg_dump","to_type":"gof3r","started_at":"2024-05-28 02:01:09 +0000","updated_at":"2024-05-28 02:01:30 +0000"}]"#;
    let verbose = r#"{"uuid":"u","num":7,"from_name":"DATABASE","from_type":"pg_dump","to_type":"gof3r","started_at":"2024-05-28 02:01:09 +0000",
      "finished_at":"2024-05-28 02:02:00 +0000","succeeded":false,"updated_at":"2024-05-28 02:02:00 +0000",
      "logs":[{"level":"info","message":"starting"},{"level":"error","message":"pg_dump: could not connect to postgres://u:hunter2@host/d password=hunter2: timeout"},{"level":"info","message":"end"}]}"#;
    for order in
        [["acme-prod/transfers.json", "acme-prod/transfers/7.json"], ["acme-prod/z.json", "acme-prod/transfers/7.json"]]
    {
        let kept = read(&[(order[0], running), (order[1], verbose)]);
        assert_eq!(runs(&kept).len(), 1);
        assert_eq!(runs(&kept)[0].status, RunStatus::Failed);
        assert_eq!(
            runs(&kept)[0].status_detail.as_deref(),
            Some("pg_dump: could not connect to [address removed] [secret removed] timeout")
        );
    }
}

#[test]
fn the_app_is_found_around_in_the_path_or_told_to_be_missing() {
    for name in [
        "acme-prod/transfers.json",
        "client/v11/apps/acme-prod/transfers.json",
        "acme-prod.transfers.json",
        "acme-prod-transfers.json",
    ] {
        assert_eq!(runs(&read(&[(name, TRANSFERS)]))[0].run_id, "acme-prod/a042", "{name}");
    }
    let kept = read(&[("transfers.json", TRANSFERS)]);
    assert_eq!(kept.problems.len(), 1);
    assert_eq!(runs(&kept)[0].resource, None);
    assert_eq!(runs(&kept)[0].run_id, "a042");
}

#[test]
fn no_secret_reaches_a_row() {
    let kept = read(&[
        ("acme-prod/transfers.json", TRANSFERS),
        ("acme-prod/info.json", INFO),
        ("acme-prod/addons.json", ADDONS),
    ]);
    let shown = format!("{:?}{:?}", kept.rows, kept.problems);
    for secret in ["hunter2", "postgres://", "https://", "deadbeef"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn database_info_shows_the_restorable_range_and_settings() {
    let kept = read(&[("info.json", INFO), ("addons.json", ADDONS)]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let sample = samples(&kept)[0];
    assert_eq!(sample.resource.as_deref(), Some("heroku-postgres:acme-prod/postgresql-round-00001"));
    assert_eq!((sample.earliest_restorable_at, sample.latest_restorable_at), (at("2024-05-24T20:00:00Z"), None));
    let assets = assets(&kept);
    assert_eq!(assets.len(), 2);
    let database = assets.iter().find(|a| a.asset_id == "heroku-postgres:acme-prod/postgresql-round-00001").unwrap();
    let setting = |name: &str| database.settings.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(setting("data encryption"), Some("In Use"));
    assert_eq!(setting("tables"), Some("29"));
    assert_eq!(setting("state"), Some("provisioned"));
    assert_eq!(setting("followers"), Some("1"));
    assert_eq!(setting("plan"), Some("heroku-postgresql:standard-0"));
    assert!(database.settings.is_sorted());
    assert_eq!(database.excluded_reason, None);
    assert!(assets.iter().any(|a| a.asset_id == "heroku:acme-prod/papertrail-flat-1" && a.excluded_reason.is_some()));
}

#[test]
fn continuous_protection_without_rollback_is_no_restorable_range() {
    for (row, earliest, problems) in [
        (r#"{"name":"Rollback","values":["Unsupported"]}"#, None, 0),
        (r#"{"name":"Rollback","values":["from 2013-10-18 20:00 UTC"]}"#, at("2013-10-18T20:00:00Z"), 0),
        (r#"{"name":"Rollback","values":["earliest from some day"]}"#, None, 1),
    ] {
        let info = format!(r#"{{"name":"db","info":[{{"name":"Continuous Protection","values":["On"]}},{row}]}}"#);
        let kept = read(&[("acme-prod/db.json", &info)]);
        assert_eq!(samples(&kept)[0].earliest_restorable_at, earliest);
        assert_eq!(kept.problems.len(), problems);
    }
    let kept = read(&[(
        "acme-prod/db.json",
        r#"{"name":"db","info":[{"name":"Continuous Protection","values":["On"]},{"name":"Rollback","values":[]}]}"#,
    )]);
    assert!(samples(&kept).is_empty());
}

#[test]
fn advanced_plans_tell_both_ends_of_the_range() {
    let info = r#"{"addon":{"id":"x","name":"postgresql-advanced-1"},"app":{"id":"y","name":"acme-adv"},"created_at":"2026-01-01T00:00:00Z","version":"17","region":"us","tier":"advanced","status":"available",
      "features":{"continuous_protection":{"enabled":true},"data_encryption":{"enabled":true},"rollback":{"enabled":true,"earliest_time":"2026-08-01T00:00:00Z","latest_time":"2026-08-08T00:00:00Z"}}}"#;
    let kept = read(&[("adv.json", info)]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let sample = samples(&kept)[0];
    assert_eq!(sample.resource.as_deref(), Some("heroku-postgres:acme-adv/postgresql-advanced-1"));
    assert_eq!(
        (sample.earliest_restorable_at, sample.latest_restorable_at),
        (at("2026-08-01T00:00:00Z"), at("2026-08-08T00:00:00Z"))
    );
    let off = info.replace(r#""rollback":{"enabled":true"#, r#""rollback":{"enabled":false"#);
    assert_eq!(samples(&read(&[("adv.json", &off)]))[0].earliest_restorable_at, None);
}

#[test]
fn schedules_are_plans_and_an_empty_list_shows_that_there_is_none() {
    let schedule = r#"[{"uuid":"s1","name":"DATABASE_URL","callback_url":"https://secret.example.com","days":["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"],
      "hour":2,"timezone":"America/New_York","retain_weeks":4,"retain_months":0,"deleted_at":null}]"#;
    let kept = read(&[
        ("addons.json", ADDONS),
        ("acme-prod/schedules.json", schedule),
        ("9e2c/transfer-schedules.json", schedule),
    ]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    assert_eq!(plans(&kept).len(), 1);
    let plan = plans(&kept)[0];
    assert_eq!(plan.resource.as_deref(), Some("heroku-postgres:acme-prod/postgresql-round-00001"));
    assert_eq!(
        (plan.schedule.as_deref(), plan.timezone.as_deref()),
        (Some("daily at 02:00"), Some("America/New_York"))
    );
    assert_eq!((plan.enabled, plan.plan_id.as_str()), (Some(true), "s1"));
    let kept = read(&[("addons.json", ADDONS), ("databases/9e2c/transfer-schedules.json", "[]")]);
    assert_eq!(plans(&kept)[0].enabled, Some(false));
    assert!(kept.problems.is_empty() && kept.passed_over.is_empty());
}

#[test]
fn an_empty_list_of_transfers_is_a_listing_without_points() {
    let kept = read(&[("addons.json", ADDONS), ("acme-prod/transfers.json", "[]")]);
    assert_eq!(listings(&kept).len(), 1);
    assert!(listings(&kept)[0].recovery_point_ids.is_empty());
}

#[test]
fn answers_that_are_errors_or_damaged_are_problems() {
    let kept = read(&[
        ("a/transfers.json", r#"{"id":"not_found","message":"Couldn't find that app."}"#),
        ("b/transfers.json", &TRANSFERS[..200]),
        ("c/transfers.json", ""),
        ("notes.txt", "hello"),
        ("account.json", r#"{"email":"ops@example.com"}"#),
        (
            "d/transfers.json",
            r#"[{"uuid":"u","num":1,"from_name":"D","from_type":"pg_dump","to_type":"gof3r","source_bytes":-5,"started_at":"soon"}]"#,
        ),
    ]);
    let mut told: Vec<&str> = kept.problems.iter().map(|p| p.document.as_str()).collect();
    told.dedup();
    assert_eq!(told, ["a/transfers.json", "b/transfers.json", "c/transfers.json", "d/transfers.json"]);
    assert_eq!(kept.problems.len(), 5, "{:?}", kept.problems);
    assert_eq!(kept.passed_over.len(), 2);
    assert_eq!((runs(&kept)[0].bytes, runs(&kept)[0].started_at), (None, None));
}

#[test]
fn the_order_of_documents_does_not_matter() {
    let mut documents = vec![("addons.json", ADDONS), ("acme-prod/transfers.json", TRANSFERS), ("info.json", INFO)];
    let rows = read(&documents).rows;
    documents.reverse();
    assert_eq!(rows, read(&documents).rows);
}

#[test]
fn a_cut_list_gives_its_whole_transfers_but_no_listing() {
    let end = TRANSFERS.find("\"u43\"").unwrap() + 200;
    let kept = read(&[("addons.json", ADDONS), ("acme-prod/transfers.json", &TRANSFERS[..end])]);
    assert_eq!(kept.problems.len(), 1);
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(runs(&kept)[0].origin.pointer, "/0");
    assert!(listings(&kept).is_empty());
}

/// An add-on called as `app` is, of another app; `acme-db` owns the database that `acme-prod` calls `LEDGER`.
const OTHERS: &str = r#"[{"id":"5a","name":"acme-prod","addon_service":{"name":"heroku-postgresql"},"plan":{"name":"heroku-postgresql:standard-0"},"app":{"name":"acme-other"},"config_vars":["DATABASE_URL"]},
 {"id":"6b","name":"postgresql-ledger","addon_service":{"name":"heroku-postgresql"},"plan":{"name":"heroku-postgresql:standard-0"},"app":{"name":"acme-db"},"config_vars":["HEROKU_POSTGRESQL_IVORY_URL"]}]"#;
const ATTACHED: &str = r#"[{"id":"t1","name":"DATABASE","app":{"name":"acme-prod"},"addon":{"id":"6b","name":"postgresql-ledger","app":{"name":"acme-db"}}}]"#;

#[test]
fn paths_of_the_api_name_apps_and_databases_beyond_doubt() {
    let kept = read(&[
        ("addons.json", ADDONS),
        ("apps/acme-other/addons.json", OTHERS),
        ("client/v11/apps/acme-prod/transfers.json", TRANSFERS),
    ]);
    assert_eq!(runs(&kept)[0].run_id, "acme-prod/a042");
    let kept = read(&[
        ("apps/acme-other/addons.json", OTHERS),
        ("client/v11/databases/6b.json", &INFO.replace("9e2c", "none").replace("postgresql-round-00001", "none")),
    ]);
    assert_eq!(samples(&kept)[0].resource.as_deref(), Some("heroku-postgres:acme-db/postgresql-ledger"));
}

#[test]
fn a_name_means_what_it_means_in_its_app() {
    let of = |app: &str, name: &str, attached: &str| {
        let list = TRANSFERS.replace(r#""from_name":"DATABASE""#, &format!(r#""from_name":"{name}""#));
        let path = format!("client/v11/apps/{app}/transfers.json");
        let kept = read(&[("addons.json", OTHERS), ("attachments.json", attached), (&path, &list)]);
        runs(&kept)[0].resource.clone().unwrap()
    };
    // What acme-prod calls DATABASE is owned by acme-db, which calls it IVORY and may call another one DATABASE.
    assert_eq!(of("acme-prod", "DATABASE", ATTACHED), "heroku-postgres:acme-db/postgresql-ledger");
    assert_eq!(of("acme-db", "IVORY", ATTACHED), "heroku-postgres:acme-db/postgresql-ledger");
    assert_eq!(of("acme-db", "DATABASE", ATTACHED), "heroku-postgres:acme-db/DATABASE");
    // Where the owner's own name is not told, the other's is all there is.
    let kept = read(&[("attachments.json", ATTACHED), ("client/v11/apps/acme-db/transfers.json", TRANSFERS)]);
    assert_eq!(runs(&kept)[0].resource.as_deref(), Some("heroku-postgres:acme-db/postgresql-ledger"));
}

#[test]
fn a_schedule_in_several_lists_is_for_the_database_it_names() {
    let addons = r#"[{"id":"aa","name":"follower","addon_service":{"name":"heroku-postgresql"},"plan":{"name":"p"},"app":{"name":"acme-prod"},"config_vars":["HEROKU_POSTGRESQL_RED_URL"]},
     {"id":"bb","name":"leader","addon_service":{"name":"heroku-postgresql"},"plan":{"name":"p"},"app":{"name":"acme-prod"},"config_vars":["DATABASE_URL"]}]"#;
    let schedule = r#"[{"uuid":"s1","name":"DATABASE_URL","hour":2,"timezone":"UTC"}]"#;
    let lists = [
        ("client/v11/databases/aa/transfer-schedules.json", schedule),
        ("client/v11/databases/bb/transfer-schedules.json", schedule),
    ];
    let of = |documents: &[(&str, &str)]| {
        let kept = read(&[&[("addons.json", addons)], documents].concat());
        assert!(kept.problems.is_empty());
        assert_eq!(plans(&kept).len(), 1);
        plans(&kept)[0].resource.clone().unwrap()
    };
    assert_eq!(of(&lists), "heroku-postgres:acme-prod/leader");
    // In one list only: it is that database's, whatever the config var is set to today.
    assert_eq!(of(&lists[..1]), "heroku-postgres:acme-prod/follower");
}

#[test]
fn what_cannot_be_attributed_or_read_is_a_problem() {
    let told = |documents: &[(&str, &str)]| {
        let kept = read(documents);
        assert_eq!(kept.problems.len(), 1, "{:?}", kept.problems);
        (kept.problems[0].place.clone().unwrap(), kept.rows)
    };
    let list = TRANSFERS.replace(r#""from_name":"DATABASE""#, r#""from_name":null"#);
    assert_eq!(told(&[("acme-prod/transfers.json", &list)]).0, "/0/from_name");
    let info = INFO.replace(r#"["earliest from 2024-05-24 20:00 UTC"]"#, r#""earliest from 2024-05-24 20:00 UTC""#);
    let (place, rows) = told(&[("addons.json", ADDONS), ("info.json", &info)]);
    assert_eq!(place, "/info/2/values");
    assert!(!rows.iter().any(|r| matches!(r, Row::Pitr(_))));
    let advanced = r#"{"addon":{"id":"x","name":"a"},"app":{"name":"acme-adv"},"features":{"rollback":{"enabled":"yes","earliest_time":"2026-08-01T00:00:00Z"}}}"#;
    let (place, rows) = told(&[("adv.json", advanced)]);
    assert_eq!(place, "/features/rollback/enabled");
    assert!(!rows.iter().any(|r| matches!(r, Row::Pitr(_))));
}

#[test]
fn an_app_without_add_ons_is_read_too() {
    let kept =
        read(&[("apps/acme-a/addons/page-0001.json", "[]"), ("addon-attachments.json", "[]"), ("other.json", "[]")]);
    assert_eq!(kept.passed_over.iter().map(|(d, _)| d.as_str()).collect::<Vec<_>>(), ["other.json"]);
}
