//! Fetches secrets from where the configuration says they are.

use std::collections::BTreeMap;
use std::path::Path;

use collectors::net::Token;
use model::workspace::{Secret, Setting, SourceConfig};

/// The secrets of a source by the name of their key.
///
/// # Errors
/// A variable that is not set, or a file that is missing, empty or readable by others. The message names the place,
/// never the secret.
pub fn of(source: &SourceConfig, base: &Path) -> Result<BTreeMap<String, Token>, String> {
    let mut out = BTreeMap::new();
    for (key, setting) in &source.settings {
        let Setting::Secret(secret) = setting else { continue };
        let token = match secret {
            Secret::Env(name) => {
                std::env::var(name).map_err(|_| format!("`{key}`: the environment variable {name} is not set"))?
            }
            Secret::File(file) => from_file(key, &base.join(file))?,
        };
        let token = Token::new(&token);
        if token.expose().is_empty() {
            return Err(format!("`{key}`: the credential is empty"));
        }
        out.insert(key.clone(), token);
    }
    Ok(out)
}

fn from_file(key: &str, path: &Path) -> Result<String, String> {
    let shown = path.display();
    let meta = std::fs::metadata(path).map_err(|e| format!("`{key}`: {shown}: {e}"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(format!(
                "`{key}`: others may read {shown}: run `chmod 600 {shown}`, and replace the credential if others are there"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = meta;
    std::fs::read_to_string(path).map_err(|e| format!("`{key}`: {shown}: {e}"))
}
