//! A month of a million run records, from the log to the finished monthly report, beside DuckDB on the same file.
//!
//! `cargo bench --workspace --bench month` prints wall time, processor time and peak memory of each step, and fails
//! where a bar is missed; `-- --quick` takes a fifth of the records once. DuckDB (from `tests/run setup`) reads the log
//! and computes the same success rate, longest gaps and failures per system; it does not keep, hash, judge or render.
//! Figures of the two must be equal.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, which is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod measure;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::Value;

use measure::workspace::{World, generate};
use measure::{Bars, Cost, PROGRAM, line, measure as run, program, python};

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
    let records = generate(&folder, World { systems, from: "2026-10-01", days: 31, a_day: 24 });
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
    let mut bars = Bars::default();
    bars.hold("a month of runs", whole.wall, 10.0, "s");
    bars.hold("a month of runs", whole.peak_mb as f64, 1_500.0, "MB");

    let assessment: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("reports/2026-10/assessment.json")).unwrap()).unwrap();
    let metrics = assessment["metrics"].as_array().unwrap();
    let ours = metrics.iter().find(|m| m["id"] == "backup_success_rate").unwrap();
    println!("success rate: {} of {}", ours["numerator"], ours["denominator"]);
    duckdb(&folder, systems, whole, ours);

    let mut starts: Vec<f64> = (0..15).map(|_| program(&folder, &["--help"]).0.wall).collect();
    starts.sort_by(f64::total_cmp);
    println!("{:<28} {:>8.3} s", "--help, median of 15", starts[7]);
    bars.hold("--help", starts[7], 0.05, "s");
    let demo = folder.join("demo");
    let mut costs: Vec<Cost> = (0..3)
        .map(|_| {
            let _ = fs::remove_dir_all(&demo);
            let (cost, code, _) =
                run(Command::new(PROGRAM).args(["demo", "--quiet", "--dir"]).arg(&demo).current_dir(&folder));
            assert_eq!(code, 0, "demo");
            cost
        })
        .collect();
    costs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    let cost = costs[1];
    line("demo, median of 3", cost);
    bars.hold("demo", cost.wall, 3.0, "s");
    if !keep {
        let _ = fs::remove_dir_all(&folder);
    }
    bars.end()
}

/// Runs DuckDB beside it and compares figures; without it says how to get it.
fn duckdb(folder: &Path, systems: u32, whole: Cost, ours: &Value) {
    let Some(python) = python() else {
        println!("DuckDB is not there: `tests/run setup` installs it");
        return;
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from).to_string();
    let script = ["-c", DUCKDB, folder.to_str().unwrap(), &systems.to_string(), &threads].map(str::to_owned);
    let (cost, code, out) = run(Command::new(python).args(script));
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
