//! `backproof verify`: is the store, or the packet, what it says it is?

use std::path::Path;

use store::AllowedSigners;

use crate::cli::{Format, Globals};
use crate::failure::{End, Failure};
use crate::output;

/// Runs the command.
pub fn run(path: &Path, signers: Option<&Path>, head: Option<&str>, globals: &Globals) -> Result<End, Failure> {
    if !path.exists() {
        return Err(Failure::usage(
            format!("{} does not exist", path.display()),
            "name the folder of an evidence store, for example `evidence`, or of a packet",
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
    let found = store::verify(path, store::Expected { allowed: allowed.as_ref(), head });
    match globals.format {
        Format::Json => output::json(&found)?,
        Format::Csv => {
            let rows: Vec<_> =
                found.problems.iter().filter_map(|p| serde_json::to_value(p).ok()?.as_object().cloned()).collect();
            output::rows(serde_json::Map::new(), &rows, &[], globals)?;
        }
        Format::Table => {
            let c = &found.checked;
            let files = if c.files > 0 { format!("packet of {} files, ", c.files) } else { String::new() };
            let mut text = format!(
                "{}: {files}{} runs, {} objects, {} bytes re-hashed, {} signatures checked\n",
                path.display(),
                c.manifests,
                c.objects,
                c.bytes,
                c.signatures
            );
            for by in &found.signing.signers {
                let whom = by.principals.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
                text.push_str(&output::printable(&format!("signed by {}{whom}\n", by.fingerprint)));
            }
            for s in &found.timestamps {
                let at = model::time::utc_text(s.stamp.at);
                let line = format!("timestamp {}: {} existed by {at}, if its signature is good\n", s.path, s.over);
                text.push_str(&output::printable(&line));
            }
            if let Some(head) = &found.head {
                text.push_str(&format!("head {head}\n"));
            }
            for (word, list) in [("problem", &found.problems), ("note", &found.notes)] {
                for p in list {
                    text.push_str(&format!(
                        "{word}: {}: {}\n",
                        output::printable(&p.path),
                        output::printable(&p.message)
                    ));
                }
            }
            for what in &found.not_proven {
                text.push_str(&format!("not proven: {what}\n"));
            }
            text.push_str(if found.valid { "valid\n" } else { "NOT VALID\n" });
            output::print(&text)?;
        }
    }
    Ok(if found.valid { End::Done } else { End::NotVerified })
}
