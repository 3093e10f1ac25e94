//! What ends a collection before or while it works: credentials that others may read, and the operator.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::support::{CONFIG, Workspace, files, october, source};

/// A server that takes a question and never answers; who asks is told.
fn silent() -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            let _ = tell.send(());
            open.push(stream);
        }
    });
    (url, told)
}

fn live(url: &str, token: &str) -> String {
    format!(
        "{CONFIG}\n[sources.heroku-postgres.prod]\napps = [\"acme-prod\"]\nurl = \"{url}\"\ndata_url = \"{url}\"\ntoken = {token}\n"
    )
}

#[test]
fn a_credential_that_others_may_read_is_refused_before_anything_is_asked() {
    let (url, told) = silent();
    let w = Workspace::good();
    w.write("backproof.toml", live(&url, "{ file = \"heroku-token\" }"));
    let path = w.write("heroku-token", "HRKU-canary-refused\n");
    for mode in [0o644, 0o640, 0o604, 0o660, 0o602] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = w.run(&["collect", "-v"]).ends(2);
        let shown = "heroku-token".to_owned();
        for words in
            [shown.clone(), format!("{mode:04o}"), format!("chmod 600 {shown}"), "heroku-postgres.prod".to_owned()]
        {
            assert!(ran.err.contains(&words), "{words} is not in {}", ran.err);
        }
        assert!(!ran.err.contains("canary") && !ran.out.contains("canary"), "{ran:?}");
        assert!(told.try_recv().is_err(), "the service was asked");
        assert!(!w.path().join("evidence").exists(), "nothing is stored");
    }
    // Who leaves that source out is not held up.
    w.run(&["collect", "--source", "nightly"]).ends(0);
}

fn interrupt(child: &Child) {
    let done = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(done.success());
}

fn ended(mut child: Child, within: Duration) -> (Option<i32>, String, String) {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > within {
            child.kill().unwrap();
            panic!("not ended after {within:?}: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn an_interrupt_ends_the_run_in_order_and_keeps_what_is_whole() {
    let (url, told) = silent();
    let w = Workspace::good();
    w.write("backproof.toml", live(&url, "{ env = \"TOKEN\" }"));
    let mut command = w.program();
    command.args(["collect", "--format", "json"]).env("TOKEN", "HRKU-canary-stopped");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    told.recv_timeout(Duration::from_secs(20)).unwrap();
    interrupt(&child);
    let (code, out, err) = ended(child, Duration::from_secs(10));
    assert_eq!(code, Some(4), "{out}\n{err}");
    let collection = serde_json::from_str(&out).unwrap();
    assert_eq!(source(&collection, "nightly")["status"], "complete");
    assert_eq!(source(&collection, "nightly")["counts"]["backup_runs"], 31);
    let stopped = source(&collection, "prod");
    assert!(["failed", "incomplete"].contains(&stopped["status"].as_str().unwrap()), "{stopped:#}");
    assert!(stopped["reason"].as_str().unwrap().contains("stopped by the operator"), "{stopped:#}");
    assert!(err.contains("Ctrl-C again"), "{err}");
    w.run(&["verify", "evidence"]).ends(0);
    assert_eq!(w.show("runs", "2026-10").len(), 31, "what was whole is evidence");
    for (name, bytes) in files(w.path()) {
        assert!(!String::from_utf8_lossy(&bytes).contains("canary-stopped"), "{name}");
    }
}

#[test]
fn a_second_interrupt_ends_the_program_at_once_and_harms_no_store() {
    let w = Workspace::good();
    w.collect(0);
    // Long enough to be at work for seconds: reading one file is not broken off.
    let month = october("shop-db", "shop-daily");
    let long: String = (0..30_000).map(|n| month.replace("shop-db-", &format!("shop-db-{n}-"))).collect();
    w.write("drop/nightly.jsonl", long);
    let mut command = w.program();
    let mut child = command.args(["collect", "-v"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(log.any(|line| line.contains("reading")), "it is at work");
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    let (code, out, err) = ended(child, Duration::from_secs(1));
    assert_eq!(code, Some(130), "{out}\n{err}");
    w.run(&["verify", "evidence"]).ends(0);
    w.write("drop/nightly.jsonl", month);
    w.collect(0);
    w.run(&["verify", "evidence"]).ends(0);
}

/// Columns of the terminal that the test gives the program.
const COLUMNS: usize = 80;

/// What a terminal shows after these characters: as much of one as lines, moves and erasures need.
fn screen(told: &str) -> Vec<String> {
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut characters = told.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let mut number = String::new();
                let last = characters.by_ref().find(|c| {
                    number.extend(c.is_ascii_digit().then_some(*c));
                    c.is_ascii_alphabetic()
                });
                let number: usize = number.parse().unwrap_or(1);
                match last {
                    Some('A') => row = row.saturating_sub(number),
                    Some('B') => row += number,
                    Some('K') => rows[row].clear(),
                    Some('J') => rows.truncate(row + 1),
                    _ => {}
                }
            }
            other => {
                if column == COLUMNS {
                    (row, column) = (row + 1, 0);
                }
                rows.resize(rows.len().max(row + 1), Vec::new());
                let end = rows[row].len().max(column + 1);
                rows[row].resize(end, ' ');
                rows[row][column] = other;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    rows.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_owned()).collect()
}

#[test]
fn an_interrupt_leaves_no_line_of_progress_on_the_terminal() {
    let (url, told) = silent();
    let w = Workspace::good();
    w.write("backproof.toml", live(&url, "{ env = \"TOKEN\" }"));
    // `script` gives the program a terminal, whose keyboard is the pipe.
    let program = w.program();
    let run = format!("stty cols {COLUMNS} rows 24; exec '{}' collect", program.get_program().to_str().unwrap());
    let mut command = Command::new("script");
    command.args(["-qec", &run, "/dev/null"]).current_dir(w.path()).env("TERM", "xterm").env("TOKEN", "HRKU-canary");
    command.env("SHELL", "/bin/sh");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    told.recv_timeout(Duration::from_secs(20)).unwrap();
    // Until all lines are drawn.
    std::thread::sleep(Duration::from_millis(500));
    keyboard.write_all(b"\x03").unwrap();
    let (code, out, err) = ended(child, Duration::from_secs(10));
    assert_eq!(code, Some(4), "{out}\n{err}");
    assert!(
        out.contains("heroku-postgres.prod: ") && out.contains("^C"),
        "lines were drawn, and the key echoed: {out:?}"
    );
    let shown = screen(&out);
    // Before the key was pressed, each line stood on a row of its own.
    let before: Vec<String> = screen(out.split("^C").next().unwrap()).into_iter().filter(|l| !l.is_empty()).collect();
    assert!(before.len() == 2 && before[0].ends_with("sources") && before[1].ends_with(": reading"), "{before:#?}");
    let table = shown.iter().position(|line| line.contains("records")).unwrap();
    assert!(shown[..table].iter().all(String::is_empty), "{shown:#?}");
    assert!(!shown.iter().any(|line| line.contains("heroku-postgres.prod:")), "{shown:#?}");
}
