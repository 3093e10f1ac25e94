//! Signing manifests and packets with an OpenSSH Ed25519 key.
//!
//! Signatures have the SSHSIG form of `ssh-keygen -Y sign` (OpenSSH `PROTOCOL.sshsig`) with
//! SHA-512, so that `ssh-keygen -Y verify` checks them without backproof. Ed25519 is
//! deterministic: the same key and bytes give the same signature.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use crate::layout::SMALL_LIMIT;
use crate::signers::AllowedSigners;

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
    /// The agent did not do it.
    #[error("ssh-agent at {socket}: {message}")]
    Agent {
        /// Its socket.
        socket: PathBuf,
        /// What happened and what to do.
        message: String,
    },
    /// Signing itself failed.
    #[error("signing failed: {0}")]
    Failed(String),
}

/// Signs with one key, which is in a file or held by ssh-agent.
pub struct Signer {
    public: PublicKey,
    holder: Holder,
}

enum Holder {
    File(Box<PrivateKey>),
    #[cfg(unix)]
    Agent(PathBuf),
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
        Ok(Self { public: key.public_key().clone(), holder: Holder::File(Box::new(key)) })
    }

    /// Uses an Ed25519 key of the agent at `socket` (the value of `SSH_AUTH_SOCK`): the one whose
    /// public key is given in the form of a `.pub` file, or else the only one it holds.
    ///
    /// # Errors
    /// [`SignError::Agent`] where the agent can't be asked, does not hold the key, or holds several
    /// and none is named.
    #[cfg(unix)]
    pub fn from_agent(socket: &Path, public_key: Option<&str>) -> Result<Self, SignError> {
        let failed = |message: String| SignError::Agent { socket: socket.to_path_buf(), message };
        let wanted = public_key.map(PublicKey::from_openssh).transpose();
        let wanted = wanted.map_err(|e| failed(format!("the public key given is not one ({e})")))?;
        let mut held = crate::agent::identities(socket).map_err(|e| failed(e.to_string()))?;
        held.retain(|key| wanted.as_ref().is_none_or(|wanted| wanted.key_data() == key.key_data()));
        match (held.pop(), held.is_empty()) {
            (Some(public), true) => Ok(Self { public, holder: Holder::Agent(socket.to_path_buf()) }),
            (Some(_), false) => Err(failed("it holds several ssh-ed25519 keys; name the public key to use".to_owned())),
            (None, _) => Err(failed("it does not hold the key; run `ssh-add`".to_owned())),
        }
    }

    /// The public key as a line of a `.pub` file.
    ///
    /// # Errors
    /// [`SignError::Failed`] for a comment that no line can hold.
    pub fn public_key(&self) -> Result<String, SignError> {
        self.public.to_openssh().map_err(|e| SignError::Failed(e.to_string()))
    }

    /// A list of allowed signers that holds this key only, with its comment as the principal.
    #[must_use]
    pub fn allowed(&self) -> AllowedSigners {
        AllowedSigners::of_key(&self.public)
    }

    /// Fingerprint of the key as `ssh-keygen -l` shows it: `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.public.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Signs `bytes`; answers the text of a `.sig` file.
    ///
    /// # Errors
    /// [`SignError::Failed`], and [`SignError::Agent`] where the agent refuses or is gone.
    pub fn sign(&self, namespace: &str, bytes: &[u8]) -> Result<String, SignError> {
        let failed = |e: ssh_key::Error| SignError::Failed(e.to_string());
        let signature = match &self.holder {
            Holder::File(key) => key.sign(namespace, HashAlg::Sha512, bytes).map_err(failed)?,
            #[cfg(unix)]
            Holder::Agent(socket) => {
                let data = SshSig::signed_data(namespace, HashAlg::Sha512, bytes).map_err(failed)?;
                let made = crate::agent::sign(socket, &self.public, &data)
                    .map_err(|e| SignError::Agent { socket: socket.clone(), message: e.to_string() })?;
                SshSig::new(self.public.key_data().clone(), namespace, HashAlg::Sha512, made).map_err(failed)?
            }
        };
        // A signature that does not verify must never be written, whoever made it.
        self.public.verify(namespace, bytes, &signature).map_err(failed)?;
        signature.to_pem(LineEnding::LF).map_err(failed)
    }
}
