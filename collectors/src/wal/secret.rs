//! Files with secrets that lie beside logs of WAL-G and WAL-E: configurations, the files of an `envdir`, and logs that
//! list the environment (old versions of WAL-G at the level DEVEL). Only beginnings of files are looked at.

use crate::record::{is_record_name, names_secret};

/// The variable whose value a file holds. Run records are none: their secrets are removed, not they.
pub(crate) fn held(name: &str, head: &[u8]) -> Option<String> {
    if is_record_name(name) {
        return None;
    }
    let file = name.rsplit('/').next().unwrap_or(name);
    if is_variable(file) && names_secret(file) {
        return Some(file.to_owned());
    }
    String::from_utf8_lossy(head).lines().find_map(set).map(str::to_owned)
}

/// The variable that a line sets: `NAME=value` at the end of a message, or `NAME: value` and `"NAME": "value"` alone.
fn set(line: &str) -> Option<&str> {
    let at = line.find(['=', ':'])?;
    let named = |at: usize, alone: bool| {
        let before = line.get(..at)?.trim_end().trim_end_matches('"');
        let begin = before.rfind(|c: char| !variable_letter(c)).map_or(0, |b| b + 1);
        let name = before.get(begin..)?;
        let lead = before.get(..begin)?;
        let value = line.get(at + 1..)?.trim().trim_matches(['"', '\'', ',']);
        let placed = !alone || lead.chars().all(|c| c.is_whitespace() || "{\",-".contains(c));
        (placed && is_variable(name) && names_secret(name) && !matches!(value, "" | "null" | "--HIDDEN--"))
            .then_some(name)
    };
    named(at, line.get(at..).is_some_and(|rest| rest.starts_with(':')))
        .or_else(|| line.find('=').and_then(|at| named(at, false)))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(variable_letter)
}

fn variable_letter(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::held;

    #[test]
    fn variables_with_secrets() {
        for (name, text) in [
            ("walg.json", "{\"AWS_SECRET_ACCESS_KEY\": \"x\"}"),
            ("walg.json", "{\n  \"PGHOST\": \"a\",\n  \"WALG_LIBSODIUM_KEY\": \"x\",\n}"),
            ("walg.yaml", "PGHOST: a\nPGPASSWORD: x\n"),
            ("env.sh", "export PGPASSWORD=x\n"),
            (
                "push.log",
                "DEBUG: 2026/10/01 02:00:00.1 --- COMPILED ENVIRONMENT VARS ---\nDEBUG: 2026/10/01 02:00:00.2 AWS_SECRET_ACCESS_KEY=x\n",
            ),
            ("env/AWS_SECRET_ACCESS_KEY", "x"),
        ] {
            assert!(held(name, text.as_bytes()).is_some(), "{name}: {text}");
        }
        for (name, text) in [
            (
                "push.log",
                "DEBUG: 2026/10/01 02:00:00.1 --- COMPILED ENVIRONMENT VARS ---\n\tAWS_SECRET_ACCESS_KEY=--HIDDEN--\n\tPGHOST=a\n",
            ),
            ("push.log", "ERROR: 2026/10/01 02:00:00.1 AWS_SECRET_ACCESS_KEY is not set: stopped\n"),
            ("runs.json", "{\"env\":{\"PGPASSWORD\":\"x\"}}"),
            ("wal_005/000000010000000000000005.lz4", "x"),
            ("a.json", "{\"IsPermanent\": false, \"CURRENT_KEY\": \"\"}"),
            ("env/AWS_ACCESS_KEY_ID", "x"),
        ] {
            assert_eq!(held(name, text.as_bytes()), None, "{name}: {text}");
        }
    }
}
