//! Input that cannot be read: told with file and place, kept, never a pass; every other source is collected.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{CONFIG, INVENTORY, Workspace, files, october, record, source};

/// Checks that read what backups leave, and not only what people state about them.
fn checks_on_evidence() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("controls/checks.toml");
    let checks: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    let tables = ["backup_runs.", "recovery_points.", "backup_slots."];
    let reads = |c: &toml::Value| {
        let inputs = c["inputs"].as_array().into_iter().flatten().filter_map(|i| i.as_str());
        inputs.into_iter().any(|i| tables.iter().any(|t| i.starts_with(t)))
    };
    let all = checks["check"].as_array().unwrap();
    let ids: BTreeSet<String> = all.iter().filter(|c| reads(c)).map(|c| c["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.contains("FRQ-01"), "{ids:?}");
    ids
}

/// Asserts that nothing passes for a system and its plan that could only be known from their runs.
#[track_caller]
pub fn no_pass_on_runs(assessment: &Value, system: &str, plan: &str) {
    let checks = checks_on_evidence();
    for result in assessment["results"].as_array().unwrap() {
        let unit = result["unit"].as_str().unwrap();
        let theirs = unit.split(['/', ' ']).any(|part| part == system || part == plan);
        if theirs && checks.contains(result["check"].as_str().unwrap()) {
            assert_ne!(result["state"], "pass", "{result:#}");
        }
    }
    for metric in assessment["metrics"].as_array().unwrap().iter().filter(|m| m["id"] == "backup_success_rate") {
        for part in metric["by"]["system"].as_array().unwrap().iter().filter(|p| p["key"] == system) {
            assert_eq!(part["numerator"], 0, "slots of {system} count as done: {part}");
        }
    }
}

/// [`Workspace::good`] and beside it the system `bad-db`, known from the source `bad` alone.
fn workspace(kind: &str, path: &str) -> Workspace {
    let w = Workspace::good();
    w.write(
        "backproof.toml",
        format!(
            "{CONFIG}\n[sources.{kind}.bad]\npath = \"{path}\"\ntimezone = \"UTC\"\ncovers = {{ systems = [\"bad-db\"], \
             from = \"2026-10-01T00:00:00Z\", to = \"2026-11-01T00:00:00Z\", complete = true }}\n"
        ),
    );
    let second = INVENTORY.replace("shop-db", "bad-db").replace("shop-daily", "bad-daily");
    w.append("inventory.toml", &format!("\n{second}"));
    w
}

/// Collects and checks what holds for every bad input; answers what the collection says of the source `bad`.
#[track_caller]
fn told(w: &Workspace, parts: &[&str]) -> Value {
    let collection = w.collect(4);
    let good = source(&collection, "nightly");
    assert_eq!(
        (good["status"].as_str(), good["counts"]["backup_runs"].as_u64()),
        (Some("complete"), Some(31)),
        "{good:#}"
    );
    let bad = source(&collection, "bad").clone();
    assert!(["incomplete", "failed"].contains(&bad["status"].as_str().unwrap()), "{bad:#}");
    let reason = bad["reason"].as_str().unwrap_or_else(|| panic!("no reason: {bad:#}"));
    let problems: Vec<String> = bad["problems"].as_array().into_iter().flatten().map(Value::to_string).collect();
    for part in parts {
        assert!(reason.contains(part), "{part:?} is not told: {reason}\n{}", problems.join("\n"));
    }
    let shown = w.run(&["collect"]).ends(4).out;
    assert!(shown.contains(parts[0]), "people are told as well: {shown}");
    let assessment = w.assess();
    no_pass_on_runs(&assessment, "bad-db", "bad-daily");
    let seen = assessment["sources"].as_array().unwrap().iter().find(|s| s["source_id"] == "bad").unwrap();
    assert_eq!((&seen["status"], &seen["reason"]), (&bad["status"], &bad["reason"]));
    assert_eq!(
        w.show("slots", "2026-10").iter().filter(|s| s["outcome"] == "success" && s["system_id"] == "shop-db").count(),
        31
    );
    w.run(&["verify", "evidence"]).ends(0);
    bad
}

/// True where the store holds these bytes.
fn kept(w: &Workspace, bytes: &[u8]) -> bool {
    files(&w.path().join("evidence/objects")).iter().any(|(_, object)| object == bytes)
}

#[test]
fn an_empty_file() {
    for kind in [
        "runs",
        "restic",
        "borg",
        "duplicity",
        "rdiff-backup",
        "rsnapshot",
        "rclone",
        "pgbackrest",
        "barman",
        "wal-g",
        "wal-e",
        "velero",
        "pg-dump",
        "heroku-postgres",
        "restore-reports",
    ] {
        let name = if kind == "runs" { "empty.jsonl" } else { "empty.json" };
        let w = workspace(kind, &format!("drop/bad/{name}"));
        w.write(&format!("drop/bad/{name}"), "");
        told(&w, &[name]);
    }
}

#[test]
fn truncated_json() {
    let sample = |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name)).unwrap();
    for (kind, from) in [
        ("restic", "restic/evidence/15-snapshots.json"),
        ("borg", "borg/evidence/10-list.json"),
        ("pgbackrest", "pgbackrest/evidence/14-info.json"),
        ("barman", "barman/evidence/13-list-json.json"),
        ("rds", "aws/evidence/08-describe-db-snapshots.json"),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(from);
        let from = if folder.exists() { from.to_owned() } else { any_json(from) };
        let mut bytes = sample(&from);
        bytes.truncate(bytes.len() * 2 / 3);
        let w = workspace(kind, "drop/bad/cut.json");
        w.write("drop/bad/cut.json", &bytes);
        told(&w, &["cut.json"]);
        assert!(kept(&w, &bytes), "{kind}: the bytes are evidence all the same");
    }
}

/// The largest JSON document of a tool's sample.
fn any_json(like: &str) -> String {
    let tool = like.split('/').next().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(tool).join("evidence");
    let all = files(&folder).into_iter().filter(|(n, _)| n.ends_with(".json"));
    let (name, _) = all.max_by_key(|(_, bytes)| bytes.len()).unwrap();
    format!("{tool}/evidence/{name}")
}

#[test]
fn a_bad_line_among_good_ones() {
    for (line, place) in [
        ("{\"run_id\":\"x\",\"system_id\":\"bad-db\",\"status\":\n", "line 6"),
        ("{\"run_id\":\"x\",\"system_id\":\"bad-db\",\"status\":\"success\",\"bytes\":-5}\n", "line 6"),
        ("{\"run_id\":\"x\",\"status\":\"success\"}\n", "line 6"),
        ("{\"system_id\":\"bad-db\",\"status\":\"success\"}\n", "line 6"),
        ("[1,2]\n", "line 6"),
        ("\u{0}\u{0}\u{0}\n", "line 6"),
        ("backup finished at 02:00\n", "line 6"),
    ] {
        let w = workspace("runs", "drop/bad/log.jsonl");
        let good: String = (1..=5).map(|d| record("bad-db", "bad-daily", d, "failed")).collect();
        let log = format!("{good}{line}{}", record("bad-db", "bad-daily", 6, "failed"));
        w.write("drop/bad/log.jsonl", &log);
        let bad = told(&w, &["log.jsonl", place]);
        assert_eq!(bad["status"], "incomplete", "{line}");
        assert_eq!(bad["counts"]["backup_runs"], 6, "the rest is read: {line}");
        assert!(kept(&w, log.as_bytes()));
    }
}

#[test]
fn bytes_that_are_no_text() {
    let w = workspace("runs", "drop/bad/log.jsonl");
    let mut log = record("bad-db", "bad-daily", 1, "failed").into_bytes();
    log.extend(b"{\"run_id\":\"\xff\xfe\xc3(\",\"system_id\":\"bad-db\",\"status\":\"success\"}\n");
    log.extend(record("bad-db", "bad-daily", 2, "failed").into_bytes());
    w.write("drop/bad/log.jsonl", &log);
    let bad = told(&w, &["log.jsonl", "line 2"]);
    assert_eq!(bad["counts"]["backup_runs"], 2);
    assert!(kept(&w, &log));

    for kind in
        ["restic", "borg", "pgbackrest", "barman", "wal-g", "wal-e", "velero", "rds", "github", "heroku-postgres"]
    {
        let w = workspace(kind, "drop/bad/list.json");
        w.write("drop/bad/list.json", b"[{\"time\":\"\xff\xff\",\"id\":\"\xc3(\"}]");
        told(&w, &["list.json"]);
    }
}

#[test]
fn another_tools_file() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/borg/evidence/12-info.json");
    let bytes = fs::read(sample).unwrap();
    for kind in [
        "restic",
        "pgbackrest",
        "barman",
        "wal-g",
        "wal-e",
        "velero",
        "rds",
        "s3",
        "aws-backup",
        "github",
        "heroku-postgres",
        "runs",
    ] {
        let w = workspace(kind, "drop/bad/info.json");
        w.write("drop/bad/info.json", &bytes);
        let bad = told(&w, &["info.json"]);
        assert_eq!(bad["status"], "failed", "{kind}: {bad:#}");
    }
}

#[test]
fn times_in_the_future() {
    let w = workspace("runs", "drop/bad/log.jsonl");
    let log: String =
        (1..=31).map(|day| record("bad-db", "bad-daily", day, "success").replace("2026-10-", "2098-10-")).collect();
    w.write("drop/bad/log.jsonl", log);
    told(&w, &["log.jsonl", "line 1"]);
}

#[test]
fn an_end_before_its_start() {
    let w = workspace("runs", "drop/bad/log.jsonl");
    let log: String =
        (1..=31).map(|day| record("bad-db", "bad-daily", day, "success").replace("T02:20:00Z", "T01:20:00Z")).collect();
    w.write("drop/bad/log.jsonl", log);
    w.run(&["collect"]);
    // Whether the source is incomplete or the runs are flawed: nothing of it may pass for complete and on time.
    let results = w.assess();
    let cmp = |r: &&Value| r["check"] == "CMP-01" && r["unit"].as_str().unwrap().contains("bad-daily");
    assert!(results["results"].as_array().unwrap().iter().filter(cmp).all(|r| r["state"] != "pass"), "{results:#}");
}

#[test]
fn a_folder_where_a_file_is_named() {
    let w = workspace("runs", "drop/bad/log.jsonl");
    fs::create_dir_all(w.path().join("drop/bad/log.jsonl")).unwrap();
    told(&w, &["log.jsonl"]);
}

#[test]
fn a_missing_file_a_missing_folder_and_a_pattern_without_match() {
    for path in ["drop/bad/gone.jsonl", "gone-folder", "drop/bad/*.jsonl"] {
        let w = workspace("runs", path);
        let bad = told(&w, &[path]);
        assert_eq!(bad["status"], "failed");
    }
}

#[test]
fn symbolic_links_that_lead_nowhere_or_round() {
    let w = workspace("runs", "drop/bad");
    w.write("drop/bad/good.jsonl", record("bad-db", "bad-daily", 1, "failed"));
    symlink(".", w.path().join("drop/bad/round")).unwrap();
    let bad = told(&w, &["round"]);
    assert_eq!(bad["counts"]["backup_runs"], 1, "the rest of the folder is read, once");

    let w = workspace("runs", "drop/bad/log.jsonl");
    fs::create_dir_all(w.path().join("drop/bad")).unwrap();
    symlink("log.jsonl", w.path().join("drop/bad/log.jsonl")).unwrap();
    told(&w, &["log.jsonl"]);

    let w = workspace("runs", "drop/bad");
    w.write("drop/bad/good.jsonl", record("bad-db", "bad-daily", 1, "failed"));
    symlink("gone", w.path().join("drop/bad/dangling.jsonl")).unwrap();
    told(&w, &["dangling.jsonl"]);
}

#[test]
fn special_files_do_not_hang_the_collection() {
    let w = workspace("runs", "drop/bad");
    w.write("drop/bad/good.jsonl", record("bad-db", "bad-daily", 1, "failed"));
    assert!(Command::new("mkfifo").arg(w.path().join("drop/bad/pipe.jsonl")).status().unwrap().success());
    let mut child = w.program().args(["collect", "--quiet"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    for _ in 0..200 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let ended = child.try_wait().unwrap();
    let _ = child.kill();
    assert!(ended.is_some(), "the collection waits for a named pipe");
}

#[test]
fn no_permission() {
    let w = workspace("runs", "drop/bad");
    w.write("drop/bad/a.jsonl", record("bad-db", "bad-daily", 1, "failed"));
    let closed = w.write("drop/bad/closed.jsonl", october("bad-db", "bad-daily"));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let hidden = w.path().join("drop/bad/hidden");
    fs::create_dir(&hidden).unwrap();
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o000)).unwrap();
    let Some(mut command) = as_somebody(&w) else { return };
    let output = command.args(["collect", "--format", "json"]).current_dir(w.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let collection: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(source(&collection, "nightly")["status"], "complete");
    let bad = source(&collection, "bad");
    assert_eq!(bad["status"], "incomplete");
    let problems = bad["problems"].to_string();
    for name in ["closed.jsonl", "hidden"] {
        assert!(problems.contains(name), "{problems}");
    }
    assert!(problems.contains("permission denied"), "{problems}");
    assert_eq!(bad["counts"]["backup_runs"], 1);
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o755)).unwrap();
    no_pass_on_runs(&w.assess(), "bad-db", "bad-daily");
}

/// The program as a user whom permissions bind: root reads everything. `None` where that can't be arranged.
fn as_somebody(w: &Workspace) -> Option<Command> {
    let uid = Command::new("id").arg("-u").output().ok()?.stdout;
    if uid.trim_ascii() != b"0" {
        return Some(w.program());
    }
    // The build folder may lie in a home that others may not enter.
    let program = w.path().join("backproof-copy");
    fs::copy(env!("CARGO_BIN_EXE_backproof"), &program).ok()?;
    let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(w.path()).status().ok()?;
    assert!(owned.success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command.env_clear();
    Some(command)
}

#[test]
fn every_source_bad_and_the_run_is_committed_all_the_same() {
    let w = workspace("runs", "gone");
    fs::remove_file(w.path().join("drop/nightly.jsonl")).unwrap();
    let collection = w.collect(4);
    assert!(collection["sources"].as_array().unwrap().iter().all(|s| s["status"] == "failed"));
    assert!(w.path().join("evidence/runs/00000001.json").is_file(), "so that the gap shows");
    let assessment = w.assess();
    no_pass_on_runs(&assessment, "bad-db", "bad-daily");
    no_pass_on_runs(&assessment, "shop-db", "shop-daily");
    let ran = w.run(&["report", "monthly", "--period", "2026-10", "--as-of", crate::support::AS_OF]).ends(4);
    assert!(ran.out.contains("monthly.html"));
}

#[test]
fn a_source_that_was_complete_and_then_fails_keeps_what_it_gave() {
    let w = Workspace::good();
    w.collect(0);
    let before = w.show("runs", "2026-10").len();
    fs::remove_file(w.path().join("drop/nightly.jsonl")).unwrap();
    let collection = w.collect(4);
    assert_eq!(source(&collection, "nightly")["status"], "failed");
    assert_eq!(w.show("runs", "2026-10").len(), before, "evidence is append-only");
}
