//! The part of YAML that front matter is written in, with the place of every value: `key: value`, lists (`- item` or
//! `[a, b]`), and lists of such tables. Everything else (anchors, tags, blocks of text, `{}`) is a fault, never guessed.

use std::ops::Range;

use super::{Entry, Node, Value};
use crate::fault::{Fault, Faults, File};

/// Tables in tables: deeper ones are no front matter.
const DEPTH: usize = 4;

/// A line that says something.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    indent: usize,
    text: &'t str,
    at: usize,
}

struct Reader<'f, 'a> {
    file: File<'a>,
    lines: Vec<Line<'a>>,
    next: usize,
    faults: &'f mut Faults,
}

/// The entries of the YAML that stands in `range` of a file.
pub(super) fn entries(file: File<'_>, range: Range<usize>, faults: &mut Faults) -> Vec<Entry> {
    let mut at = range.start;
    let mut lines = Vec::new();
    for whole in file.text.get(range).unwrap_or("").split_inclusive('\n') {
        let text = whole.trim();
        let indent = whole.len() - whole.trim_start_matches(' ').len();
        if !text.is_empty() && !text.starts_with('#') {
            lines.push(Line { indent, text, at: at + indent });
        }
        at += whole.len();
    }
    let mut reader = Reader { file, lines, next: 0, faults };
    let indent = reader.peek().map_or(0, |l| l.indent);
    let out = reader.table(indent, 0);
    while let Some(line) = reader.peek() {
        reader.refuse(line, "is not `key: value`");
        reader.next += 1;
    }
    out
}

impl<'a> Reader<'_, 'a> {
    fn peek(&self) -> Option<Line<'a>> {
        self.lines.get(self.next).copied()
    }

    fn refuse(&mut self, line: Line<'_>, message: &str) {
        self.fault(line.at..line.at + line.text.len(), format!("\"{}\" {message}", line.text));
    }

    fn fault(&mut self, span: Range<usize>, message: String) {
        let fault = Fault::at(&self.file, &span, "", message);
        self.faults.push(fault.help("write `key: value`, a list in brackets or with `- `, and text in double quotes"));
    }

    fn table(&mut self, indent: usize, depth: usize) -> Vec<Entry> {
        let mut out: Vec<Entry> = Vec::new();
        while let Some(line) = self.peek().filter(|l| l.indent >= indent) {
            self.next += 1;
            let colon = line.text.find(": ").or_else(|| line.text.strip_suffix(':').map(str::len));
            let key = colon.and_then(|at| line.text.get(..at)).map(|k| k.trim().trim_matches(['"', '\'']));
            let (Some(colon), Some(key)) = (colon, key.filter(|k| !k.is_empty() && line.indent == indent)) else {
                self.refuse(line, "is not `key: value`");
                continue;
            };
            let key_span = line.at..line.at + colon;
            if out.iter().any(|e| e.key == key) {
                self.fault(key_span.clone(), format!("\"{key}\" is given twice"));
                continue;
            }
            let rest = line.text.get(colon + 1..).unwrap_or("");
            let blank = rest.len() - rest.trim_start().len();
            let node = if rest.trim().is_empty() || rest.trim().starts_with('#') {
                self.below(indent, depth, &key_span)
            } else {
                self.scalar(rest.trim(), line.at + colon + 1 + blank)
            };
            out.push(Entry { key: key.to_owned(), key_span, node });
        }
        out
    }

    /// What stands below `key:`.
    fn below(&mut self, indent: usize, depth: usize, key: &Range<usize>) -> Node {
        let value = match self.peek() {
            Some(line) if line.indent >= indent && is_item(line.text) => self.list(line.indent, depth + 1),
            Some(line) if line.indent > indent && depth < DEPTH => Value::Table(self.table(line.indent, depth + 1)),
            _ => Value::Cell(String::new()),
        };
        Node { value, span: key.clone() }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Value {
        let mut nodes = Vec::new();
        while let Some(line) = self.peek().filter(|l| l.indent == indent && is_item(l.text)) {
            let rest = line.text.get(1..).unwrap_or("");
            let blank = 1 + rest.len() - rest.trim_start().len();
            let (text, at) = (rest.trim(), line.at + blank);
            let span = at..at + text.len();
            let quoted = text.starts_with(['"', '\'', '[']);
            if !quoted && (text.contains(": ") || text.ends_with(':')) && depth < DEPTH {
                // The item is a table: its first line stands behind the dash.
                if let Some(slot) = self.lines.get_mut(self.next) {
                    *slot = Line { indent: indent + blank, text, at };
                }
                let value = Value::Table(self.table(indent + blank, depth + 1));
                nodes.push(Node { value, span });
            } else {
                self.next += 1;
                nodes.push(self.scalar(text, at));
            }
        }
        Value::List(nodes)
    }

    fn scalar(&mut self, text: &str, at: usize) -> Node {
        if let Some(inner) = text.strip_prefix('[') {
            let Some(inner) = uncommented(inner).strip_suffix(']') else {
                self.fault(at..at + text.len(), "this list is not closed on its line".to_owned());
                return Node { value: Value::List(Vec::new()), span: at..at + text.len() };
            };
            let mut from = at + 1;
            let mut nodes = Vec::new();
            for item in split(inner) {
                let blank = item.len() - item.trim_start().len();
                if !item.trim().is_empty() {
                    nodes.push(self.plain(item.trim(), from + blank));
                }
                from += item.len() + 1;
            }
            return Node { value: Value::List(nodes), span: at..at + text.len() };
        }
        self.plain(text, at)
    }

    fn plain(&mut self, text: &str, at: usize) -> Node {
        let span = at..at + text.len();
        let cell = |text: &str| Node { value: Value::Cell(text.to_owned()), span: span.clone() };
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote {
            let inner = uncommented(text).get(1..).and_then(|t| t.strip_suffix(quote));
            let read = inner.and_then(|t| if quote == '"' { unescaped(t) } else { single(t) });
            return match read {
                Some(read) => cell(&read),
                None => {
                    self.fault(span.clone(), "this text in quotes cannot be read".to_owned());
                    cell("")
                }
            };
        }
        if text.starts_with(['|', '>', '{', '&', '*', '!', '%', '@', '`', '[', ']']) {
            self.fault(span.clone(), format!("\"{text}\" is a form of YAML that is not read here"));
            return cell("");
        }
        let text = text.split(" #").next().unwrap_or("").trim_end();
        cell(if matches!(text, "~" | "null") { "" } else { text })
    }
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Without a comment behind what is closed.
fn uncommented(text: &str) -> &str {
    let end = text.rfind(['"', '\'', ']']).map_or(text.len(), |at| at + 1);
    let (head, tail) = text.split_at(end);
    if tail.trim().is_empty() || tail.trim_start().starts_with('#') { head } else { text }
}

/// Items between commas that stand outside of quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut out, mut from, mut open) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        match (open, c) {
            (None, '"' | '\'') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            (None, ',') => {
                out.push(text.get(from..at).unwrap_or(""));
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(text.get(from..).unwrap_or(""));
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                c @ ('"' | '\\' | '/') => c,
                _ => return None,
            }),
            '"' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

fn single(text: &str) -> Option<String> {
    let doubled = text.replace("''", "\u{0}");
    (!doubled.contains('\'')).then(|| doubled.replace('\u{0}', "'"))
}
