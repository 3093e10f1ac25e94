//! `backproof verify`: is the store what it says it is?

use std::path::Path;

use store::AllowedSigners;

use crate::cli::{Format, Globals};
use crate::failure::{End, Failure};
use crate::output;

/// Runs the command.
pub fn run(path: &Path, signers: Option<&Path>, globals: &Globals) -> Result<End, Failure> {
    if !path.exists() {
        return Err(Failure::usage(
            format!("{} does not exist", path.display()),
            "name the folder of an evidence store, for example `evidence`",
        ));
    }
    let allowed = match signers {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|e| Failure::usage(format!("{}: {e}", file.display()), "name a file of allowed signers"))?;
            Some(AllowedSigners::parse(&text).map_err(|e| {
                Failure::usage(
                    format!("{}: {e}", file.display()),
                    "the format is that of `man ssh-keygen`, ALLOWED SIGNERS",
                )
            })?)
        }
        None => None,
    };
    let found = store::verify(path, allowed.as_ref());
    match globals.format {
        Format::Json => output::json(&found)?,
        Format::Csv => {
            let rows: Vec<_> =
                found.problems.iter().filter_map(|p| serde_json::to_value(p).ok()?.as_object().cloned()).collect();
            output::rows(serde_json::Map::new(), &rows, &[], globals)?;
        }
        Format::Table => {
            let c = &found.checked;
            let mut text = format!(
                "{}: {} runs, {} objects, {} bytes re-hashed, {} signatures checked\n",
                path.display(),
                c.manifests,
                c.objects,
                c.bytes,
                c.signatures
            );
            for (word, list) in [("problem", &found.problems), ("note", &found.notes)] {
                for p in list {
                    text.push_str(&format!(
                        "{word}: {}: {}\n",
                        output::printable(&p.path),
                        output::printable(&p.message)
                    ));
                }
            }
            text.push_str(if found.valid { "valid\n" } else { "NOT VALID\n" });
            output::print(&text)?;
        }
    }
    Ok(if found.valid { End::Done } else { End::NotVerified })
}
