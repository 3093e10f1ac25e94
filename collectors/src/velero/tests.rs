//! Tests on objects as the source of 1.18 writes them.

use std::io::Write;

use model::rows::{Component, ObservedPlan, Row, RunStatus, TestResult, Trigger};
use proptest::prelude::*;

use super::KIND;
use crate::testing::{at, listings, parse, points, restores, rows, runs, text};
use crate::{Claim, Document, Kept};

rows!(plans, Plan, ObservedPlan);

fn read(documents: &[Document]) -> Kept {
    parse(&KIND, None, documents)
}

fn backup(name: &str, phase: &str, more: &str) -> String {
    format!(
        r#"{{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{{"name":"{name}","namespace":"velero",
        "labels":{{"velero.io/schedule-name":"daily","velero.io/storage-location":"default"}},"creationTimestamp":"2026-11-20T02:00:00Z"}},
        "spec":{{"includedNamespaces":["*"],"ttl":"720h0m0s","storageLocation":"default","defaultVolumesToFsBackup":false}},
        "status":{{"version":1,"formatVersion":"1.1.0","phase":"{phase}","startTimestamp":"2026-11-20T02:00:01Z",
        "completionTimestamp":"2026-11-20T02:03:10Z","expiration":"2026-12-20T02:00:00Z"{more}}}}}"#
    )
}

const NAME: &str = "daily-20261120020000";

#[test]
fn a_backup_counts_by_its_phase() {
    use RunStatus::{Failed, Partial, Pending, Running, Success, Unknown};
    for (phase, wanted) in [
        ("Completed", Success),
        ("PartiallyFailed", Partial),
        ("Failed", Failed),
        ("FailedValidation", Failed),
        ("New", Pending),
        ("", Pending),
        ("Queued", Pending),
        ("ReadyToStart", Pending),
        ("InProgress", Running),
        ("WaitingForPluginOperations", Running),
        ("WaitingForPluginOperationsPartiallyFailed", Running),
        ("Finalizing", Running),
        ("FinalizingPartiallyFailed", Running),
        ("Deleting", Unknown),
        ("SomethingNew", Unknown),
    ] {
        let kept = read(&[text("velero-backup.json", &backup(NAME, phase, ""))]);
        assert_eq!(kept.problems, []);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!(run.status, wanted, "{phase}");
        let complete: Vec<_> = points(&kept).iter().map(|p| p.complete).collect();
        let made = matches!(wanted, Success | Partial).then_some(Some(wanted == Success));
        assert_eq!(complete, made.into_iter().collect::<Vec<_>>(), "{phase}");
    }
}

#[test]
fn what_a_backup_tells() {
    let more = r#","warnings":2,"progress":{"totalItems":120,"itemsBackedUp":120},"volumeSnapshotsAttempted":2,"volumeSnapshotsCompleted":2"#;
    let kept = read(&[text("b.json", &backup(NAME, "Completed", more))]);
    let run = runs(&kept)[0];
    assert_eq!(
        (run.run_id.as_str(), run.plan_id.as_deref(), run.trigger),
        ("velero/daily-20261120020000", Some("daily"), Some(Trigger::Scheduled))
    );
    assert_eq!((run.resource.as_deref(), run.location_id.as_deref()), (Some("velero:daily"), Some("velero:default")));
    assert_eq!(
        (run.started_at, run.ended_at, run.bytes),
        (at("2026-11-20T02:00:01Z"), at("2026-11-20T02:03:10Z"), None)
    );
    assert_eq!((run.component, run.status), (Some(Component::Snapshot), RunStatus::Success));
    assert_eq!(run.status_detail.as_deref(), Some("0 errors, 2 warnings"));
    let point = points(&kept)[0];
    assert_eq!((point.recovery_point_id.as_str(), point.expires_at), (NAME, at("2026-12-20T02:00:00Z")));
    let more = r#","csiVolumeSnapshotsAttempted":3,"csiVolumeSnapshotsCompleted":1"#;
    let kept = read(&[text("b.json", &backup(NAME, "Completed", more))]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Partial);
    assert_eq!(runs(&kept)[0].status_detail.as_deref(), Some("1 of 3 volume snapshots completed"));
    let by_hand = backup("before-upgrade", "Completed", "")
        .replace("\"velero.io/schedule-name\":\"daily\",", "")
        .replace("\"namespace\":\"velero\"", "\"namespace\":\"dr\"");
    let kept = read(&[text("b.json", &by_hand)]);
    assert_eq!((runs(&kept)[0].trigger, runs(&kept)[0].resource.as_deref()), (None, Some("velero:dr/before-upgrade")));
    assert_eq!(points(&kept)[0].recovery_point_id, "dr/before-upgrade");
    let on_demand = backup("extra", "Completed", "");
    assert_eq!(
        runs(&read(&[text("b.json", &on_demand)]))[0].trigger,
        Some(Trigger::Manual),
        "from a schedule, by hand"
    );
}

#[test]
fn lists_of_velero_and_kubectl() {
    let items =
        [backup(NAME, "Completed", ""), backup("daily-20261121020000", "Failed", r#","failureReason":"no space""#)]
            .join(",");
    for (kind, api) in [("BackupList", "velero.io/v1"), ("List", "v1")] {
        let list = format!(
            r#"{{"apiVersion":"{api}","kind":"{kind}","metadata":{{"resourceVersion":""}},"items":[{items}]}}"#
        );
        let kept = read(&[text("l.json", &list)]);
        assert_eq!(kept.problems, []);
        assert_eq!((runs(&kept).len(), points(&kept).len()), (2, 1));
        assert_eq!(runs(&kept)[1].status_detail.as_deref(), Some("no space"));
        assert_eq!(runs(&kept)[1].origin.pointer, "/items/1");
        let [listing] = listings(&kept)[..] else { panic!("{kept:?}") };
        assert!(listing.complete && listing.resource == "velero:daily", "{listing:?}");
        assert_eq!(listing.recovery_point_ids, [NAME, "daily-20261121020000"]);
    }
    let page = format!(r#"{{"kind":"BackupList","metadata":{{"continue":"abc"}},"items":[{items}]}}"#);
    assert!(!listings(&read(&[text("l.json", &page)]))[0].complete);
    // Objects one after another, as a loop over names leaves them.
    let stream = format!("{}\n{}\n", backup(NAME, "Completed", ""), backup("daily-20261121020000", "Completed", ""));
    let kept = read(&[text("s.json", &stream)]);
    assert_eq!((runs(&kept).len(), listings(&kept).len()), (2, 0));
    let record =
        r#"{"command":"velero backup get -l velero.io/schedule-name=daily -o json","exit_code":0,"stdout":"l.json"}"#;
    let list = format!(r#"{{"kind":"BackupList","metadata":{{}},"items":[{items}]}}"#);
    let kept = read(&[text("l.json", &list), text("l.run.json", record)]);
    assert!(!listings(&kept)[0].complete, "a part was asked for");
}

fn restore(phase: &str, more: &str) -> String {
    format!(
        r#"{{"apiVersion":"velero.io/v1","kind":"Restore","metadata":{{"name":"r1","namespace":"velero"}},
        "spec":{{"backupName":"{NAME}"}},"status":{{"phase":"{phase}","startTimestamp":"2026-11-21T10:00:00Z",
        "completionTimestamp":"2026-11-21T10:05:00Z"{more}}}}}"#
    )
}

#[test]
fn restores_are_tests() {
    use TestResult::{Failed, Partial, Planned, Running, Success};
    for (phase, wanted) in [
        ("Completed", Success),
        ("PartiallyFailed", Partial),
        ("Failed", Failed),
        ("FailedValidation", Failed),
        ("InProgress", Running),
        ("Finalizing", Running),
        ("New", Planned),
        ("Odd", Running),
    ] {
        let kept = read(&[text("r.json", &restore(phase, ""))]);
        let [test] = restores(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!(test.result, wanted, "{phase}");
        assert_eq!((test.resource.as_deref(), test.recovery_point_id.as_deref()), (Some("velero:daily"), Some(NAME)));
        assert_eq!(test.restore_finished_at.is_some(), wanted == Success);
    }
    let more = r#","errors":1,"validationErrors":["no such backup"]"#;
    let kept = read(&[text("r.json", &restore("FailedValidation", more))]);
    assert_eq!(restores(&kept)[0].issues, ["no such backup"]);
}

#[test]
fn results_are_told_beside_what_they_are_about() {
    let results =
        r#"{"warnings":{"velero":["slow"]},"errors":{"namespaces":{"shop":["pod x: timed out"]},"cluster":["crd y"]}}"#;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(results.as_bytes()).unwrap();
    let name = format!("backups/{NAME}/{NAME}-results.gz");
    let documents = [
        text(&format!("backups/{NAME}/velero-backup.json"), &backup(NAME, "PartiallyFailed", r#","errors":2"#)),
        Document::in_memory(&*name, &*name, None, packed.finish().unwrap()),
        text("restores/r1/restore-r1-results.json", results),
        text("r.json", &restore("Completed", "")),
    ];
    let kept = read(&documents);
    assert_eq!((kept.problems.as_slice(), kept.passed_over.len()), (&[][..], 0));
    let detail = runs(&kept)[0].status_detail.as_deref().unwrap();
    assert_eq!(
        detail,
        "2 errors, 0 warnings; error: cluster: crd y; error: shop: pod x: timed out; warning: velero: slow"
    );
    assert!(restores(&kept)[0].status_detail.as_deref().unwrap().contains("pod x"));
    assert!(matches!((KIND.claim)(&format!("backups/{NAME}/{NAME}.tar.gz"), b"\x1f\x8b"), Claim::Pass(_)));
    assert_eq!((KIND.claim)(&name, b"\x1f\x8b"), Claim::Keep);
}

#[test]
fn schedules_are_plans() {
    let schedule = |cron: &str, more: &str| {
        format!(
            r#"{{"apiVersion":"velero.io/v1","kind":"Schedule","metadata":{{"name":"daily","namespace":"velero"}},
            "spec":{{"schedule":"{cron}","template":{{"ttl":"720h0m0s"}}{more}}},"status":{{"phase":"Enabled"}}}}"#
        )
    };
    let plan = |cron: &str, more: &str| {
        let kept = read(&[text("s.json", &schedule(cron, more))]);
        let [plan] = plans(&kept)[..] else { panic!("{kept:?}") };
        plan.clone()
    };
    let told = plan("CRON_TZ=Europe/Berlin 0 2 * * *", "");
    assert_eq!((told.schedule.as_deref(), told.timezone.as_deref()), (Some("0 2 * * *"), Some("Europe/Berlin")));
    assert_eq!((told.retention_s, told.enabled), (Some(720 * 3600), Some(true)));
    let told = plan("@every 6h", r#","paused":true"#);
    assert_eq!((told.schedule.as_deref(), told.timezone, told.enabled), (Some("@every 6h"), None, Some(false)));
}

const DESCRIBED: &str = "\
Name:         daily-20261120020000
Namespace:    velero
Labels:       velero.io/schedule-name=daily
              velero.io/storage-location=default
Annotations:  velero.io/source-cluster-k8s-gitversion=v1.30.0

Phase:  PartiallyFailed (run `velero backup logs daily-20261120020000` for more information)


Errors:
  Velero:    name: /x message: /boom
Warnings:  <none>

Namespaces:
  Included:  *

Storage Location:  default

TTL:  720h0m0s

Backup Format Version:  1.1.0

Started:    2026-11-20 03:00:01 +0100 CET
Completed:  2026-11-20 02:03:10 +0000 UTC

Expiration:  2026-12-20 02:00:00 +0000 UTC

Total items to be backed up:  120
";

#[test]
fn descriptions_and_tables_are_read() {
    let second = DESCRIBED
        .replace("daily-20261120020000", "daily-20261121020000")
        .replace("PartiallyFailed", "\u{1b}[32mCompleted\u{1b}[0m");
    let kept = read(&[text("d.txt", &format!("{DESCRIBED}\n\n{second}"))]);
    assert_eq!(kept.problems, []);
    let [a, b] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((a.status, b.status), (RunStatus::Partial, RunStatus::Success));
    assert_eq!((a.started_at, a.ended_at), (at("2026-11-20T02:00:01Z"), at("2026-11-20T02:03:10Z")));
    assert_eq!(
        (a.plan_id.as_deref(), a.expires_at, a.location_id.as_deref()),
        (Some("daily"), at("2026-12-20T02:00:00Z"), Some("velero:default"))
    );

    let restored = "Name:         r1\nNamespace:    velero\nLabels:       <none>\nAnnotations:  <none>\n\nPhase:                       Completed\n\
        Total items to be restored:  10\n\nStarted:    2026-11-21 10:00:00 +0000 UTC\nCompleted:  2026-11-21 10:05:00 +0000 UTC\n\n\
        Backup:  daily-20261120020000\n\nNamespaces:\n  Included:  all namespaces found in the backup\n";
    let kept = read(&[text("r.txt", restored)]);
    let [test] = restores(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(
        (test.result, test.recovery_point_id.as_deref(), test.ended_at),
        (TestResult::Success, Some(NAME), at("2026-11-21T10:05:00Z"))
    );

    let table = "\
NAME                   STATUS            ERRORS   WARNINGS   CREATED                         EXPIRES   STORAGE LOCATION   QUEUE POSITION   SELECTOR
daily-20261120020000   Completed         0        3          2026-11-20 02:00:01 +0000 UTC   29d       default                             <none>
daily-20261121020000   PartiallyFailed   2        0          2026-11-21 02:00:01 +0000 UTC   30d       default                             <none>
waiting                New               0        0          <nil>                           30d                          3                <none>
";
    let kept = read(&[text("t.txt", table)]);
    assert_eq!(kept.problems, []);
    let found: Vec<_> = runs(&kept).iter().map(|r| (r.status, r.started_at, r.location_id.as_deref())).collect();
    let place = Some("velero:default");
    assert_eq!(
        found,
        [
            (RunStatus::Success, at("2026-11-20T02:00:01Z"), place),
            (RunStatus::Partial, at("2026-11-21T02:00:01Z"), place),
            (RunStatus::Pending, None, None),
        ]
    );
    let table = "\
NAME   BACKUP                 STATUS      STARTED                         COMPLETED                       ERRORS   WARNINGS   CREATED                         SELECTOR
r1     daily-20261120020000   Completed   2026-11-21 10:00:00 +0000 UTC   2026-11-21 10:05:00 +0000 UTC   0        0          2026-11-21 10:00:00 +0000 UTC   <none>
";
    let kept = read(&[text("t.txt", table), text("b.json", &backup(NAME, "Completed", ""))]);
    assert_eq!(restores(&kept)[0].resource.as_deref(), Some("velero:daily"));
}

#[test]
fn of_several_documents_the_last_state_counts() {
    let early = backup(NAME, "InProgress", "").replace("\"completionTimestamp\":\"2026-11-20T02:03:10Z\",", "");
    let table = format!(
        "NAME                   STATUS      ERRORS   WARNINGS   CREATED                         EXPIRES   STORAGE LOCATION\n{NAME}   Completed   0        0          2026-11-20 02:00:01 +0000 UTC   29d       default\n"
    );
    for names in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
        let documents =
            [text(names[0], &early), text(names[1], &backup(NAME, "Completed", "")), text(names[2], &table)];
        let kept = read(&documents);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!((run.status, run.ended_at), (RunStatus::Success, at("2026-11-20T02:03:10Z")), "{names:?}");
    }
}

#[test]
fn yaml_is_read_and_other_files_are_not() {
    let yaml = "apiVersion: velero.io/v1\nkind: Backup\nmetadata:\n  name: daily-20261120020000\n  namespace: velero\nstatus:\n  phase: Completed\n  startTimestamp: \"2026-11-20T02:00:01Z\"\n";
    let kept = read(&[text("b.yaml", yaml)]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Success);
    let others = [
        text("a.json", r#"{"kind":"Pod"}"#),
        text("b.json", r#"{"apiVersion":"postgresql.cnpg.io/v1","kind":"Backup","metadata":{"name":"x"}}"#),
        text("c.txt", "hello"),
        text("d.json", "{"),
    ];
    let kept = read(&others);
    assert_eq!((kept.rows.len(), kept.problems.len(), kept.passed_over.len()), (0, 0, 4), "{kept:?}");
    let odd = backup(NAME, "Completed", "").replace("2026-11-20T02:00:01Z", "yesterday");
    let cut = &backup(NAME, "Completed", "")[..300];
    let nameless = backup("", "Completed", "");
    let kept = read(&[text("a.json", &odd), text("b.json", cut), text("c.json", &nameless)]);
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 3), "{kept:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_cut_yields_a_success_that_the_whole_does_not(which in 0_usize..3, cut in 0_usize..1500) {
        let content = [DESCRIBED.to_owned(), backup(NAME, "PartiallyFailed", ""), backup(NAME, "Completed", "")];
        let content = &content[which];
        let part = content.get(..cut.min(content.len())).unwrap_or(content);
        let good = |kept: &Kept| runs(kept).iter().filter(|r| r.status == RunStatus::Success).count();
        prop_assert!(good(&read(&[text("x", part)])) <= good(&read(&[text("x", content)])));
    }
}
