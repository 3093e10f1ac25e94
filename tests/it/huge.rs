//! Inputs larger than memory should have to be: read in bounded memory, told where they can't be read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{CONFIG, Workspace, october, record, source};

const GIB: usize = 1 << 30;

/// A log of runs whose second line has a gibibyte, between two good lines.
fn one_long_line(out: impl Write) {
    let mut out = BufWriter::with_capacity(1 << 20, out);
    out.write_all(record("shop-db", "shop-daily", 1, "success").as_bytes()).unwrap();
    out.write_all(b"{\"run_id\":\"").unwrap();
    let chunk = [b'a'; 1 << 20];
    for _ in 0..GIB / chunk.len() {
        out.write_all(&chunk).unwrap();
    }
    out.write_all(b"\"}\n").unwrap();
    out.write_all(record("shop-db", "shop-daily", 3, "success").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Waits for the end and answers the exit code, the output and the largest resident memory in MB that was seen.
pub fn watch(mut child: Child, output: &Path) -> (Option<i32>, String, u64) {
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0);
        peak = peak.max(kib / 1024);
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), std::fs::read_to_string(output).unwrap(), peak);
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn collect_watched(w: &Workspace) -> (Value, u64) {
    let output = w.path().join("collected.json");
    let mut command = w.program();
    command.args(["collect", "--format", "json"]).stdout(File::create(&output).unwrap()).stderr(Stdio::null());
    let (code, text, peak) = watch(command.spawn().unwrap(), &output);
    assert_eq!(code, Some(4), "{text}");
    (serde_json::from_str(&text).unwrap(), peak)
}

#[test]
fn a_line_of_a_gibibyte_is_told_and_its_neighbours_are_read() {
    let w = Workspace::good();
    std::fs::write(w.path().join("drop/good.jsonl"), october("shop-db", "shop-daily")).unwrap();
    one_long_line(File::create(w.path().join("drop/nightly.jsonl")).unwrap());
    w.append("backproof.toml", "\n[sources.runs.second]\npath = \"drop/good.jsonl\"\n");
    let (collection, peak) = collect_watched(&w);
    let long = source(&collection, "nightly");
    assert_eq!(long["status"], "incomplete", "{long:#}");
    assert!(long["reason"].as_str().unwrap().contains("nightly.jsonl, line 2"), "{long:#}");
    assert_eq!(long["counts"]["backup_runs"], 2, "the lines around it are read");
    assert!(long["pages"][0]["bytes"].as_u64().unwrap() > GIB as u64, "it is kept as evidence");
    assert_eq!(source(&collection, "second")["status"], "complete");
    assert!(peak < 400, "{peak} MB for a line of 1 GiB");
}

#[test]
fn other_readers_tell_a_file_of_a_gibibyte_without_end() {
    for (kind, name) in [
        ("restic", "restic.json"),
        ("pg-dump", "cron.log"),
        ("borg", "borg.log"),
        ("duplicity", "dup.log"),
        ("rclone", "rclone.log"),
    ] {
        let w = Workspace::good();
        let mut out = BufWriter::with_capacity(1 << 20, File::create(w.path().join("drop").join(name)).unwrap());
        let chunk = [b'a'; 1 << 20];
        for _ in 0..GIB / chunk.len() {
            out.write_all(&chunk).unwrap();
        }
        out.flush().unwrap();
        drop(out);
        w.write("backproof.toml", format!("{CONFIG}\n[sources.{kind}.big]\npath = \"drop/{name}\"\n"));
        let (collection, peak) = collect_watched(&w);
        let big = source(&collection, "big");
        assert_ne!(big["status"], "complete", "{kind}");
        assert!(big["reason"].as_str().unwrap().contains(name), "{kind}: {big:#}");
        assert_eq!(source(&collection, "nightly")["status"], "complete");
        assert!(peak < 1200, "{kind}: {peak} MB for a line of 1 GiB");
    }
}
