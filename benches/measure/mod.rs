//! What benchmarks share: running a program and saying what it took, bars, and a workspace of any size.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod workspace;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_backproof");

/// What a process and its children took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Seconds on the clock.
    pub wall: f64,
    /// Seconds of processor time, user and system.
    pub cpu: f64,
    /// Most memory at a time in MB: resident of one process, proportional of several.
    pub peak_mb: u64,
}

impl Cost {
    /// One after the other.
    pub fn then(self, next: Self) -> Self {
        Self { wall: self.wall + next.wall, cpu: self.cpu + next.cpu, peak_mb: self.peak_mb.max(next.peak_mb) }
    }
}

/// How a process ended.
pub enum Ended {
    /// With this code.
    With(i32),
    /// It was stopped at the limit.
    Stopped,
}

/// Runs a process to its end.
pub fn measure(command: &mut Command) -> (Cost, i32, String) {
    let (cost, ended, text) = limited(command, Duration::MAX);
    let Ended::With(code) = ended else { unreachable!("there was no limit") };
    (cost, code, text)
}

/// Runs a process to its end, or to a limit. Linux tells its peak memory while it runs, and its processor time until it
/// is waited for; children are looked for ten times a second.
pub fn limited(command: &mut Command, limit: Duration) -> (Cost, Ended, String) {
    const FAMILY: Duration = Duration::from_millis(100);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}.out", std::process::id()));
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(File::create(&out).unwrap()).spawn().unwrap();
    let mut cost = Cost::default();
    let mut ticks: BTreeMap<u32, f64> = BTreeMap::new();
    let mut looked = begun;
    let mut stopped = false;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak =
            status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        cost.peak_mb = cost.peak_mb.max(peak.unwrap_or(0) / 1024);
        let own = Stat::of(child.id());
        ticks.insert(child.id(), own.as_ref().map_or(0.0, |s| s.ticks));
        if own.is_none_or(|s| s.state == "Z") {
            break;
        }
        if looked.elapsed() > FAMILY {
            looked = Instant::now();
            let family = descendants(child.id());
            if family.len() > 1 {
                cost.peak_mb = cost.peak_mb.max(family.keys().map(|id| proportional(*id)).sum::<u64>() / 1024);
            }
            ticks.extend(family);
        }
        if begun.elapsed() > limit {
            stopped = true;
            stop(&mut child);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    cost.wall = begun.elapsed().as_secs_f64();
    cost.cpu = ticks.values().sum::<f64>() / 100.0;
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let text = fs::read_to_string(&out).unwrap_or_default();
    let _ = fs::remove_file(out);
    (cost, if stopped { Ended::Stopped } else { Ended::With(code) }, text)
}

/// What Linux says of a process.
struct Stat {
    state: String,
    parent: u32,
    /// User and system time in hundredths of a second.
    ticks: f64,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // After the name in parentheses: state, parent, …, user and system time.
        let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
        let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok());
        Some(Self {
            state: (*fields.first()?).to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            ticks: ticks(11)? + ticks(12)?,
        })
    }
}

/// A process and all below it, with their processor time.
fn descendants(root: u32) -> BTreeMap<u32, f64> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: BTreeMap<u32, Stat> =
        ids.filter_map(|e| e.file_name().to_str()?.parse().ok()).filter_map(|id| Some((id, Stat::of(id)?))).collect();
    let mut out = BTreeMap::new();
    let mut next = vec![root];
    while let Some(id) = next.pop() {
        let Some(stat) = all.get(&id) else { continue };
        out.insert(id, stat.ticks);
        next.extend(all.iter().filter(|(_, s)| s.parent == id).map(|(id, _)| *id));
    }
    out
}

/// Memory in kB, shared pages divided among those who share them.
fn proportional(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok());
    line.unwrap_or(0)
}

/// Ends a process with all below it.
fn stop(child: &mut Child) {
    let ids: Vec<String> = descendants(child.id()).keys().map(u32::to_string).collect();
    let _ = Command::new("kill").arg("-9").args(ids).stderr(Stdio::null()).status();
    let _ = child.kill();
}

/// Runs backproof in a folder; it must succeed.
pub fn program(folder: &Path, args: &[&str]) -> (Cost, String) {
    let (cost, code, out) = measure(Command::new(PROGRAM).args(args).current_dir(folder));
    assert_eq!(code, 0, "{args:?}: {out}");
    (cost, out)
}

/// Prints what something took.
pub fn line(what: &str, cost: Cost) {
    println!("{what:<28} {:>8.2} s wall {:>8.2} s CPU {:>8} MB peak", cost.wall, cost.cpu, cost.peak_mb);
}

/// Bars, and those that were missed.
#[derive(Debug, Default)]
pub struct Bars {
    missed: Vec<String>,
}

impl Bars {
    /// Holds a value against its limit.
    pub fn hold(&mut self, what: &str, value: f64, limit: f64, unit: &str) {
        if value > limit {
            self.missed.push(format!("{what}: {value:.2} {unit}, and the bar is {limit} {unit}"));
        }
    }

    /// Says what was missed; a benchmark that missed a bar has failed.
    pub fn end(self) -> std::process::ExitCode {
        for text in &self.missed {
            println!("MISSED {text}");
        }
        if self.missed.is_empty() { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
    }
}

/// Where `tests/run` keeps what it installs.
pub fn cache() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")));
    cache.map(|c| c.join("backproof"))
}

/// The Python that `tests/run setup` made, where it is there.
pub fn python() -> Option<PathBuf> {
    let venv = std::env::var_os("BACKPROOF_VENV").map(PathBuf::from);
    venv.or_else(|| cache().map(|c| c.join("venv"))).map(|v| v.join("bin/python")).filter(|p| p.is_file())
}
