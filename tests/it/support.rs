//! A workspace in a temporary folder and the program run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Reads all evidence, whatever the clock of the machine shows.
pub const AS_OF: &str = "2099-01-01T00:00:00Z";

/// A workspace: organisation in UTC, a system `shop-db` with a daily plan, and the source `runs.nightly` that says it
/// holds all of October 2026.
pub const CONFIG: &str = r#"[organization]
name = "Example Robotics"
timezone = "UTC"

[sources.runs.nightly]
path = "drop/nightly.jsonl"
covers = { systems = ["shop-db"], from = "2026-10-01T00:00:00Z", to = "2026-11-01T00:00:00Z", complete = true }
"#;

/// The inventory beside [`CONFIG`].
pub const INVENTORY: &str = r#"[[system]]
id = "shop-db"
name = "Shop database"
kind = "database"
environment = "production"
criticality = "critical"
tier = "critical_online_services"
owner = "Shop team"
data_classes = ["customer"]
in_scope = true
onboarded_at = 2025-03-01T00:00:00Z
resources = ["runs:shop-db", "runs:shop-db/*"]

[[plan]]
id = "shop-daily"
system = "shop-db"
component = "full"
schedule = "0 2 * * *"
timezone = "UTC"
start_window = "PT1H"
max_duration = "PT4H"
retention = "P35D"
location = "s3:example-backups"
enabled = true
effective_from = 2025-03-01T00:00:00Z
"#;

/// One record of a log of runs: a full backup of `system` at 02:00 on a day of October 2026.
pub fn record(system: &str, plan: &str, day: u32, status: &str) -> String {
    format!(
        r#"{{"run_id":"{system}-{day:02}","system_id":"{system}","plan_id":"{plan}","component":"full","scheduled_for":"2026-10-{day:02}T02:00:00Z","started_at":"2026-10-{day:02}T02:00:05Z","ended_at":"2026-10-{day:02}T02:20:00Z","status":"{status}","bytes":1048576,"encrypted":true,"recovery_point_id":"{system}-rp-{day:02}"}}"#
    ) + "\n"
}

/// A log with a good run on each day of October 2026.
pub fn october(system: &str, plan: &str) -> String {
    (1..=31).map(|day| record(system, plan, day, "success")).collect()
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, having ended with `code`.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.out, self.err))
    }
}

/// The program with a plain environment: nothing of the developer's zone, locale or home.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backproof"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    command
}

/// Runs the program outside any workspace.
pub fn run(args: &[&str]) -> Ran {
    Ran::of(program().args(args).output().unwrap())
}

/// A workspace on disk.
#[derive(Debug)]
pub struct Workspace(TempDir);

impl Workspace {
    /// An empty folder.
    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// [`CONFIG`] and [`INVENTORY`] with a complete, good October.
    pub fn good() -> Self {
        let it = Self::empty();
        it.write("backproof.toml", CONFIG);
        it.write("inventory.toml", INVENTORY);
        it.write("drop/nightly.jsonl", october("shop-db", "shop-daily"));
        it
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Adds to a file.
    pub fn append(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        let before = fs::read_to_string(&path).unwrap_or_default();
        self.write(name, before + content);
    }

    /// The program in this workspace.
    pub fn program(&self) -> Command {
        let mut command = program();
        command.current_dir(self.path());
        command
    }

    /// Runs the program in this workspace.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.program().args(args).output().unwrap())
    }

    /// The same with variables of the environment.
    pub fn run_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Ran {
        Ran::of(self.program().args(args).envs(environment.iter().copied()).output().unwrap())
    }

    /// Collects, and tells what the run's manifest says of its sources.
    #[track_caller]
    pub fn collect(&self, code: i32) -> Value {
        self.run(&["collect", "--format", "json"]).ends(code).json()
    }

    /// The assessment of October 2026.
    #[track_caller]
    pub fn assess(&self) -> Value {
        self.judged(&["assess", "--period", "2026-10"])
    }

    /// Rows of a population in a period.
    #[track_caller]
    pub fn show(&self, table: &str, period: &str) -> Vec<Value> {
        self.judged(&["show", table, "--period", period])["rows"].as_array().unwrap().clone()
    }

    #[track_caller]
    fn judged(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--as-of", AS_OF, "--format", "json"]].concat());
        assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
        ran.json()
    }
}

/// Every file below a folder with its bytes, by relative name.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                out.push((name, fs::read(path).unwrap()));
            }
        }
    }
    out.sort();
    out
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The source of this name in what `collect` printed.
#[track_caller]
pub fn source<'a>(collection: &'a Value, id: &str) -> &'a Value {
    let all = collection["sources"].as_array().unwrap();
    all.iter().find(|s| s["source_id"] == id).unwrap_or_else(|| panic!("no source {id}: {collection:#}"))
}

/// The keys of a JSON object, in the order they stand.
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}
