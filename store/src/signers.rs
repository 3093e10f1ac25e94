//! Checking signatures, and the list of who may sign.
//!
//! The list has the form of OpenSSH's `allowed_signers` (`ssh-keygen(1)`, ALLOWED SIGNERS), so that
//! the same file serves `ssh-keygen -Y verify`. Lines that hold nothing but a public key, as in a
//! `.pub` file, are taken as well. Only `ssh-ed25519` keys can sign here; other keys and
//! certificate authorities in the list are passed over, so nothing they sign is accepted.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use model::time::Instant;
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, LineEnding, PublicKey, SshSig};

/// Who may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigners(Vec<Allowed>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    principals: String,
    key: KeyData,
    namespaces: Option<String>,
    valid_after: Option<Instant>,
    valid_before: Option<Instant>,
}

/// A list of signers that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowedSignersError {
    /// A line that can't be read.
    #[error("allowed signers, line {line}: {message}")]
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong and what to write.
        message: String,
    },
    /// No key in it can sign.
    #[error("allowed signers: no ssh-ed25519 key in it; write lines such as `audit@example.com ssh-ed25519 AAAA…`")]
    Empty,
}

/// Whose signature it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedBy {
    /// Fingerprint of the key as `ssh-keygen -l` shows it: `SHA256:…`.
    pub fingerprint: String,
    /// Principals that the list of allowed signers gives for the key; `None` where no list was
    /// given, and the key is then only the one that the signature itself names.
    pub principals: Option<String>,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Not a signature that this version reads.
    #[error("not an SSH signature by an Ed25519 key ({0})")]
    Unreadable(String),
    /// A signature of something else.
    #[error("does not belong to these bytes: they, or the signature, were changed")]
    Mismatch,
    /// A signature for another purpose.
    #[error("made for the namespace {found:?}, not for {wanted:?}")]
    Namespace {
        /// The one it names.
        found: String,
        /// The one needed.
        wanted: String,
    },
    /// The key is not in the list, or the list does not let it sign this.
    #[error("made by the key {fingerprint}, {reason}")]
    NotAllowed {
        /// The key.
        fingerprint: String,
        /// Why it may not.
        reason: &'static str,
    },
}

impl AllowedSigners {
    /// Reads a list of allowed signers, or public keys, one a line.
    ///
    /// Options `namespaces`, `valid-after`, `valid-before` and `cert-authority` are known. Times
    /// must end in `Z`: OpenSSH reads others in the zone of the machine that verifies.
    ///
    /// # Errors
    /// Names the first line that can't be read; refuses a list without any `ssh-ed25519` key.
    pub fn parse(text: &str) -> Result<Self, AllowedSignersError> {
        let mut allowed = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line_error = |message: String| AllowedSignersError::Line { line: at + 1, message };
            let trimmed = line.trim();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                allowed.extend(Allowed::parse(trimmed).map_err(line_error)?);
            }
        }
        if allowed.is_empty() { Err(AllowedSignersError::Empty) } else { Ok(Self(allowed)) }
    }

    /// A list of one key, with its comment as the principal.
    pub(crate) fn of_key(key: &PublicKey) -> Self {
        Self(vec![Allowed {
            principals: key.comment().to_owned(),
            key: key.key_data().clone(),
            namespaces: None,
            valid_after: None,
            valid_before: None,
        }])
    }

    fn principals(&self, key: &KeyData, namespace: &str, at: Instant) -> Result<&str, &'static str> {
        let mut reason = "which is not among the allowed signers";
        for entry in self.0.iter().filter(|entry| entry.key == *key) {
            if entry.namespaces.as_ref().is_some_and(|patterns| !matches_list(patterns, namespace)) {
                reason = "which the list of allowed signers does not allow for this namespace";
            } else if entry.valid_after.is_some_and(|t| at < t) || entry.valid_before.is_some_and(|t| at > t) {
                reason = "which the list of allowed signers does not allow at that time";
            } else {
                return Ok(&entry.principals);
            }
        }
        Err(reason)
    }
}

impl Allowed {
    /// `None` for keys that can't sign here.
    fn parse(line: &str) -> Result<Option<Self>, String> {
        let words = split_quoted(line, char::is_whitespace)?;
        let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
        let is_kind = |w: &&str| ["ssh-", "sk-", "ecdsa-"].iter().any(|p| w.starts_with(p)) && !w.contains(['=', '@']);
        let form = "write `principals [options] ssh-ed25519 AAAA…`, or a public key";
        // A principal may look like a kind of key, a base64 text never does: the last one counts.
        let at = words.iter().take(3).rposition(|w| is_kind(w) || *w == "sk-ssh-ed25519@openssh.com");
        let (Some(at), Some(kind)) = (at, at.and_then(|at| words.get(at))) else {
            return Err(format!("no key found; {form}"));
        };
        let mut entry = Self {
            principals: String::new(),
            key: KeyData::Ed25519(ssh_key::public::Ed25519PublicKey([0; 32])),
            namespaces: None,
            valid_after: None,
            valid_before: None,
        };
        let authority = match words.get(1).filter(|_| at == 2) {
            Some(options) => entry.options(options)?,
            None => false,
        };
        if authority || *kind != "ssh-ed25519" {
            return Ok(None);
        }
        let blob = words.get(at + 1).ok_or_else(|| format!("the key is missing; {form}"))?;
        let key = PublicKey::from_openssh(&format!("{kind} {blob}"))
            .map_err(|e| format!("not a public key ({e}); {form}"))?;
        entry.key = key.key_data().clone();
        entry.principals = match words.first().filter(|_| at > 0) {
            Some(principals) => principals.trim_matches('"').to_owned(),
            None => words.get(at + 2..).unwrap_or_default().join(" "),
        };
        Ok(Some(entry))
    }

    /// True for a certificate authority.
    fn options(&mut self, options: &str) -> Result<bool, String> {
        let mut authority = false;
        for option in split_quoted(options, |c| c == ',')? {
            let (name, value) = option.split_once('=').map_or((option, ""), |(n, v)| (n, v.trim_matches('"')));
            match name.to_ascii_lowercase().as_str() {
                "cert-authority" => authority = true,
                "namespaces" => self.namespaces = Some(value.to_owned()),
                "valid-after" => self.valid_after = Some(stamp(value)?),
                "valid-before" => self.valid_before = Some(stamp(value)?),
                _ => return Err(format!("unknown option {name:?}")),
            }
        }
        Ok(authority)
    }
}

/// Checks a signature over `bytes`; `armored` is the text of the `.sig` file.
///
/// Without `allowed` the signature is checked against the key that it names itself, which shows
/// only that one key signed. `at` is compared with `valid-after` and `valid-before` of the list;
/// give the time that the signed document states. Whoever holds the key can state any time, so
/// remove stolen keys from the list altogether.
///
/// # Errors
/// See [`SignatureFault`].
pub fn verify_signature(
    namespace: &str,
    bytes: &[u8],
    armored: &[u8],
    allowed: Option<&AllowedSigners>,
    at: Instant,
) -> Result<SignedBy, SignatureFault> {
    let unreadable = |e: ssh_key::Error| SignatureFault::Unreadable(e.to_string());
    let signature = SshSig::from_pem(armored).map_err(unreadable)?;
    if signature.version() != SshSig::VERSION {
        return Err(SignatureFault::Unreadable(format!("version {}", signature.version())));
    }
    if !matches!(signature.public_key(), KeyData::Ed25519(_)) {
        return Err(SignatureFault::Unreadable(format!("a key of the kind {}", signature.algorithm())));
    }
    // One text for one signature: a second spelling of it was not written by a signer.
    if signature.to_pem(LineEnding::LF).map_err(unreadable)?.as_bytes() != armored {
        return Err(SignatureFault::Unreadable("the text was changed since it was written".to_owned()));
    }
    if signature.namespace() != namespace {
        let found = signature.namespace().to_owned();
        return Err(SignatureFault::Namespace { found, wanted: namespace.to_owned() });
    }
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(namespace, bytes, &signature).map_err(|_| SignatureFault::Mismatch)?;
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let principals = match allowed.map(|list| list.principals(key.key_data(), namespace, at)) {
        Some(Ok(principals)) => Some(principals.to_owned()),
        Some(Err(reason)) => return Err(SignatureFault::NotAllowed { fingerprint, reason }),
        None => None,
    };
    Ok(SignedBy { fingerprint, principals })
}

/// Splits at separators outside double quotes.
fn split_quoted(text: &str, separator: impl Fn(char) -> bool) -> Result<Vec<&str>, String> {
    let mut quoted = false;
    let parts = text
        .split(|c: char| {
            quoted ^= c == '"';
            !quoted && separator(c)
        })
        .collect();
    if quoted { Err("a quotation mark is not closed".to_owned()) } else { Ok(parts) }
}

/// A time of `allowed_signers`: `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`.
fn stamp(text: &str) -> Result<Instant, String> {
    let bad = || format!("{text:?} is not a time in UTC; write YYYYMMDDZ or YYYYMMDDHHMMSSZ");
    let digits = text.strip_suffix('Z').filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or_else(bad)?;
    let local = match digits.len() {
        8 => NaiveDate::parse_from_str(digits, "%Y%m%d").map(|day| day.and_time(NaiveTime::MIN)),
        12 => NaiveDateTime::parse_from_str(&format!("{digits}00"), "%Y%m%d%H%M%S"),
        14 => NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S"),
        _ => return Err(bad()),
    };
    Ok(local.map_err(|_| bad())?.and_utc())
}

/// OpenSSH pattern list: comma-separated, `*` and `?`, `!` excludes whatever else matches.
fn matches_list(patterns: &str, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches_pattern(pattern, text) => return false,
            Some(_) => {}
            None => found |= matches_pattern(pattern, text),
        }
    }
    found
}

/// `*` stands for any text, `?` for one character.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    // Ends of `text` reached by the pattern so far, so that many `*` do not take for ever.
    let text: Vec<char> = text.chars().collect();
    let mut reached: BTreeSet<usize> = BTreeSet::from([0]);
    for p in pattern.chars() {
        reached = match p {
            '*' => reached.first().map(|first| (*first..=text.len()).collect()).unwrap_or_default(),
            p => reached
                .iter()
                .filter(|at| text.get(**at).is_some_and(|c| p == '?' || *c == p))
                .map(|at| at + 1)
                .collect(),
        };
    }
    reached.contains(&text.len())
}
