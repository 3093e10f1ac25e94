//! `backproof demo`: writes the sample company, collects its evidence, judges October 2026 and renders
//! the monthly report, the management review and an audit packet.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use include_dir::{Dir, include_dir};
use model::assessment::{Outcome, State, percent};
use model::dossier::Dossier;
use model::evidence::SourceStatus;
use model::parallel;
use model::time::{human, instant};
use serde_json::json;

use super::{packet, report};
use crate::cli::{Format, Globals, PacketArgs, PeriodArgs};
use crate::collecting;
use crate::failure::{End, Failure};
use crate::{clock, output, workspace};

/// The workspace of the sample company; `examples/README.md` says what in it is real.
static COMPANY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/company");

/// Lies in a folder that this command wrote, and tells what it is.
const MARK: &str = "DEMO.txt";
const MARK_TEXT: &str = "This folder was written by `backproof demo`: a sample company, see backproof.toml.\n\
    Running `backproof demo` again writes its files anew and adds a run to the evidence store.\n";

/// Month that is reported.
const PERIOD: &str = "2026-10";
/// Framework of the audit packet.
const FRAMEWORK: &str = "soc2";
/// Days that management reviews: all that the evidence tells of. The whole quarter would hold days after the last of it,
/// and files that state to be complete up to each collection would make a miss of every backup of those days.
const REVIEWED: &str = "2026-10-01..2026-11-21";
/// Last instant that the evidence tells of. Files get it as their time of change, so that no reading of them depends
/// on when they were unpacked.
const LAST: &str = "2026-11-22T22:00:00Z";

/// Runs the command. A source of the company is incomplete by design; that is no failure of the demo.
pub fn run(dir: Option<PathBuf>, globals: &Globals) -> Result<End, Failure> {
    let folder = dir.unwrap_or_else(|| PathBuf::from("backproof-demo"));
    let last = instant(LAST, None).map_err(|e| Failure::program(e.to_string()))?;
    if clock::now() < last {
        return Err(Failure::program("the clock of this machine stands before the evidence of the sample company")
            .help("it tells of October and November 2026: set the clock right, or try again later"));
    }
    unpack(&folder, SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(last.timestamp()).unwrap_or(0)))?;
    let config = folder.join("backproof.toml");
    let inside = Globals { config: config.clone(), ..globals.clone() };
    let loaded = workspace::open(&inside)?;
    let collected = collecting::collect(&loaded, &[], &inside)?;
    let period = |days: &str| PeriodArgs { period: Some(days.to_owned()), as_of: None };
    // One progress line is enough.
    let silent = Globals { quiet: true, ..inside.clone() };
    let (packet, written) = parallel::both(
        || packet(&loaded.reports(), &silent),
        || {
            let mut written = report::write(&report::MONTHLY, &period(PERIOD), None, None, &inside)?;
            written.files.extend(report::write(&report::REVIEW, &period(REVIEWED), None, None, &inside)?.files);
            Ok::<_, Failure>(written)
        },
    );
    let (packet, mut written) = (packet?, written?);
    written.files.extend(["html", "pdf", "xlsx"].map(|kind| packet.join(format!("data/packet.{kind}"))));
    let next = next_commands(&program(), &config, &loaded.evidence());
    if globals.format == Format::Json {
        output::json(&json!({
            "schema": "backproof.demo/1",
            "folder": folder,
            "run": collected.committed.sequence,
            "files": written.files,
            "period": written.dossier.assessment.period,
            "summary": written.dossier.assessment.summary,
            "next": next,
        }))?;
        return Ok(End::Done);
    }
    let mut text = format!("{}, {}\n\n", written.dossier.assessment.organization, written.dossier.period_title);
    for line in found(&written.dossier) {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str("\nFiles\n");
    for file in
        written.files.iter().filter(|f| f.extension().is_some_and(|e| ["pdf", "html", "xlsx"].iter().any(|x| e == *x)))
    {
        text.push_str(&format!("  {}\n", file.display()));
    }
    text.push_str(&format!(
        "  {}  (run {}, {})\n",
        loaded.evidence().display(),
        collected.committed.sequence,
        collected.committed.signed_by.as_ref().map_or("unsigned".to_owned(), |k| format!("signed by {k}"))
    ));
    text.push_str("\nTry next\n");
    for command in next {
        text.push_str(&format!("  {command}\n"));
    }
    output::print(&output::printable(&text))?;
    Ok(End::Done)
}

/// Writes the audit packet. A packet is never written over, so that of an earlier demo goes first.
fn packet(reports: &Path, inside: &Globals) -> Result<PathBuf, Failure> {
    let folder = reports.join(format!("packet-{PERIOD}-{FRAMEWORK}"));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| Failure::program(format!("{}: {e}", folder.display())))?;
    }
    let args = PacketArgs {
        period: PeriodArgs { period: Some(PERIOD.to_owned()), as_of: None },
        framework: vec![FRAMEWORK.to_owned()],
        out: Some(folder.clone()),
        seed: None,
        sample_size: None,
        stratify: None,
        withhold: None,
        fail_on: None,
    };
    packet::write(args, inside)?;
    Ok(folder)
}

/// Writes the workspace into an empty folder, or anew into one that this command wrote before.
fn unpack(folder: &Path, modified: SystemTime) -> Result<(), Failure> {
    let fault = |path: &Path, e: &io::Error| {
        Failure::program(format!("{}: {e}", path.display())).help("choose a folder that can be written: --dir DIR")
    };
    let filled = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|e| fault(folder, &e))?;
            false
        }
        Err(e) => return Err(fault(folder, &e)),
    };
    if filled && !folder.join(MARK).is_file() {
        return Err(Failure::usage(
            format!("{} is not empty, and no earlier demo", folder.display()),
            "nothing was written; name another folder with --dir DIR, or remove this one",
        ));
    }
    // First of all, so that a demo that was broken off is known as one.
    let mark = folder.join(MARK);
    fs::write(&mark, MARK_TEXT).map_err(|e| fault(&mark, &e))?;
    put(&COMPANY, folder, modified).map_err(|(path, e)| fault(&path, &e))
}

/// Writes an embedded folder.
fn put(dir: &Dir<'_>, folder: &Path, modified: SystemTime) -> Result<(), (PathBuf, io::Error)> {
    for inner in dir.dirs() {
        let path = folder.join(inner.path());
        fs::create_dir_all(&path).map_err(|e| (path, e))?;
        put(inner, folder, modified)?;
    }
    for file in dir.files() {
        let path = folder.join(file.path());
        fs::write(&path, file.contents())
            .and_then(|()| fs::File::options().write(true).open(&path)?.set_modified(modified))
            .map_err(|e| (path, e))?;
    }
    Ok(())
}

/// What was found, a line each: the few things that a reader of page one must know.
fn found(dossier: &Dossier) -> Vec<String> {
    let a = &dossier.assessment;
    let mut out = Vec::new();
    for (id, what) in [
        ("backup_success_rate", "expected backups succeeded"),
        ("restore_test_success_rate", "restore tests succeeded"),
    ] {
        let Some(metric) = a.metrics.iter().find(|m| m.id == id) else { continue };
        let Some(share) = percent(metric.numerator, metric.denominator) else { continue };
        let unknown =
            if metric.unknown > 0 { format!("; {} more nobody can know", metric.unknown) } else { String::new() };
        out.push(format!("{} of {} {what} ({share}){unknown}.", metric.numerator, metric.denominator));
    }
    if let Some((system, from, to, nights)) = silence(dossier) {
        out.push(format!("{system}: {nights} days in a row without a backup, {from} to {to}, and no error anywhere."));
    }
    if let Some(finding) = dossier.findings.iter().find(|f| f.check == "FRQ-04") {
        out.push(format!("{}: {}", finding.unit_name, finding.detail));
    }
    for test in &dossier.tests {
        if let (Some(took), Some(allowed)) = (test.rto_s, test.rto_target_s)
            && took > allowed
        {
            out.push(format!("{}: restored in {}; {} are allowed.", test.system, human(took), human(allowed)));
        }
    }
    for finding in dossier.findings.iter().filter(|f| f.check == "INV-02") {
        out.push(format!("{}: seen on its platform, in no inventory.", finding.unit));
    }
    for source in dossier.sources.iter().filter(|s| s.status != SourceStatus::Complete) {
        out.push(format!(
            "Source {} is {}, on purpose (so collect, assess and report end with exit code 4): {}.",
            source.name,
            source.status,
            source.reason.split("; ").next().unwrap_or_default()
        ));
    }
    let critical = |state: State| {
        a.results
            .iter()
            .filter(|r| r.state == state && !r.waived && r.severity == model::assessment::Severity::Critical)
            .count()
    };
    out.push(format!(
        "{} checks pass, {} fail ({} of them critical, {} under a waiver), {} lack evidence.",
        a.summary.pass,
        a.summary.fail,
        critical(State::Fail),
        a.summary.waived,
        a.summary.no_evidence
    ));
    out
}

/// The longest row of days whose slots were missed without any attempt: system, first and last day, days.
fn silence(dossier: &Dossier) -> Option<(&str, &str, &str, usize)> {
    let mut best: Option<(&str, &str, &str, usize)> = None;
    for system in &dossier.systems {
        for plan in &system.plans {
            let mut first = None;
            for (at, cell) in plan.days.iter().enumerate() {
                if cell.is_none_or(|c| c.outcome != Outcome::Missed) {
                    first = None;
                    continue;
                }
                let from = *first.get_or_insert(at);
                let length = at - from + 1;
                if let (Some(from), Some(to)) = (dossier.days.get(from), dossier.days.get(at))
                    && best.is_none_or(|b| length > b.3)
                {
                    best = Some((&system.name, from, to, length));
                }
            }
        }
    }
    best.filter(|b| b.3 > 1)
}

/// The program as it can be called again: as it was called where that is a path that exists or a name, else its place.
fn program() -> PathBuf {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let is_name = called.components().count() == 1 && called.parent().is_some_and(|p| p.as_os_str().is_empty());
    if is_name || called.is_file() { called } else { std::env::current_exe().unwrap_or(called) }
}

/// Three commands that work when pasted.
fn next_commands(program: &Path, config: &Path, evidence: &Path) -> [String; 3] {
    let (program, config, evidence) = (quoted(program), quoted(config), quoted(evidence));
    [
        format!("{program} assess --config {config} --period {PERIOD}"),
        format!("{program} show slots --config {config} --period {PERIOD}"),
        format!("{program} verify {evidence}"),
    ]
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c)) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_only_where_a_shell_needs_it() {
        assert_eq!(quoted(Path::new("target/release/backproof")), "target/release/backproof");
        assert_eq!(quoted(Path::new("my demo")), "'my demo'");
        assert_eq!(quoted(Path::new("o'clock")), r"'o'\''clock'");
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone_and_a_demo_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        fs::write(folder.path().join("mine.txt"), "mine").unwrap();
        let refused = unpack(folder.path(), at).unwrap_err();
        assert_eq!(refused.code(), 2);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written");

        let inner = folder.path().join("demo");
        unpack(&inner, at).unwrap();
        let config = inner.join("backproof.toml");
        fs::write(&config, "changed").unwrap();
        unpack(&inner, at).unwrap();
        assert!(fs::read_to_string(&config).unwrap().contains("[organization]"));
        assert_eq!(fs::metadata(&config).unwrap().modified().unwrap(), at);
    }

    #[test]
    fn the_sample_company_tells_its_story() {
        let folder = tempfile::tempdir().unwrap();
        unpack(folder.path(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_384_800)).unwrap();
        let globals = Globals {
            config: folder.path().join("backproof.toml"),
            format: Format::Table,
            quiet: true,
            verbose: false,
            color: crate::cli::Color::Never,
        };
        let loaded = workspace::open(&globals).unwrap();
        let collected = collecting::collect(&loaded, &[], &globals).unwrap();
        let broken: Vec<&str> = collected
            .sources
            .iter()
            .filter(|s| s.status != SourceStatus::Complete)
            .map(|s| s.source_id.as_str())
            .collect();
        assert_eq!(broken, ["plant"]);
        let period = PeriodArgs { period: Some(PERIOD.to_owned()), as_of: None };
        let written = report::write(&report::MONTHLY, &period, None, None, &globals).unwrap();
        let text = found(&written.dossier).join("\n");
        for part in [
            "424 of 439 expected backups succeeded (96.58 %); 6 more nobody can know.",
            "Engineering file share: 9 days in a row without a backup, 2026-10-22 to 2026-10-30",
            "Robot fleet telemetry: restored in 2 h 41 min; 2 h are allowed.",
            "Order database: ",
            "Source runs.plant is incomplete",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let period = PeriodArgs { period: Some(REVIEWED.to_owned()), as_of: None };
        let review = report::write(&report::REVIEW, &period, None, None, &globals).unwrap();
        let pdf = review.files.iter().find(|f| f.ends_with("review.pdf")).unwrap();
        let told = std::process::Command::new("pdfinfo").arg(pdf).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let pages = told.lines().find_map(|l| l.strip_prefix("Pages:")).unwrap().trim().parse::<u32>().unwrap();
        assert!(pages <= 6, "management reads six pages, not {pages}");
        let decisions = fs::read_to_string(pdf.with_file_name("decisions.csv")).unwrap();
        assert!(decisions.contains("recovery point objective of Order database"), "{decisions}");
        let standing: Vec<&str> = written.dossier.waivers.iter().map(|w| w.standing.as_str()).collect();
        assert_eq!(standing.len(), 3, "{standing:?}");
        assert!(written.dossier.uninventoried.iter().any(|(r, _)| r.starts_with("heroku-postgres:example-quotes/")));
    }
}
