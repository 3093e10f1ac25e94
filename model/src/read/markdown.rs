//! Parts of Markdown that hold data: front matter, headings with what stands below them, tables.

use std::ops::Range;

/// Front matter of a text: its fence, and where it stands (without the fences).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontMatter {
    /// `---` (YAML) or `+++` (TOML).
    pub fence: &'static str,
    /// `None` where the closing fence is missing.
    pub range: Option<Range<usize>>,
}

/// The front matter that a text begins with.
#[must_use]
pub fn front_matter(text: &str) -> Option<FrontMatter> {
    let first = text.lines().next()?.trim_start_matches('\u{feff}').trim_end();
    let fence = ["---", "+++"].into_iter().find(|f| first == *f)?;
    let from = text.find('\n')? + 1;
    let mut at = from;
    for line in text.get(from..)?.split_inclusive('\n') {
        let trimmed = line.trim_end();
        if trimmed == fence || (fence == "---" && trimmed == "...") {
            return Some(FrontMatter { fence, range: Some(from..at) });
        }
        at += line.len();
    }
    Some(FrontMatter { fence, range: None })
}

/// A heading of level two or more, and what stands below it up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'t> {
    /// Text of the heading.
    pub heading: &'t str,
    /// Byte offset of its line.
    pub at: usize,
    /// Line of the heading, from 1.
    pub line: usize,
    /// Lines below it, with their offsets.
    pub lines: Vec<(usize, &'t str)>,
}

/// The sections of a text, as issue forms write them. What stands before the first heading is in none.
#[must_use]
pub fn sections(text: &str) -> Vec<Section<'_>> {
    let mut out: Vec<Section<'_>> = Vec::new();
    let mut at = 0;
    for (n, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end_matches(['\n', '\r']);
        let heading = line.trim_start().strip_prefix("##").map(|rest| rest.trim_start_matches('#'));
        if let Some(heading) = heading.filter(|rest| rest.starts_with(' ')) {
            out.push(Section { heading: heading.trim(), at, line: n + 1, lines: Vec::new() });
        } else if let Some(open) = out.last_mut() {
            open.lines.push((at, line));
        }
        at += whole.len();
    }
    out
}

/// What a field of a form was filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A single box, checked or not.
    Flag(bool),
    /// Checked boxes, or items of a list.
    List(Vec<String>),
    /// Text, its lines joined.
    Text(String),
}

/// The answer in the lines below a heading; none where GitHub writes `_No response_`.
#[must_use]
pub fn answer(lines: &[(usize, &str)]) -> Option<Answer> {
    let lines: Vec<&str> = lines
        .iter()
        .map(|(_, l)| l.trim())
        .filter(|l| !l.is_empty() && !l.starts_with("```") && *l != "_No response_")
        .collect();
    let boxed = |line: &&str| {
        let rest = line.strip_prefix("- [")?;
        let (mark, label) = rest.split_once(']')?;
        Some((mark.eq_ignore_ascii_case("x"), label.trim().to_owned()))
    };
    let boxes: Vec<(bool, String)> = lines.iter().filter_map(boxed).collect();
    match (&lines[..], &boxes[..]) {
        ([], _) => None,
        (_, [(checked, _)]) if lines.len() == 1 => Some(Answer::Flag(*checked)),
        (_, [_, ..]) if boxes.len() == lines.len() => {
            Some(Answer::List(boxes.into_iter().filter(|(checked, _)| *checked).map(|(_, label)| label).collect()))
        }
        _ if lines.len() > 1 && lines.iter().all(|l| item(l).is_some()) => {
            Some(Answer::List(lines.iter().filter_map(|l| item(l)).map(str::to_owned).collect()))
        }
        _ => Some(Answer::Text(lines.join(" "))),
    }
}

/// Text of an item of a Markdown list.
fn item(line: &str) -> Option<&str> {
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map(str::trim)
}

/// A cell and its offset.
pub type Cell<'t> = (usize, &'t str);

/// The rows of a table (`| a | b |`), its header first; without the line of dashes.
#[must_use]
pub fn table<'t>(lines: &[(usize, &'t str)]) -> Vec<Vec<Cell<'t>>> {
    let cells = |(at, line): &(usize, &'t str)| -> Option<Vec<Cell<'t>>> {
        let inner = line.trim().strip_prefix('|')?;
        let inner = inner.strip_suffix('|').unwrap_or(inner);
        let mut from = at + (line.len() - line.trim_start().len()) + 1;
        let mut out = Vec::new();
        for cell in inner.split('|') {
            out.push((from, cell.trim()));
            from += cell.len() + 1;
        }
        Some(out)
    };
    let ruled = |row: &Vec<Cell<'t>>| row.iter().all(|(_, c)| !c.is_empty() && c.chars().all(|c| c == '-' || c == ':'));
    lines.iter().filter_map(cells).filter(|row| !ruled(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_cells_with_places() {
        let text = "| Role | Who |\n|---|:--|\n| ciso | Ada |\nprose";
        let mut at = 0;
        let lines: Vec<(usize, &str)> = text
            .split_inclusive('\n')
            .map(|l| {
                at += l.len();
                (at - l.len(), l.trim_end())
            })
            .collect();
        let rows = table(&lines);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].iter().map(|c| c.1).collect::<Vec<_>>(), ["ciso", "Ada"]);
        assert!(text[rows[1][1].0..].trim_start().starts_with("Ada"));
    }

    #[test]
    fn front_matter_ends_at_its_own_fence() {
        let text = "---\na: 1\n+++\n---\nbody";
        let front = front_matter(text).unwrap();
        assert_eq!((front.fence, &text[front.range.unwrap()]), ("---", "a: 1\n+++\n"));
        assert_eq!(front_matter("+++\na = 1\n").unwrap().range, None);
        assert_eq!(front_matter("a\n---\n"), None);
        assert_eq!(front_matter("\u{feff}---\r\n---\r\n").unwrap().range, Some(8..8));
    }
}
