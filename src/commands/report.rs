//! `backproof report monthly` and `backproof report review`: HTML, PDF, XLSX and CSV of one period.

use std::fs;
use std::path::{Path, PathBuf};

use model::assessment::{Assessment, Severity};
use model::dossier::{Dossier, StoreSheet};
use model::parallel;
use model::time::Instant;
use reports::{Document, Tags, Workbook};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::Store;

use crate::cli::{Format, Globals, PeriodArgs};
use crate::failure::{End, Failure};
use crate::workspace::{self, Loaded};
use crate::{judge, output};

/// A report: what it is called and what it is made of.
pub struct Report {
    /// Name of the command and of the files.
    name: &'static str,
    /// What comes before the period in the name of its folder.
    prefix: &'static str,
    document: fn(&Dossier) -> Result<Document, serde_json::Error>,
    workbook: fn(&Dossier) -> Workbook,
    /// Sheets that are written as CSV too.
    csv: &'static [&'static str],
}

/// The monthly operations report.
pub const MONTHLY: Report = Report {
    name: "monthly",
    prefix: "",
    document: reports::monthly::document,
    workbook: reports::monthly::workbook,
    csv: &["findings", "results", "metrics", "slots", "closure", "controls"],
};

/// The management review.
pub const REVIEW: Report = Report {
    name: "review",
    prefix: "review-",
    document: reports::review::document,
    workbook: reports::review::workbook,
    csv: &["decisions", "metrics", "findings", "capacity"],
};

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// Files in order.
    pub files: Vec<PathBuf>,
    /// The dossier they were made from.
    pub dossier: Dossier,
    /// How the judged period ends the program.
    pub end: End,
}

/// Makes the bytes of a file.
pub type Make<'a> = Box<dyn FnOnce() -> Result<Vec<u8>, Failure> + Send + 'a>;

/// Runs the command.
pub fn run(
    report: &Report,
    period: &PeriodArgs,
    out: Option<PathBuf>,
    fail_on: Option<Severity>,
    globals: &Globals,
) -> Result<End, Failure> {
    let written = write(report, period, out, fail_on, globals)?;
    match globals.format {
        Format::Json => output::json(&json!({
            "schema": "backproof.report/1",
            "report": report.name,
            "period": written.dossier.assessment.period,
            "files": written.files,
        }))?,
        _ => output::print(&written.files.iter().map(|f| format!("{}\n", f.display())).collect::<String>())?,
    }
    Ok(written.end)
}

/// Renders a report into a folder.
///
/// # Errors
/// Those of judging and rendering, and of writing the files.
pub fn write(
    report: &Report,
    period: &PeriodArgs,
    out: Option<PathBuf>,
    fail_on: Option<Severity>,
    globals: &Globals,
) -> Result<Written, Failure> {
    let loaded = workspace::open(globals)?;
    let store = loaded.store()?;
    let (dossier, end) = judge::with(&loaded, period, globals, |basis, judged, period| {
        let sheet = store_sheet(&store, basis.input.as_of)?;
        let end = judge::end(judged, fail_on);
        Ok((transform::dossier::dossier(basis, judged, period, sheet)?, end))
    })?;
    let folder =
        out.unwrap_or_else(|| loaded.reports().join(format!("{}{}", report.prefix, dossier.assessment.period.label)));
    fs::create_dir_all(&folder).map_err(|e| cannot(&folder, &e))?;
    let (workbook, document) = parallel::both(|| (report.workbook)(&dossier), || (report.document)(&dossier));
    let document = document.map_err(|e| Failure::program(e.to_string()))?;
    let tags = tags(&loaded);
    let mut files: Vec<(String, Make<'_>)> = vec![
        (format!("{}.html", report.name), Box::new(|| Ok(reports::html(&document)?.into_bytes()))),
        (format!("{}.pdf", report.name), Box::new(|| Ok(reports::pdf(&document, tags)?))),
        (format!("{}.xlsx", report.name), Box::new(|| Ok(reports::xlsx(&workbook)?))),
    ];
    for sheet in workbook.sheets.iter().filter(|s| report.csv.contains(&s.name.as_str())) {
        files.push((format!("{}.csv", sheet.name), Box::new(|| Ok(reports::csv(sheet)?))));
    }
    files.push(("assessment.json".to_owned(), Box::new(|| assessment(&dossier.assessment))));
    // They share what they are made from and nothing else.
    let written = parallel::map(files, |(name, make)| {
        let bytes = make()?;
        let path = folder.join(&name);
        output::replace(&path, &bytes).map_err(|e| cannot(&path, &e))?;
        let digest = output::hex(&Sha256::digest(&bytes));
        Ok((path, format!("{digest}  {name}\n")))
    })
    .into_iter()
    .collect::<Result<Vec<(PathBuf, String)>, Failure>>()?;
    let (mut paths, sums): (Vec<PathBuf>, String) = written.into_iter().unzip();
    let path = folder.join("SHA256SUMS");
    output::replace(&path, sums.as_bytes()).map_err(|e| cannot(&path, &e))?;
    paths.push(path);
    Ok(Written { files: paths, dossier, end })
}

/// Whether PDFs of this workspace are tagged.
pub fn tags(loaded: &Loaded) -> Tags {
    if loaded.workspace.config.printing.tagged { Tags::With } else { Tags::Without }
}

pub fn assessment(assessment: &Assessment) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(assessment).map_err(|e| Failure::program(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::program(format!("could not write {}: {error}", path.display()))
        .help("free space, mend permissions, or choose another folder with --out")
}

/// The last run that was finished by `as_of`.
pub fn store_sheet(store: &Store, as_of: Instant) -> Result<StoreSheet, Failure> {
    let mut sheet = StoreSheet {
        store_id: store.id().to_owned(),
        last_run: 0,
        last_manifest: String::new(),
        runs: 0,
        signed_by: None,
    };
    for recorded in store.manifests()? {
        let recorded = recorded?;
        if recorded.manifest.ended_at <= as_of {
            sheet.runs += 1;
            sheet.last_run = recorded.manifest.sequence;
            sheet.last_manifest.clone_from(&recorded.digest);
            sheet.signed_by = recorded.signature.clone();
        }
    }
    Ok(sheet)
}
