//! A workspace on disk: reads its files and hands their text to the model, which finds all faults at once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use model::fault::{Fault, Faults, File};
use model::logo::{self, Logo};
use model::workspace::reference::Kind;
use model::workspace::{LogoFile, Workspace, load};

use crate::cli::Globals;
use crate::failure::Failure;

/// A loaded workspace and where it lies.
#[derive(Debug)]
pub struct Loaded {
    /// Configuration, policy, inventory, registers.
    pub workspace: Workspace,
    /// Folder of the configuration file: every path in it is relative to this.
    pub base: PathBuf,
    /// Bytes of the configuration file, for its hash in manifests. It holds no secrets, only where they are.
    pub config: String,
    /// Everything that was read, by its name relative to `base`: configuration, inventory, registers, documents.
    pub files: Vec<(String, String)>,
    /// The logo of the organisation; its file is named in the configuration.
    pub logo: Option<Logo>,
}

impl Loaded {
    /// Folder of the evidence store.
    pub fn evidence(&self) -> PathBuf {
        self.base.join(&self.workspace.config.paths.evidence)
    }

    /// Folder of rendered reports.
    pub fn reports(&self) -> PathBuf {
        self.base.join(&self.workspace.config.paths.reports)
    }

    /// The key that runs and packets are signed with, where one is configured.
    ///
    /// # Errors
    /// A key that can't be used.
    pub fn signer(&self) -> Result<Option<store::Signer>, Failure> {
        let open = |file: &String| {
            store::Signer::from_file(&self.base.join(file))
                .map_err(|e| Failure::usage(e.to_string(), "see `[signing] key` in the configuration"))
        };
        self.workspace.config.signing_key.as_ref().map(open).transpose()
    }

    /// The evidence store for reading.
    ///
    /// # Errors
    /// Where there is none yet, or it can't be read.
    pub fn store(&self) -> Result<store::Store, Failure> {
        let path = self.evidence();
        if !path.join("STORE").exists() {
            return Err(Failure::usage(
                format!("no evidence has been collected yet: {} does not exist", path.display()),
                "run `backproof collect` first",
            ));
        }
        Ok(store::Store::open(&path)?)
    }
}

/// Loads the workspace of `--config`.
///
/// # Errors
/// A missing configuration file, or all faults of all files.
pub fn open(globals: &Globals) -> Result<Loaded, Failure> {
    let path = &globals.config;
    let base =
        path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let config = match read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::usage(
                format!("no configuration at {}", path.display()),
                "run this where backproof.toml is, name it with --config FILE, write one with `backproof init`, or see a sample with `backproof demo`",
            ));
        }
        Err(e) => return Err(Failure::usage(format!("{}: {e}", path.display()), "make it readable UTF-8 text")),
    };
    let mut files = vec![("backproof.toml".to_owned(), config.clone())];
    let wanted = model::workspace::wanted(&config);
    files.extend(texts(&base, &wanted.paths.inventory)?);
    if let Some(folder) = wanted.paths.inventory.strip_suffix(".toml") {
        files.extend(texts(&base, folder)?);
    }
    files.extend(texts(&base, &wanted.paths.registers)?);
    files.extend(texts(&base, model::workspace::FRAMEWORKS)?);
    files.extend(texts(&base, model::workspace::CHECKS)?);
    if let Some(policy) = wanted.policy_file {
        files.extend(texts(&base, &policy)?);
    }
    let mut faults = Faults::default();
    files.extend(documents(&base, &wanted.documents, &mut faults));
    let logo = wanted.logo.and_then(|wanted| {
        let found = logo(&base, &wanted);
        let text = File { name: "backproof.toml", text: &config };
        found.map_err(|what| faults.push(wanted.fault(text, &what))).ok()
    });
    let kinds: Vec<_> = collectors::KINDS.iter().map(collectors::Kind::keys).collect();
    let workspace = match load(&files, &kinds) {
        Ok(workspace) => faults.or(workspace),
        Err(more) => {
            faults.extend(more);
            Err(faults.or(()).err().unwrap_or_default())
        }
    };
    let workspace = workspace.map_err(Failure::Configuration)?;
    Ok(Loaded { workspace, base, config, files, logo })
}

/// Reads the logo, or says what is wrong with its file.
fn logo(base: &Path, wanted: &LogoFile) -> Result<Logo, String> {
    let mut bytes = Vec::new();
    // A byte more than is allowed shows that there are too many.
    let most = logo::MOST_BYTES as u64 + 1;
    fs::File::open(base.join(&wanted.path))
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|e| format!("cannot be read: {e}"))?;
    Logo::read(bytes).map_err(|e| e.to_string())
}

/// The text of a file, or of every `.toml`, `.csv` and `.sql` file of a folder, named relative to `base`.
fn texts(base: &Path, relative: &str) -> Result<Vec<(String, String)>, Failure> {
    let path = base.join(relative);
    let fault = |path: &Path, e: &io::Error| {
        Failure::usage(format!("{}: {e}", path.display()), "make it a readable UTF-8 file")
    };
    if path.is_dir() {
        let mut names: Vec<String> = fs::read_dir(&path)
            .map_err(|e| fault(&path, &e))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|n| [".toml", ".csv", ".sql"].iter().any(|end| n.ends_with(end)))
            .collect();
        names.sort();
        return names
            .into_iter()
            .map(|n| {
                let file = path.join(&n);
                Ok((format!("{relative}/{n}"), read(&file).map_err(|e| fault(&file, &e))?))
            })
            .collect();
    }
    match read(&path) {
        Ok(text) => Ok(vec![(relative.to_owned(), text)]),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(fault(&path, &e)),
    }
}

/// The Markdown files that `[registers] documents` names, with all their bytes: their digest is evidence.
fn documents(base: &Path, patterns: &[String], faults: &mut Faults) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for pattern in patterns {
        let mut fault = |name: &str, message: String, help: &str| {
            faults.push(Fault::of_file(name, message).help(help));
        };
        let mut problems = Vec::new();
        let found = collectors::fetch::find(base, pattern, &mut problems).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        for problem in problems {
            fault(&problem.document, problem.message, "see `[registers] documents` in backproof.toml");
        }
        for (_, path) in found {
            let name = path.strip_prefix(base).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
            if ending != "md" && ending != "markdown" {
                if !base.join(pattern).is_dir() {
                    fault(&name, "is no Markdown file".to_owned(), "make the pattern narrower, for example *.md");
                }
                continue;
            }
            match fs::read_to_string(&path) {
                Ok(text) => {
                    out.insert(name, text);
                }
                Err(e) => fault(&name, e.to_string(), "make it a readable UTF-8 file"),
            }
        }
    }
    out
}

/// UTF-8 text without its byte order mark.
fn read(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// All kinds of source, for the reference.
pub fn kinds() -> Vec<Kind> {
    let kind = |k: &collectors::Kind| Kind {
        keys: k.keys(),
        title: k.title,
        reads: k.reads,
        rights: k.live.as_ref().map_or("", |live| live.rights),
    };
    collectors::KINDS.iter().map(kind).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use model::workspace::reference;

    use super::kinds;

    /// The reference in `docs/` is the program's own. `BACKPROOF_WRITE_DOCS=1` writes it anew.
    #[test]
    fn the_reference_is_up_to_date() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let schema = serde_json::to_string_pretty(&reference::schema(&kinds())).unwrap() + "\n";
        for (name, text) in [
            ("configuration.md", reference::page(&kinds())),
            ("configuration.schema.json", schema),
            ("registers.md", model::registers::reference::page()),
        ] {
            let path = docs.join(name);
            if std::env::var_os("BACKPROOF_WRITE_DOCS").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == text,
                "docs/{name} is not what the program reads: run the tests with BACKPROOF_WRITE_DOCS=1"
            );
        }
    }
}
