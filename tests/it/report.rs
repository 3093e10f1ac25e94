//! What the monthly report says where a plain list or a plain 0 would mislead.

use crate::support::{AS_OF, CONFIG, Workspace, record};

/// The HTML of October's report and one of its CSV files as rows by column title.
fn report(w: &Workspace, csv: &str) -> (String, Vec<std::collections::BTreeMap<String, String>>) {
    w.run(&["report", "monthly", "--period", "2026-10", "--as-of", AS_OF]).ends(0);
    let folder = w.path().join("reports/2026-10");
    let html = std::fs::read_to_string(folder.join("monthly.html")).unwrap();
    let rows = csv::Reader::from_path(folder.join(csv)).unwrap().deserialize().map(Result::unwrap).collect();
    (html, rows)
}

#[test]
fn erratic_sizes_take_one_line_and_every_one_is_in_the_csv() {
    let w = Workspace::good();
    let sizes = |day: u32| if day > 5 && day.is_multiple_of(2) { "1024" } else { "1048576" };
    let log: String =
        (1..=31).map(|day| record("shop-db", "shop-daily", day, "success").replace("1048576", sizes(day))).collect();
    w.write("drop/nightly.jsonl", log);
    w.collect(0);
    let results = w.assess()["results"].as_array().unwrap().clone();
    let failed = results.iter().filter(|r| r["check"] == "CMP-02" && r["state"] == "fail").count();
    assert!(failed >= 5, "each implausible run keeps a result of its own: {failed}");
    let (html, findings) = report(&w, "findings.csv");
    let listed: Vec<_> = findings.iter().filter(|f| f["check"] == "CMP-02").collect();
    assert_eq!(listed.len(), failed);
    assert!(listed.iter().all(|f| f["system"] == "shop-db" && f["owner"] == "Shop team"), "{listed:?}");
    let section = html.split("id=\"finding-CMP-02-table\"").nth(1).unwrap().split("</table>").next().unwrap();
    assert_eq!(section.matches("<tr").count(), 2, "a header and one line: {section}");
    let line = format!("{failed} results, 2026-10-06 02:00 to ");
    assert!(section.contains(&line), "{line} in {section}");
    assert!(html.contains("More than 3 results of one system share a line. Each result: findings.csv"));
}

#[test]
fn counts_before_a_registers_first_entry_are_not_known() {
    let w = Workspace::good();
    w.write(
        "registers/incidents.csv",
        "incident_id,kind,backup_related,system_ids,opened_at\nI-1,incident,true,shop-db,2026-08-14T10:00:00Z\n",
    );
    w.collect(0);
    let (html, metrics) = report(&w, "metrics.csv");
    let count = |period: &str| {
        let row = metrics.iter().find(|m| m["metric"] == "backup_related_incidents" && m["period"] == period).unwrap();
        (row["count"].clone(), row["numerator"].clone(), row["undefined"].clone())
    };
    let of = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(count("2026-07"), of("", "", "before_first_entry"));
    assert_eq!(count("2026-08"), of("1", "1", ""));
    assert_eq!(count("2026-09"), of("0", "0", ""));
    assert!(html.contains("Its first entry is of 14 August 2026: earlier periods"), "the note under the chart");
    assert!(!html.contains("2026-07 0"), "the chart's words leave out what is not known");
}

#[test]
fn a_review_is_written_for_a_quarter_and_says_when_it_is_not_over() {
    let w = Workspace::good();
    w.collect(0);
    let ran = w.run(&["report", "review", "--period", "2026-Q4", "--as-of", AS_OF]).ends(0);
    let folder = w.path().join("reports/review-2026-Q4");
    for file in ["review.html", "review.pdf", "review.xlsx", "decisions.csv", "capacity.csv", "SHA256SUMS"] {
        assert!(folder.join(file).is_file() && ran.out.contains(file), "{file}");
    }
    let html = std::fs::read_to_string(folder.join("review.html")).unwrap();
    assert!(!html.contains("The period is not over"));
    assert!(html.contains("Set a target for the backup success rate"), "a decision that follows from the policy");
    assert!(html.contains("Not known: no register of incidents was given."), "silence is no zero");
    let again = w.run(&["report", "review", "--period", "2026-Q4", "--as-of", AS_OF, "--out", "again"]).ends(0);
    assert!(again.out.contains("again"));
    let bytes = |folder: std::path::PathBuf| std::fs::read(folder.join("review.pdf")).unwrap();
    assert_eq!(bytes(folder), bytes(w.path().join("again")), "the same input gives the same bytes");
    w.run(&["report", "review", "--period", "2099", "--as-of", "2099-06-01T00:00:00Z"]).ends(0);
    let html = std::fs::read_to_string(w.path().join("reports/review-2099/review.html")).unwrap();
    assert!(html.contains("The period is not over"), "half of the year is to come");
    w.run(&["report", "review"]).ends(2);
}

#[test]
fn a_logo_stands_in_every_report_and_a_bad_one_is_told_with_its_key() {
    let w = Workspace::good();
    let plain = CONFIG.to_owned();
    w.write(
        "backproof.toml",
        plain.replace("timezone = \"UTC\"\n\n", "timezone = \"UTC\"\nlogo = \"brand/logo.png\"\n\n"),
    );
    let refused = |said: &str| {
        let ran = w.run(&["report", "monthly", "--period", "2026-10", "--as-of", AS_OF]).ends(2);
        for part in ["backproof.toml:4:8", "\"logo\" in [organization]: brand/logo.png", said] {
            assert!(ran.err.contains(part), "{part} in {}", ran.err);
        }
    };
    refused("cannot be read");
    w.write("brand/logo.png", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    refused("is no PNG file");
    let logo = include_bytes!("../../examples/company/logo.png");
    w.write("brand/logo.png", &logo[..logo.len() - 20]);
    refused("is damaged");
    w.write("brand/logo.png", [&logo[..], &vec![0; 600 << 10]].concat());
    refused("more than 524288 bytes");
    w.write("brand/logo.png", logo);
    w.collect(0);
    let alt = "alt=\"Logo of Example Robotics\"";
    for (report, file) in [("monthly", "monthly.html"), ("review", "review.html"), ("packet", "data/packet.html")] {
        let out = format!("out-{report}");
        let ran = w.run(&["report", report, "--period", "2026-10", "--as-of", AS_OF, "--out", &out]);
        assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
        let html = std::fs::read_to_string(w.path().join(&out).join(file)).unwrap();
        assert!(html.contains("src=\"data:image/png;base64,") && html.contains(alt), "{report}");
        let pdf = w.path().join(&out).join(file).with_extension("pdf");
        let told = std::process::Command::new("pdfimages").arg("-list").arg(pdf).output().expect("poppler-utils");
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.lines().any(|l| l.contains("image") && l.contains("rgb") && l.contains("176")), "{told}");
    }
    let kept = std::fs::read(w.path().join("out-packet/data/workspace/brand/logo.png")).unwrap();
    assert!(kept == logo, "a packet holds the file as it was read, and its list the hash");
}
