//! What borg and borgmatic printed, folded into jobs.
//!
//! Read: JSON (`--json`, `--log-json`), text with `--stats`, `--list`, `-v`, `--show-rc` of borg 1.1 to 1.4, and
//! the sections and the closing summary of borgmatic. Messages: borg manual, "Message IDs", and its source.

use model::time::Instant;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::archive::{Archive, Stamp, row};
use super::command::{Action, repository_name};
use super::pieces::Piece;

/// What the output of one command (of borgmatic: of one section) tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub action: Option<Action>,
    pub pointer: String,
    pub archive: Option<Archive>,
    /// Location of the repository.
    pub repository: Option<String>,
    pub mode: Option<String>,
    /// Line that proves the end.
    pub end: Option<String>,
    pub warnings: Vec<String>,
    pub failure: Option<String>,
    pub signal: Option<String>,
    /// Exit code that `--show-rc` prints.
    pub exit: Option<i64>,
    /// Archives that `check` went through.
    pub analyzed: Vec<String>,
    pub problems_found: bool,
    /// The first half of a check has begun.
    pub checking: bool,
    pub pruned: Vec<Archive>,
    pub dry_run: bool,
    /// Last clock time of a `--log-json` line.
    pub last_message: Option<Instant>,
    pub hash: Sha256,
}

/// Archives that JSON or text lists.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub archives: Vec<(Archive, String)>,
    pub repository: Option<String>,
    pub mode: Option<String>,
    /// `info` lists what it was asked for, never "all there is".
    pub info: bool,
    pub pointer: String,
}

/// Reads the pieces of one command, or of a log.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub jobs: Vec<Job>,
    pub lists: Vec<List>,
    pub faults: Vec<(String, String)>,
    pub ours: bool,
    /// One known command of borg: all is its output.
    single: bool,
    late: bool,
    /// borgmatic's own verdict on the whole.
    pub summary_ok: bool,
    pub summary_failed: Option<String>,
    /// A block of `info`, which looks like the statistics of `create`.
    info_block: bool,
}

impl Reader {
    /// A reader of the output of one known command of borg, or (`None`) of whatever comes.
    pub fn new(action: Option<Action>) -> Self {
        let pointer = "line:1".to_owned();
        let jobs = action.map(|a| Job { action: Some(a), pointer, ..Job::default() }).into_iter().collect();
        Self { jobs, single: action.is_some(), ..Self::default() }
    }

    /// Reads one document; `late` for standard error after standard output.
    pub fn read(&mut self, pieces: Vec<Piece>, late: bool) {
        self.late = late;
        self.info_block = false;
        for piece in pieces {
            match piece {
                Piece::Json(line, value) => self.json(&value, line),
                Piece::Line(line, text) => self.line(&text, &format!("line:{line}")),
                Piece::Damaged(line, error, archives) => {
                    self.ours = true;
                    let text =
                        format!("JSON that is cut or damaged ({error}); collect it again once the command has ended");
                    self.faults.push((format!("line {line}"), text));
                    self.cut(&archives);
                }
            }
        }
    }

    /// Archives of a list that is cut: they exist, but are not all there is.
    fn cut(&mut self, archives: &[Value]) {
        let mut faults = Vec::new();
        let read = archives.iter().enumerate();
        let archives: Vec<_> =
            read.filter_map(|(at, one)| Some((Archive::read(one, &mut faults)?, format!("/archives/{at}")))).collect();
        if !archives.is_empty() {
            self.lists.push(List { archives, info: true, pointer: "cut".to_owned(), ..List::default() });
        }
    }

    fn job(&mut self, action: Option<Action>, pointer: &str, text: &str) -> &mut Job {
        self.ours = true;
        let fits = self.single
            || self.late && !self.jobs.is_empty()
            || self
                .jobs
                .last()
                .is_some_and(|j| !j.closed() && (action.is_none() || j.action.is_none() || j.action == action));
        if !fits {
            self.jobs.push(Job { action, pointer: pointer.to_owned(), ..Job::default() });
        }
        let adopt = !self.single && !self.late;
        let at = self.jobs.len() - 1;
        let job = &mut self.jobs[at];
        if adopt {
            job.action = job.action.or(action);
        }
        job.hash.update(text);
        job
    }

    /// A new command begins: one that was still at work has died.
    fn begin(&mut self, at_work: impl Fn(&Job) -> bool) {
        if self.single || self.late {
            return;
        }
        if let Some(job) = self.jobs.last_mut().filter(|j| !j.closed() && at_work(j)) {
            job.signal = Some("the output stops, and that of another command follows".to_owned());
        }
    }

    /// The last job, ended or not: for what is printed after the end.
    fn last(&mut self, pointer: &str, text: &str) -> &mut Job {
        if self.jobs.is_empty() {
            return self.job(None, pointer, text);
        }
        self.ours = true;
        let at = self.jobs.len() - 1;
        let job = &mut self.jobs[at];
        job.hash.update(text);
        job
    }

    fn json(&mut self, value: &Value, line: u64) {
        if let Some(all) = value.as_array() {
            for (at, one) in all.iter().enumerate() {
                self.object(one, &format!("/{at}"), line);
            }
        } else {
            self.object(value, "", line);
        }
    }

    fn object(&mut self, value: &Value, pointer: &str, line: u64) {
        let within = |path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let (repository, mode) = (within("/repository/location"), within("/encryption/mode"));
        let place = if line > 1 { format!("line:{line}") } else { pointer.to_owned() };
        let mut faults = Vec::new();
        if let Some(archive) = value.get("archive").filter(|a| a.is_object()) {
            self.ours = true;
            let archive = Archive::read(archive, &mut faults);
            // borgmatic gives one object for each repository: one run each.
            let taken = self.jobs.last().is_none_or(|j| j.archive.is_some() || j.closed());
            let another = |j: &Job| j.action.is_some_and(|a| a != Action::Create);
            if taken || (!self.single && self.jobs.last().is_some_and(another)) {
                self.jobs.push(Job { action: Some(Action::Create), pointer: place.clone(), ..Job::default() });
            }
            let job = self.last(&place, &value.to_string());
            job.action = job.action.or(Some(Action::Create));
            job.archive = archive;
            job.repository = repository;
            job.mode = mode;
            job.end = Some("archive".to_owned());
            job.pointer = place;
        } else if let Some(all) = value.get("archives").and_then(Value::as_array) {
            self.ours = true;
            let mut list = List { repository, mode, pointer: place, ..List::default() };
            for (at, one) in all.iter().enumerate() {
                match Archive::read(one, &mut faults) {
                    Some(archive) => {
                        list.info |= archive.stats;
                        list.archives.push((archive, format!("{pointer}/archives/{at}")));
                    }
                    None => faults.push(format!("{pointer}/archives/{at} is not an archive: it has no name")),
                }
            }
            self.lists.push(list);
        } else if repository.is_some() && value.get("encryption").is_some() {
            self.ours = true;
            self.lists.push(List { repository, mode, info: true, pointer: place, ..List::default() });
        } else if value.get("type").is_some() {
            self.log_message(value, line);
        }
        self.faults.extend(faults.into_iter().map(|f| (format!("line {line}"), f)));
    }

    fn log_message(&mut self, value: &Value, line: u64) {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let pointer = format!("line:{line}");
        let time = value
            .get("time")
            .and_then(Value::as_f64)
            .and_then(|t| chrono::DateTime::from_timestamp_millis((t * 1000.0) as i64).filter(|_| t > 0.0));
        match text("type") {
            Some("log_message") => {
                let message = text("message").unwrap_or_default().to_owned();
                let level = text("levelname").unwrap_or_default();
                self.line(&message, &pointer);
                if let Some(job) = self.jobs.last_mut() {
                    let known = job.warnings.contains(&message)
                        || job.failure.as_deref() == Some(&message)
                        || job.signal.as_deref() == Some(&message)
                        || message.starts_with("terminating with ");
                    match level {
                        "WARNING" if !known => job.warnings.push(message),
                        "ERROR" | "CRITICAL" if !known => {
                            job.failure.get_or_insert(message);
                        }
                        _ => {}
                    }
                    job.last_message = job.last_message.max(time);
                } else if matches!(level, "WARNING" | "ERROR" | "CRITICAL") {
                    let job = self.job(None, &pointer, &message);
                    job.last_message = time;
                    if level == "WARNING" {
                        job.warnings.push(message);
                    } else {
                        job.failure = Some(message);
                    }
                }
            }
            Some("file_status") if text("status") == Some("E") => {
                let path = text("path").unwrap_or_default().to_owned();
                self.job(Some(Action::Create), &pointer, &path).warnings.push(format!("E {path}"));
            }
            Some("archive_progress") => {
                self.job(Some(Action::Create), &pointer, "progress");
            }
            _ => {}
        }
    }

    fn line(&mut self, line: &str, pointer: &str) {
        let after = |prefix: &str| line.strip_prefix(prefix).map(str::trim);
        if self.section(line, pointer) || self.statistics(line, pointer) || self.trouble(line, pointer) {
            return;
        }
        if after("Starting repository check").is_some() {
            self.begin(|j| j.action == Some(Action::Check) && j.checking);
            self.job(Some(Action::Check), pointer, line).checking = true;
        } else if after("Starting archive consistency check").is_some() {
            // The second half of a check: the first half's end is not the end.
            self.check(pointer, line).end = None;
        } else if let Some(rest) = after("Analyzing archive ") {
            let name = rest.rsplit_once(" (").map_or(rest, |(name, _)| name).to_owned();
            self.check(pointer, line).analyzed.push(name);
        } else if line.contains("check complete, no problems found") || line.contains("check, no problems found") {
            self.check(pointer, line).end = Some(line.to_owned());
        } else if line.contains("check complete, problems found")
            || line.contains("repository check, errors found")
            || (after("Finished cryptographic data integrity verification").is_some()
                && !line.contains("with 0 integrity errors"))
        {
            let job = self.check(pointer, line);
            job.problems_found = true;
            job.failure.get_or_insert(line.to_owned());
        } else if after("Keeping archive").is_some() || after("Would keep").is_some() {
            self.job(Some(Action::Prune), pointer, line);
        } else if after("Would prune").is_some() {
            self.job(Some(Action::Prune), pointer, line).dry_run = true;
        } else if let Some(rest) = after("Pruning archive") {
            let archive = rest.split_once(':').and_then(|(_, rest)| row(rest.trim()));
            self.job(Some(Action::Prune), pointer, line).pruned.extend(archive);
        } else if let Some(archive) = row(line) {
            self.ours = true;
            match self.lists.last_mut().filter(|l| l.pointer == "text") {
                Some(list) => list.archives.push((archive, pointer.to_owned())),
                None => self.lists.push(List {
                    archives: vec![(archive, pointer.to_owned())],
                    pointer: "text".to_owned(),
                    ..List::default()
                }),
            }
        } else if let Some(path) = after("E ").filter(|p| p.starts_with('/')) {
            self.job(Some(Action::Create), pointer, line).warnings.push(format!("E {path}"));
        }
    }

    /// The check at work: its two halves, repository and archives, are one.
    fn check(&mut self, pointer: &str, line: &str) -> &mut Job {
        let whole = |end: &String| end.starts_with("Archive consistency check");
        let at_work = self
            .jobs
            .last()
            .is_some_and(|j| j.action == Some(Action::Check) && j.exit.is_none() && !j.end.as_ref().is_some_and(whole));
        if at_work { self.last(pointer, line) } else { self.job(Some(Action::Check), pointer, line) }
    }

    /// Headers of borgmatic: `<repository>: Creating archive`, and its closing summary.
    fn section(&mut self, line: &str, pointer: &str) -> bool {
        if let Some(target) = line.strip_prefix("Creating archive at \"").and_then(|r| r.strip_suffix('"')) {
            self.begin(|j| j.action == Some(Action::Create) && j.archive.is_some());
            let job = self.job(Some(Action::Create), pointer, line);
            if let Some((repository, name)) = target.rsplit_once("::") {
                job.repository = Some(repository.to_owned());
                job.archive.get_or_insert_with(Archive::default).name = name.to_owned();
            }
            return true;
        }
        if line.ends_with("Successfully ran configuration file") {
            self.ours = true;
            self.summary_ok = true;
            return true;
        }
        if line.contains(": Error running ") || line.ends_with(": An error occurred") {
            self.ours = true;
            self.summary_failed.get_or_insert(line.to_owned());
            return true;
        }
        let (repository, header) = line.rsplit_once(": ").unwrap_or(("", line));
        let action = match header.trim_end_matches(" (dry run; not making any changes)") {
            "Creating archive" => Action::Create,
            "Pruning archives" => Action::Prune,
            "Running consistency checks" => Action::Check,
            "Compacting segments" => Action::Other,
            h if h.starts_with("Extracting archive ") => Action::Extract,
            _ => return false,
        };
        self.ours = true;
        self.jobs.push(Job {
            action: Some(action),
            pointer: pointer.to_owned(),
            repository: (!repository.is_empty()).then(|| repository.to_owned()),
            dry_run: header.contains("(dry run"),
            ..Job::default()
        });
        if let Some(job) = self.jobs.last_mut() {
            job.hash.update(line);
        }
        true
    }

    /// The block that `create --stats` and `info` print.
    fn statistics(&mut self, line: &str, pointer: &str) -> bool {
        let after = |prefix: &str| line.strip_prefix(prefix).map(str::trim);
        let create = Some(Action::Create);
        if let Some(location) = after("Repository: ") {
            self.info_block = false;
            self.job(create, pointer, line).repository = Some(location.to_owned());
        } else if let Some(name) = after("Archive name: ") {
            let at_work = self.jobs.last().is_some_and(|j| j.action == create && (self.single || !j.closed()));
            self.info_block = self.single && !at_work;
            if self.info_block {
                self.lists.push(List { info: true, pointer: "block".to_owned(), ..List::default() });
            } else if !at_work {
                self.job(create, pointer, line);
            }
            self.archive(pointer, line, |a| a.name = name.to_owned());
        } else if let Some(id) = after("Archive fingerprint: ") {
            self.archive(pointer, line, |a| a.id = Some(id.to_owned()).filter(|id| super::archive::is_id(id)));
        } else if let Some(time) = after("Time (start): ") {
            self.archive(pointer, line, |a| a.start = Stamp::read(time));
        } else if let Some(time) = after("Time (end): ") {
            self.archive(pointer, line, |a| a.end = Stamp::read(time));
            if !self.info_block
                && let Some(job) = self.jobs.last_mut()
            {
                job.end = Some(line.to_owned());
            }
        } else if let Some(seconds) = after("Duration: ").and_then(|d| d.strip_suffix(" seconds")) {
            self.archive(pointer, line, |a| a.duration_s = seconds.parse().ok());
        } else if after("Hostname: ").is_some() && !self.single {
            // Only `info` prints the host: the block that looked like the statistics of `create` is not.
            let block = self.jobs.last().is_some_and(|j| j.action == create && j.archive.is_some() && !j.closed());
            if let Some(archive) = block.then(|| self.jobs.pop()).flatten().and_then(|j| j.archive) {
                let archives = vec![(archive, pointer.to_owned())];
                self.lists.push(List { info: true, pointer: "block".to_owned(), archives, ..List::default() });
                self.info_block = true;
            }
        } else {
            return false;
        }
        true
    }

    fn archive(&mut self, pointer: &str, line: &str, set: impl FnOnce(&mut Archive)) {
        self.ours = true;
        if self.info_block {
            if let Some(list) = self.lists.last_mut() {
                if list.archives.is_empty() {
                    list.archives.push((Archive::default(), pointer.to_owned()));
                }
                if let Some((archive, _)) = list.archives.last_mut() {
                    set(archive);
                }
            }
        } else {
            let job = self.last(pointer, line);
            set(job.archive.get_or_insert_with(Archive::default));
        }
    }

    /// Warnings, failures, signals and `--show-rc`.
    fn trouble(&mut self, line: &str, pointer: &str) -> bool {
        if let Some(rest) = line.strip_prefix("terminating with ") {
            let code = rest.rsplit_once("rc ").and_then(|(_, n)| n.trim().parse::<i64>().ok());
            let job = self.last(pointer, line);
            job.exit = code.or(job.exit);
            if rest.starts_with("success") {
                job.end.get_or_insert(line.to_owned());
            }
        } else if matches!(line, "Received SIGTERM" | "Received SIGHUP" | "Received SIGINT" | "Keyboard interrupt") {
            self.open(pointer, line).signal = Some(line.to_owned());
        } else if is_failure(line) || (line.starts_with("Error: ") && !self.jobs.is_empty()) {
            let repository = line
                .strip_prefix("Failed to create/acquire the lock ")
                .and_then(|r| r.split("/lock.").next())
                .or_else(|| line.strip_prefix("Repository ").and_then(|r| r.strip_suffix(" does not exist.")))
                .map(str::to_owned);
            let job = self.open(pointer, line);
            job.repository = job.repository.take().or(repository);
            job.failure.get_or_insert(line.to_owned());
        } else if is_warning(line) {
            self.last(pointer, line).warnings.push(line.to_owned());
        } else {
            return false;
        }
        true
    }

    /// The job still at work; else a new one of which nothing else is known.
    fn open(&mut self, pointer: &str, line: &str) -> &mut Job {
        let at_work = self.single || self.late || self.jobs.last().is_some_and(|j| !j.closed());
        if !at_work {
            self.jobs.push(Job { pointer: pointer.to_owned(), ..Job::default() });
        }
        self.last(pointer, line)
    }
}

impl Job {
    pub fn closed(&self) -> bool {
        self.end.is_some() || self.failure.is_some() || self.signal.is_some() || self.exit.is_some()
    }

    /// Name of the repository.
    pub fn repository_name(&self) -> Option<String> {
        self.repository.as_deref().map(repository_name)
    }
}

/// Messages of borg's fatal errors (`borg.helpers.errors` and their text in the manual).
fn is_failure(line: &str) -> bool {
    line.starts_with("Failed to create/acquire the lock")
        || line.starts_with("passphrase supplied in ")
        || line.starts_with("Connection closed by remote host")
        || line.starts_with("Data integrity error")
        || line.starts_with("Insufficient free space")
        || line.starts_with("Local Exception")
        || line.starts_with("Remote Exception")
        || line.starts_with("Command Error")
        || line.starts_with("borg: error: ")
        || line.contains("returned non-zero exit status 2")
        || (line.starts_with("Archive ") && (line.ends_with(" does not exist") || line.ends_with(" already exists")))
        || (line.starts_with("Repository ")
            && (line.trim_end_matches('.').ends_with(" does not exist") || line.contains("is not a valid repository")))
}

/// Messages about single files that a run goes on after.
fn is_warning(line: &str) -> bool {
    line.contains(": [Errno ")
        || line.ends_with(": file changed while we backed it up")
        || line.contains("pattern never matched")
}
