use std::io::Write;

use model::rows::{BackupRun, Component, Row, RunStatus, Trigger};
use model::time::instant;

use super::KIND;
use crate::testing::{parse, text};
use crate::{Document, Kept};

mod parquet;

fn runs(kept: &Kept) -> Vec<&BackupRun> {
    kept.rows
        .iter()
        .map(|r| match r {
            Row::Run(run) => run,
            other => panic!("only runs are expected, not {other:?}"),
        })
        .collect()
}

fn ids(kept: &Kept) -> Vec<&str> {
    runs(kept).iter().map(|r| r.run_id.as_str()).collect()
}

fn read(name: &str, content: &str) -> Kept {
    parse(&KIND, None, &[text(name, content)])
}

fn told(kept: &Kept) -> Vec<(&str, &str)> {
    kept.problems.iter().map(|p| (p.place.as_deref().unwrap_or(""), p.message.as_str())).collect()
}

fn bytes(name: &str, content: Vec<u8>) -> Document {
    Document::in_memory(name, name, None, content)
}

const FULL: &str = r#"{"run_id":"r1","resource":"restic:web/srv","system_id":"web","plan_id":"web-daily","component":"incremental","trigger":"retry","scheduled_for":"2026-10-01T02:00:00Z","attempt_no":2,"retry_of":"r0","started_at":"2026-10-01T02:00:05Z","ended_at":"2026-10-01T04:10:00.5+02:00","status":"partial","status_detail":"1 file unreadable","bytes":9007199254740993,"bytes_stored":10,"recovery_point_id":"ab12","taken_at":"2026-10-01T02:00:06Z","expires_at":"2026-11-05T02:00:05Z","encrypted":true,"cipher":"aes-256","location_id":"s3:backups"}"#;

fn assert_full(run: &BackupRun) {
    let at = |t| Some(instant(t, None).unwrap());
    assert_eq!(run.run_id, "r1");
    assert_eq!(run.resource.as_deref(), Some("restic:web/srv"));
    assert_eq!(run.system_id.as_deref(), Some("web"));
    assert_eq!(run.plan_id.as_deref(), Some("web-daily"));
    assert_eq!(run.component, Some(Component::Incremental));
    assert_eq!(run.trigger, Some(Trigger::Retry));
    assert_eq!(run.scheduled_for, at("2026-10-01T02:00:00Z"));
    assert_eq!(run.attempt_no, Some(2));
    assert_eq!(run.retry_of.as_deref(), Some("r0"));
    assert_eq!(run.started_at, at("2026-10-01T02:00:05Z"));
    assert_eq!(run.ended_at, at("2026-10-01T02:10:00.5Z"));
    assert_eq!((run.status, run.status_raw.as_str()), (RunStatus::Partial, "partial"));
    assert_eq!(run.status_detail.as_deref(), Some("1 file unreadable"));
    assert_eq!(run.bytes, Some(9_007_199_254_740_993));
    assert_eq!(run.bytes_stored, Some(10));
    assert_eq!(run.recovery_point_id.as_deref(), Some("ab12"));
    assert_eq!(run.taken_at, at("2026-10-01T02:00:06Z"));
    assert_eq!(run.expires_at, at("2026-11-05T02:00:05Z"));
    assert_eq!(run.encrypted, Some(true));
    assert_eq!(run.cipher.as_deref(), Some("aes-256"));
    assert_eq!(run.location_id.as_deref(), Some("s3:backups"));
    assert!(!run.zone_unknown);
    assert_eq!(run.origin.record_id, "r1#2");
}

#[test]
fn every_field_of_a_json_line_is_read() {
    let kept = read("runs.jsonl", &format!("{FULL}\n"));
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    assert_full(runs(&kept)[0]);
    assert_eq!(runs(&kept)[0].origin.pointer, "line:1");
}

#[test]
fn a_log_that_several_threads_read_keeps_its_order() {
    let last = 20_000;
    let log: String = (1..=last)
        .map(|n| match n % 1000 {
            0 => "{\"run_id\":\n".to_owned(),
            _ => format!(
                "{{\"run_id\":\"r{n}\",\"system_id\":\"s\",\"status\":\"success\",\"status_detail\":\"{}\"}}\n",
                "x".repeat(150)
            ),
        })
        .collect();
    assert!(log.len() > 4 << 20, "several blocks");
    let kept = read("runs.jsonl", &log);
    let expected: Vec<(String, String)> =
        (1..=last).filter(|n| n % 1000 != 0).map(|n| (format!("r{n}"), format!("line:{n}"))).collect();
    let given: Vec<_> = runs(&kept).iter().map(|r| (r.run_id.clone(), r.origin.pointer.clone())).collect();
    assert!(given == expected, "a run is missing, moved or has another line");
    let places: Vec<&str> = told(&kept).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, (1..=20).map(|n| format!("line {}", n * 1000)).collect::<Vec<_>>());
}

#[test]
fn an_array_reads_the_same_with_pointers_into_it() {
    for content in [format!("[{FULL},\n {FULL}]"), format!(" [\n{FULL}\n,{FULL}\n]\n")] {
        let kept = read("runs.json", &content);
        assert!(kept.problems.is_empty(), "{:?}", kept.problems);
        assert_eq!(runs(&kept).len(), 2);
        assert_full(runs(&kept)[1]);
        assert_eq!(runs(&kept)[1].origin.pointer, "/1");
    }
    let pretty = FULL.replace(",\"", ",\n  \"").replace('{', "{\n  ").replace('}', "\n}");
    let kept = read("runs.json", &format!("{pretty}\n{pretty}\n"));
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    assert_full(runs(&kept)[1]);
    assert_eq!(runs(&kept)[1].origin.pointer, "line:24");
}

#[test]
fn csv_reads_the_same_with_every_separator() {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(FULL).unwrap();
    let value = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for separator in [",", ";", "\t"] {
        for (bom, end) in [("", "\n"), ("\u{feff}", "\r\n")] {
            let names: Vec<String> = fields.keys().cloned().collect();
            let values: Vec<String> = fields.values().map(value).collect();
            let quoted: Vec<String> = values.iter().map(|v| format!("\"{v}\"")).collect();
            let content = [names, values, quoted].map(|f| f.join(separator)).join(end);
            let kept = read("runs.csv", &format!("{bom}{content}"));
            assert!(kept.problems.is_empty(), "{:?}", kept.problems);
            assert_full(runs(&kept)[0]);
            assert_full(runs(&kept)[1]);
            assert_eq!(runs(&kept)[1].origin.pointer, "line:3");
        }
    }
}

#[test]
fn a_csv_record_may_span_lines_and_holds_its_first_line_number() {
    let kept = read(
        "runs.csv",
        "run_id,system_id,status,status_detail\na,s,failed,\"no space, \"\"disk 1\"\"\non /srv\"\n\nb,s,success,\n,,,\n",
    );
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    assert_eq!(runs(&kept)[0].status_detail.as_deref(), Some("no space, \"disk 1\"\non /srv"));
    assert_eq!(runs(&kept)[1].origin.pointer, "line:5");
    assert_eq!(ids(&kept), ["a", "b"]);
}

#[test]
fn an_open_quote_costs_its_own_line_only() {
    let kept = read("runs.csv", "run_id,system_id,status\n\"a,s,success\nb,s,failed\nc,s,failed\n");
    assert_eq!(ids(&kept), ["b", "c"]);
    assert_eq!(told(&kept).len(), 1);
    assert_eq!(told(&kept)[0].0, "line 2");
    assert!(told(&kept)[0].1.contains("quote"));
}

#[test]
fn csv_rows_that_do_not_fit_the_header_are_refused() {
    let kept = read("runs.csv", "run_id,system_id,status\na,s,success,,\nb,success\nc,s,failed,extra\nd,");
    assert_eq!(ids(&kept), ["a"]);
    let places: Vec<&str> = told(&kept).iter().map(|p| p.0).collect();
    assert_eq!(places, ["line 3", "line 4", "line 5"]);
    assert!(told(&kept)[2].1.contains("cut"));
    assert!(!told(&kept)[0].1.contains("looks cut"));
}

#[test]
fn a_csv_without_required_columns_says_which() {
    let kept = read("runs.csv", "run_id,system_id,statsu\na,s,success\n");
    assert!(kept.rows.is_empty());
    assert!(told(&kept)[0].1.contains("did you mean \"status\""));
    assert!(told(&kept)[1].1.contains("`status`"));
}

#[test]
fn bad_lines_are_told_with_number_and_cause_and_the_rest_is_read() {
    let lines = [
        r#"{"run_id":"ok","system_id":"s","status":"success"}"#,
        r#"{"run_id":"broken","system_id":"s","status":"success""#,
        r#"{"system_id":"s","status":"success"}"#,
        r#"{"run_id":"nowhere","status":"success"}"#,
        r#"{"run_id":"word","system_id":"s","status":"sucess"}"#,
        r#"{"run_id":"negative","system_id":"s","status":"success","bytes":-1}"#,
        r#"{"run_id":"key","system_id":"s","status":"success","stared_at":"2026-10-01T02:00:00Z"}"#,
        r#"{"run_id":"time","system_id":"s","status":"success","started_at":"yesterday","ended_at":"2026-10-01T02:00:00Z"}"#,
        r#"{"run_id":"types","system_id":"s","status":"success","bytes":"many","encrypted":"perhaps","component":"tape","attempt_no":[1]}"#,
        r#"{"run_id":"twice","system_id":"s","status":"failed","status":"success"}"#,
        r#""text""#,
        r#"{"run_id":"last","system_id":"s","status":"failed"}"#,
    ];
    let kept = read("runs.jsonl", &lines.join("\n"));
    assert_eq!(ids(&kept), ["ok", "word", "key", "time", "types", "twice", "last"]);
    let expected = [
        ("line 2", "not a JSON record"),
        ("line 3", "`run_id`"),
        ("line 4", "neither `resource` nor `system_id`"),
        ("line 5", "did you mean \"success\""),
        ("line 6", "negative"),
        ("line 7", "did you mean \"started_at\""),
        ("line 8", "`started_at`"),
        ("line 9", "`bytes`"),
        ("line 9", "`attempt_no`"),
        ("line 9", "`component`"),
        ("line 9", "`encrypted`"),
        ("line 10", "twice"),
        ("line 11", "JSON object"),
    ];
    let mut told = told(&kept);
    told.sort_by_key(|(place, message)| {
        (place[5..].parse::<u32>().unwrap(), expected.iter().position(|(p, m)| p == place && message.contains(m)))
    });
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((place, message), (line, part)) in told.iter().zip(expected) {
        assert_eq!(*place, line);
        assert!(message.contains(part), "{message}");
    }
    let rows = runs(&kept);
    assert_eq!((rows[1].status, rows[1].status_raw.as_str()), (RunStatus::Unknown, "sucess"));
    assert_eq!(rows[3].started_at, None);
    assert!(rows[3].ended_at.is_some());
    assert_eq!((rows[4].bytes, rows[4].encrypted, rows[4].component), (None, None, None));
    assert_eq!(rows[5].status, RunStatus::Failed);
}

#[test]
fn a_missing_status_is_never_a_success() {
    let kept = read("runs.jsonl", "{\"run_id\":\"a\",\"system_id\":\"s\",\"status\":null}\n");
    assert_eq!(runs(&kept)[0].status, RunStatus::Unknown);
    assert_eq!(kept.problems.len(), 1);
}

#[test]
fn local_times_need_a_zone() {
    let content =
        "{\"run_id\":\"a\",\"system_id\":\"s\",\"status\":\"success\",\"started_at\":\"2026-10-01T02:00:00\"}\n";
    let kept = read("runs.jsonl", content);
    assert!(kept.problems.is_empty());
    assert_eq!((runs(&kept)[0].started_at, runs(&kept)[0].zone_unknown), (None, true));
    let kept = parse(&KIND, Some("America/New_York"), &[text("runs.jsonl", content)]);
    assert_eq!(runs(&kept)[0].started_at, Some(instant("2026-10-01T06:00:00Z", None).unwrap()));
    assert!(!runs(&kept)[0].zone_unknown);
}

#[test]
fn local_times_around_daylight_saving_follow_the_conventions() {
    let line =
        |t: &str| format!("{{\"run_id\":\"a\",\"system_id\":\"s\",\"status\":\"success\",\"started_at\":\"{t}\"}}\n");
    for (local, utc) in
        [("2026-03-08T02:30:00", "2026-03-08T07:00:00Z"), ("2026-11-01T01:30:00", "2026-11-01T05:30:00Z")]
    {
        let kept = parse(&KIND, Some("America/New_York"), &[text("a.jsonl", &line(local))]);
        assert_eq!(runs(&kept)[0].started_at, Some(instant(utc, None).unwrap()), "{local}");
    }
}

#[test]
fn times_in_the_future_and_ends_before_starts_are_kept() {
    let kept = read(
        "runs.jsonl",
        "{\"run_id\":\"a\",\"system_id\":\"s\",\"status\":\"success\",\"started_at\":\"2999-01-01T00:00:00Z\",\"ended_at\":\"1999-01-01T00:00:00Z\"}\n",
    );
    assert!(kept.problems.is_empty());
    assert!(runs(&kept)[0].started_at > runs(&kept)[0].ended_at);
}

#[test]
fn a_cut_last_line_is_told_as_such() {
    let kept = read("runs.jsonl", &format!("{FULL}\n{}", &FULL[..70]));
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(told(&kept)[0].0, "line 2");
    assert!(told(&kept)[0].1.contains("looks cut"));
    let kept = read("runs.json", &format!("[{FULL},{}", &FULL[..70]));
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(told(&kept), [("/1", told(&kept)[0].1)]);
    assert!(told(&kept)[0].1.contains("looks cut"));
    let kept = read("runs.json", &format!("[{FULL},"));
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 1));
}

#[test]
fn a_damaged_element_does_not_hide_the_others() {
    let kept = read("runs.json", &format!("[{{\"run_id\":\"a\\\"}}\",}}, 7, {FULL}] rest"));
    assert_full(runs(&kept)[0]);
    let places: Vec<&str> = told(&kept).iter().map(|p| p.0).collect();
    assert_eq!(places, ["/0", "/1", "/3"]);
}

#[test]
fn bytes_that_are_not_text_are_told_with_their_line() {
    let mut content = b"{\"run_id\":\"a\",\"system_id\":\"\xff\",\"status\":\"success\"}\n".to_vec();
    content.extend_from_slice(FULL.as_bytes());
    let kept = parse(&KIND, None, &[bytes("runs.jsonl", content)]);
    assert_full(runs(&kept)[0]);
    assert_eq!(told(&kept)[0].0, "line 1");
    assert!(told(&kept)[0].1.contains("UTF-8"));
    let csv = b"run_id,system_id,status\na,\xe4,success\nb,s,success\n".to_vec();
    let kept = parse(&KIND, None, &[bytes("runs.csv", csv)]);
    assert_eq!(ids(&kept), ["b"]);
    assert_eq!(told(&kept)[0].0, "line 2");
}

#[test]
fn an_over_long_line_is_skipped() {
    let long = format!("{{\"run_id\":\"{}\"}}", "x".repeat(crate::lines::LINE_LIMIT));
    for content in [format!("{long}\n{FULL}\n"), format!("[{long},{FULL}]")] {
        let kept = read("runs.json", &content);
        assert_full(runs(&kept)[0]);
        assert_eq!(kept.problems.len(), 1);
        assert!(told(&kept)[0].1.contains("longer than 4 MiB"));
    }
}

#[test]
fn problems_are_told_a_hundred_times_and_then_counted() {
    let mut content = "nonsense\n".repeat(250);
    content.insert_str(0, &format!("{FULL}\n"));
    content.push_str(FULL);
    let kept = read("runs.jsonl", &content);
    assert_eq!(runs(&kept).len(), 2);
    assert_eq!(kept.problems.len(), 101);
    assert!(kept.problems[100].message.starts_with("150 more"), "{}", kept.problems[100].message);
}

#[test]
fn an_unknown_key_is_told_once_and_the_row_kept() {
    let line = "{\"run_id\":\"a\",\"system_id\":\"s\",\"status\":\"success\",\"host\":{\"a\":[1]}}\n";
    let kept = read("runs.jsonl", &line.repeat(3));
    assert_eq!(runs(&kept).len(), 3);
    assert_eq!(told(&kept).len(), 1);
    assert!(told(&kept)[0].1.starts_with("unknown key \"host\""));
}

#[test]
fn compressed_logs_are_read_and_damage_keeps_what_stood_before() {
    let mut content = String::new();
    for n in 0..20_000 {
        content.push_str(&format!(
            "{{\"run_id\":\"r{n}\",\"system_id\":\"s{}\",\"status\":\"success\"}}\n",
            n * 7919 % 10_007
        ));
    }
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(content.as_bytes()).unwrap();
    let zst = zstd::encode_all(content.as_bytes(), 1).unwrap();
    for (name, whole) in [("runs.jsonl.gz", gz.finish().unwrap()), ("runs.jsonl.zst", zst)] {
        let kept = parse(&KIND, None, &[bytes(name, whole.clone())]);
        assert_eq!((runs(&kept).len(), kept.problems.len()), (20_000, 0), "{name}");
        let kept = parse(&KIND, None, &[bytes(name, whole[..whole.len() * 3 / 4].to_vec())]);
        let read = runs(&kept).len();
        assert!(read < 20_000, "{name}");
        assert!(!kept.problems.is_empty(), "{name}");
        let kept = parse(&KIND, None, &[bytes(name, whole[..12].to_vec())]);
        assert!(kept.rows.is_empty());
        assert_eq!(kept.problems.len(), 1, "{name}: {:?}", kept.problems);
    }
}

#[test]
fn empty_and_foreign_files_are_told_apart() {
    let kept = parse(
        &KIND,
        None,
        &[
            text("a.jsonl", ""),
            text("b.jsonl", "\n \n"),
            text("notes.txt", "Backups ran well.\n"),
            text("c.csv", "date,amount\n1,2\n"),
            bytes("d.csv", vec![0xff, 0xfe, b'r', 0]),
            text("e.json", "[]"),
            text("f.csv", "run_id,system_id,status\n"),
        ],
    );
    assert!(kept.rows.is_empty());
    assert_eq!(kept.passed_over.len(), 1);
    assert_eq!(kept.passed_over[0].0, "notes.txt");
    let documents: Vec<&str> = kept.problems.iter().map(|p| p.document.as_str()).collect();
    assert_eq!(documents, ["a.jsonl", "b.jsonl", "c.csv", "d.csv"]);
    assert!(kept.problems[3].message.contains("UTF-16"));
}

#[test]
fn a_source_without_any_record_is_not_silent() {
    let kept = parse(&KIND, None, &[text("a.txt", "hello\n"), text("b.txt", "world\n")]);
    assert_eq!((kept.passed_over.len(), kept.problems.len()), (2, 1));
    let kept = parse(&KIND, None, &[text("a.txt", "hello\n"), text("b.jsonl", FULL)]);
    assert!(kept.problems.is_empty());
}

#[test]
fn a_damaged_first_line_does_not_hide_the_form() {
    let kept = read("runs.log", &format!("stem_id\":\"s\"}}\n{FULL}\n"));
    assert_full(runs(&kept)[0]);
    assert_eq!(told(&kept)[0].0, "line 1");
}

#[test]
fn parquet_is_claimed_and_other_binaries_are_not() {
    use crate::Claim;
    assert_eq!((KIND.claim)("x", b"PAR1\x15\x00"), Claim::Keep);
    assert!(matches!((KIND.claim)("x", b"\x7fELF\x00"), Claim::Pass(_)));
}

#[test]
fn recorded_commands_are_runs_by_their_exit_code() {
    let record = |more: &str| {
        format!(
            r#"{{"command":"tar cf /b.tar /srv","system":"web","plan_id":"p","started_at":"2026-10-01T02:00:00Z","finished_at":"2026-10-01T02:05:00Z","stdout":"a.out"{more}}}"#
        )
    };
    for (more, status) in [
        (r#","exit_code":0"#, RunStatus::Success),
        (r#","exit_code":2"#, RunStatus::Failed),
        (r#","exit_code":null,"killed_by":"SIGKILL""#, RunStatus::Aborted),
        (r#","exit_code":null"#, RunStatus::Unknown),
    ] {
        let kept =
            parse(&KIND, None, &[text("n/a.out", ""), text("n/a.run.json", &record(more)), text("r.jsonl", FULL)]);
        assert!(kept.problems.is_empty(), "{:?}", kept.problems);
        let run = runs(&kept)[0];
        assert_eq!((run.status, run.run_id.as_str()), (status, "n/a 2026-10-01T02:00:00Z"));
        assert_eq!((run.system_id.as_deref(), run.plan_id.as_deref()), (Some("web"), Some("p")));
        assert!(run.started_at < run.ended_at);
        assert_eq!(runs(&kept).len(), 2);
        assert_eq!(kept.passed_over.len(), 1);
    }
    let kept = parse(&KIND, None, &[text("a.run.json", r#"{"command":"tar","exit_code":0}"#)]);
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 1));
    // A list of runs may have the same name.
    assert_full(runs(&read("runs.json", &format!("[{FULL}]")))[0]);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(content: Vec<u8>, start in 0..4_usize) {
        let start = ["", "[", "{", "run_id,system_id,status\n"][start].as_bytes();
        parse(&KIND, None, &[bytes("runs.json", [start, &content].concat())]);
    }

    #[test]
    fn a_cut_document_gives_no_run_that_the_whole_one_does_not(end in 0..3 * FULL.len(), array: bool) {
        let second = FULL.replace("\"r1\"", "\"r2\"");
        let whole = if array { format!("[{FULL},\n{second}]") } else { format!("{FULL}\n{second}\n") };
        let end = end.min(whole.len());
        let (all, cut) = (read("runs.json", &whole), read("runs.json", &whole[..end]));
        proptest::prop_assert!(cut.rows.iter().all(|row| all.rows.contains(row)));
        let silent = cut.problems.is_empty() && cut.rows.len() < all.rows.len();
        // Between two lines nothing shows that there were more.
        proptest::prop_assert!(!silent || !array && (end == FULL.len() || end == FULL.len() + 1));
    }
}
