//! Fetches secrets from where the configuration says they are.

use std::collections::BTreeMap;
use std::path::Path;

use collectors::net::Token;
use model::workspace::{Secret, Setting, SourceConfig};

use crate::failure::Failure;

/// The secrets of a source by the name of their key.
///
/// # Errors
/// A variable that is not set, or a file that is missing, empty or readable by others. The message names the place,
/// never the secret.
pub fn of(source: &SourceConfig, base: &Path) -> Result<BTreeMap<String, Token>, String> {
    let mut out = BTreeMap::new();
    for (key, setting) in &source.settings {
        if let Setting::Secret(secret) = setting {
            out.insert(key.clone(), one(key, secret, base)?);
        }
    }
    Ok(out)
}

/// The secret that `key` tells the place of.
///
/// # Errors
/// As [`of`].
pub fn one(key: &str, secret: &Secret, base: &Path) -> Result<Token, String> {
    let token = match secret {
        Secret::Env(name) => {
            std::env::var(name).map_err(|_| format!("`{key}`: the environment variable {name} is not set"))?
        }
        Secret::File(file) => from_file(key, &base.join(file))?,
    };
    let token = Token::new(&token);
    if token.expose().is_empty() { Err(format!("`{key}`: the credential is empty")) } else { Ok(token) }
}

/// Refuses the run where others may read the file of a credential, before anything is asked: that is no trouble of one
/// source, and whoever set it up should hear of it at once.
///
/// # Errors
/// The files, their modes, and what to do.
pub fn guarded(sources: &[&SourceConfig], base: &Path) -> Result<(), Failure> {
    let mut open = Vec::new();
    let mut paths = Vec::new();
    for source in sources.iter().filter(|s| s.path.is_none() || s.bucket_path().is_some()) {
        for (key, setting) in &source.settings {
            let Setting::Secret(Secret::File(file)) = setting else { continue };
            let path = base.join(file);
            let path = path.strip_prefix(".").unwrap_or(&path);
            if let Some(mode) = open_to_others(path) {
                open.push(format!("{} has mode {mode:04o} (`{key}` of {}.{})", path.display(), source.kind, source.id));
                paths.push(path.display().to_string());
            }
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    paths.dedup();
    let help = format!("run `chmod 600 {}`, and replace a credential that others may have read", paths.join(" "));
    Err(Failure::usage(format!("others may read a credential: {}", open.join("; ")), help))
}

/// The mode of a file that not only its owner may open.
fn open_to_others(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

fn from_file(key: &str, path: &Path) -> Result<String, String> {
    let shown = path.display();
    if let Some(mode) = open_to_others(path) {
        return Err(format!("`{key}`: others may read {shown} (mode {mode:04o}): run `chmod 600 {shown}`"));
    }
    std::fs::read_to_string(path).map_err(|e| format!("`{key}`: {shown}: {e}"))
}
