//! Documents as rows: the front matter of a Markdown file is a row of `documents`, or of the register that its key
//! `register` names, so that minutes of a review are the record of the review.
//!
//! `location_ref` of a document is the file itself where nothing else is said, and `digest` is the SHA-256 of the file's
//! bytes. A file cannot state its own digest; one that it states must be that of another document, at `location_ref`.

use sha2::{Digest, Sha256};

use super::load::{Reading, advice, register};
use crate::fault::{Fault, Faults, File};
use crate::read::{Context, front_matter};
use crate::time::Tz;

/// Columns that refer to the record itself, of which a register has at most one.
pub(super) const RECORD: [&str; 4] = ["evidence_ref", "in_writing_ref", "ticket_ref", "log_ref"];

/// Reads one file.
pub(super) fn read(file: File<'_>, zone: Tz, reading: &mut Reading, faults: &mut Faults) {
    let before = faults.0.len();
    let context = Context { zone: Some(zone), comma_lists: true };
    let Some(mut fields) = front_matter(file, context, faults) else {
        if faults.0.len() == before {
            let fault = Fault::of_file(file.name, "the file has no front matter");
            faults.push(fault.help("begin it with --- or +++, the columns of its register, and the same line again; or leave it out of `[registers] documents`"));
        }
        return;
    };
    let named = fields.get::<Option<String>>("register").flatten();
    let table = named.as_deref().unwrap_or("documents");
    let Some((table, columns)) = register(table) else {
        let help = advice(table, "");
        fields.refuse(format!("\"{table}\" is not the name of a register"), Some(&help));
        return drop_with_faults(fields, faults);
    };
    let has = |column: &str| columns.iter().any(|(name, _)| *name == column);
    if table == "documents" {
        if fields.peek("location_ref").is_none() {
            if fields.peek("digest").is_some() {
                let help = "remove it: it is computed; or say by `location_ref` which other document it is of";
                fields.refuse("the file cannot hold its own digest", Some(help));
            }
            fields.fill("location_ref", file.name);
            fields.fill("digest", &format!("{:x}", Sha256::digest(file.text.as_bytes())));
        }
    } else if let Some(column) = RECORD.into_iter().find(|column| has(column)) {
        fields.fill(column, file.name);
    }
    reading.record(table, fields, faults);
}

/// Hands on the faults of a row that is not read any further.
fn drop_with_faults(mut fields: crate::read::Fields<'_>, faults: &mut Faults) {
    fields.rest();
    fields.finish(faults);
}
