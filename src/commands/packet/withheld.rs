//! The list of objects that a packet leaves out.

use std::collections::BTreeMap;
use std::path::Path;

use crate::failure::Failure;

/// Reads lines of a SHA-256 and a reason; empty lines and those that begin with `#` are passed over.
///
/// # Errors
/// Names the first line that is not of this form, is there twice, or lacks its reason.
pub fn read(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display()), "name a readable text file"))?;
    parse(&text).map_err(|(line, what)| {
        Failure::usage(
            format!("{}, line {line}: {what}", path.display()),
            "write the SHA-256 of an object, a space, and why it is left out",
        )
    })
}

fn parse(text: &str) -> Result<BTreeMap<String, String>, (usize, &'static str)> {
    let mut out = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
        let (digest, reason) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        if digest.len() != 64 || !digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err((at + 1, "does not begin with 64 lower-case hexadecimal digits"));
        }
        if reason.trim().is_empty() {
            return Err((at + 1, "no reason"));
        }
        if out.insert(digest.to_owned(), reason.trim().to_owned()).is_some() {
            return Err((at + 1, "names an object twice"));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn each_line_is_a_hash_and_a_reason() {
        let digest = "ab".repeat(32);
        let read = parse(&format!("# outside counsel\n\n{digest}  names of customers\n")).unwrap();
        assert_eq!(read.get(&digest).unwrap(), "names of customers");
        for (text, line) in [
            (digest.clone(), 1),
            (format!("\n{digest} "), 2),
            (format!("{digest} a\n{digest} b"), 2),
            ("ABCD why".to_owned(), 1),
            (format!("{} why", digest.to_uppercase()), 1),
        ] {
            assert_eq!(parse(&text).unwrap_err().0, line, "{text}");
        }
    }
}
