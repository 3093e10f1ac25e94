//! `index.html` over packets: what there is, for which period, in which state, and the hashes that name it.
//!
//! It is made from what each packet says of itself (`bag-info.txt`, `data/assessment.json`), so it can be made again from
//! the packets at any time. It verifies nothing, and says so.

use std::collections::BTreeMap;

use handlebars::Handlebars;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ReportError;
use crate::html::style;

const TEMPLATE: &str = include_str!("../../templates/index.hbs");

/// Files of a packet that the page leads to, below its folder.
const FILES: [(&str, &str); 4] = [
    ("Report", "data/packet.html"),
    ("PDF", "data/packet.pdf"),
    ("Workbook", "data/packet.xlsx"),
    ("All files", "manifest-sha256.txt"),
];

/// A packet as its folder shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    folder: String,
    organization: String,
    period: String,
    start: String,
    end: String,
    as_of: String,
    counts: Counts,
    frameworks: String,
    signed_by: String,
    head: String,
    list: String,
    /// Titles and endings of what lies beside it.
    beside: Vec<(&'static str, &'static str)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Counts {
    pass: u64,
    fail: u64,
    waived: u64,
    no_evidence: u64,
}

#[derive(Deserialize)]
struct Told {
    organization: String,
    period: Period,
    summary: Counts,
}

#[derive(Deserialize)]
struct Period {
    label: String,
    start: String,
    end: String,
    as_of: String,
}

impl Packet {
    /// Reads what a packet says of itself: `bag-info.txt`, `data/assessment.json` and the SHA-256 of the list of its lists.
    /// `beside` are those of [`BESIDE`] that lie there.
    ///
    /// # Errors
    /// Why it can't be read, for people.
    pub fn read(
        folder: &str,
        info: &[u8],
        assessment: &[u8],
        list_sha256: &str,
        beside: &[(&'static str, &'static str)],
    ) -> Result<Self, String> {
        let told: Told = serde_json::from_slice(assessment).map_err(|e| format!("data/assessment.json: {e}"))?;
        let info = String::from_utf8_lossy(info);
        let tag = |name: &str| {
            let found = info.lines().filter_map(|l| l.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map_or_else(|| "not stated".to_owned(), |(_, value)| value.trim().to_owned())
        };
        Ok(Self {
            folder: folder.to_owned(),
            organization: told.organization,
            period: told.period.label,
            start: told.period.start,
            end: told.period.end,
            as_of: told.period.as_of,
            counts: told.summary,
            frameworks: tag("Backproof-Frameworks"),
            signed_by: tag("Backproof-Signed-By"),
            head: tag("Backproof-Store-Head"),
            list: list_sha256.to_owned(),
            beside: beside.to_vec(),
        })
    }

    fn state(&self) -> String {
        let Counts { pass, fail, waived, no_evidence } = &self.counts;
        format!("{pass} results pass, {fail} fail ({waived} of them under a waiver), {no_evidence} lack evidence")
    }

    fn view(&self) -> Value {
        let folder = escaped(&self.folder);
        let link = |(name, path): (&str, &str)| json!({"name": name, "href": format!("{folder}/{path}")});
        let mut files: Vec<Value> = FILES.into_iter().map(link).collect();
        files.extend(
            self.beside.iter().map(|(name, ending)| json!({"name": name, "href": format!("{folder}{ending}")})),
        );
        json!({
            "period": self.period,
            "days": format!("{} to {}", minutes(&self.start), minutes(&self.end)),
            "frameworks": self.frameworks,
            "state": self.state(),
            "as_of": minutes(&self.as_of),
            "signed_by": self.signed_by,
            "head": self.head,
            "list": self.list,
            "files": files,
        })
    }
}

/// Ending of the file of receipts beside a packet's folder.
pub const RECEIPTS: &str = ".receipts.json";
/// What may lie beside a packet's folder, by its title and the ending that follows the folder's name.
pub const BESIDE: [(&str, &str); 2] = [("Receipts", RECEIPTS), ("Timestamp", ".tsr")];

/// The page over some packets, newest period first by organisation, and over folders that are none, with the reason.
///
/// # Errors
/// [`ReportError::Template`] where the template contradicts itself, which would be a defect of ours.
pub fn index(packets: &[Packet], unread: &[(String, String)]) -> Result<String, ReportError> {
    let mut by_organization: BTreeMap<&str, Vec<&Packet>> = BTreeMap::new();
    for packet in packets {
        by_organization.entry(&packet.organization).or_default().push(packet);
    }
    let organizations: Vec<Value> = by_organization
        .iter_mut()
        .map(|(name, packets)| {
            packets.sort_by(|a, b| (&b.start, &b.as_of, &a.folder).cmp(&(&a.start, &a.as_of, &b.folder)));
            json!({"name": name, "packets": packets.iter().map(|p| p.view()).collect::<Vec<_>>()})
        })
        .collect();
    let unread: Vec<Value> = unread.iter().map(|(folder, why)| json!({"folder": folder, "why": why})).collect();
    let names: Vec<&str> = by_organization.keys().copied().collect();
    let whose = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    let view = json!({
        "title": format!("Audit packets{whose}"),
        "style": style(None),
        "organizations": organizations,
        "unread": unread,
    });
    let fault = |what: String| ReportError::Template { template: "index".to_owned(), what };
    engine.render_template(TEMPLATE, &view).map_err(|e| fault(e.to_string()))
}

/// An instant to the minute; what has another form stays as it is.
fn minutes(instant: &str) -> String {
    match (instant.get(..10), instant.get(11..16), instant.len(), instant.ends_with('Z')) {
        (Some(day), Some(time), 20, true) => format!("{day} {time} UTC"),
        _ => instant.to_owned(),
    }
}

/// A name as a segment of an address.
fn escaped(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assessment(organization: &str, month: &str) -> String {
        json!({
            "schema": "backproof.assessment/1",
            "organization": organization,
            "period": {"label": month, "start": format!("{month}-01T00:00:00Z"), "end": "e", "as_of": "a", "timezone": "UTC"},
            "results": [{"check": "FRQ-01"}],
            "summary": {"pass": 618, "fail": 65, "waived": 1, "not_applicable": 4, "no_evidence": 79},
        })
        .to_string()
    }

    const INFO: &[u8] = b"Source-Organization: x\nBackproof-Store-Head: 9f86\nBackproof-Frameworks: soc2, hipaa\n";

    fn packet(folder: &str, organization: &str, month: &str) -> Packet {
        Packet::read(folder, INFO, assessment(organization, month).as_bytes(), "ab12", &BESIDE).unwrap()
    }

    #[test]
    fn packets_come_by_organisation_and_newest_first() {
        let packets = [
            packet("p-09", "Robotics", "2026-09"),
            packet("p-10", "Robotics", "2026-10"),
            packet("x", "Acme", "2026-01"),
        ];
        let page = index(&packets, &[]).unwrap();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in the page"));
        assert!(at("<h2>Acme") < at("<h2>Robotics") && at("p-10/data/packet.html") < at("p-09/data/packet.html"));
        for text in [
            "soc2, hipaa",
            "65 fail (1 of them under a waiver), 79 lack evidence",
            "9f86",
            "ab12",
            "p-10.receipts.json",
            "p-10.tsr",
            "not stated",
            "2026-10-01 00:00 UTC to e",
        ] {
            at(text);
        }
        assert!(!page.contains("could not be read"));
    }

    #[test]
    fn outside_text_is_no_markup_and_no_address() {
        let evil = packet("a\"/../<b>", "<script>alert(1)</script>", "2026-10");
        let page = index(&[evil], &[("<img>".to_owned(), "<i>".to_owned())]).unwrap();
        assert!(
            !page.contains("<script>") && !page.contains("<img>") && !page.contains("<i>") && !page.contains("a\"/")
        );
        assert!(page.contains("a%22%2F..%2F%3Cb%3E/data/packet.html"));
    }

    #[test]
    fn what_is_no_packet_is_told() {
        let why = Packet::read("x", INFO, b"{\"organization\":", "ab", &[]).unwrap_err();
        assert!(why.starts_with("data/assessment.json"), "{why}");
        assert!(index(&[], &[("x".to_owned(), why)]).unwrap().contains("data/assessment.json"));
    }
}
