//! How the program ends: help, and each exit code of the contract.

use crate::support::{AS_OF, CONFIG, Workspace, october, record, run};

#[test]
fn help_names_every_command_and_exit_code() {
    let help = run(&["--help"]).ends(0).out;
    for word in ["demo", "collect", "assess", "show", "report", "verify", "explain", "completions"] {
        assert!(help.lines().any(|l| l.trim_start().starts_with(word)), "{word}: {help}");
        assert!(!run(&[word, "--help"]).ends(0).out.is_empty());
    }
    for line in [
        "0  done",
        "1  the program could not do it",
        "2  usage or configuration",
        "3  done, and a result at or above --fail-on failed",
        "4  done, but a source was incomplete or failed",
        "5  verification failed",
    ] {
        assert!(help.contains(line), "{line}: {help}");
    }
    for option in ["--config", "--format", "--quiet", "--verbose", "--color"] {
        assert!(help.contains(option), "{option}: {help}");
    }
    assert_eq!(run(&["--version"]).ends(0).out, concat!("backproof ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(run(&["completions", "bash"]).ends(0).out.contains("backproof"));
}

#[test]
fn zero_when_everything_is_complete() {
    let w = Workspace::good();
    w.collect(0);
    let quiet = w.run(&["assess", "--period", "2026-10", "--as-of", AS_OF, "--quiet"]).ends(0);
    assert_eq!(quiet.err, "", "results go to standard output only");
    w.run(&["show", "runs", "--period", "2026-10", "--as-of", AS_OF]).ends(0);
    w.run(&["report", "monthly", "--period", "2026-10", "--as-of", AS_OF]).ends(0);
    w.run(&["verify", "evidence"]).ends(0);
}

#[test]
fn one_when_the_store_cannot_be_written() {
    let w = Workspace::good();
    w.write("evidence", "a file where the store belongs");
    let ran = w.run(&["collect"]).ends(1);
    assert!(ran.err.contains("evidence"), "{}", ran.err);
    assert_eq!(ran.out, "", "nothing was collected");
}

#[test]
fn one_when_a_report_cannot_be_written() {
    let w = Workspace::good();
    w.collect(0);
    w.write("reports", "a file where the folder belongs");
    let ran = w.run(&["report", "monthly", "--period", "2026-10", "--as-of", AS_OF]).ends(1);
    assert!(ran.err.contains("reports") && ran.err.contains("--out"), "{}", ran.err);
}

#[test]
fn two_for_wrong_usage_with_what_to_do() {
    let w = Workspace::good();
    for (args, told) in [
        (&["colect"][..], "collect"),
        (&["show", "rnus"], "runs"),
        (&["assess", "--period", "2026-13"], "2026-10"),
        (&["assess", "--period", "2026-10"], "backproof collect"),
        (&["collect", "--source", "nigthly"], "runs.nightly"),
        (&["collect", "--config", "elsewhere.toml"], "elsewhere.toml"),
        (&["assess", "--fail-on", "awful"], "critical"),
        (&["verify", "evidense"], "evidense"),
        (&["assess", "--as-of", "yesterday"], "yesterday"),
    ] {
        let ran = w.run(args).ends(2);
        assert!(ran.err.contains(told), "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{args:?}");
    }
    assert!(!w.path().join("evidence").exists(), "wrong usage wrote something");
}

#[test]
fn three_when_a_result_fails_at_the_level_asked_for() {
    let w = Workspace::good();
    // Half the month is gone, and the source says that it holds the whole month.
    let log: String = (1..=15).map(|day| record("shop-db", "shop-daily", day, "success")).collect();
    w.write("drop/nightly.jsonl", log);
    w.collect(0);
    let assess = |level: &[&str]| w.run(&[&["assess", "--period", "2026-10", "--as-of", AS_OF], level].concat());
    assess(&[]).ends(0);
    assess(&["--fail-on", "low"]).ends(3);
    w.run(&["report", "monthly", "--period", "2026-10", "--as-of", AS_OF, "--fail-on", "low"]).ends(3);
    let failed = w.assess();
    let worst =
        failed["results"].as_array().unwrap().iter().any(|r| r["state"] == "fail" && r["severity"] == "critical");
    assess(&["--fail-on", "critical"]).ends(if worst { 3 } else { 0 });
}

#[test]
fn four_when_a_source_is_incomplete_and_the_rest_is_done() {
    let w = Workspace::good();
    w.write("drop/nightly.jsonl", october("shop-db", "shop-daily") + "{\"run_id\": \n");
    let ran = w.run(&["collect"]).ends(4);
    assert!(ran.out.contains("nightly.jsonl, line 32"), "{}", ran.out);
    w.run(&["assess", "--period", "2026-10", "--as-of", AS_OF]).ends(4);
    w.run(&["report", "monthly", "--period", "2026-10", "--as-of", AS_OF]).ends(4);
    assert_eq!(w.show("runs", "2026-10").len(), 31);
}

#[test]
fn a_source_that_was_never_collected_is_not_complete() {
    let w = Workspace::good();
    w.collect(0);
    w.write("backproof.toml", format!("{CONFIG}\n[sources.runs.other]\npath = \"drop/other.jsonl\"\n"));
    w.write("drop/other.jsonl", "");
    w.run(&["assess", "--period", "2026-10", "--as-of", AS_OF]).ends(4);
}

#[test]
fn five_when_the_store_was_changed() {
    let w = Workspace::good();
    w.collect(0);
    std::fs::remove_file(w.path().join("evidence/runs/00000001.json")).unwrap();
    assert!(w.run(&["verify", "evidence"]).ends(5).out.contains("NOT VALID"));
}
