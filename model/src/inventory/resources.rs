//! Which system a resource id belongs to.

use globset::{Error, GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs over resource ids, compiled once.
///
/// Matching is case-sensitive; `*` also matches `/`; `?`, `[…]`, `{a,b}` and `\` work as in a
/// shell. No order and no precedence: a resource that two systems claim is an error to repair,
/// because a guess would credit one system with the backups of another.
#[derive(Debug, Clone)]
pub struct Resources {
    set: GlobSet,
    /// System and glob, in the order of the set.
    owners: Vec<(String, String)>,
}

impl Default for Resources {
    fn default() -> Self {
        Self { set: GlobSet::empty(), owners: Vec::new() }
    }
}

/// A resource that globs of more than one system match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "resource \"{resource}\" matches {}; change `resources` in the inventory so that only one system matches",
    claims.iter().map(|(system, glob)| format!("\"{glob}\" of {system}")).collect::<Vec<_>>().join(" and ")
)]
pub struct Ambiguous {
    /// Resource id.
    pub resource: String,
    /// System id and glob of every match, sorted.
    pub claims: Vec<(String, String)>,
}

impl Resources {
    /// Compiles pairs of system id and glob.
    ///
    /// # Errors
    /// The first glob that is not one.
    pub fn new<'a>(globs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut set = GlobSetBuilder::new();
        let mut owners = Vec::new();
        for (system, glob) in globs {
            set.add(Self::glob(glob)?);
            owners.push((system.to_owned(), glob.to_owned()));
        }
        Ok(Self { set: set.build()?, owners })
    }

    /// One glob.
    ///
    /// # Errors
    /// Where it is not one.
    pub(super) fn glob(text: &str) -> Result<globset::Glob, Error> {
        GlobBuilder::new(text).literal_separator(false).case_insensitive(false).backslash_escape(true).build()
    }

    /// The id of the one system that claims a resource.
    ///
    /// # Errors
    /// [`Ambiguous`] where more than one does.
    pub fn resolve(&self, resource: &str) -> Result<Option<&str>, Ambiguous> {
        let mut claims: Vec<_> = self.set.matches(resource).into_iter().filter_map(|at| self.owners.get(at)).collect();
        claims.sort();
        match (claims.first(), claims.last()) {
            (Some(first), Some(last)) if first.0 != last.0 => {
                Err(Ambiguous { resource: resource.to_owned(), claims: claims.into_iter().cloned().collect() })
            }
            (first, _) => Ok(first.map(|(system, _)| system.as_str())),
        }
    }
}
