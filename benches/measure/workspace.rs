//! A workspace of any size: systems that are all backed up every hour or every day, with a few failures.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

/// Whom, from when, how often.
#[derive(Debug, Clone, Copy)]
pub struct World {
    /// Systems, with one plan each.
    pub systems: u32,
    /// First day; systems were there a year before.
    pub from: &'static str,
    /// Days.
    pub days: u32,
    /// Runs a day and system: 24 or 1.
    pub a_day: u32,
}

/// The same numbers on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Writes the workspace: of a thousand slots five are missed, ten fail for good and twenty fail first and succeed at the
/// second attempt. Answers the number of records.
pub fn generate(folder: &Path, world: World) -> u64 {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder.join("drop")).unwrap();
    let begin: DateTime<Utc> = format!("{}T00:00:00Z", world.from).parse().unwrap();
    let iso = |t: DateTime<Utc>| t.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    fs::write(
        folder.join("backproof.toml"),
        format!(
            "[organization]\nname = \"Benchmark\"\ntimezone = \"UTC\"\n\n[sources.runs.all]\npath = \"drop/runs.jsonl\"\n\
             covers = {{ systems = [\"*\"], from = \"{}\", to = \"{}\", complete = true }}\n",
            iso(begin),
            iso(begin + TimeDelta::days(world.days.into()))
        ),
    )
    .unwrap();
    fs::write(folder.join("inventory.toml"), inventory(world, &iso(begin - TimeDelta::days(365)))).unwrap();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(folder.join("drop/runs.jsonl")).unwrap());
    let mut chance = Chance(2026);
    let mut records = 0;
    for slot in 0..world.days * world.a_day {
        for i in 0..world.systems {
            let hour = slot * 24 / world.a_day;
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
                let (due, start, end) = (iso(due), iso(start), iso(end));
                // Databases grow slowly: sizes that jump would be findings.
                let bytes =
                    1_000_000_000 + u64::from(i) * 7_000_000 + u64::from(slot) * 100_000 + chance.below(9_000_000);
                let no = attempt + 1;
                writeln!(
                    out,
                    "{{\"run_id\":\"r-{i:05}-{slot:03}-{no}\",\"system_id\":\"sys-{i:05}\",\"plan_id\":\"plan-{i:05}\",\
                     \"component\":\"full\",\"trigger\":\"scheduled\",\"scheduled_for\":\"{due}\",\"attempt_no\":{no},\
                     \"started_at\":\"{start}\",\"ended_at\":\"{end}\",\"status\":\"{status}\",\"bytes\":{bytes},\
                     \"encrypted\":true,\"recovery_point_id\":\"rp-{i:05}-{slot:03}-{no}\",\"location_id\":\"s3:bench-{}\"}}",
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

fn inventory(world: World, since: &str) -> String {
    let tiers = ["critical_online_services", "support_functions"];
    let mut out = String::new();
    for i in 0..world.systems {
        let hour = if world.a_day == 1 { "0" } else { "*" };
        out.push_str(&format!(
            "[[system]]\nid = \"sys-{i:05}\"\nname = \"System {i}\"\nkind = \"database\"\nenvironment = \"production\"\n\
             criticality = \"critical\"\ntier = \"{}\"\nowner = \"Team {}\"\ndata_classes = [\"customer\"]\nin_scope = true\n\
             onboarded_at = {since}\nreviewed_at = 2026-09-15T00:00:00Z\nresources = [\"runs:sys-{i:05}\"]\n\n\
             [[plan]]\nid = \"plan-{i:05}\"\nsystem = \"sys-{i:05}\"\ncomponent = \"full\"\nschedule = \"{} {hour} * * *\"\n\
             timezone = \"UTC\"\nstart_window = \"PT30M\"\nmax_duration = \"PT1H\"\nretention = \"P35D\"\n\
             location = \"s3:bench-{}\"\nenabled = true\neffective_from = {since}\n\n",
            tiers[i as usize % tiers.len()],
            i % 40,
            i % 60,
            i % 4,
        ));
    }
    out
}
