//! Samples: how they were drawn, each row, and the raw bytes that it was read from with the line marked.

use model::dossier::Dossier;
use model::lineage::{SampleRow, SampleSheet};

use super::Anchors;
use crate::block::{
    Align, Block, Fact, Inline, Inlines, KeyValue, Table, TableRow, code, column, link, row, strong, text as plain,
};
use crate::parts::{count, dash_if_empty, heading, note, para, text};

pub(super) fn blocks(d: &Dossier, anchors: &Anchors) -> Vec<Block> {
    let mut out = vec![heading(1, "samples", "Samples")];
    if d.samples.is_empty() {
        out.push(para(text(
            "No sample was drawn: no population of this period has rows to draw from, or none was asked for.",
        )));
        return out;
    }
    out.push(note(
        "Anyone can draw the same rows again: the seed, the algorithm and the populations are given. A number in the draw is a SHA-256, so \
         that no other tool is needed.",
    ));
    for (n, sample) in d.samples.iter().enumerate() {
        out.extend(one(n, sample, anchors));
    }
    out
}

fn one(n: usize, s: &SampleSheet, anchors: &Anchors) -> Vec<Block> {
    let fact = |label: &str, value: Inlines| Fact { label: label.to_owned(), value };
    let mut facts = vec![
        fact("Population", text(format!("{}: {} rows", s.population, s.total))),
        fact("Size", text(format!("{}: {}", s.size, s.rule))),
        fact("Seed", vec![code(s.seed.clone())]),
        fact("Algorithm", text(s.algorithm.clone())),
    ];
    if !s.stratified_by.is_empty() {
        facts.push(fact("Strata", text(format!("by {}: at least one row of each", s.stratified_by))));
    }
    let extract_id = |k: usize| format!("extract-{n}-{k}");
    let rows = s
        .rows
        .iter()
        .enumerate()
        .map(|(k, r)| {
            row(vec![
                text((k + 1).to_string()),
                if r.extract.lines.is_empty() {
                    vec![code(r.row_id.clone())]
                } else {
                    vec![link(extract_id(k), r.row_id.clone())]
                },
                dash_if_empty(&r.system_id),
                text(r.says.clone()),
                anchors.object(&r.place.evidence),
                vec![code(r.draw.get(..12).unwrap_or(&r.draw))],
            ])
        })
        .collect();
    let mut out = vec![
        heading(2, &format!("sample-{n}"), format!("Sample of {}", s.population.replace(['-', '_'], " "))),
        Block::KeyValue(KeyValue { facts }),
        Table::new(
            format!("sample-{n}-table"),
            format!("{} drawn of {}", count(s.rows.len(), "row", "rows"), s.total),
            vec![
                column("No.", Align::Right, 0.5),
                column("Row", Align::Left, 3.8),
                column("System", Align::Left, 1.5),
                column("What it says", Align::Left, 2.6),
                column("Object", Align::Left, 1.3),
                column("Draw", Align::Left, 1.3),
            ],
            rows,
        )
        .footnote(text(
            "Draw: the first twelve digits of the row's number, in ascending order. samples.csv has all of them.",
        ))
        .dense()
        .into(),
    ];
    for (k, r) in s.rows.iter().enumerate() {
        out.push(extract(extract_id(k), k, r, anchors));
    }
    out
}

/// The raw bytes around the place of a row, line by line; the lines that it was read from stand stronger.
fn extract(id: String, n: usize, r: &SampleRow, anchors: &Anchors) -> Block {
    let (e, place) = (&r.extract, &r.place);
    let number = n + 1;
    if e.lines.is_empty() {
        let why = if e.absent.is_empty() { "no bytes to show" } else { &e.absent };
        let mut words = vec![strong(format!("{number}. {}", r.row_id)), plain(format!(": no extract, {why}. "))];
        if place.evidence.is_empty() {
            words.extend([plain("Declared in the workspace at "), code(place.pointer.clone()), plain(".")]);
        } else {
            words.push(plain(format!("Read from {} of object ", place.pointer)));
            words.extend(anchors.object(&place.evidence));
            words.push(plain("."));
        }
        return para(words);
    }
    let rows = e
        .lines
        .iter()
        .zip(e.first_line..)
        .map(|(line, number)| TableRow {
            id: String::new(),
            cells: vec![
                vec![code(number.to_string())],
                vec![if line.is_empty() { Inline::Break } else { code(escaped(line)) }],
            ],
            strong: e.marked.is_some_and(|(from, to)| (from..=to).contains(&number)),
        })
        .collect();
    let marked = match e.marked {
        Some((from, to)) if from == to => format!("line {from} marked"),
        Some((from, to)) => format!("lines {from} to {to} marked"),
        None => "no line marked".to_owned(),
    };
    let mut origin: Inlines = vec![plain(if place.pointer.is_empty() { "All of object " } else { "Read from " })];
    if !place.pointer.is_empty() {
        origin.extend([code(place.pointer.clone()), plain(" of object ")]);
    }
    origin.extend(anchors.object(&place.evidence));
    if !e.document.is_empty() {
        origin.extend([plain(", at its source "), code(escaped(&e.document))]);
    }
    let columns = vec![column("Line", Align::Right, 0.6), column("Text", Align::Left, 9.0)];
    let caption = format!("{number}. {}: raw bytes, {marked}", r.row_id);
    Table::new(id, caption, columns, rows).footnote(origin).dense().into()
}

/// A line with every character that a page may not be able to print written as its number.
fn escaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => out.push_str("    "),
            ' '..='~'
            | '\u{a1}'..='\u{ac}'
            | '\u{ae}'..='\u{17f}'
            | '\u{391}'..='\u{3a1}'
            | '\u{3b1}'..='\u{3c9}'
            | '\u{410}'..='\u{44f}'
            | '–'
            | '—'
            | '‘'
            | '’'
            | '“'
            | '”'
            | '…'
            | '€' => out.push(c),
            other => out.push_str(&format!("\\u{{{:x}}}", u32::from(other))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_a_page_cannot_print_is_written_as_its_number() {
        assert_eq!(escaped("a\tb \u{1b}[31m 漢 é"), "a    b \\u{1b}[31m \\u{6f22} é");
    }
}
