//! Lists of files with their hashes (`manifest-sha256.txt`, RFC 8493 section 2.1.3), in the one form that is written.
//!
//! A line is the SHA-256 in lower-case hexadecimal, two spaces, the name and a line feed; names ascend. `sha256sum -c`
//! reads more forms than this one. They are refused here: who changes a list without changing what `sha256sum` makes
//! of it has changed it all the same.

use crate::layout;

/// A list of files: name and SHA-256, ascending by name.
pub(crate) type List = Vec<(String, String)>;

/// The text of a list; `files` ascend by name.
pub(crate) fn write<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    files.map(|(name, digest)| format!("{digest}  {}\n", encoded(name))).collect()
}

/// Reads a list.
///
/// # Errors
/// Names the first line that is not in the form that [`write`] gives, and says why.
pub(crate) fn read(bytes: &[u8]) -> Result<List, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
    let Some(body) = text.strip_suffix('\n') else {
        return Err("its last line does not end: the text was cut or changed".to_owned());
    };
    let mut out = List::new();
    for (at, line) in body.split('\n').enumerate() {
        let fault = |what: &str| format!("line {}: {what}", at + 1);
        let (digest, name) = line.split_once("  ").ok_or_else(|| fault("not a hash, two spaces and a name"))?;
        if !layout::is_digest(digest) {
            return Err(fault("does not begin with a SHA-256 in lower-case hexadecimal"));
        }
        let name = decoded(name).ok_or_else(|| fault("its name is not written as RFC 8493 says"))?;
        match out.last() {
            Some((before, _)) if *before == name => return Err(fault("names a file twice")),
            Some((before, _)) if *before > name => return Err(fault("its name is out of order")),
            _ => out.push((name, digest.to_owned())),
        }
    }
    Ok(out)
}

/// Percent, carriage return and line feed, and only those, are percent-encoded.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The inverse of [`encoded`]; `None` for any other spelling, and for names that lead out of the folder.
fn decoded(name: &str) -> Option<String> {
    let plain = name.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
    (is_inside(&plain) && encoded(&plain) == name).then_some(plain)
}

/// True for a relative path with `/` that stays below its folder.
pub(crate) fn is_inside(name: &str) -> bool {
    name.split('/').all(|part| !matches!(part, "" | "." | "..")) && !name.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let digest = "0".repeat(64);
        let files = [("data/50%.csv", digest.as_str()), ("data/a b", &digest), ("data/é\n", &digest)];
        let text = write(files.into_iter());
        assert!(text.contains("  data/50%25.csv\n") && text.contains("data/é%0A\n"), "{text}");
        let read_back = read(text.as_bytes()).unwrap();
        assert!(read_back.iter().map(|(n, d)| (n.as_str(), d.as_str())).eq(files));
        let line = |name: &str| format!("{digest}  {name}\n");
        for (broken, says) in [
            (text.replace('\n', "\r\n"), "line 1"),
            (text.trim_end().to_owned(), "does not end"),
            (line("data/a") + &line("data/a"), "twice"),
            (line("data/b") + &line("data/a"), "out of order"),
            (line("../a"), "RFC 8493"),
            (line("/a"), "RFC 8493"),
            (line("data//a"), "RFC 8493"),
            (line("data/%41"), "RFC 8493"),
            (line("data/a").to_uppercase(), ""),
            ("A".repeat(64) + "  data/a\n", "lower-case"),
            (digest.clone() + " *data/a\n", "two spaces"),
            (line("data/a") + "\n", "line 2"),
            (String::new(), "does not end"),
        ] {
            match read(broken.as_bytes()) {
                Err(message) => assert!(message.contains(says), "{broken:?}: {message}"),
                Ok(list) => assert!(says.is_empty(), "{broken:?} was read as {list:?}"),
            }
        }
    }
}
