//! `backproof report packet`: everything about a period that an auditor asks for, in one signed BagIt folder.

mod evidence;
mod extract;
mod tables;
mod verify_text;
mod withheld;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use model::dossier::{Dossier, PopulationFile, StoreSheet, WithheldSheet};
use model::lineage::{LineageRow, Places};
use model::parallel;
use model::time::{Instant, Period, utc_text};
use reports::{LongTable, packet};
use serde_json::{Value, json};
use store::bag::{self, BagWriter, Put, Sealed};
use store::{Signer, Store};
use transform::samples::{Ask, Stratum};
use transform::{Basis, Judged, lineage, show};

use super::report::{self, Make};
use crate::cli::{Format, Globals, PacketArgs, Stratify};
use crate::failure::{End, Failure};
use crate::progress::Progress;
use crate::workspace::{self, Loaded};
use crate::{judge, output, period};

pub use evidence::{Known, known};

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The folder.
    pub folder: PathBuf,
    /// What it is sealed with.
    pub sealed: Sealed,
    /// Fingerprint of the key that signed.
    pub signed_by: Option<String>,
    /// The dossier it was made from.
    pub dossier: Dossier,
    /// How the judged period ends the program.
    pub end: End,
}

/// Runs the command.
pub fn run(args: PacketArgs, globals: &Globals) -> Result<End, Failure> {
    let written = write(args, globals)?;
    let (sealed, folder) = (&written.sealed, &written.folder);
    match globals.format {
        Format::Json => output::json(&json!({
            "schema": "backproof.report/1",
            "report": "packet",
            "period": written.dossier.assessment.period,
            "folder": folder,
            "files": sealed.files,
            "bytes": sealed.bytes,
            "digest": sealed.digest,
            "signed_by": written.signed_by,
            "head": written.dossier.store.last_manifest,
        }))?,
        _ => {
            let by = written.signed_by.as_ref().map_or_else(
                || "unsigned: set `[signing] key` to sign".to_owned(),
                |fingerprint| format!("signed by {fingerprint}"),
            );
            output::print(&format!("{}\n{} files, {} bytes, {by}\n", folder.display(), sealed.files, sealed.bytes))?;
        }
    }
    Ok(written.end)
}

/// Writes the packet.
///
/// # Errors
/// A folder that is not empty, an unknown framework, a bad list of what to withhold, a key that can't be used; those of
/// judging, rendering and writing. Then there is no packet.
pub fn write(mut args: PacketArgs, globals: &Globals) -> Result<Written, Failure> {
    let loaded = workspace::open(globals)?;
    let store = loaded.store()?;
    let signer = loaded.signer()?;
    let frameworks = frameworks(&loaded, &args.framework)?;
    let withheld = args.withhold.as_deref().map(withheld::read).transpose()?.unwrap_or_default();
    let (period, as_of) = period::resolve(&args.period, loaded.workspace.config.organization.timezone)?;
    args.period.as_of = Some(as_of);
    let folder = args.out.clone().unwrap_or_else(|| {
        let name = std::iter::once(format!("packet-{}", period.label())).chain(frameworks.iter().cloned());
        loaded.reports().join(name.collect::<Vec<_>>().join("-"))
    });
    // Before the work: a folder that can't be written is found out at once.
    let bag = BagWriter::begin(&folder)?;
    judge::with(&loaded, &args.period, globals, |basis, judged, period| {
        let sheet = report::store_sheet(&store, as_of)?;
        if sheet.runs == 0 {
            return Err(Failure::usage(
                format!("nothing was collected by {}, so a packet would rest on nothing", utc_text(as_of)),
                "choose a later --as-of, or run `backproof collect` first",
            ));
        }
        let seed = args.seed.clone().unwrap_or_else(|| default_seed(&period, &sheet));
        let mut dossier = transform::dossier::dossier(basis, judged, period, sheet)?;
        dossier.frameworks = frameworks;
        let ask = Ask { seed: &seed, size: args.sample_size, stratify: args.stratify.map(Stratum::from) };
        dossier.samples = transform::samples::samples(basis, judged, period, ask);
        let packet = Packet { bag, store: &store, withheld, objects: BTreeSet::new(), timestamps: Vec::new() };
        let progress = Progress::new(globals);
        progress.at("writing the packet");
        let sealed = packet.fill(&loaded, basis, judged, period, &mut dossier)?.seal(&dossier, signer.as_ref())?;
        progress.done();
        let signed_by = signer.as_ref().map(Signer::fingerprint);
        Ok(Written { folder, sealed, signed_by, dossier, end: judge::end(judged, args.fail_on) })
    })
}

impl From<Stratify> for Stratum {
    fn from(by: Stratify) -> Self {
        match by {
            Stratify::Tier => Self::Tier,
            Stratify::System => Self::System,
        }
    }
}

/// Seed of samples where nobody gives one: fixed by what is drawn from, so that it can't be chosen by trying.
fn default_seed(period: &Period, store: &StoreSheet) -> String {
    format!("{} {}", period.label(), store.last_manifest)
}

/// The frameworks asked for, sorted.
fn frameworks(loaded: &Loaded, asked: &[String]) -> Result<Vec<String>, Failure> {
    let known: BTreeSet<&str> = loaded.workspace.controls.frameworks.iter().map(|f| f.id.as_str()).collect();
    if let Some(unknown) = asked.iter().find(|f| !known.contains(f.as_str())) {
        let known: Vec<&str> = known.into_iter().collect();
        return Err(Failure::usage(
            format!("there is no framework {unknown:?}"),
            format!("choose of {}", known.join(", ")),
        ));
    }
    Ok(asked.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect())
}

/// A packet in the making.
struct Packet<'s> {
    bag: BagWriter,
    store: &'s Store,
    /// Reasons by object.
    withheld: BTreeMap<String, String>,
    /// Objects that rows in the packet were read from.
    objects: BTreeSet<String>,
    /// Replies of time-stamping authorities in it: file, what it is over, and when that existed.
    timestamps: Vec<(String, String, Instant)>,
}

impl Packet<'_> {
    /// Writes all that lies below `data/`.
    fn fill(
        mut self,
        loaded: &Loaded,
        basis: &Basis<'_>,
        judged: &Judged,
        period: Period,
        dossier: &mut Dossier,
    ) -> Result<Self, Failure> {
        let known = known(self.store, &dossier.store)?;
        let names = known.iter().map(|(digest, k)| (digest.clone(), k.page.clone())).collect();
        let withheld: BTreeSet<String> = self.withheld.keys().cloned().collect();
        extract::fill(&mut dossier.samples, self.store, &names, &withheld);
        dossier.withheld = self.withheld(&known);
        dossier.figures_page = Some(packet::FIGURES.to_owned());
        let most = loaded.workspace.config.printing.rows;
        let rows = self.lineage(basis, judged, period, dossier, most)?;
        self.populations(basis, judged, &period, dossier)?;
        self.name_populations(dossier);
        self.documents(loaded, dossier, &rows, &rests_on(basis, judged, period))?;
        let rests_on = dossier.sources.iter().flat_map(|s| &s.objects);
        self.objects.extend(rests_on.cloned());
        self.objects.extend(dossier.samples.iter().flat_map(|s| &s.rows).map(|r| r.place.evidence.clone()));
        self.objects.remove("");
        self.evidence(dossier)?;
        for (name, text) in &loaded.files {
            self.bag.add(&format!("data/workspace/{}", inside(name)), text.as_bytes())?;
        }
        if let (Some(logo), Some(file)) = (&loaded.logo, &loaded.workspace.config.organization.logo) {
            self.bag.add(&format!("data/workspace/{}", inside(&file.path)), &logo.png)?;
        }
        Ok(self)
    }

    /// What is said of the objects that are left out.
    fn withheld(&self, known: &BTreeMap<String, Known>) -> Vec<WithheldSheet> {
        let sheet = |(digest, reason): (&String, &String)| {
            known.get(digest).map(|k| WithheldSheet {
                sha256: digest.clone(),
                bytes: k.bytes,
                reason: reason.clone(),
                source: k.source.clone(),
                collected_at: k.collected_at,
            })
        };
        self.withheld.iter().filter_map(sheet).collect()
    }

    /// Reports, OSCAL, and what they are made from.
    fn documents(
        &mut self,
        loaded: &Loaded,
        d: &Dossier,
        rows: &packet::Rows,
        places: &Places<'_>,
    ) -> Result<(), Failure> {
        let most = loaded.workspace.config.printing.rows;
        let tags = report::tags(loaded);
        let (workbook, document) = parallel::both(|| packet::workbook(d), || packet::document(d, most));
        let document = document.map_err(|e| Failure::program(e.to_string()))?;
        let listing = packet::figures(d, rows, most).map_err(|e| Failure::program(e.to_string()))?;
        let files: Vec<(&str, Make<'_>)> = vec![
            ("data/packet.html", Box::new(|| Ok(reports::html(&document)?.into_bytes()))),
            ("data/figures.html", Box::new(|| Ok(reports::html(&listing)?.into_bytes()))),
            ("data/packet.pdf", Box::new(|| Ok(reports::pdf(&document, tags)?))),
            ("data/packet.xlsx", Box::new(|| Ok(reports::xlsx(&workbook)?))),
            ("data/assessment.json", Box::new(|| report::assessment(&d.assessment))),
            ("data/oscal/assessment-results.json", Box::new(|| pretty(&reports::oscal::assessment_results(d, places)))),
            ("data/oscal/poam.json", Box::new(|| pretty(&reports::oscal::poam(d, places)))),
        ];
        for (name, bytes) in parallel::map(files, |(name, make)| (name, make())) {
            self.bag.add(name, &bytes?)?;
        }
        self.bag.file("data/figures.csv", |out| tables::figures(d, out))?;
        self.bag.file("data/completeness.csv", |out| tables::completeness(d, out))?;
        self.bag.file("data/findings.csv", |out| tables::findings(d, out))?;
        self.bag.file("data/samples.csv", |out| tables::samples(&d.samples, out))?;
        Ok(())
    }

    /// `lineage.csv`, recounted on the way: a figure that does not follow from its rows must not leave the house.
    /// Answers the rows that the page of figures lists, at most so many of each population.
    fn lineage(
        &mut self,
        basis: &Basis<'_>,
        judged: &Judged,
        period: Period,
        d: &Dossier,
        most: usize,
    ) -> Result<packet::Rows, Failure> {
        let world = basis.world(period, &judged.slots);
        let mut recount = tables::Recount::of(d);
        let mut listed = packet::Rows::new(most);
        let objects = &mut self.objects;
        self.bag.file("data/lineage.csv", |out| {
            tables::line(out, model::lineage::LineageRow::COLUMNS)?;
            lineage::each(&world, judged, &mut |row| {
                recount.add(row);
                if !objects.contains(&*row.evidence) {
                    objects.insert(row.evidence.to_string());
                }
                let mut cells = row.cells();
                let pointer = inside(cells[8]);
                if row.evidence.is_empty() {
                    cells[8] = &pointer;
                    listed.add(&LineageRow { pointer: pointer.as_str().into(), ..row.clone() });
                } else {
                    listed.add(row);
                }
                tables::line(out, cells)
            })
        })?;
        match recount.differing(d).first() {
            None => Ok(listed),
            Some((figure, stated, counted)) => Err(Failure::program(format!(
                "{figure} is {stated}, and {counted} rows of its lineage count: this is a defect of backproof, and no packet was written"
            ))),
        }
    }

    /// Whole populations as CSV; those that can be long as Parquet and XLSX as well.
    fn populations(&mut self, basis: &Basis<'_>, judged: &Judged, period: &Period, d: &Dossier) -> Result<(), Failure> {
        let beside = self.bag.beside().to_path_buf();
        let mut sheets: Vec<(String, LongTable)> = Vec::new();
        for table in show::TABLES {
            let name = if *table == "waivers" {
                "data/waivers.csv".to_owned()
            } else {
                format!("data/populations/{table}.csv")
            };
            let long = matches!(*table, "runs" | "slots" | "recovery-points");
            let mut parquet: Option<transform::parquet::Writer> = None;
            let mut sheet: Option<LongTable> = None;
            let mut columns: Vec<String> = Vec::new();
            let objects = &mut self.objects;
            let mut failed = None;
            self.bag
                .file(&name, |out| {
                    let visited = show::each::<Stop>(table, basis, judged, period, &mut |rows| {
                        if columns.is_empty() {
                            columns = show::columns(&rows);
                            tables::line(out, columns.iter().map(String::as_str))?;
                            if long {
                                let (name, as_of) = (&d.assessment.organization, d.assessment.period.as_of);
                                parquet = Some(transform::parquet::Writer::begin(&columns)?);
                                sheet = Some(LongTable::begin(table, &columns, name, as_of, &beside)?);
                            }
                        }
                        for digest in rows.iter().filter_map(|r| r.get("evidence").and_then(Value::as_str)) {
                            if !objects.contains(digest) {
                                objects.insert(digest.to_owned());
                            }
                        }
                        let Some((parquet, sheet)) = parquet.as_mut().zip(sheet.as_mut()) else {
                            return Ok(tables::rows(out, &columns, &rows)?);
                        };
                        let (written, other) = parallel::both(
                            || sheet.write(&rows),
                            || {
                                parquet.write(&rows)?;
                                Ok::<(), Stop>(tables::rows(out, &columns, &rows)?)
                            },
                        );
                        written?;
                        other
                    });
                    match visited {
                        Ok(()) if columns.is_empty() => tables::line(out, ["row_id"]),
                        Ok(()) => Ok(()),
                        Err(Stop::Disk(e)) => Err(e),
                        Err(Stop::Made(e)) => {
                            failed = Some(e);
                            Err(io::Error::other("not written"))
                        }
                    }
                })
                .map_err(|e| failed.unwrap_or_else(|| Failure::from(e)))?;
            if let Some(parquet) = parquet {
                self.bag.add(&format!("data/populations/{table}.parquet"), &parquet.finish()?)?;
            }
            sheets.extend(sheet.map(|sheet| (format!("data/populations/{table}.xlsx"), sheet)));
        }
        for (name, bytes) in parallel::map(sheets, |(name, sheet)| (name, sheet.finish())) {
            self.bag.add(&name, &bytes?)?;
        }
        Ok(())
    }

    /// Tells the report which file holds each population whole.
    fn name_populations(&self, d: &mut Dossier) {
        let files: BTreeMap<&str, &Put> = self.bag.files().collect();
        for p in &mut d.populations {
            let path =
                if p.name == "waivers" { "waivers.csv".to_owned() } else { format!("populations/{}.csv", p.name) };
            let put = files.get(format!("data/{path}").as_str());
            p.file = put.map(|put| PopulationFile { path, sha256: put.digest.clone() });
        }
    }

    /// Says how to check it, signs and puts it in its place.
    fn seal(mut self, d: &Dossier, signer: Option<&Signer>) -> Result<Sealed, Failure> {
        let public = signer.map(Signer::public_key).transpose().map_err(|e| Failure::program(e.to_string()))?;
        let how = verify_text::page(d, public.as_deref(), &self.withheld, &self.timestamps);
        self.bag.add("VERIFY.md", how.as_bytes())?;
        let period = &d.assessment.period;
        let frameworks = if d.frameworks.is_empty() { "all".to_owned() } else { d.frameworks.join(" ") };
        let seed = d.samples.first().map(|s| s.seed.clone()).unwrap_or_default();
        let info = [
            ("Source-Organization", d.assessment.organization.clone()),
            ("External-Description", format!("Backup and restore evidence, {}", d.period_title)),
            ("Bagging-Date", period.as_of.format("%Y-%m-%d").to_string()),
            ("Bag-Software-Agent", format!("backproof {}", env!("CARGO_PKG_VERSION"))),
            ("Backproof-Period", period.label.clone()),
            ("Backproof-Frameworks", frameworks),
            (bag::AS_OF, utc_text(period.as_of)),
            ("Backproof-Sample-Seed", seed),
            ("Backproof-Withheld-Objects", self.withheld.len().to_string()),
            ("Backproof-Store-Id", d.store.store_id.clone()),
            ("Backproof-Store-Run", d.store.last_run.to_string()),
            (bag::HEAD, d.store.last_manifest.clone()),
        ];
        Ok(self.bag.finish(&info, signer)?)
    }
}

/// Why a population was not written.
enum Stop {
    Disk(io::Error),
    Made(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<transform::Error> for Stop {
    fn from(error: transform::Error) -> Self {
        Self::Made(error.into())
    }
}

impl From<reports::ReportError> for Stop {
    fn from(error: reports::ReportError) -> Self {
        Self::Made(error.into())
    }
}

fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Failure::program(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Where the rows that results rest on were read, files of the workspace as they lie in the packet.
fn rests_on<'j>(basis: &Basis<'_>, judged: &'j Judged, period: Period) -> Places<'j> {
    let rows = judged.assessment.results.iter().flat_map(|r| &r.records).map(String::as_str).collect();
    let mut places = lineage::places(&basis.world(period, &judged.slots), &rows);
    for place in places.values_mut().filter(|p| p.evidence.is_empty()) {
        place.pointer = inside(&place.pointer);
    }
    places
}

/// A name that stays inside the packet: files of the workspace may lie above it.
fn inside(name: &str) -> String {
    let parts = name.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.map(|part| if part == ".." { "above" } else { part }).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn the_sizes_of_samples_are_documented() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/packet.md")).unwrap();
        let sizes = &model::policy::Policy::embedded().unwrap().parameter("sample_sizes").value.clone();
        for step in sizes.split(' ') {
            let (most, rows) = step.split_once(':').unwrap();
            let most = most.replace('*', "more");
            assert!(page.contains(&format!("| {most} | {rows} |")), "docs/packet.md lacks {step}");
        }
    }

    #[test]
    fn files_of_the_workspace_stay_inside() {
        assert_eq!(inside("registers/incidents.csv:4"), "registers/incidents.csv:4");
        assert_eq!(inside("../shared/./inventory.toml"), "above/shared/inventory.toml");
        assert_eq!(inside("/etc/inventory.toml"), "etc/inventory.toml");
    }
}
