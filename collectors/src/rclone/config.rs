//! Which remotes encrypt: from `rclone config redacted` (or a configuration without secrets) and `listremotes --long`.

use std::collections::BTreeMap;

/// Settings that hold no secret. All others may.
const PLAIN: &[&str] = &[
    "type",
    "remote",
    "remotes",
    "upstreams",
    "provider",
    "region",
    "endpoint",
    "location_constraint",
    "acl",
    "env_auth",
    "storage_class",
    "server_side_encryption",
    "filename_encryption",
    "directory_name_encryption",
    "host",
    "port",
    "user",
    "nounc",
    "copy_links",
    "hashes",
    "mode",
    "chunk_size",
];

/// A remote, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remote {
    pub kind: String,
    /// What it wraps.
    pub wraps: Option<String>,
}

/// Remotes by name.
pub(super) type Remotes = BTreeMap<String, Remote>;

/// True for the first bytes of a configuration with settings that can be secrets and are not redacted, or that goes on
/// behind these bytes.
pub(super) fn may_hold_secrets(head: &[u8]) -> bool {
    const WHOLE: usize = 8192;
    let text = String::from_utf8_lossy(head);
    if text.contains("RCLONE_ENCRYPT_V") {
        return true;
    }
    if !is_config(&text) {
        return false;
    }
    let open = text.lines().filter_map(setting).any(|(key, value)| {
        let told = value.is_empty() || value == "XXX" || PLAIN.contains(&key);
        !told || value.contains("pass=") || value.contains("secret") || value.contains("key=")
    });
    open || (head.len() >= WHOLE && !text.contains("= XXX"))
}

/// True for an INI text whose sections have a `type`.
pub(super) fn is_config(text: &str) -> bool {
    text.lines().any(|l| section(l).is_some()) && text.lines().filter_map(setting).any(|(key, _)| key == "type")
}

fn section(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']').filter(|name| !name.contains(['"', '{', ':']))
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(" = ").or_else(|| line.split_once('='))?;
    let key = key.trim();
    let name = !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    name.then_some((key, value.trim()))
}

/// Reads a configuration into `remotes`.
#[derive(Debug, Default)]
pub(super) struct Reader {
    name: Option<String>,
}

impl Reader {
    /// Takes a line.
    pub fn line(&mut self, line: &str, remotes: &mut Remotes) {
        if let Some(name) = section(line) {
            self.name = Some(name.to_owned());
        } else if let (Some(name), Some((key, value))) = (&self.name, setting(line)) {
            match key {
                "type" => remotes.entry(name.clone()).or_default().kind = value.to_owned(),
                "remote" => remotes.entry(name.clone()).or_default().wraps = Some(value.to_owned()),
                _ => {}
            }
        }
    }
}

/// A line of `listremotes --long`: `vault:   crypt`.
pub(super) fn listed(line: &str) -> Option<(String, Remote)> {
    let (name, kind) = line.split_once(':')?;
    let (name, kind) = (name.trim(), kind.trim());
    let word = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_alphanumeric() || "_-+@. ".contains(c));
    let long = word(name) && !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    long.then(|| (name.to_owned(), Remote { kind: kind.to_owned(), wraps: None }))
}

/// True where data at this destination passes a crypt remote.
pub(super) fn encrypts(destination: &str, remotes: &Remotes) -> bool {
    let mut place = destination;
    // Remotes that wrap others; a circle of them is not followed for ever.
    for _ in 0..8 {
        if let Some(inline) = place.strip_prefix(':') {
            return inline.split([',', ':']).next() == Some("crypt");
        }
        let Some((name, _)) = place.split_once(':') else { return false };
        match remotes.get(name) {
            Some(remote) if remote.kind == "crypt" => return true,
            Some(Remote { kind, wraps: Some(inner) })
                if matches!(kind.as_str(), "alias" | "compress" | "chunker" | "hasher" | "cache") =>
            {
                place = inner;
            }
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_with_secrets_are_told() {
        let open = b"[vault]\ntype = crypt\nremote = s3:x\npassword = abc\n";
        assert!(may_hold_secrets(open));
        assert!(may_hold_secrets(b"# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc"));
        assert!(may_hold_secrets(b"[s]\ntype = alias\nremote = :sftp,host=h,pass=x:/d\n"));
        assert!(!may_hold_secrets(b"[vault]\ntype = crypt\nremote = s3:x\npassword = XXX\n"));
        assert!(!may_hold_secrets(b"[a]\ntype = alias\nremote = /srv\n"));
        assert!(!may_hold_secrets(b"2026/11/22 22:34:26 INFO  : a=b: Copied (new)\n"));
    }

    #[test]
    fn wrapped_remotes_encrypt() {
        let mut remotes = Remotes::new();
        let mut reader = Reader::default();
        for line in "[v]\ntype = crypt\nremote = s:x\n[a]\ntype = alias\nremote = v:sub\n[s]\ntype = s3\n[o]\ntype = alias\nremote = o:".lines() {
            reader.line(line, &mut remotes);
        }
        for (place, wanted) in
            [("v:d", true), ("a:", true), ("s:d", false), ("/x", false), ("o:", false), (":crypt,remote=x:", true)]
        {
            assert_eq!(encrypts(place, &remotes), wanted, "{place}");
        }
        assert_eq!(listed("vault:   crypt").unwrap().1.kind, "crypt");
        assert!(listed("vault:").is_none() && listed("2026/11/22 22:34:26 INFO  : x").is_none());
    }
}
