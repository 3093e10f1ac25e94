//! Shell lines, as far as pipes, lists and redirections decide what an exit code means.

/// Programs that are given a line of their own: `bash -c '…'`, `ssh host '…'`.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh", "ssh", "su", "runuser"];

/// One simple command.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    pub(crate) words: Vec<String>,
    /// `< file`
    pub(crate) reads: Option<String>,
    /// `> file`
    pub(crate) writes: Option<String>,
    /// Operator that ends it; empty at the end of the line.
    pub(crate) then: &'static str,
}

/// Splits a shell line into simple commands. Quotes and backslashes are undone; variables stay as written.
pub(crate) fn segments(line: &str) -> Vec<Segment> {
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

/// A call of a program, as far as one shell line tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call<T> {
    /// What the words after the program were read as.
    pub(crate) read: T,
    /// The exit code of the line can be another command's.
    pub(crate) masked: bool,
}

/// The one call of a line, and whether the line's exit code can be another command's. Of several calls only the output
/// can tell what each did.
pub(crate) fn only_call<T>(mut calls: Vec<Call<T>>) -> (Option<T>, bool) {
    match calls.pop() {
        Some(call) if calls.is_empty() => (Some(call.read), call.masked),
        Some(_) => (None, true),
        None => (None, false),
    }
}

/// Every call in a line of a program that `is_program` knows by its file name, and that `read` understands.
/// A user or a folder may be named like the program: of several places in one command the first that
/// `read` understands counts.
pub(crate) fn calls<T>(
    line: &str,
    is_program: &dyn Fn(&str) -> bool,
    read: &dyn Fn(&[String]) -> Option<T>,
) -> Vec<Call<T>> {
    let all = segments(line);
    let pipefail = all.iter().any(|s| s.words.iter().any(|w| w == "pipefail"));
    let mut out = Vec::new();
    for (at, segment) in all.iter().enumerate() {
        let inner = segment.words.iter().position(|w| SHELLS.contains(&file_name(w))).and_then(|shell| {
            segment.words.iter().skip(shell + 1).find(|w| w.contains(char::is_whitespace) && w.len() < line.len())
        });
        if let Some(inner) = inner {
            out.extend(calls(inner, is_program, read));
            continue;
        }
        let found = (0..segment.words.len())
            .filter(|n| segment.words.get(*n).is_some_and(|w| is_program(file_name(w))))
            .find_map(|n| read(segment.words.get(n + 1..).unwrap_or_default()));
        if let Some(found) = found {
            out.push(Call { read: found, masked: masked(all.get(at..).unwrap_or_default(), pipefail) });
        }
    }
    out
}

/// True where the exit code of the whole need not be that of the first of these segments. Behind `&&` a
/// code of 0 is everybody's, and a failure stays one, whosever it is.
fn masked(rest: &[Segment], pipefail: bool) -> bool {
    let last = rest.len().saturating_sub(1);
    rest.iter().take(last).any(|s| match s.then {
        "&&" => false,
        "|" => !pipefail,
        _ => true,
    })
}

/// Last part of a path, without `.exe`.
pub(crate) fn file_name(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Operands and options of a command line whose options are told apart by dashes. `takes_value` says of an
/// option without `=` whether the next word is its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Words that are neither options nor values.
    pub(crate) operands: Vec<String>,
    /// Options as (name with dashes, value); switches have an empty value.
    pub(crate) options: Vec<(String, String)>,
}

impl Arguments {
    /// Sorts the words after a program.
    pub(crate) fn read(words: &[String], takes_value: &dyn Fn(&str) -> bool) -> Self {
        let mut out = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                out.operands.extend(rest.by_ref().cloned());
            } else if !word.starts_with('-') || word == "-" {
                out.operands.push(word.clone());
            } else if let Some((name, value)) = word.split_once('=') {
                out.options.push((name.to_owned(), value.to_owned()));
            } else if takes_value(word) {
                out.options.push((word.clone(), rest.next().cloned().unwrap_or_default()));
            } else {
                out.options.push((word.clone(), String::new()));
            }
        }
        out
    }

    /// True where one of these options is given.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(&name.as_str()))
    }

    /// The value of the last of these options.
    pub(crate) fn value(&self, names: &[&str]) -> Option<&str> {
        self.options.iter().rev().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.as_str())
    }
}

/// A text in which no URL names a user or a password: `sftp://user:secret@host/dir` becomes `sftp://host/dir`.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let word = after.find(|c: char| c.is_whitespace() || "'\"<>`,;".contains(c)).unwrap_or(after.len());
        let (url, behind) = after.split_at(word);
        let authority = url.split('/').next().unwrap_or(url);
        // A secret may hold a slash: then what stands before it is neither a host nor a port.
        let odd = authority.rsplit_once(':').is_some_and(|(_, port)| !port.bytes().all(|b| b.is_ascii_digit()));
        let from = match authority.rfind('@') {
            Some(at) => at + 1,
            None if odd => url.rfind('@').map_or(0, |at| at + 1),
            None => 0,
        };
        out.push_str(url.get(from..).unwrap_or(url));
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<(String, bool)> {
        let read = |words: &[String]| (words.first().map(String::as_str) != Some("no")).then(|| words.join(" "));
        calls(line, &|name| name == "tool", &read).into_iter().map(|c| (c.read, c.masked)).collect()
    }

    #[test]
    fn calls_are_found_and_their_exit_codes_owned() {
        let one = |words: &str, masked: bool| vec![(words.to_owned(), masked)];
        assert_eq!(found("/usr/bin/tool a b"), one("a b", false));
        assert_eq!(
            found("sudo -u tool /opt/tool.exe a"),
            one("/opt/tool.exe a", false),
            "a user of that name is taken"
        );
        assert_eq!(found("tool no; tool a"), one("a", false));
        assert_eq!(found("tool a 2>&1 | tee log"), one("a", true));
        assert_eq!(found("set -o pipefail; tool a | tee log"), one("a", false));
        assert_eq!(found("tool a && echo done"), one("a", false));
        assert_eq!(found("tool a || echo failed"), one("a", true));
        assert_eq!(found("bash -c 'tool \"x y\"' > log"), one("x y", false));
        assert_eq!(found("echo 'tool a'"), vec![]);
        assert_eq!(found("tool a; tool b").len(), 2);
    }

    #[test]
    fn credentials_are_taken_out_of_urls() {
        for (given, wanted) in [
            ("sftp://me:se%2Fcret@host:22//dir", "sftp://host:22//dir"),
            ("at sftp://me:p@ss@host/dir: no", "at sftp://host/dir: no"),
            ("s3://AKIA:abc/def+g@bucket/x", "s3://bucket/x"),
            ("file:///srv/a@b", "file:///srv/a@b"),
            ("ftp://host:21/a@b", "ftp://host:21/a@b"),
            ("two: a://u@h b://i:j@k", "two: a://h b://k"),
        ] {
            assert_eq!(without_credentials(given), wanted);
        }
    }
}
