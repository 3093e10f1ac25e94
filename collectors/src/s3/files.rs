//! `path = "s3://bucket/…"`: files of any kind of source that lie in S3.
//!
//! The path is an object, a folder (read whole, with its folders), or a glob, as on a disk. Each object is claimed by its
//! name and its first bytes, and streams into the store, or is only looked at where it is a backup itself. A source is
//! whole where the list came to its end and every object arrived whole: size and checksum are compared.
//!
//! An object that has not changed since the last collection, by its ETag, is not fetched again.

use std::io::Read;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use model::evidence::{Page, PassedOver};
use model::workspace::Key;

use super::live::{Asked, OWNER, Place, list, open, session, unchanged};
use crate::aws::session::{self as aws, Scope};
use crate::aws::stream::{self, Got, Take};
use crate::fetch::{self, Taken};
use crate::net::{Halt, Order, Trail};
use crate::{Kind, record};

/// Keys that a source has where its `path` begins with `s3://`.
pub const KEYS: &[Key] = &[aws::REGION, aws::PROFILE, aws::ROLE_ARN, aws::EXTERNAL_ID, aws::URL, OWNER];

/// Most objects that one source may hold, as on a disk.
const FILE_LIMIT: usize = 1_000_000;

/// Brings the files that the source's `path` names.
///
/// # Errors
/// [`Halt::Stopped`], [`Halt::Store`], and [`Halt::Over`] where nothing can be asked; the problem is told.
pub async fn fetch(kind: &'static Kind, order: &Order, trail: &mut Trail) -> Result<(), Halt> {
    let path = order.source.path.as_deref().unwrap_or_default();
    let wanted = match Wanted::of(path) {
        Ok(wanted) => wanted,
        Err(why) => {
            trail.problem(path, why);
            return Err(Halt::Over);
        }
    };
    // What is asked on the way is no file of the folder.
    trail.answers = false;
    let (scope, owner) = session(order, trail).await?;
    trail.query(format!("current objects: {path}"));
    trail.endpoint(match order.source.text("url") {
        Some(url) => format!("{path} at {url}"),
        None => path.to_owned(),
    });
    bring(kind, path, &wanted, (&scope, owner), trail).await
}

async fn bring(
    kind: &'static Kind,
    path: &str,
    wanted: &Wanted,
    (scope, owner): (&Scope, Option<String>),
    trail: &mut Trail,
) -> Result<(), Halt> {
    let Some(place) = open(trail, scope, &wanted.bucket, owner).await? else { return Ok(()) };
    let mut found: Vec<File> = Vec::new();
    let mut most = true;
    let asked = Asked { prefix: &wanted.prefix, versions: false, folders: false, keep: false, tell: true };
    let whole = list(trail, &place, asked, &mut |page| {
        for entry in page.entries {
            let Some(name) = wanted.name(&entry.key) else { continue };
            most &= found.len() < FILE_LIMIT;
            if most {
                let size = entry.size.unwrap_or_default();
                found.push(File { name, key: entry.key, size, etag: entry.etag });
            }
        }
    })
    .await?;
    if !most {
        trail.problem(path, format!("more than {FILE_LIMIT} files: name a smaller folder or a pattern"));
        return Err(Halt::Over);
    }
    if whole && found.is_empty() {
        trail
            .problem(path, if wanted.glob.is_some() { "no object matches this pattern" } else { "there is no object" });
    }
    // An object of exactly this name is what is meant, not the folder.
    if let Some(exact) = found.iter().position(|f| f.key == wanted.exact) {
        found = vec![found.swap_remove(exact)];
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let before = trail.problems();
    for file in &found {
        one(kind, trail, &place, file).await?;
    }
    if whole && trail.problems() == before {
        trail.ended(format!("objects read whole or not this source's: {} of {0}", found.len()));
    }
    Ok(())
}

/// An object to read.
struct File {
    name: String,
    key: String,
    size: u64,
    etag: String,
}

async fn one(kind: &'static Kind, trail: &mut Trail, place: &Place, file: &File) -> Result<(), Halt> {
    // What was removed from run records must be told again.
    if !record::is_record_name(&file.name)
        && let Some(page) = unchanged(trail, &file.name, &file.etag)
    {
        trail.page(page);
        return Ok(());
    }
    let question = place.question("get-object").with("key", &file.key);
    let (objects, name) = (Arc::clone(&trail.context.objects), file.name.clone());
    let take: Take<Taken> = Arc::new(move |size, content: &mut dyn Read| {
        fetch::take(kind, &name, size, content, &mut |content| objects.put(content))
    });
    match stream::object(trail, place.from(), &question, file.size, take).await? {
        Got::Object(object) => {
            if object.etag.as_deref() != Some(file.etag.as_str()) && !file.etag.is_empty() {
                trail.note(format!("{} was stored again while it was collected; the newer one is kept", file.name));
            }
            match object.taken {
                Taken::Kept(kept) => {
                    kept.redactions.into_iter().for_each(|r| trail.redacted(r));
                    trail.page(Page {
                        name: file.name.clone(),
                        object: kept.object,
                        bytes: kept.bytes,
                        modified_at: object.modified_at,
                        items: None,
                        request_id: object.raw.header("x-amz-request-id").map(str::to_owned),
                        http_status: Some(object.raw.status),
                        cursor_in: None,
                        cursor_out: None,
                        attempts: Some(object.raw.attempts),
                        etag: object.etag,
                        facts_only: kept.facts_only,
                    });
                }
                Taken::Passed(reason) => trail.passed_over(PassedOver { document: file.name.clone(), reason }),
            }
        }
        Got::Refused(refusal) => {
            refusal.report(trail, &question)?;
            if refusal.ends_all() {
                return Err(Halt::Over);
            }
        }
        Got::Nothing => {}
    }
    Ok(())
}

/// What a path means.
#[derive(Debug)]
struct Wanted {
    bucket: String,
    /// Beginning of all keys that may be meant.
    prefix: String,
    /// The path as a key.
    exact: String,
    /// Folder that names are relative to, ending in `/`; empty for the whole bucket.
    root: String,
    glob: Option<GlobMatcher>,
}

impl Wanted {
    fn of(path: &str) -> Result<Self, String> {
        let wild = |text: &str| text.find(['*', '?', '[', '{']);
        let rest = path.strip_prefix("s3://").unwrap_or(path);
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || wild(bucket).is_some() {
            return Err(
                "a path in S3 is \"s3://bucket/prefix/\", \"s3://bucket/key\" or \"s3://bucket/pattern*.json\""
                    .to_owned(),
            );
        }
        let Some(end) = wild(key) else {
            let root = if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") };
            return Ok(Self {
                bucket: bucket.to_owned(),
                prefix: key.to_owned(),
                exact: key.to_owned(),
                root,
                glob: None,
            });
        };
        let fixed = key.get(..end).unwrap_or_default();
        let root = fixed.rfind('/').and_then(|at| fixed.get(..=at)).unwrap_or_default();
        let glob = GlobBuilder::new(key)
            .literal_separator(true)
            .build()
            .map_err(|e| format!("not a pattern: {}", e.kind()))?;
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: fixed.to_owned(),
            exact: key.to_owned(),
            root: root.to_owned(),
            glob: Some(glob.compile_matcher()),
        })
    }

    /// Name of an object as a document; `None` where it is not meant.
    fn name(&self, key: &str) -> Option<String> {
        // Placeholders of folders.
        if key.ends_with('/') {
            return None;
        }
        if key == self.exact {
            return Some(key.rsplit('/').next().unwrap_or(key).to_owned());
        }
        if self.glob.as_ref().is_some_and(|glob| !glob.is_match(key)) {
            return None;
        }
        key.strip_prefix(&self.root).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests;
