//! Reports of S3 Inventory: the newest whole one, checked against the sums that it carries itself.
//!
//! `<folder>/<time>/manifest.json` with `manifest.checksum` beside it, which is written last (S3 user guide, "Locating
//! your inventory list"). The bucket that holds them may belong to another account, so whose it is is not asked; what is
//! read is held together by its sums.

use std::io::Read;
use std::sync::Arc;

use model::evidence::Page;
use model::time::{Instant, human, utc_text};

use super::bucket::{open, settled};
use super::list::{Asked, list};
use super::objects::Reader;
use super::{Place, split};
use crate::aws::capture::told;
use crate::aws::session::Scope;
use crate::aws::stream::{self, Checked, Got, Object, Take, md5};
use crate::fetch::PutError;
use crate::net::{Halt, Trail};
use crate::s3::inventory::Manifest;

/// Largest manifest.
const MANIFEST: u64 = 16 << 20;
/// How many of the newest reports may be under way.
const UNDER_WAY: usize = 5;

/// A report that was read.
#[derive(Debug)]
pub(super) struct Taken {
    /// Bucket that it lists.
    pub source: String,
    /// Name of its configuration.
    configuration: String,
    at: Instant,
    document: String,
}

/// Reads the newest report in a folder. `None` where there is none; the problem is told.
///
/// # Errors
/// [`Halt::Stopped`], [`Halt::Store`], and [`Halt::Over`] where the credentials are good for nothing.
pub(super) async fn read(trail: &mut Trail, scope: &Scope, folder: &str) -> Result<Option<Taken>, Halt> {
    let (bucket, prefix) = split(folder);
    let prefix = prefix.trim_matches('/');
    let Some(place) = open(trail, scope, bucket, None).await? else { return Ok(None) };
    let Some(report) = newest(trail, &place, prefix).await? else { return Ok(None) };
    let key = |name: &str| format!("{prefix}/{report}{name}");
    let manifest_key = key("manifest.json");
    let Some(sum) = small(trail, &place, &key("manifest.checksum"), 1 << 10).await? else { return Ok(None) };
    let Some(object) = small(trail, &place, &manifest_key, MANIFEST).await? else { return Ok(None) };
    let document = name(bucket, &manifest_key);
    let wanted = String::from_utf8_lossy(&sum.taken).trim().to_owned();
    let found = md5(&object.taken);
    if !wanted.eq_ignore_ascii_case(&found) {
        let message = format!("its MD5 is {found}, where manifest.checksum says {wanted}: collect again");
        trail.problem(&document, message);
        return Ok(None);
    }
    let Some(manifest) = Manifest::read(&object.taken) else {
        trail.problem(&document, "not a manifest of S3 Inventory; correct `inventory`");
        return Ok(None);
    };
    let Some(at) = manifest.created() else {
        let message = format!("creationTimestamp is no time: {}", manifest.creation_timestamp);
        trail.problem(&document, message);
        return Ok(None);
    };
    let kept = trail.put(&document, object.taken.clone())?;
    trail.page(page(document.clone(), (kept.object, kept.bytes), &object, manifest.files.len() as u64));
    let taken = Taken {
        source: manifest.source_bucket.clone(),
        configuration: prefix.rsplit('/').next().unwrap_or_default().to_owned(),
        at,
        document: document.clone(),
    };
    if !["CSV", "Parquet"].iter().any(|f| manifest.file_format.eq_ignore_ascii_case(f)) {
        let message =
            format!("the format {} is not read: configure the inventory for CSV or Parquet", manifest.file_format);
        trail.problem(&document, message);
        return Ok(Some(taken));
    }
    let mut missing = 0;
    for file in &manifest.files {
        let question = place.question("get-object").with("key", &file.key);
        let objects = Arc::clone(&trail.context.objects);
        let sum = Some(file.md5.clone()).filter(|m| !m.is_empty());
        let (wanted, size) = (sum.clone(), file.size);
        let take: Take<(String, u64)> = Arc::new(move |came, content: &mut dyn Read| {
            if came != size {
                let why = format!("{came} bytes, where the manifest says {size}");
                return Err(PutError::Source(std::io::Error::new(std::io::ErrorKind::InvalidData, why)));
            }
            objects.put(&mut Checked::new(content, wanted.clone(), "the sum in the manifest"))
        });
        match stream::object(trail, place.from(), &question, file.size, take).await? {
            Got::Object(object) => {
                let kept = object.taken.clone();
                trail.page(page(name(bucket, &file.key), kept, &object, 1));
            }
            Got::Refused(refusal) => {
                missing += 1;
                refusal.report(trail, &question)?;
                if refusal.ends_all() {
                    return Err(Halt::Over);
                }
            }
            Got::Nothing => missing += 1,
        }
    }
    if missing == 0 {
        trail.ended(format!(
            "inventory of s3://{}: all {} files of the manifest of {}",
            taken.source,
            manifest.files.len(),
            utc_text(at)
        ));
    }
    Ok(Some(taken))
}

/// Folder of the newest report that is whole, ending in `/`.
async fn newest(trail: &mut Trail, place: &Place, prefix: &str) -> Result<Option<String>, Halt> {
    let below = format!("{prefix}/");
    let what = format!("s3://{}/{below}", place.bucket);
    let asked = Asked { prefix: &below, versions: false, folders: true, keep: false, tell: false };
    let mut reports: Vec<String> = Vec::new();
    let whole = list(trail, place, asked, &mut |page| {
        let names = page.folders.iter().filter_map(|f| f.strip_prefix(&below));
        reports.extend(names.filter(|n| is_report(n)).map(str::to_owned));
    })
    .await?;
    if !whole {
        return Ok(None);
    }
    reports.sort_unstable_by(|a, b| b.cmp(a));
    for report in reports.iter().take(UNDER_WAY) {
        let inside = format!("{below}{report}");
        let mut found = [false; 2];
        let asked = Asked { prefix: &inside, versions: false, folders: false, keep: false, tell: false };
        let whole = list(trail, place, asked, &mut |page| {
            for entry in &page.entries {
                found[0] |= entry.key.ends_with("/manifest.json");
                found[1] |= entry.key.ends_with("/manifest.checksum");
            }
        })
        .await?;
        if !whole {
            return Ok(None);
        }
        if found == [true; 2] {
            return Ok(Some(report.clone()));
        }
        trail.note(format!("{what}{report} holds no manifest yet; an older report is read"));
    }
    let message = "no report of S3 Inventory is there: `inventory` is \"bucket/prefix/source-bucket/configuration\", and \
         the first report comes up to 48 hours after it was configured";
    trail.problem(&what, message);
    Ok(None)
}

/// `2026-11-20T01-00Z/`
fn is_report(folder: &str) -> bool {
    folder.len() == 18
        && folder.bytes().zip("dddd-dd-ddTdd-ddZ/".bytes()).all(|(b, form)| match form {
            b'd' => b.is_ascii_digit(),
            other => b == other,
        })
}

async fn small(trail: &mut Trail, place: &Place, key: &str, most: u64) -> Result<Option<Box<Object<Vec<u8>>>>, Halt> {
    let question = place.question("get-object").with("key", key);
    match stream::object(trail, place.from(), &question, most, Reader::whole(most)).await? {
        Got::Object(object) => Ok(Some(object)),
        Got::Refused(refusal) => {
            refusal.report(trail, &question)?;
            if refusal.ends_all() { Err(Halt::Over) } else { Ok(None) }
        }
        Got::Nothing => Ok(None),
    }
}

fn name(bucket: &str, key: &str) -> String {
    format!("inventory/{bucket}/{key}")
}

fn page<T>(name: String, (object, bytes): (String, u64), of: &Object<T>, items: u64) -> Page {
    Page {
        name,
        object,
        bytes,
        modified_at: of.modified_at,
        items: Some(items),
        request_id: of.raw.header("x-amz-request-id").map(str::to_owned),
        http_status: Some(of.raw.status),
        cursor_in: None,
        cursor_out: None,
        attempts: Some(of.raw.attempts),
        etag: of.etag.clone(),
        facts_only: false,
    }
}

/// Asks how the inventory is configured: what it is limited to, and how old its newest report may be.
///
/// # Errors
/// As [`read`].
pub(super) async fn configuration(trail: &mut Trail, place: &Place, taken: &Taken) -> Result<(), Halt> {
    let question = place.question("get-bucket-inventory-configuration").with("id", &taken.configuration);
    let question = question.holding("InventoryConfiguration");
    let told = told(trail, &question, |capture| {
        let ask = place.client.get_bucket_inventory_configuration().bucket(&place.bucket).id(&taken.configuration);
        ask.set_expected_bucket_owner(place.owner.clone()).customize().interceptor(capture).send()
    })
    .await?;
    let age = (trail.now() - taken.at).num_seconds().max(0);
    trail.note(format!(
        "s3://{} is known by its inventory of {}, {} before it was read: what was stored or deleted since is not in it",
        taken.source,
        utc_text(taken.at),
        human(age)
    ));
    let output = settled(trail, place, &question, told)?;
    let Some(config) = output.as_ref().and_then(|o| o.inventory_configuration()) else { return Ok(()) };
    let weekly = config.schedule().is_some_and(|s| s.frequency().as_str() == "Weekly");
    // A report is delivered within 48 hours.
    let due = if weekly { 9 } else { 3 } * 86_400;
    if !config.is_enabled() {
        trail.problem(&taken.document, "the inventory is switched off, so nothing new will come: enable it");
    } else if age > due {
        let message = format!("the newest report is {} old: see why none came since", human(age));
        trail.problem(&taken.document, message);
    }
    Ok(())
}
