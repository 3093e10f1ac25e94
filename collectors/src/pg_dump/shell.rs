//! Shell lines, as far as pipes, lists and redirections decide what an exit code means.

/// One simple command.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) words: Vec<String>,
    /// `< file`
    pub(super) reads: Option<String>,
    /// `> file`
    pub(super) writes: Option<String>,
    /// Operator that ends it; empty at the end of the line.
    pub(super) then: &'static str,
}

/// Splits a shell line into simple commands. Quotes and backslashes are undone; variables stay as written.
pub(super) fn segments(line: &str) -> Vec<Segment> {
    let mut out = vec![Segment::default()];
    let mut word = String::new();
    let mut quoted = false;
    let mut redirect: Option<bool> = None;
    let mut chars = line.chars().peekable();
    let finish = |word: &mut String, quoted: &mut bool, redirect: &mut Option<bool>, out: &mut Vec<Segment>| {
        if word.is_empty() && !*quoted {
            return;
        }
        let text = std::mem::take(word);
        *quoted = false;
        let Some(last) = out.last_mut() else { return };
        match redirect.take() {
            Some(true) => last.writes = Some(text),
            Some(false) => last.reads = Some(text),
            None => last.words.push(text),
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                quoted = true;
                word.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                quoted = true;
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => word.extend(chars.next()),
                        _ => word.push(c),
                    }
                }
            }
            '\\' => word.extend(chars.next().filter(|c| *c != '\n')),
            '>' | '<' => {
                let descriptor = word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty() || word == "&";
                let stderr = word == "2";
                if descriptor {
                    word.clear();
                }
                finish(&mut word, &mut quoted, &mut redirect, &mut out);
                while chars.next_if(|n| *n == '>' || *n == '<').is_some() {}
                if chars.next_if_eq(&'&').is_some() || stderr {
                    // `2>&1`, `2>errors`: not where the dump goes.
                    while chars.next_if_eq(&' ').is_some() {}
                    while chars.next_if(|n| !n.is_whitespace() && !";|&".contains(*n)).is_some() {}
                } else {
                    redirect = Some(c == '>');
                }
            }
            '|' | '&' | ';' | '\n' => {
                finish(&mut word, &mut quoted, &mut redirect, &mut out);
                let double = c != '\n' && c != ';' && chars.next_if_eq(&c).is_some();
                // `|&` is a pipe; `&>` a redirection of both streams.
                if c == '|' && !double {
                    chars.next_if_eq(&'&');
                }
                let operator = match (c, double) {
                    ('|', true) => "||",
                    ('|', false) => "|",
                    ('&', true) => "&&",
                    ('&', false) => "&",
                    _ => ";",
                };
                if let Some(last) = out.last_mut().filter(|s| !s.words.is_empty()) {
                    last.then = operator;
                    out.push(Segment::default());
                }
            }
            c if c.is_whitespace() => finish(&mut word, &mut quoted, &mut redirect, &mut out),
            _ => word.push(c),
        }
    }
    finish(&mut word, &mut quoted, &mut redirect, &mut out);
    if out.len() > 1 && out.last().is_some_and(|s| s.words.is_empty()) {
        out.pop();
        if let Some(last) = out.last_mut().filter(|s| s.then == ";") {
            last.then = "";
        }
    }
    out
}
