//! Where the links of a packet lead: every one to something that is there, and every figure to rows that give its value.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{signed, write};
use crate::support::files;

/// Pages of a packet for people.
const PAGES: [&str; 2] = ["packet.html", "figures.html"];

/// Address and text of every link of a page.
fn links(page: &str) -> Vec<(String, String)> {
    let found = page.split("<a href=\"").skip(1);
    found
        .map(|rest| {
            let (href, rest) = rest.split_once('"').unwrap();
            let inside = rest.split_once('>').unwrap().1.split_once("</a>").unwrap().0;
            let text = inside.trim_start_matches("<code>").trim_end_matches("</code>");
            (href.replace("&#x3D;", "=").replace("&amp;", "&"), text.to_owned())
        })
        .collect()
}

fn ids(page: &str) -> BTreeSet<&str> {
    page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Follows every link of both pages; answers how many lead to objects, to what is said of withheld ones, and to figures.
fn follow(packet: &Path) -> [usize; 3] {
    let data = packet.join("data");
    let pages: BTreeMap<&str, String> =
        PAGES.map(|name| (name, fs::read_to_string(data.join(name)).unwrap())).into_iter().collect();
    let anchors: BTreeMap<&str, BTreeSet<&str>> = pages.iter().map(|(name, page)| (*name, ids(page))).collect();
    let mut counts = [0; 3];
    for (name, page) in &pages {
        let all = links(page);
        assert!(all.len() > 20, "{name} has {} links", all.len());
        for (href, text) in all {
            assert!(!href.contains(':'), "{name} leads outside: {href}");
            let (file, id) = href.split_once('#').map_or((href.as_str(), None), |(file, id)| (file, Some(id)));
            let file = if file.is_empty() { name } else { file };
            assert!(data.join(file).is_file(), "{name}: {text:?} leads to {href}, which is not there");
            if let Some(id) = id {
                let there = anchors.get(file).is_some_and(|all| all.contains(id));
                assert!(there, "{name}: {text:?} leads to {href}, and {file} has no such place");
            }
            counts[0] += usize::from(file.starts_with("evidence/objects/"));
            counts[1] += usize::from(id.is_some_and(|id| id.starts_with("withheld-")));
            counts[2] += usize::from(id.is_some_and(|id| id.starts_with("figure-")) && *name == PAGES[0]);
        }
    }
    counts
}

/// Cells of the rows of a page whose id begins with `prefix`, without markup.
fn rows(page: &str, prefix: &str) -> BTreeMap<String, Vec<String>> {
    let start = format!("<tr id=\"{prefix}");
    let found = page.split(start.as_str()).skip(1).map(|rest| {
        let (id, rest) = rest.split_once('"').unwrap();
        let row = rest.split("</tr>").next().unwrap();
        let cells = row.split("<td").skip(1).map(|cell| {
            let text = cell.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text));
            text.collect::<String>()
        });
        (id.to_owned(), cells.collect())
    });
    found.collect()
}

#[test]
fn every_link_of_a_packet_leads_somewhere() {
    let w = signed();
    let whole = write(&w, "whole", &[]);
    let [objects, withheld, figures] = follow(&whole);
    assert!(objects > 60 && withheld == 0 && figures > 50, "{objects} {withheld} {figures}");
    let object = files(&whole.join("data/evidence/objects")).remove(0).0;
    let digest = object.rsplit('/').next().unwrap();
    w.write("withhold.txt", format!("{digest} names of customers\n"));
    let outside = write(&w, "outside", &["--withhold", "withhold.txt"]);
    let [left, withheld, same] = follow(&outside);
    assert!(left < objects && withheld > 60 && same == figures, "{left} {withheld} {same}");
    let page = fs::read_to_string(outside.join("data/packet.html")).unwrap();
    let said = &rows(&page, "withheld-")[digest];
    let size = fs::metadata(whole.join("data/evidence/objects").join(&object)).unwrap().len().to_string();
    assert_eq!(said[..4], [digest, &size, "names of customers", "runs.nightly"]);
}

#[test]
fn a_printed_figure_leads_to_the_rows_that_give_it() {
    let w = signed();
    let packet = write(&w, "packet", &[]);
    let read = |name: &str| fs::read_to_string(packet.join("data").join(name)).unwrap();
    let (page, listing) = (read("packet.html"), read("figures.html"));
    let figures = rows(&listing, "figure-");
    let stated = read("figures.csv");
    assert_eq!(figures.len(), stated.lines().count() - 1, "every figure has its line");
    for line in stated.lines().skip(1) {
        let mut cells = line.split(',');
        let (id, value) = (cells.next().unwrap(), cells.next().unwrap());
        assert!(figures.values().any(|f| f[0] == id && f[1] == value), "{id} {value}");
    }
    // As many rows are named as the figure says.
    for cells in figures.values() {
        let runs = cells[3].split(", ").filter(|r| *r != "none");
        let named: u64 = runs
            .map(|run| {
                let (from, to) = run.split_once('–').unwrap_or((run, run));
                to.parse::<u64>().unwrap() - from.parse::<u64>().unwrap() + 1
            })
            .sum();
        assert_eq!(named.to_string(), cells[1], "{cells:?}");
    }
    // A link says what the figure says; a rate leads to its numerator.
    let mut seen = BTreeSet::new();
    for (href, text) in links(&page) {
        let Some(at) = href.strip_prefix("figures.html#figure-") else { continue };
        let cells = &figures[at];
        let number: String = text.chars().take_while(char::is_ascii_digit).collect();
        assert!(text.contains('%') || number == cells[1], "{text:?} leads to {cells:?}");
        seen.insert(cells[0].clone());
    }
    for id in [
        "backup_success_rate/numerator",
        "backup_success_rate/denominator",
        "backup_success_rate/unknown",
        "backup_success_rate/numerator/tier/critical_online_services",
        "backup_related_incidents/count",
        "slots/missed",
        "results/no_evidence",
        "results/FRQ-02/unwaived",
        "results/FRQ-01/pass",
    ] {
        assert!(seen.contains(id), "{id} is not linked to: {seen:?}");
    }
}
