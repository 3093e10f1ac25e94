//! The terminal: no outside string becomes an escape, colour is asked for, a reader that leaves is no error.

use std::process::{Command, Stdio};

use crate::support::{AS_OF, CONFIG, Workspace, october};

/// Control characters other than line ends and tabs, and marks that reverse the reading order.
fn escapes(text: &str) -> Vec<char> {
    let unsafe_one = |c: &char| (c.is_control() && !"\n\r\t".contains(*c)) || "\u{202e}\u{2066}".contains(*c);
    text.chars().filter(unsafe_one).collect()
}

#[test]
fn names_and_messages_from_outside_are_never_terminal_escapes() {
    let w = Workspace::good();
    w.write("backproof.toml", CONFIG.replace("drop/nightly.jsonl", "drop"));
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}";
    let mut log = october("shop-db", "shop-daily");
    let json = serde_json::to_string(evil).unwrap();
    let json = json.trim_matches('"');
    log.push_str(&format!(
        "{{\"run_id\":\"{json}\",\"resource\":\"runs:{json}\",\"status\":\"{json}\",\"started_at\":\"2026-10-05T02:00:00Z\",\"status_detail\":\"{json}\"}}\n"
    ));
    log.push_str(&format!("{{\"run_id\":\"{evil}\n"));
    w.write(&format!("drop/evil{evil}.jsonl"), log);
    for args in [
        &["collect"][..],
        &["collect", "--format", "csv"],
        &["collect", "-v"],
        &["assess", "--period", "2026-10", "--as-of", AS_OF],
        &["show", "runs", "--period", "2026-10", "--as-of", AS_OF],
        &["show", "sources", "--period", "2026-10", "--as-of", AS_OF],
        &["show", "recovery-points", "--period", "2026-10", "--as-of", AS_OF],
        &["show", "runs", "--period", "2026-10", "--as-of", AS_OF, "--format", "json"],
        &["report", "monthly", "--period", "2026-10", "--as-of", AS_OF],
        &["verify", "evidence"],
    ] {
        let ran = w.run(args);
        assert!(matches!(ran.code, Some(0 | 4)), "{args:?}: {ran:?}");
        // CSV and JSON are for programs: JSON escapes what a terminal would obey, CSV has no way to.
        if args.contains(&"json") {
            assert!(!ran.out.contains(['\u{1b}', '\u{7}']), "{args:?}: {}", ran.out);
        } else if !args.contains(&"csv") {
            assert_eq!(escapes(&ran.out), [], "{args:?}: {}", ran.out);
        }
        assert_eq!(escapes(&ran.err), [], "{args:?}: {}", ran.err);
    }
    let html = std::fs::read_to_string(w.path().join("reports/2026-10/monthly.html")).unwrap();
    assert_eq!(escapes(&html), []);
}

#[test]
fn arguments_and_configuration_are_outside_strings_too() {
    let w = Workspace::good();
    let evil = "x\u{1b}[31m";
    for args in [
        &["collect", "--source", evil][..],
        &["collect", "--config", evil],
        &["verify", evil],
        &["assess", "--period", evil],
        &["explain", evil],
    ] {
        let ran = w.run(args);
        assert_eq!(escapes(&ran.err), [], "{args:?}: {}", ran.err);
        assert_eq!(escapes(&ran.out), [], "{args:?}: {}", ran.out);
    }
    w.write("backproof.toml", CONFIG.replace("Example Robotics", "Example \\u001b[31mRobotics"));
    w.collect(0);
    let ran = w.run(&["assess", "--period", "2026-10", "--as-of", AS_OF]);
    assert_eq!(escapes(&ran.out), [], "{}", ran.out);
    w.write("backproof.toml", CONFIG.replace("[sources.runs.nightly]", "[sources.\"r\\u001b[31m\".nightly]"));
    let ran = w.run(&["collect"]).ends(2);
    assert_eq!(escapes(&ran.err), [], "{}", ran.err);
}

#[test]
fn markup_in_evidence_stays_text_in_the_report() {
    let w = Workspace::good();
    let script = "<script>alert(1)</script><img src=x onerror=alert(2)>";
    let log = october("shop-db", "shop-daily")
        .replace("\"system_id\":\"shop-db\"", &format!("\"resource\":\"runs:{script}\""));
    w.write("drop/nightly.jsonl", log);
    w.write("backproof.toml", CONFIG.replace("Example Robotics", script));
    w.collect(0);
    w.run(&["report", "monthly", "--period", "2026-10", "--as-of", AS_OF]);
    let html = std::fs::read_to_string(w.path().join("reports/2026-10/monthly.html")).unwrap();
    assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "markup of evidence reached the page");
    assert!(html.contains("&lt;script&gt;"), "it is shown as text");
}

/// Runs a command line on a pseudo-terminal; `None` where `script` (util-linux) is missing.
fn on_a_terminal(w: &Workspace, line: &str, env: &[(&str, &str)]) -> Option<String> {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {line}", env!("CARGO_BIN_EXE_backproof")), "/dev/null"]);
    command.current_dir(w.path()).env_clear().env("PATH", std::env::var_os("PATH")?).env("TERM", "xterm-256color");
    let output = command.envs(env.iter().copied()).stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn colour_is_for_terminals_and_no_color_is_obeyed() {
    let w = Workspace::good();
    w.collect(0);
    let assess = ["assess", "--period", "2026-10", "--as-of", AS_OF];
    assert!(!w.run(&assess).out.contains('\u{1b}'), "a pipe is no terminal");
    assert!(w.run(&[&assess[..], &["--color", "always"]].concat()).out.contains('\u{1b}'));
    assert!(w.run(&["collect", "--source", "x", "--color", "always"]).err.contains('\u{1b}'));
    let line = assess.join(" ") + " --quiet";
    let Some(plain) = on_a_terminal(&w, &line, &[("NO_COLOR", "1")]) else { return };
    assert!(!plain.contains("\u{1b}["), "{plain}");
    let colored = on_a_terminal(&w, &line, &[]).unwrap();
    assert!(colored.contains("\u{1b}["), "{colored}");
    let never = on_a_terminal(&w, &(line + " --color never"), &[]).unwrap();
    assert!(!never.contains("\u{1b}["), "{never}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let w = Workspace::good();
    w.write("drop/nightly.jsonl", october("shop-db", "shop-daily") + &october("other", "p"));
    w.collect(0);
    for args in [
        &["show", "runs", "--period", "2026-10", "--as-of", AS_OF, "--format", "json"][..],
        &["show", "slots", "--period", "2026-10", "--as-of", AS_OF, "--format", "csv"],
        &["assess", "--period", "2026-10", "--as-of", AS_OF],
        &["--help"],
        &["completions", "bash"],
    ] {
        let mut child = w.program().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stderr, b"", "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_full_disk_is_told() {
    let w = Workspace::good();
    w.collect(0);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let args = ["show", "runs", "--period", "2026-10", "--as-of", AS_OF, "--format", "json"];
    let output = w.program().args(args).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"));
}
