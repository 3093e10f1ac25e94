//! Same store, inputs, period and as-of: the same bytes, whatever the machine's zone, locale or umask.

use std::process::Command;

use serde_json::Value;

use crate::support::{AS_OF, Workspace, files, october, record};

/// A workspace with something to say: a failure retried, a miss, a failure for good, an unknown system.
fn eventful() -> Workspace {
    let w = Workspace::good();
    let mut log: String =
        (1..=28).filter(|d| *d != 9).map(|day| record("shop-db", "shop-daily", day, "success")).collect();
    log.push_str(&record("shop-db", "shop-daily", 29, "failed"));
    log.push_str(&record("ünknown-db", "nightly", 3, "success"));
    w.write("drop/nightly.jsonl", log);
    w.collect(0);
    w
}

/// Runs what follows on one core, the last of those it may use.
const ONE_CORE: &str = "taskset -c $(taskset -cp $$ | sed 's/.*[:,-] *//')";

/// Everything that the program says and writes about a period, under an umask, a command before it and an environment.
fn everything(w: &Workspace, out: &str, under: [&str; 2], env: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let [umask, before] = under;
    let mut all = Vec::new();
    let run = |args: &str| {
        let script = format!("umask {umask}; exec {before} \"$0\" {args} --period 2026-10 --as-of {AS_OF}");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_backproof")]).current_dir(w.path()).env_clear();
        let output = command.envs(env.iter().copied()).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 4)), "{args}: {output:?}");
        output.stdout
    };
    for args in ["assess --format json", "assess", "show runs --format json", "show slots --format csv", "show sources"]
    {
        all.push((args.to_owned(), run(args)));
    }
    run(&format!("report monthly --out {out}"));
    all.extend(files(&w.path().join(out)));
    all
}

#[test]
fn zone_locale_umask_cores_and_repetition_change_no_byte() {
    let w = eventful();
    let first = everything(&w, "out-1", ["022", ""], &[("TZ", "UTC"), ("LANG", "C")]);
    assert!(first.iter().any(|(name, _)| name == "monthly.pdf"), "the report was written");
    let others = [
        everything(&w, "out-2", ["022", ONE_CORE], &[("TZ", "UTC"), ("LANG", "C")]),
        everything(
            &w,
            "out-3",
            ["077", ""],
            &[("TZ", "Asia/Kathmandu"), ("LANG", "de_DE.UTF-8"), ("LC_ALL", "de_DE.UTF-8")],
        ),
        everything(
            &w,
            "out-4",
            ["000", ""],
            &[("TZ", "America/Los_Angeles"), ("LANG", "tr_TR.UTF-8"), ("COLUMNS", "40")],
        ),
    ];
    for other in others {
        let names = |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&first), names(&other));
        for ((name, a), (_, b)) in first.iter().zip(&other) {
            assert!(a == b, "{name} differs");
        }
    }
}

/// An assessment without what a second collection may change: when, and from which objects.
fn figures(mut assessment: Value) -> Value {
    for source in assessment["sources"].as_array_mut().unwrap() {
        let source = source.as_object_mut().unwrap();
        source.remove("collected_at");
        source.remove("digests");
    }
    // Checks of the evidence itself count collections, in words.
    for result in assessment["results"].as_array_mut().unwrap() {
        if result["check"].as_str().unwrap().starts_with("EVI") {
            result.as_object_mut().unwrap().remove("detail");
        }
    }
    assessment
}

fn rows(w: &Workspace, table: &str) -> Vec<Value> {
    let mut rows = w.show(table, "2026-10");
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("observed_at");
    }
    rows
}

#[test]
fn collecting_the_same_input_again_changes_no_figure() {
    let w = eventful();
    let tables = ["runs", "slots", "recovery-points", "restore-tests"];
    let before = (figures(w.assess()), tables.map(|t| rows(&w, t)));
    w.collect(0);
    w.collect(0);
    assert_eq!(before, (figures(w.assess()), tables.map(|t| rows(&w, t))));
}

#[test]
fn a_log_that_grows_is_counted_once() {
    let w = Workspace::good();
    let whole = october("shop-db", "shop-daily");
    let half: String = whole.lines().take(15).map(|l| format!("{l}\n")).collect();
    w.write("drop/nightly.jsonl", &half);
    w.collect(0);
    assert_eq!(w.show("runs", "2026-10").len(), 15);
    w.write("drop/nightly.jsonl", &whole);
    w.collect(0);
    assert_eq!(w.show("runs", "2026-10").len(), 31);
    let straight = Workspace::good();
    straight.collect(0);
    assert_eq!(w.assess()["metrics"], straight.assess()["metrics"]);
}

#[test]
fn an_earlier_as_of_sees_only_what_was_collected_by_then() {
    let w = Workspace::good();
    w.collect(0);
    let args = ["assess", "--period", "2026-10", "--as-of", "2026-10-20T00:00:00Z", "--format", "json"];
    let early = w.run(&args).ends(4).json();
    assert_eq!(early["sources"][0]["collected_at"], Value::Null);
    crate::bad_input::no_pass_on_runs(&early, "shop-db", "shop-daily");
}
