//! A month of a million run records, from the log to the finished monthly report, beside DuckDB on the same file.
//!
//! `cargo bench --workspace --bench month` prints wall time, processor time and peak memory of each step, and fails
//! where a bar is missed; `-- --quick` takes a fifth of the records once. DuckDB (from `tests/run setup`) reads the log
//! and computes the same success rate, longest gaps and failures per system; it does not keep, hash, judge or render.
//! Figures of the two must be equal.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, which is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_backproof");
const HOURS: u32 = 31 * 24;

/// What a process took.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    wall: f64,
    cpu: f64,
    peak_mb: u64,
}

impl Cost {
    fn then(self, next: Self) -> Self {
        Self { wall: self.wall + next.wall, cpu: self.cpu + next.cpu, peak_mb: self.peak_mb.max(next.peak_mb) }
    }
}

/// Runs a process to its end. Linux tells its peak memory while it runs, and its processor time until it is waited for.
fn measure(command: &mut Command) -> (Cost, i32, String) {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}.out", std::process::id()));
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(File::create(&out).unwrap()).spawn().unwrap();
    let proc = PathBuf::from(format!("/proc/{}", child.id()));
    let mut cost = Cost::default();
    loop {
        let status = fs::read_to_string(proc.join("status")).unwrap_or_default();
        let peak =
            status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        cost.peak_mb = cost.peak_mb.max(peak.unwrap_or(0) / 1024);
        let stat = fs::read_to_string(proc.join("stat")).unwrap_or_default();
        // After the name in parentheses: state, …, user and system time in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        if fields.first().is_none_or(|state| *state == "Z") {
            cost.cpu = (ticks(11) + ticks(12)) / 100.0;
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    cost.wall = begun.elapsed().as_secs_f64();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let text = fs::read_to_string(&out).unwrap();
    let _ = fs::remove_file(out);
    (cost, code, text)
}

fn program(folder: &Path, args: &[&str]) -> (Cost, String) {
    let (cost, code, out) = measure(Command::new(PROGRAM).args(args).current_dir(folder));
    assert_eq!(code, 0, "{args:?}: {out}");
    (cost, out)
}

/// The same numbers on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Writes the workspace: every system is backed up each hour; of a thousand slots five are missed, ten fail for good
/// and twenty fail first and succeed at the second attempt. Answers the number of records.
fn generate(folder: &Path, systems: u32) -> u64 {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder.join("drop")).unwrap();
    fs::write(
        folder.join("backproof.toml"),
        "[organization]\nname = \"Benchmark\"\ntimezone = \"UTC\"\n\n[sources.runs.all]\npath = \"drop/runs.jsonl\"\n\
         covers = { systems = [\"*\"], from = \"2026-10-01T00:00:00Z\", to = \"2026-11-01T00:00:00Z\", complete = true }\n",
    )
    .unwrap();
    let tiers = ["critical_online_services", "support_functions"];
    let mut inventory = String::new();
    for i in 0..systems {
        inventory.push_str(&format!(
            "[[system]]\nid = \"sys-{i:05}\"\nname = \"System {i}\"\nkind = \"database\"\nenvironment = \"production\"\n\
             criticality = \"critical\"\ntier = \"{}\"\nowner = \"Team {}\"\ndata_classes = [\"customer\"]\nin_scope = true\n\
             onboarded_at = 2025-01-01T00:00:00Z\nreviewed_at = 2026-09-15T00:00:00Z\nresources = [\"runs:sys-{i:05}\"]\n\n\
             [[plan]]\nid = \"plan-{i:05}\"\nsystem = \"sys-{i:05}\"\ncomponent = \"full\"\nschedule = \"{} * * * *\"\n\
             timezone = \"UTC\"\nstart_window = \"PT30M\"\nmax_duration = \"PT1H\"\nretention = \"P35D\"\n\
             location = \"s3:bench-{}\"\nenabled = true\neffective_from = 2025-01-01T00:00:00Z\n\n",
            tiers[i as usize % tiers.len()],
            i % 40,
            i % 60,
            i % 4,
        ));
    }
    fs::write(folder.join("inventory.toml"), inventory).unwrap();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(folder.join("drop/runs.jsonl")).unwrap());
    let mut chance = Chance(2026);
    let begin: DateTime<Utc> = "2026-10-01T00:00:00Z".parse().unwrap();
    let mut records = 0;
    for hour in 0..HOURS {
        for i in 0..systems {
            let due = begin + TimeDelta::minutes(i64::from(hour * 60 + i % 60));
            let attempts: &[&str] = match chance.below(1000) {
                0..5 => &[],
                5..15 => &["failed"],
                15..35 => &["failed", "success"],
                _ => &["success"],
            };
            for (attempt, status) in attempts.iter().enumerate() {
                let start = due + TimeDelta::seconds(5 + 1200 * attempt as i64 + chance.below(50) as i64);
                let end = start + TimeDelta::seconds(30 + chance.below(900) as i64);
                let iso = |t: DateTime<Utc>| t.format("%Y-%m-%dT%H:%M:%SZ").to_string();
                let (due, start, end) = (iso(due), iso(start), iso(end));
                // Databases grow slowly: sizes that jump would be findings.
                let bytes =
                    1_000_000_000 + u64::from(i) * 7_000_000 + u64::from(hour) * 100_000 + chance.below(9_000_000);
                let no = attempt + 1;
                writeln!(
                    out,
                    "{{\"run_id\":\"r-{i:05}-{hour:03}-{no}\",\"system_id\":\"sys-{i:05}\",\"plan_id\":\"plan-{i:05}\",\
                     \"component\":\"full\",\"trigger\":\"scheduled\",\"scheduled_for\":\"{due}\",\"attempt_no\":{no},\
                     \"started_at\":\"{start}\",\"ended_at\":\"{end}\",\"status\":\"{status}\",\"bytes\":{bytes},\
                     \"encrypted\":true,\"recovery_point_id\":\"rp-{i:05}-{hour:03}-{no}\",\"location_id\":\"s3:bench-{}\"}}",
                    i % 4
                )
                .unwrap();
                records += 1;
            }
        }
    }
    out.flush().unwrap();
    records
}

/// The same figures by DuckDB: slots with a success of all slots, failed attempts and the longest gap of each system.
const DUCKDB: &str = r#"
import duckdb, json, sys
folder, systems, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
db = duckdb.connect()
db.execute(f"set threads = {threads}")
db.execute("set timezone = 'UTC'")
db.execute("set enable_progress_bar = false")
db.execute(f"""create table runs as select system_id, plan_id, status, bytes,
    cast(scheduled_for as timestamp) as due, cast(started_at as timestamp) as started, cast(ended_at as timestamp) as ended
    from read_json('{folder}/drop/runs.jsonl', format = 'newline_delimited', columns = {{
      run_id: 'varchar', system_id: 'varchar', plan_id: 'varchar', component: 'varchar', scheduled_for: 'varchar',
      attempt_no: 'integer', started_at: 'varchar', ended_at: 'varchar', status: 'varchar', bytes: 'bigint',
      encrypted: 'boolean', recovery_point_id: 'varchar'}})""")
db.execute(f"""create table slots as select printf('sys-%05d', i) as system_id,
    timestamp '2026-10-01' + to_hours(h) + to_minutes(i % 60) as due
    from range({systems}) a(i), range(744) b(h)""")
good, slots = db.execute("""select count(*) filter (where ok), count(*) from (
    select s.system_id, s.due, coalesce(bool_or(r.status = 'success'), false) as ok
    from slots s left join runs r on r.system_id = s.system_id and r.due = s.due group by all)""").fetchone()
systems = db.execute("""select system_id, count(*) filter (where status = 'failed') as failed, max(gap) from (
    select system_id, status, case when status = 'success' then ended - lag(ended) over (
      partition by system_id, status order by ended) end as gap from runs) group by all order by 1""").fetchall()
print(json.dumps({"numerator": good, "denominator": slots, "systems": len(systems)}))
"#;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let quick = args.iter().any(|a| a == "--quick");
    let keep = args.iter().any(|a| a == "--keep");
    let (systems, rounds) = if quick { (267, 1) } else { (1_327, 3) };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-month");
    let records = generate(&folder, systems);
    let size = fs::metadata(folder.join("drop/runs.jsonl")).unwrap().len();
    println!("{records} records of {systems} systems, {} MB of JSON lines", size / 1_000_000);

    let mut rows: Vec<(Cost, Cost)> = Vec::new();
    for _ in 0..rounds {
        let _ = fs::remove_dir_all(folder.join("evidence"));
        let _ = fs::remove_dir_all(folder.join("reports"));
        let (collect, _) = program(&folder, &["collect", "--quiet"]);
        let (report, _) =
            program(&folder, &["report", "monthly", "--period", "2026-10", "--as-of", "2099-01-01T00:00:00Z"]);
        rows.push((collect, report));
    }
    rows.sort_by(|a, b| a.0.then(a.1).wall.total_cmp(&b.0.then(b.1).wall));
    let (collect, report) = rows[rows.len() / 2];
    let whole = collect.then(report);
    line("backproof collect", collect);
    line("backproof report monthly", report);
    line("backproof, both", whole);
    let mut missed = Vec::new();
    let mut bar = |what: &str, value: f64, limit: f64, unit: &str| {
        if value > limit {
            missed.push(format!("{what}: {value:.2} {unit}, and the bar is {limit} {unit}"));
        }
    };
    bar("a month of runs", whole.wall, 10.0, "s");
    bar("a month of runs", whole.peak_mb as f64, 1_500.0, "MB");

    let assessment: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("reports/2026-10/assessment.json")).unwrap()).unwrap();
    let metrics = assessment["metrics"].as_array().unwrap();
    let ours = metrics.iter().find(|m| m["id"] == "backup_success_rate").unwrap();
    println!("success rate: {} of {}", ours["numerator"], ours["denominator"]);
    duckdb(&folder, systems, whole, ours);

    let mut starts: Vec<f64> = (0..15).map(|_| program(&folder, &["--help"]).0.wall).collect();
    starts.sort_by(f64::total_cmp);
    println!("{:<28} {:>8.3} s", "--help, median of 15", starts[7]);
    bar("--help", starts[7], 0.05, "s");
    let demo = folder.join("demo");
    let mut costs: Vec<Cost> = (0..3)
        .map(|_| {
            let _ = fs::remove_dir_all(&demo);
            let (cost, code, _) =
                measure(Command::new(PROGRAM).args(["demo", "--quiet", "--dir"]).arg(&demo).current_dir(&folder));
            assert_eq!(code, 0, "demo");
            cost
        })
        .collect();
    costs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    let cost = costs[1];
    line("demo, median of 3", cost);
    bar("demo", cost.wall, 3.0, "s");
    if !keep {
        let _ = fs::remove_dir_all(&folder);
    }
    for text in &missed {
        println!("MISSED {text}");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn line(what: &str, cost: Cost) {
    println!("{what:<28} {:>8.2} s wall {:>8.2} s CPU {:>8} MB peak", cost.wall, cost.cpu, cost.peak_mb);
}

/// Runs DuckDB beside it and compares figures; without it says how to get it.
fn duckdb(folder: &Path, systems: u32, whole: Cost, ours: &Value) {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")));
    let venv = std::env::var_os("BACKPROOF_VENV").map(PathBuf::from);
    let Some(python) = venv.or_else(|| cache.map(|c| c.join("backproof/venv"))).map(|v| v.join("bin/python")) else {
        return;
    };
    if !python.is_file() {
        println!("DuckDB is not there: `tests/run setup` installs it");
        return;
    }
    let threads = std::thread::available_parallelism().map_or(2, usize::from).to_string();
    let script = ["-c", DUCKDB, folder.to_str().unwrap(), &systems.to_string(), &threads].map(str::to_owned);
    let (cost, code, out) = measure(Command::new(python).args(script));
    assert_eq!(code, 0, "DuckDB failed: {out}");
    line("DuckDB, aggregation only", cost);
    println!(
        "{:<28} {:>8.2} × wall {:>8.2} × CPU {:>8.2} × memory",
        "backproof by DuckDB",
        whole.wall / cost.wall,
        whole.cpu / cost.cpu,
        whole.peak_mb as f64 / cost.peak_mb as f64
    );
    let theirs: Value = serde_json::from_str(&out).unwrap();
    let count = |value: &Value| value.as_u64().unwrap();
    assert_eq!(count(&ours["numerator"]), count(&theirs["numerator"]), "the two disagree");
    // A slot whose window ends after what the log covers is unknown to us, and missed to DuckDB.
    let slots = count(&ours["denominator"]) + count(&ours["unknown"]);
    assert_eq!(slots, count(&theirs["denominator"]), "the two disagree");
}
