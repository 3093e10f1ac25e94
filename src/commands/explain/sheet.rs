//! What an explanation holds, laid out for a terminal, as JSON and as CSV rows.

use serde_json::{Map, Value, json};

use crate::output::{cell, printable};

/// Format name of an explanation.
const SCHEMA: &str = "backproof.explanation/1";

/// One thing, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What kind of thing it is.
    pub kind: &'static str,
    /// Id, in its own spelling.
    pub id: String,
    /// For people.
    pub title: String,
    /// Single values: key in JSON, value. Null where unknown.
    pub facts: Vec<(&'static str, Value)>,
    /// Sections in reading order.
    pub parts: Vec<Part>,
}

/// A section.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Key in JSON; with spaces for underscores it is the heading.
    pub key: &'static str,
    /// Content.
    pub body: Body,
}

/// Content of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A paragraph.
    Text(String),
    /// What to write into a file, line by line.
    Code(String),
    /// A list of sentences.
    Lines(Vec<String>),
    /// A list of things with a name each.
    Entries(Vec<Entry>),
}

/// A named thing in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What people see first.
    pub head: String,
    /// What follows it.
    pub text: String,
    /// All of it, for programs.
    pub json: Value,
}

impl Sheet {
    /// A sheet without content.
    pub fn new(kind: &'static str, id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { kind, id: id.into(), title: title.into(), facts: Vec::new(), parts: Vec::new() }
    }

    /// Adds a single value.
    pub fn fact(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((key, value.into()));
        self
    }

    /// Adds a paragraph.
    pub fn text(mut self, key: &'static str, text: &str) -> Self {
        self.parts.push(Part { key, body: Body::Text(text.to_owned()) });
        self
    }

    /// Adds what to write into a file; its lines are never broken.
    pub fn code(mut self, key: &'static str, text: &str) -> Self {
        self.parts.push(Part { key, body: Body::Code(text.to_owned()) });
        self
    }

    /// Adds a list of sentences.
    pub fn lines(mut self, key: &'static str, lines: &[String]) -> Self {
        self.parts.push(Part { key, body: Body::Lines(lines.to_vec()) });
        self
    }

    /// Adds a list of named things.
    pub fn entries(mut self, key: &'static str, entries: Vec<Entry>) -> Self {
        self.parts.push(Part { key, body: Body::Entries(entries) });
        self
    }

    /// The JSON document. A kind of thing always has the same keys; empty lists stay.
    pub fn json(&self) -> Map<String, Value> {
        let mut out = Map::new();
        out.insert("schema".into(), json!(SCHEMA));
        out.insert("kind".into(), json!(self.kind));
        out.insert("id".into(), json!(self.id));
        out.insert("title".into(), json!(self.title));
        for (key, value) in &self.facts {
            out.insert((*key).to_owned(), value.clone());
        }
        for part in &self.parts {
            let value = match &part.body {
                Body::Text(text) | Body::Code(text) => json!(text),
                Body::Lines(lines) => json!(lines),
                Body::Entries(entries) => Value::Array(entries.iter().map(|e| e.json.clone()).collect()),
            };
            out.insert(part.key.to_owned(), value);
        }
        out
    }

    /// One row for every fact, sentence and listed thing.
    pub fn rows(&self) -> Vec<Map<String, Value>> {
        let row = |part: &str, item: &str, text: &str| {
            let cells = [("kind", self.kind), ("id", &self.id), ("part", part), ("item", item), ("text", text)];
            cells.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect()
        };
        let mut out = vec![row("title", "", &self.title)];
        out.extend(self.facts.iter().map(|(key, value)| row(key, "", &cell(value))));
        for part in &self.parts {
            match &part.body {
                Body::Text(text) | Body::Code(text) => out.push(row(part.key, "", text)),
                Body::Lines(lines) => out.extend(lines.iter().map(|line| row(part.key, "", line))),
                Body::Entries(entries) => out.extend(entries.iter().map(|e| row(part.key, &e.head, &e.text))),
            }
        }
        out
    }

    /// For a terminal of this width: headings, wrapped paragraphs, nothing cut.
    pub fn page(&self, width: usize, color: bool) -> String {
        let strong = |text: &str| if color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
        let mut out = String::new();
        for (i, line) in wrap(&self.title, width, &format!("{}  ", self.id), "").iter().enumerate() {
            let line = if i == 0 { line.replacen(&self.id, &strong(&self.id), 1) } else { line.clone() };
            push(&mut out, &line);
        }
        let facts: Vec<(String, String)> = std::iter::once(("kind".to_owned(), self.kind.to_owned()))
            .chain(self.facts.iter().map(|(key, value)| (spaced(key), said(value))))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let column = facts.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        out.push('\n');
        for (key, value) in &facts {
            let rest = " ".repeat(column + 4);
            for line in wrap(value, width, &format!("  {key:column$}  "), &rest) {
                push(&mut out, &line);
            }
        }
        for part in &self.parts {
            let mut lines = Vec::new();
            match &part.body {
                Body::Text(text) => lines.extend(wrap(text, width, "  ", "  ")),
                Body::Code(text) => lines.extend(text.lines().map(|line| format!("  {}", printable(line)))),
                Body::Lines(all) => lines.extend(all.iter().flat_map(|l| wrap(l, width, "  - ", "    "))),
                Body::Entries(all) => {
                    let longest = all.iter().map(|e| e.head.chars().count()).max().unwrap_or(0);
                    for entry in all {
                        lines.extend(listed(entry, longest, width, &strong));
                    }
                }
            }
            if lines.is_empty() {
                continue;
            }
            out.push('\n');
            push(&mut out, &strong(&spaced(part.key).to_uppercase()));
            for line in lines {
                push(&mut out, &line);
            }
        }
        out
    }
}

/// An entry: its text beside its head where all heads of the list are short, else below it.
fn listed(entry: &Entry, longest: usize, width: usize, strong: &dyn Fn(&str) -> String) -> Vec<String> {
    const SHORT: usize = 36;
    if entry.text.is_empty() {
        return wrap(&entry.head, width, "  ", "    ");
    }
    if longest > SHORT.min(width / 2) {
        let mut lines: Vec<String> = wrap(&entry.head, width, "  ", "  ").iter().map(|l| strong(l)).collect();
        lines.extend(wrap(&entry.text, width, "      ", "      "));
        return lines;
    }
    let first = format!("  {:longest$}  ", entry.head);
    let mut lines = wrap(&entry.text, width, &first, &" ".repeat(longest + 4));
    if let Some(line) = lines.first_mut() {
        *line = line.replacen(&entry.head, &strong(&entry.head), 1);
    }
    lines
}

fn push(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn spaced(key: &str) -> String {
    key.replace('_', " ")
}

/// A value as people say it.
fn said(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(all) => all.iter().map(said).collect::<Vec<_>>().join(", "),
        other => cell(other),
    }
}

/// Breaks a text at spaces; a word longer than the line stays whole on its own line.
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let text = printable(text);
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        let needed = line.chars().count() + word.chars().count() + usize::from(!empty);
        if !empty && needed > width {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_and_lines_stay_within_the_width() {
        let long = "0123456789".repeat(5);
        let text = format!("one two three {long} four five");
        let lines = wrap(&text, 24, "  - ", "    ");
        assert_eq!(lines, ["  - one two three", &format!("    {long}"), "    four five"]);
        assert_eq!(wrap("\u{1b}[31mred", 20, "", ""), ["\u{fffd}[31mred"]);
    }

    #[test]
    fn one_sheet_three_forms() {
        let entry = Entry { head: "a".into(), text: "first of all".into(), json: json!({"id": "a"}) };
        let sheet = Sheet::new("thing", "T-1", "A thing")
            .fact("severity", "high")
            .fact("evaluated", true)
            .fact("note", Value::Null)
            .text("rule", "It holds.")
            .lines("edge_cases", &["Never.".to_owned()])
            .entries("parts", vec![entry])
            .entries("none", Vec::new());
        assert_eq!(
            sheet.page(40, false),
            "T-1  A thing\n\n  kind       thing\n  severity   high\n  evaluated  yes\n\nRULE\n  It holds.\n\nEDGE CASES\n  - \
             Never.\n\nPARTS\n  a  first of all\n"
        );
        let document = sheet.json();
        let keys: Vec<&String> = document.keys().collect();
        assert_eq!(keys.len(), 11, "{keys:?}");
        assert_eq!(document["schema"], json!(SCHEMA));
        assert_eq!(document["none"], json!([]));
        assert_eq!(document["note"], Value::Null);
        let rows = sheet.rows();
        assert_eq!(rows.len(), 7);
        assert_eq!(rows[6]["item"], json!("a"));
    }
}
