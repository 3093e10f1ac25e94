//! Faults as text.

use std::fmt::Write;

use super::Fault;

/// Longest part of a line that is shown, in characters.
const SHOWN: usize = 110;

struct Paint {
    red: &'static str,
    bold: &'static str,
    dim: &'static str,
    off: &'static str,
}

const PLAIN: Paint = Paint { red: "", bold: "", dim: "", off: "" };
const COLOR: Paint = Paint { red: "\u{1b}[31m", bold: "\u{1b}[1m", dim: "\u{1b}[2m", off: "\u{1b}[0m" };

pub fn faults(faults: &[Fault], color: bool) -> String {
    let paint = if color { &COLOR } else { &PLAIN };
    let mut out = String::new();
    for (n, fault) in faults.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = one(&mut out, fault, paint);
    }
    out
}

fn one(out: &mut String, fault: &Fault, paint: &Paint) -> std::fmt::Result {
    let Paint { red, bold, dim, off } = paint;
    let place = format!("{}:{}:{}", safe(&fault.file), fault.line, fault.column);
    writeln!(out, "{bold}{place}{off}: {red}{}{off}", safe(&fault.message))?;
    if let Some(line) = &fault.excerpt {
        let number = fault.line.to_string();
        let gap = " ".repeat(number.len());
        // A long line is cut on both sides, so that the mark stays in view.
        let first = if fault.column > SHOWN { fault.column - SHOWN / 2 } else { 1 };
        let shown: String = line.chars().skip(first - 1).take(SHOWN).collect();
        let cut = if first > 1 { "…" } else { "" };
        let room = (shown.chars().count() + 1).saturating_sub(fault.column - first).max(1);
        let mark = "^".repeat(fault.width.min(room));
        let indent = " ".repeat(fault.column - first + cut.chars().count());
        writeln!(out, " {dim}{number} |{off} {cut}{}", safe(&shown))?;
        writeln!(out, " {gap} {dim}|{off} {indent}{red}{mark}{off}")?;
    }
    if let Some(help) = &fault.help {
        writeln!(out, "   {bold}help:{off} {}", safe(help))?;
    }
    Ok(())
}

/// Text from a file with everything that a terminal or a log would obey made visible. One
/// character stays one character, so that marks stay under what they mark.
fn safe(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if obeyed(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
