//! The audit packet of a year of a thousand systems: 365,000 expected runs, all frameworks.
//!
//! `cargo bench --workspace --bench year` prints wall time, processor time and peak memory of each step and the sizes of
//! what was written, verifies the packet, and fails where a bar is missed; `-- --keep` leaves the workspace.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, which is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod measure;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use measure::workspace::{World, generate};
use measure::{Bars, line, program};

fn main() -> ExitCode {
    let keep = std::env::args().any(|a| a == "--keep");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-year");
    let records = generate(&folder, World { systems: 1_000, from: "2025-01-01", days: 365, a_day: 1 });
    println!("{records} records of 1,000 systems and 365 days");
    let (collect, _) = program(&folder, &["collect", "--quiet"]);
    line("backproof collect", collect);
    // What is collected now must not be too late to count.
    let year = ["--period", "2025", "--as-of", "2099-01-01T00:00:00Z"];
    let args = [&["report", "packet"][..], &year].concat();
    let (packet, _) = program(&folder, &args);
    line("backproof report packet", packet);
    let written = folder.join("reports/packet-2025");
    let (verify, _) = program(&folder, &["verify", written.to_str().unwrap()]);
    line("backproof verify", verify);
    for name in ["packet.pdf", "packet.html", "packet.xlsx", "lineage.csv", "populations/slots.csv"] {
        let size = fs::metadata(written.join("data").join(name)).unwrap().len();
        println!("{name:<28} {:>8.1} MB", size as f64 / 1e6);
    }
    let mut bars = Bars::default();
    bars.hold("the packet of a year", packet.wall, 60.0, "s");
    bars.hold("the packet of a year", packet.peak_mb as f64, 2_000.0, "MB");
    if !keep {
        let _ = fs::remove_dir_all(&folder);
    }
    bars.end()
}
