//! A packet into the evidence of a service: its report as PDF, and the whole of it as a ZIP that verifies by itself.

use std::collections::BTreeMap;
use std::fs;

use collectors::upload::{About, Courier, File, HandedIn, World, drata as drata_api, vanta as vanta_api};
use model::time::{Instant, Tz, instant};
use model::workspace::{Drata, Vanta};
use serde::Deserialize;
use serde_json::{Value, json};

use super::portal::sha256;
use super::{Packet, archive, cannot, keep};
use crate::cli::{Format, Globals};
use crate::collecting::{self, credentials};
use crate::failure::{End, Failure};
use crate::progress::Progress;
use crate::workspace::Loaded;
use crate::{clock, output};

const REPORT: &str = "data/packet.pdf";
const ASSESSMENT: &str = "data/assessment.json";
/// Most characters of a packet's name in the names of files: Drata takes 191 in all.
const NAME: usize = 120;
const WORLD: World = World { now: clock::now, chance: clock::chance };

/// Hands in to Drata.
pub fn drata(packet: &Packet, workspace: Option<&Loaded>, globals: &Globals) -> Result<End, Failure> {
    let loaded = configured(workspace, "drata")?;
    let to: &Drata = loaded.workspace.config.targets.drata.as_ref().ok_or_else(|| missing("drata"))?;
    let key = secret("token", &to.token, loaded)?;
    hand_in("drata", packet, loaded, globals, async |files, about| {
        let mut courier = Courier::new(to.url.as_deref().unwrap_or(drata_api::ADDRESS), WORLD)?;
        courier.token(&key)?;
        drata_api::hand_in(&courier, &to.workspace, &to.evidence, files, about).await
    })
}

/// Hands in to Vanta.
pub fn vanta(packet: &Packet, workspace: Option<&Loaded>, globals: &Globals) -> Result<End, Failure> {
    let loaded = configured(workspace, "vanta")?;
    let to: &Vanta = loaded.workspace.config.targets.vanta.as_ref().ok_or_else(|| missing("vanta"))?;
    let key = secret("client_secret", &to.client_secret, loaded)?;
    hand_in("vanta", packet, loaded, globals, async |files, about| {
        let mut courier = Courier::new(to.url.as_deref().unwrap_or(vanta_api::ADDRESS), WORLD)?;
        vanta_api::sign_in(&mut courier, &to.client_id, &key).await?;
        vanta_api::hand_in(&courier, &to.documents, files, about).await
    })
}

fn configured<'w>(workspace: Option<&'w Loaded>, service: &str) -> Result<&'w Loaded, Failure> {
    workspace.ok_or_else(|| missing(service))
}

fn missing(service: &str) -> Failure {
    Failure::usage(
        format!("where to hand in is not configured: [publish.{service}] is missing"),
        "docs/configuration.md lists its keys; name the configuration with --config",
    )
}

fn secret(key: &str, secret: &model::workspace::Secret, loaded: &Loaded) -> Result<collectors::net::Token, Failure> {
    credentials::one(key, secret, &loaded.base)
        .map_err(|message| Failure::usage(message, "nothing was sent; see [publish] in the configuration"))
}

/// Makes the files, hands them in by `send`, and keeps the receipts.
fn hand_in(
    service: &str,
    packet: &Packet,
    loaded: &Loaded,
    globals: &Globals,
    send: impl AsyncFnOnce(&[File], &About) -> Result<Vec<HandedIn>, collectors::upload::UploadError>,
) -> Result<End, Failure> {
    let progress = Progress::new(globals);
    progress.at("packing");
    let about = about(packet)?;
    let files = files(packet)?;
    progress.at(&format!("handing in to {service}"));
    let handed = collecting::network()?.block_on(send(&files, &about))?;
    progress.done();
    let beside = packet.path.with_file_name(format!("{}.{service}.json", packet.name));
    let before = fs::read(&beside).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let told = json!({
        "schema": "backproof.handed-in/1",
        "packet": packet.name,
        "tagmanifest_sha256": packet.list,
        "service": service,
        "period_end": about.day,
        "files": receipts(&handed, before.as_ref()),
    });
    let stored_as = format!("{service}-{}.json", packet.list.get(..16).unwrap_or_default());
    let (_, written) = keep(&told, &beside, &stored_as, Some(loaded))?;
    let uploaded = handed.iter().filter(|h| h.uploaded).count();
    if globals.format == Format::Json {
        output::json(&json!({
            "schema": "backproof.publication/1",
            "target": service,
            "uploaded": uploaded,
            "kept": handed.len() - uploaded,
            "files": told["files"],
            "receipts": written,
        }))?;
    } else {
        let mut text = String::new();
        for h in &handed {
            let how = if h.uploaded { "uploaded" } else { "was there" };
            text.push_str(&format!("{service} {}: {} {how} ({})\n", h.to, h.file, h.id));
        }
        for path in &written {
            text.push_str(&format!("receipts: {}\n", path.display()));
        }
        output::print(&output::printable(&text))?;
    }
    Ok(End::Done)
}

/// What was handed in. The hash of what was there before is the one that an earlier receipt tells, or nobody's to tell.
fn receipts(handed: &[HandedIn], before: Option<&Value>) -> Vec<Value> {
    let earlier: BTreeMap<(&str, &str), &Value> = before
        .and_then(|b| b["files"].as_array())
        .into_iter()
        .flatten()
        .filter_map(|f| Some(((f["to"].as_str()?, f["id"].as_str()?), &f["sha256"])))
        .collect();
    let sum = |h: &HandedIn| {
        if h.uploaded {
            return Value::from(h.sha256.as_str());
        }
        earlier.get(&(h.to.as_str(), h.id.as_str())).map_or(Value::Null, |sum| (*sum).clone())
    };
    handed.iter().map(|h| json!({"to": h.to, "file": h.file, "id": h.id, "sha256": sum(h)})).collect()
}

/// The report and the whole packet. Their names tell this packet from every other.
fn files(packet: &Packet) -> Result<Vec<File>, Failure> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let stem: String = packet.name.chars().map(plain).take(NAME).collect();
    let stem = format!("{stem}-{}", packet.list.get(..12).unwrap_or_default());
    let path = packet.path.join(REPORT);
    let report = fs::read(&path).map_err(|e| cannot(&path, &e))?;
    let file = |ending: &str, media: &'static str, bytes: Vec<u8>| File {
        name: format!("{stem}.{ending}"),
        media,
        sha256: sha256(&bytes),
        bytes: bytes.into(),
    };
    Ok(vec![file("pdf", "application/pdf", report), file("zip", "application/zip", archive::zip(packet)?)])
}

#[derive(Deserialize)]
struct Assessment {
    organization: String,
    period: Told,
}

#[derive(Deserialize)]
struct Told {
    label: String,
    start: String,
    end: String,
    as_of: String,
    timezone: String,
}

/// What the packet says that it is.
fn about(packet: &Packet) -> Result<About, Failure> {
    let path = packet.path.join(ASSESSMENT);
    let bytes = fs::read(&path).map_err(|e| cannot(&path, &e))?;
    let unread = |what: String| Failure::program(format!("{}: {what}", path.display())).help("make the packet again");
    let told: Assessment = serde_json::from_slice(&bytes).map_err(|e| unread(e.to_string()))?;
    let period = &told.period;
    let at = |text: &str| instant(text, None).map_err(|e| unread(e.to_string()));
    let zone: Tz = period.timezone.parse().map_err(|_| unread(format!("no time zone: {}", period.timezone)))?;
    let (start, end, as_of) = (at(&period.start)?, at(&period.end)?, at(&period.as_of)?);
    let (first, day) = (day(start, zone), last_day(end, as_of, zone));
    let description = format!(
        "Backup and restore evidence of {}, {} ({first} to {day}), by backproof. Packet {}; SHA-256 of its tagmanifest-sha256.txt: {}.",
        told.organization, period.label, packet.name, packet.list
    );
    Ok(About { day, description: description.chars().filter(|c| !c.is_control()).collect() })
}

/// The last day that the evidence is of: of the period, or of what was read where that ended earlier.
fn last_day(end: Instant, as_of: Instant, zone: Tz) -> String {
    day(end.min(as_of) - chrono::TimeDelta::seconds(1), zone)
}

fn day(at: Instant, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_the_evidence_is_the_last_of_its_period_in_the_zone_of_the_organisation() {
        let at = |text| instant(text, None).unwrap();
        let zone: Tz = "America/New_York".parse().unwrap();
        let end = at("2026-11-01T04:00:00Z");
        assert_eq!(last_day(end, at("2026-11-21T09:00:00Z"), zone), "2026-10-31");
        assert_eq!(last_day(end, at("2026-10-20T09:00:00Z"), zone), "2026-10-20");
    }

    #[test]
    fn a_hash_is_told_only_of_what_was_sent() {
        let handed = |id: &str, uploaded| HandedIn {
            to: "1".to_owned(),
            file: "a.zip".to_owned(),
            sha256: "new".to_owned(),
            id: id.to_owned(),
            uploaded,
        };
        let before = json!({"files": [{"to": "1", "id": "8", "sha256": "old"}]});
        let sums = receipts(&[handed("7", true), handed("8", false), handed("9", false)], Some(&before));
        let sums: Vec<&Value> = sums.iter().map(|r| &r["sha256"]).collect();
        assert_eq!(sums, [&json!("new"), &json!("old"), &Value::Null]);
    }
}
