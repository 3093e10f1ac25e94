//! Names of ciphers as tools write them, and how strong they are.

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// At or above the floor.
    Approved,
    /// Below it.
    Weaker,
    /// The name is not known, or the floor is not.
    Unknown,
}

/// Names in lower case without spaces, `_` and `-`, by how they begin, with the bits of their key; 0 where the
/// algorithm is broken or no encryption at all. The first that fits counts.
///
/// pgBackRest `aes-256-cbc` (repo-cipher-type); S3 `AES256`, `aws:kms`, `aws:kms:dsse` and SSE-C `AES256`; borg modes
/// `repokey`, `keyfile` and their `-blake2` forms, AES-256-CTR, `authenticated` does not encrypt (borg 1.x manual,
/// "More encryption modes"), borg 2 `…-aes-ocb` and `…-chacha20-poly1305`; restic `AES-256-CTR-Poly1305-AES` (restic
/// design, "Keys, Encryption and MAC"); GnuPG `AES256`, `AES192`, `AES`, `TWOFISH`, `CAMELLIA256`, `3DES`, `CAST5`,
/// `BLOWFISH`, `IDEA` (RFC 4880 §9.2); OpenSSL `des-ede3-cbc`, `rc4`; age `X25519` and `ChaCha20-Poly1305`.
const NAMES: &[(&str, u32)] = &[
    ("awskms", 256),
    ("symmetricdefault", 256),
    ("aes256", 256),
    ("aes192", 192),
    ("aes128", 128),
    ("repokey", 256),
    ("keyfile", 256),
    ("authenticated", 0),
    ("xchacha20", 256),
    ("chacha20", 256),
    ("camellia256", 256),
    ("camellia192", 192),
    ("camellia128", 128),
    ("twofish", 256),
    ("serpent256", 256),
    ("3des", 0),
    ("tripledes", 0),
    ("desede3", 0),
    ("des", 0),
    ("rc4", 0),
    ("rc2", 0),
    ("cast5", 0),
    ("blowfish", 0),
    ("idea", 0),
    ("none", 0),
];

/// Key bits of a name; `None` where it is not known. The bare name `AES` says nothing about its key.
fn bits(name: &str) -> Option<u32> {
    let plain: String = name.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    NAMES.iter().find(|(known, _)| plain.starts_with(known)).map(|(_, bits)| *bits)
}

/// Compares a name with the floor of the policy, by the length of the key.
pub fn judge(name: &str, floor: &str) -> Strength {
    match (bits(name), bits(floor)) {
        (Some(own), Some(floor)) if own >= floor => Strength::Approved,
        (Some(_), Some(_)) => Strength::Weaker,
        _ => Strength::Unknown,
    }
}

/// Parts of names, written as for [`NAMES`], of encryption that also tells whether somebody changed the data: authenticated
/// modes, AWS KMS (AES-256-GCM), borg (AES-CTR with HMAC or BLAKE2, and newer modes).
const AUTHENTICATED: [&str; 9] =
    ["gcm", "poly1305", "ocb", "ccm", "awskms", "symmetricdefault", "repokey", "keyfile", "authenticated"];

/// True where the cipher of this name authenticates what it encrypts.
pub fn is_authenticated(name: &str) -> bool {
    let plain: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    AUTHENTICATED.iter().any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_tools_write_them() {
        for name in [
            "aes-256-cbc",
            "AES256",
            "aws:kms",
            "aws:kms:dsse",
            "AES-256-CTR (repokey)",
            "repokey-blake2",
            "AES-256-CTR-Poly1305-AES",
            "aes_256_gcm",
            "SYMMETRIC_DEFAULT",
            "ChaCha20-Poly1305",
        ] {
            assert_eq!(judge(name, "AES-256"), Strength::Approved, "{name}");
        }
        for name in ["aes-128-cbc", "AES192", "3DES", "des-ede3-cbc", "CAST5", "rc4", "none", "authenticated"] {
            assert_eq!(judge(name, "AES-256"), Strength::Weaker, "{name}");
        }
        for name in ["AES", "gpg", "", "rot13", "aes"] {
            assert_eq!(judge(name, "AES-256"), Strength::Unknown, "{name}");
        }
        assert_eq!(judge("aes-128-cbc", "AES-128"), Strength::Approved);
        assert_eq!(judge("aes-256-cbc", "whatever"), Strength::Unknown);
        assert!(is_authenticated("AES-256-GCM") && is_authenticated("repokey-blake2") && is_authenticated("aws:kms"));
        assert!(!is_authenticated("aes-256-cbc") && !is_authenticated("AES256"));
    }
}
