//! Signing manifests and packets with an OpenSSH Ed25519 key.
//!
//! Signatures have the SSHSIG form of `ssh-keygen -Y sign` (OpenSSH `PROTOCOL.sshsig`) with
//! SHA-512, so that `ssh-keygen -Y verify` checks them without backproof. Ed25519 is
//! deterministic: the same key and bytes give the same signature.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey};

use crate::layout::SMALL_LIMIT;

/// SSHSIG namespace of run manifests.
pub const RUN_NAMESPACE: &str = "backproof-run@v1";
/// SSHSIG namespace of packets.
pub const PACKET_NAMESPACE: &str = "backproof-packet@v1";

/// Why something can't be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key file can't be read.
    #[error("signing key {path}: {error}")]
    Read {
        /// The key file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The key file can be read by other users.
    #[error("signing key {0}: other users can read it, so its signatures prove nothing; run `chmod 600` on it")]
    Exposed(PathBuf),
    /// The key file is protected by a passphrase.
    #[error(
        "signing key {0}: it is encrypted; load it into ssh-agent, or make a key without a passphrase for this purpose (`ssh-keygen -t ed25519 -N \"\"`)"
    )]
    Encrypted(PathBuf),
    /// Not an Ed25519 key in OpenSSH form.
    #[error("signing key {path}: {message}; make one with `ssh-keygen -t ed25519`")]
    Unusable {
        /// The key file.
        path: PathBuf,
        /// What it is instead.
        message: String,
    },
    /// Signing itself failed.
    #[error("signing failed: {0}")]
    Failed(String),
}

/// Signs with one key.
pub struct Signer {
    key: PrivateKey,
}

impl std::fmt::Debug for Signer {
    /// Shows the fingerprint, never the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads a private key from a file that `ssh-keygen -t ed25519` wrote.
    ///
    /// # Errors
    /// Refuses files that other users can read, encrypted keys, and other kinds of keys.
    pub fn from_file(path: &Path) -> Result<Self, SignError> {
        let failed = |error: io::Error| SignError::Read { path: path.to_path_buf(), error };
        let unusable = |message: String| SignError::Unusable { path: path.to_path_buf(), message };
        let meta = std::fs::metadata(path).map_err(failed)?;
        if !meta.is_file() {
            return Err(unusable("not a file".to_owned()));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As OpenSSH demands of its own keys.
            if meta.permissions().mode() & 0o077 != 0 {
                return Err(SignError::Exposed(path.to_path_buf()));
            }
        }
        let mut text = String::new();
        File::open(path).map_err(failed)?.take(SMALL_LIMIT).read_to_string(&mut text).map_err(failed)?;
        let key = PrivateKey::from_openssh(&text).map_err(|e| unusable(format!("not an OpenSSH private key ({e})")))?;
        if key.is_encrypted() {
            return Err(SignError::Encrypted(path.to_path_buf()));
        }
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(unusable(format!("a key of the kind {}, not ssh-ed25519", key.algorithm())));
        }
        Ok(Self { key })
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Fingerprint of the key as `ssh-keygen -l` shows it: `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.public_key().fingerprint(HashAlg::Sha256).to_string()
    }

    /// Signs `bytes`; answers the text of a `.sig` file.
    ///
    /// # Errors
    /// [`SignError::Failed`].
    pub fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String, SignError> {
        let failed = |e: ssh_key::Error| SignError::Failed(e.to_string());
        let signature = self.key.sign(namespace, HashAlg::Sha512, bytes).map_err(failed)?;
        signature.to_pem(LineEnding::LF).map_err(failed)
    }
}
