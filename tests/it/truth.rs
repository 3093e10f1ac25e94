//! Every sample of a real tool, collected and shown, against its ground truth.
//!
//! `truth.json` tells what a correct reader must conclude. What is left out on purpose stands in [`KNOWN`], each with
//! the reason why the evidence itself does not tell it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Workspace, copy};

/// A sample folder and the sources that read it: kind and zone for times without one.
struct Sample {
    folder: &'static str,
    kinds: &'static [&'static str],
    timezone: Option<&'static str>,
}

const SAMPLES: &[Sample] = &[
    Sample { folder: "pgbackrest", kinds: &["pgbackrest"], timezone: Some("UTC") },
    Sample { folder: "restic", kinds: &["restic"], timezone: None },
    Sample { folder: "borg", kinds: &["borg"], timezone: None },
    Sample { folder: "borgmatic", kinds: &["borg"], timezone: None },
    Sample { folder: "barman", kinds: &["barman"], timezone: Some("UTC") },
    Sample { folder: "wal-e", kinds: &["wal-e"], timezone: None },
    Sample { folder: "pg_dump", kinds: &["pg-dump"], timezone: None },
    Sample { folder: "duplicity", kinds: &["duplicity"], timezone: Some("Europe/Prague") },
    Sample { folder: "rdiff-backup", kinds: &["rdiff-backup"], timezone: None },
    Sample { folder: "rsnapshot", kinds: &["rsnapshot"], timezone: Some("Europe/Prague") },
    Sample { folder: "rclone", kinds: &["rclone"], timezone: Some("Europe/Prague") },
    Sample { folder: "aws", kinds: &["aws-backup", "rds", "s3"], timezone: None },
];

/// Where rows differ from the truth for a reason: sample, entry, field, reason.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("pgbackrest", "b04", "bytes", EXPIRED),
    ("pgbackrest", "b05", "bytes", EXPIRED),
    ("pgbackrest", "b06", "bytes", EXPIRED),
    ("pgbackrest", "b04", "bytes_stored", EXPIRED),
    ("pgbackrest", "b05", "bytes_stored", EXPIRED),
    ("pgbackrest", "b06", "bytes_stored", EXPIRED),
    ("borg", "b06", "recovery_point", LISTED),
    ("borg", "r18", "recovery_point", LISTED),
    ("borgmatic", "b03", "recovery_point", LISTED),
    ("borgmatic", "b04", "recovery_point", LISTED),
    ("borgmatic", "b05", "recovery_point", LISTED),
    ("barman", "r18", "recovery_point", LISTED),
    ("duplicity", "b01", "recovery_point", LISTED),
    ("duplicity", "b02", "recovery_point", LISTED),
    ("duplicity", "b03", "recovery_point", LISTED),
    ("duplicity", "b04", "recovery_point", LISTED),
    ("rdiff-backup", "b01", "recovery_point", NAMED),
    ("rdiff-backup", "b02", "recovery_point", NAMED),
    ("rdiff-backup", "b03", "recovery_point", NAMED),
    ("rdiff-backup", "b01", "bytes", COUNTED),
    ("rdiff-backup", "b02", "bytes", COUNTED),
    ("rdiff-backup", "b03", "bytes", COUNTED),
    ("rdiff-backup", "b01", "bytes_stored", COUNTED),
    ("rdiff-backup", "b02", "bytes_stored", COUNTED),
    ("rdiff-backup", "b03", "bytes_stored", COUNTED),
];

const NAMED: &str = "names of session_statistics files and a list of increments tell the session";

const COUNTED: &str = "the session's statistics tell sizes, which truth leaves out";

const LISTED: &str =
    "truth looks at the run's own output alone; its command line or a list of archives names the point";

const EXPIRED: &str = "the set had expired when `info` was taken, and the log prints a rounded size";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name)
}

fn truth(sample: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder(sample).join("truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    truth["runs"].as_array().unwrap().clone()
}

/// A workspace whose sources read the sample and nothing else, collected.
fn collected(sample: &Sample) -> (Workspace, Value) {
    let w = Workspace::empty();
    let mut config = "[organization]\nname = \"Samples\"\ntimezone = \"UTC\"\n".to_owned();
    for kind in sample.kinds {
        config.push_str(&format!("\n[sources.{kind}.{kind}]\npath = \"drop\"\n"));
        if let Some(zone) = sample.timezone {
            config.push_str(&format!("timezone = \"{zone}\"\n"));
        }
    }
    w.write("backproof.toml", config);
    copy(&folder(sample.folder).join("evidence"), &w.path().join("drop/evidence"));
    std::fs::copy(folder(sample.folder).join("runs.json"), w.path().join("drop/runs.json")).unwrap();
    let ran = w.run(&["collect", "--format", "json"]);
    assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
    let collection = ran.json();
    (w, collection)
}

/// Status words of the ground truth in ours.
fn word(truth: &Value) -> &str {
    match truth.as_str().unwrap() {
        "warning" => "partial",
        "interrupted" => "aborted",
        same => same,
    }
}

/// True where a shown instant (whole seconds) is the one of the truth.
fn same_time(shown: &Value, truth: &Value, tolerance_s: f64) -> bool {
    let at = |v: &Value| v.as_str().map(|t| model::time::instant(t, None).unwrap());
    match (at(shown), at(truth)) {
        (None, None) => true,
        (Some(a), Some(b)) => ((a - b).num_milliseconds().abs() as f64) < tolerance_s.max(1.0) * 1000.0,
        _ => false,
    }
}

fn known(sample: &str, id: &str, field: &str) -> bool {
    KNOWN.iter().any(|(s, i, f, _)| (*s, *i, *f) == (sample, id, field))
}

/// What differs between a shown row and an entry of the truth.
fn differences(sample: &str, entry: &Value, row: &Value, restore: bool) -> Vec<String> {
    let id = entry["id"].as_str().unwrap();
    let tolerance = entry["tolerance_s"].as_f64().unwrap_or(1.0);
    let mut out = Vec::new();
    let mut compare = |field: &str, shown: &Value, wanted: &Value, same: bool| {
        if same == known(sample, id, field) {
            let hint = if same { " (listed as a known difference, and there is none)" } else { "" };
            out.push(format!("{field}: {shown} shown, {wanted} true{hint}"));
        }
    };
    let status = if restore { &row["result"] } else { &row["status"] };
    compare("status", status, &entry["status"], status.as_str() == Some(word(&entry["status"])));
    compare("started_at", &row["started_at"], &entry["started_at"], {
        same_time(&row["started_at"], &entry["started_at"], tolerance)
    });
    let ended = if restore && row["ended_at"].is_null() { &row["restore_finished_at"] } else { &row["ended_at"] };
    compare("finished_at", ended, &entry["finished_at"], same_time(ended, &entry["finished_at"], tolerance));
    compare("bytes", &row["bytes"], &entry["bytes"], row["bytes"] == entry["bytes"]);
    if !restore {
        for field in ["bytes_stored", "encrypted"] {
            compare(field, &row[field], &entry[field], row[field] == entry[field]);
        }
    }
    let point = entry["recovery_point"].as_str().and_then(|p| p.split(' ').next());
    let shown = &row["recovery_point_id"];
    compare("recovery_point", shown, &entry["recovery_point"], shown.as_str() == point);
    out
}

/// Pairs entries of the truth with shown rows, best matches first, and tells everything that is left.
fn compare(sample: &str, entries: &[Value], mut rows: Vec<Value>, restore: bool, faults: &mut Vec<String>) {
    let mut open: Vec<&Value> = entries.iter().collect();
    for allowed in 0..=6 {
        open.retain(|entry| {
            let best = rows
                .iter()
                .enumerate()
                .map(|(i, row)| (differences(sample, entry, row, restore), i))
                .min_by_key(|(differences, i)| (differences.len(), *i));
            match best {
                Some((differences, i)) if differences.len() == allowed => {
                    let row = rows.remove(i);
                    faults.extend(
                        differences.iter().map(|d| format!("{sample} {}: {d} ({})", entry["id"], row["row_id"])),
                    );
                    false
                }
                _ => true,
            }
        });
    }
    faults.extend(open.iter().map(|e| format!("{sample} {}: no row for it", e["id"])));
    faults.extend(rows.iter().map(|r| format!("{sample}: a row that truth does not know: {r}")));
}

#[test]
fn shown_runs_and_restore_tests_equal_the_ground_truth_of_each_sample() {
    let mut faults = Vec::new();
    for sample in SAMPLES {
        let (w, collection) = collected(sample);
        let entries = truth(sample.folder);
        let of = |kinds: &[&str]| -> Vec<Value> {
            let is = |e: &&Value| kinds.iter().any(|k| e["kind"].as_str().unwrap().starts_with(k));
            entries.iter().filter(is).cloned().collect()
        };
        let period = "2026-10-01..2026-11-30";
        let backups = of(&["backup", "copy", "snapshot", "wal-archive"]);
        compare(sample.folder, &backups, w.show("runs", period), false, &mut faults);
        let restores = of(&["restore"]);
        compare(sample.folder, &restores, w.show("restore-tests", period), true, &mut faults);
        // Nothing of a sample is lost: a file is kept, or passed over with a reason.
        for source in collection["sources"].as_array().unwrap() {
            let told = |list: &str, key: &str| -> Vec<String> {
                source[list].as_array().into_iter().flatten().map(|p| p[key].as_str().unwrap().to_owned()).collect()
            };
            let (kept, passed) = (told("pages", "name"), told("passed_over", "document"));
            for (name, _) in crate::support::files(&w.path().join("drop")) {
                assert!(kept.contains(&name) || passed.contains(&name), "{}: {name} is lost", sample.folder);
            }
        }
    }
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_sample_of_each_tool_keeps_its_bytes() {
    for sample in SAMPLES {
        let (w, collection) = collected(sample);
        for page in collection["sources"][0]["pages"].as_array().unwrap() {
            let (name, object) = (page["name"].as_str().unwrap(), page["object"].as_str().unwrap());
            let redactions = collection["sources"][0]["redactions"].as_array();
            let redacted = redactions.into_iter().flatten().any(|r| r["document"] == name);
            if page["facts_only"] == true || redacted {
                continue;
            }
            let stored = w.path().join("evidence/objects").join(&object[..2]).join(object);
            let given = std::fs::read(w.path().join("drop").join(name)).unwrap();
            assert!(std::fs::read(stored).unwrap() == given, "{}: {name} was changed", sample.folder);
        }
        w.run(&["verify", "evidence"]).ends(0);
    }
}

#[test]
fn a_sample_without_its_run_records_gives_no_success_that_is_none() {
    // Of the uploads in the AWS sample one was of an empty file: the upload's own line does not tell that, and the
    // listing that does names its bucket only in the run record.
    for sample in SAMPLES.iter().filter(|s| s.folder != "aws") {
        let (w, _) = collected(sample);
        let with = w.show("runs", "2026-10-01..2026-11-30");
        std::fs::remove_file(w.path().join("drop/runs.json")).unwrap();
        std::fs::remove_dir_all(w.path().join("evidence")).unwrap();
        w.run(&["collect"]);
        let good = |rows: &[Value]| rows.iter().filter(|r| r["status"] == "success").count();
        let without = w.show("runs", "2026-10-01..2026-11-30");
        assert!(good(&without) <= good(&with), "{}: {} > {}", sample.folder, good(&without), good(&with));
    }
}
