//! What independent tools say of the files: qpdf and poppler must be installed, their absence is a failure.

use std::process::Command;

use lopdf::{Dictionary, Object, ObjectId};
use proptest::prelude::*;

use crate::Tags;
use crate::block::*;
use crate::error::ReportError;
use crate::sample::{AWKWARD, corners, document, findings, keep, logo, report};

fn run(tool: &str, arguments: &[&str], bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut command = Command::new(tool);
    for argument in arguments {
        if *argument == "FILE" {
            command.arg(file.path())
        } else {
            command.arg(argument)
        };
    }
    let out = command.output().unwrap_or_else(|e| panic!("{tool} is needed by this test (qpdf, poppler-utils): {e}"));
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{tool}: {said}");
    said
}

fn pages(bytes: &[u8]) -> Vec<String> {
    let text = run("pdftotext", &["-layout", "FILE", "-"], bytes);
    let mut pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
    pages.pop();
    pages
}

/// Text without any blanks, for comparison across line breaks.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn paragraph(words: &str) -> Block {
    Block::Para(Para { inlines: vec![text(words)], role: ParaRole::Body })
}

fn heading(n: usize, level: u8) -> Block {
    Block::Heading(Heading { level, id: format!("h{n}"), text: format!("Heading number {n}") })
}

#[test]
fn independent_tools_find_no_fault() {
    let bytes = crate::pdf(&report(), Tags::With).unwrap();
    keep("sample.pdf", &bytes);
    assert!(run("qpdf", &["--check", "FILE"], &bytes).contains("No syntax or stream encoding errors"));
    let info = run("pdfinfo", &["FILE"], &bytes);
    for line in
        ["Backup and restore report, October 2026", "Example Robotics", "yes\n", "2026", "A4", "PDF version:     1.7"]
    {
        assert!(info.contains(line), "{line} in {info}");
    }
    assert!(info.lines().any(|l| l.starts_with("Tagged:") && l.ends_with("yes")), "{info}");
    assert!(!info.contains("Error") && !info.contains("Warning"), "{info}");
    let fonts = run("pdffonts", &["FILE"], &bytes);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(rows.len() >= 4, "{fonts}");
    for row in rows {
        assert!(row.contains("yes yes yes"), "embedded, subset, with Unicode: {row}");
        assert!(row.as_bytes()[..6].iter().all(u8::is_ascii_uppercase) && row.as_bytes()[6] == b'+', "{row}");
    }
}

#[test]
fn without_tags_the_same_text_on_the_same_pages_and_no_claim_of_structure() {
    let sample = report();
    let (with, without) = (crate::pdf(&sample, Tags::With).unwrap(), crate::pdf(&sample, Tags::Without).unwrap());
    keep("untagged.pdf", &without);
    assert_eq!(pages(&with), pages(&without));
    assert!(run("qpdf", &["--check", "FILE"], &without).contains("No syntax or stream encoding errors"));
    assert!(run("pdfinfo", &["FILE"], &without).lines().any(|l| l.starts_with("Tagged:") && l.ends_with("no")));
    let claims = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        (text.contains("<pdfaid:conformance>A<"), text.contains("<pdfuaid:part>1<"))
    };
    assert_eq!((claims(&with), claims(&without)), ((true, true), (false, false)));
    assert!(without.len() < with.len());
    assert!(without == crate::pdf(&sample, Tags::Without).unwrap());
}

#[test]
fn corners_are_rendered() {
    let bytes = crate::pdf(&corners(), Tags::With).unwrap();
    keep("corners.pdf", &bytes);
    keep("corners.html", crate::html(&corners()).unwrap().as_bytes());
    run("qpdf", &["--check", "FILE"], &bytes);
    let all = pages(&bytes).concat();
    for title in ["identifier", "Uninterruptible", "Compartment", "Representative", "Environment", "Recoverability"] {
        assert!(all.matches(title).count() >= 2, "{title} is broken: {all}");
    }
    assert_eq!(all.matches("88/92").count(), 40);
    let nothing = crate::pdf(&document(Vec::new()), Tags::With).unwrap();
    run("qpdf", &["--check", "FILE"], &nothing);
}

#[test]
fn same_document_same_bytes_in_any_order_and_thread() {
    let one = crate::pdf(&report(), Tags::With).unwrap();
    crate::pdf(&document(findings(5)), Tags::With).unwrap();
    assert!(one == crate::pdf(&report(), Tags::With).unwrap(), "second in the same process");
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| crate::pdf(&report(), Tags::With).unwrap())).collect();
    for thread in threads {
        assert!(one == thread.join().unwrap(), "in a thread");
    }
    let mut other = report();
    other.document_hash.replace_range(0..1, "a");
    assert!(one != crate::pdf(&other, Tags::With).unwrap());
}

#[test]
fn every_page_of_a_table_has_its_header_and_no_row_is_lost() {
    for count in [1, 2, 30, 31, 32, 33, 34, 35, 200] {
        let bytes = crate::pdf(&document(findings(count)), Tags::With).unwrap();
        let pages = pages(&bytes);
        for (n, page) in pages.iter().enumerate() {
            assert!(page.contains(&format!("Page {} of {}", n + 1, pages.len())), "{page}");
            if page.contains("Row 00") || page.contains("word500") {
                assert!(page.contains("What was found"), "no header on page {}: {page}", n + 1);
            }
        }
        let all = pages.concat();
        for row in 1..=count {
            assert_eq!(all.matches(&format!("Row {row:05}: ")).count(), 1, "row {row} of {count}");
        }
        if count >= 7 {
            for word in 1..=900 {
                let found = all.split_whitespace().filter(|w| *w == format!("word{word}")).count();
                assert_eq!(found, 1, "word{word}");
            }
        }
    }
}

/// Every text of every block stands in the HTML and in the PDF; answers how many words were compared.
pub fn same_text(document: &Document) -> usize {
    let bytes = crate::pdf(document, Tags::With).unwrap();
    let print = dense(&run("pdftotext", &["-raw", "FILE", "-"], &bytes));
    let page = crate::html(document).unwrap();
    let body = page.split("<main>").nth(1).unwrap();
    let mut screen = String::new();
    for part in body.split('<') {
        screen.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x3D;", "="),
        ("&#x60;", "`"),
        ("&amp;", "&"),
    ] {
        screen = screen.replace(entity, character);
    }
    let screen = dense(&screen);
    let mut compared = 0;
    for (index, block) in document.blocks.iter().enumerate() {
        for text in texts(block) {
            let text = crate::visible::visible(&text).into_owned();
            for word in text.split_whitespace() {
                assert!(screen.contains(&dense(word)), "HTML lacks {word:?} of block {index}");
                assert!(print.contains(&dense(word)), "PDF lacks {word:?} of block {index}");
                compared += 1;
            }
            // A text that stays on a page is there as a whole.
            if text.len() < 200 {
                assert!(screen.contains(&dense(&text)), "HTML lacks {text:?} of block {index}");
                assert!(print.contains(&dense(&text)), "PDF lacks {text:?} of block {index}");
            }
        }
    }
    compared
}

#[test]
fn text_is_the_same_in_html_and_pdf() {
    assert!(same_text(&report()) > 1_000);
    let print = dense(&run("pdftotext", &["-raw", "FILE", "-"], &crate::pdf(&report(), Tags::With).unwrap()));
    for awkward in AWKWARD {
        assert!(print.contains(&dense(awkward)), "{awkward}");
    }
}

#[test]
fn a_logo_is_a_figure_with_words_and_the_same_bytes_each_time() {
    let own = Document { logo: Some(logo()), ..report() };
    let bytes = crate::pdf(&own, Tags::With).unwrap();
    keep("logo.pdf", &bytes);
    run("qpdf", &["--check", "FILE"], &bytes);
    let thread = std::thread::spawn(move || crate::pdf(&own, Tags::With).unwrap());
    assert!(bytes == thread.join().unwrap(), "in a thread");
    let file = lopdf::Document::load_mem(&bytes).unwrap();
    let figure = |object: &&Object| {
        let Ok(element) = object.as_dict() else { return false };
        let alt = element.get(b"Alt").ok().and_then(|alt| lopdf::decode_text_string(alt).ok());
        element.get(b"S").and_then(Object::as_name).is_ok_and(|s| s == b"Figure")
            && alt.as_deref() == Some("Logo of Example Robotics")
    };
    assert_eq!(file.objects.values().filter(figure).count(), 1);
    let images = run("pdfimages", &["-list", "FILE"], &bytes);
    let lines: Vec<&str> = images.lines().skip(2).collect();
    assert!(
        lines.len() == 1 && lines[0].split_whitespace().take(6).eq(["1", "0", "image", "176", "64", "rgb"]),
        "{images}"
    );
    assert!(!run("pdfimages", &["-list", "FILE"], &crate::pdf(&report(), Tags::With).unwrap()).contains("rgb"));
}

fn texts(block: &Block) -> Vec<String> {
    let mut all: Vec<String> = crate::validate::inlines_of(block).into_iter().map(plain).collect();
    match block {
        Block::Cover(c) => all.extend(c.facts.iter().map(|f| f.label.clone())),
        Block::KeyValue(k) => all.extend(k.facts.iter().map(|f| f.label.clone())),
        Block::Toc(t) => all.push(t.title.clone()),
        Block::Heading(h) => all.push(h.text.clone()),
        Block::KpiRow(row) => {
            all.extend(row.kpis.iter().flat_map(|k| [k.value.clone(), k.label.clone(), k.note.clone()]));
        }
        Block::Chart(c) => {
            all.push(c.title.clone());
            all.extend(c.points.iter().map(|p| p.label.clone()));
            all.extend(c.target.iter().map(|t| t.label.clone()));
        }
        Block::HeatStrip(s) => {
            all.push(s.caption.clone());
            all.extend(s.rows.iter().flat_map(|r| [r.note.clone(), r.summary.clone()]));
            all.extend(crate::strip::legend(s).into_iter().map(|(_, word)| word));
        }
        Block::Table(t) => {
            all.push(t.caption.clone());
            all.extend(t.columns.iter().map(|c| c.title.clone()));
        }
        Block::Completeness(c) => all.extend(c.sources.iter().flat_map(|p| {
            [&p.source, &p.query, &p.identity, &p.window, &p.extracted, &p.rows_at_source, &p.rows].map(Clone::clone)
        })),
        Block::Callout(c) => all.push(c.title.clone()),
        Block::Para(_) | Block::List(_) | Block::PageBreak => {}
    }
    all
}

#[test]
fn a_character_without_a_glyph_is_an_error_with_its_place() {
    let mut blocks = findings(3);
    if let Block::Table(table) = &mut blocks[2] {
        table.rows[1].cells[2] = vec![text("backup of 漢字")];
    }
    let error = crate::pdf(&document(blocks), Tags::With).unwrap_err();
    assert!(matches!(error, ReportError::Glyph { character: '漢', .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("U+6F22") && message.contains("findings-table") && message.contains("row 2"), "{message}");
}

#[test]
fn fallback_and_hidden_characters_are_printed() {
    let bytes = crate::pdf(&document(vec![paragraph("\u{2603} a\u{202e}b\u{1b}c")]), Tags::With).unwrap();
    let said = run("pdftotext", &["FILE", "-"], &bytes);
    assert!(said.contains("\u{2603} a⟨U+202E⟩b⟨U+001B⟩c"), "{said}");
    assert!(run("pdffonts", &["FILE"], &bytes).contains("DejaVuSans"));
}

#[test]
fn outline_is_nested_and_in_the_documents_order() {
    let bytes = crate::pdf(&report(), Tags::With).unwrap();
    let file = lopdf::Document::load_mem(&bytes).unwrap();
    let root = file.catalog().unwrap().get(b"Outlines").unwrap().as_reference().unwrap();
    let mut found = Vec::new();
    walk_outline(&file, file.get_dictionary(root).unwrap(), 0, &mut found);
    let expected: Vec<(usize, String)> = report()
        .blocks
        .iter()
        .filter_map(|b| if let Block::Heading(h) = b { Some((usize::from(h.level), h.text.clone())) } else { None })
        .collect();
    assert_eq!(found, expected);
}

fn walk_outline(file: &lopdf::Document, parent: &Dictionary, level: usize, found: &mut Vec<(usize, String)>) {
    let mut next = parent.get(b"First").and_then(Object::as_reference).ok();
    while let Some(id) = next {
        let item = file.get_dictionary(id).unwrap();
        let title = lopdf::decode_text_string(item.get(b"Title").unwrap()).unwrap();
        found.push((level + 1, title));
        walk_outline(file, item, level + 1, found);
        next = item.get(b"Next").and_then(Object::as_reference).ok();
    }
}

#[test]
fn structure_covers_all_content() {
    let bytes = crate::pdf(&report(), Tags::With).unwrap();
    let file = lopdf::Document::load_mem(&bytes).unwrap();
    let root = file.catalog().unwrap().get(b"StructTreeRoot").unwrap().as_reference().unwrap();
    let root = file.get_dictionary(root).unwrap();
    let top = root.get(b"K").unwrap().as_array().unwrap()[0].as_reference().unwrap();
    let mut roles = Vec::new();
    let mut pieces = 0;
    walk_structure(&file, top, &mut roles, &mut pieces);
    for role in [
        "Document", "H1", "H2", "H3", "P", "Table", "TR", "TH", "TD", "L", "LI", "LBody", "Figure", "TOC", "TOCI",
        "Link",
    ] {
        assert!(roles.contains(&role.to_owned()), "{role}");
    }
    let cells = roles.iter().filter(|r| *r == "TD").count();
    assert_eq!(cells, 4 * 6 + 26 * 5, "a cell of the structure for each cell of the tables, empty or not");
    let mut marked = 0;
    for page in file.page_iter() {
        let content = file.get_page_content(page);
        let content = lopdf::content::Content::decode(&content).unwrap();
        let mut depth = 0;
        for operation in &content.operations {
            match operation.operator.as_str() {
                "BDC" | "BMC" => {
                    depth += 1;
                    marked += usize::from(operation.operator == "BDC");
                }
                "EMC" => depth -= 1,
                "TJ" | "Tj" | "f" | "S" => assert_eq!(depth, 1, "{operation:?} is in no marked content"),
                _ => {}
            }
        }
        assert_eq!(depth, 0);
    }
    assert_eq!(marked, pieces, "every piece of content has its place in the structure");
}

fn walk_structure(file: &lopdf::Document, id: ObjectId, roles: &mut Vec<String>, pieces: &mut usize) {
    let element = file.get_dictionary(id).unwrap();
    roles.push(String::from_utf8_lossy(element.get(b"S").unwrap().as_name().unwrap()).into_owned());
    for kid in element.get(b"K").unwrap().as_array().unwrap() {
        match kid {
            Object::Reference(id) => walk_structure(file, *id, roles, pieces),
            Object::Dictionary(kid) if kid.has(b"MCID") => *pieces += 1,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_heading_ends_a_page(lengths in proptest::collection::vec(0usize..120, 10..60)) {
        let mut blocks = Vec::new();
        for (n, length) in lengths.iter().enumerate() {
            blocks.push(heading(n, 1 + (n % 3) as u8));
            blocks.push(paragraph(&format!("begin{n} {}end{n}", "some words of text ".repeat(*length))));
        }
        let all = pages(&crate::pdf(&document(blocks), Tags::With).unwrap());
        for (number, page) in all.iter().enumerate() {
            let lines: Vec<&str> = page.lines().filter(|l| !l.trim().is_empty()).collect();
            // The footer is the last line.
            let last = lines[lines.len() - 2];
            prop_assert!(!last.contains("Heading number"), "page {} ends with {last:?}", number + 1);
        }
        let text = all.concat();
        let words: Vec<&str> = text.split_whitespace().collect();
        for n in 0..lengths.len() {
            let begin = format!("begin{n}");
            let end = format!("end{n}");
            prop_assert_eq!(words.iter().filter(|w| **w == begin).count(), 1);
            prop_assert_eq!(words.iter().filter(|w| **w == end).count(), 1);
        }
    }

    #[test]
    fn any_latin_text_survives(words in proptest::collection::vec("[ -~à-žΑ-ΡΣ-ωа-я]{1,60}", 1..20)) {
        let blocks: Vec<Block> = words.iter().map(|w| paragraph(w)).collect();
        let said = dense(&run("pdftotext", &["-raw", "FILE", "-"], &crate::pdf(&document(blocks), Tags::With).unwrap()));
        for word in &words {
            prop_assert!(said.contains(&dense(word)), "{word:?} in {said}");
        }
    }
}
