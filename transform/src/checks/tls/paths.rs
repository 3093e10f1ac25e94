//! Paths of backup traffic, and the words for protocols and versions.

use std::collections::{BTreeMap, BTreeSet};

use model::registers::{Recorded, TransportPath};

use super::super::common::filled;
use super::super::places::{Place, touch};
use crate::world::World;

/// A path and its rows: one id may have several readings.
pub struct Path<'w> {
    /// Id, or the place that plans name and no row leads to.
    pub id: &'w str,
    /// Where it leads.
    pub to: &'w str,
    /// Rows of the register up to `as_of`.
    pub rows: Vec<&'w Recorded<TransportPath>>,
    /// In-scope systems whose backups take it.
    pub systems: BTreeSet<&'w str>,
}

impl Path<'_> {
    /// True where both ends are one host.
    pub fn stays_on_host(&self) -> bool {
        let local = |r: &&Recorded<TransportPath>| {
            r.from_ref == r.to_ref
                || words(r.protocol.as_deref())
                    .iter()
                    .any(|w| ["local", "file", "unix", "socket", "pipe"].contains(&w.as_str()))
        };
        !self.rows.is_empty() && self.rows.iter().all(local)
    }
}

/// Paths of the register, and places that plans send backups to and to which no path leads.
pub fn paths<'w>(world: &World<'w>, places: &BTreeMap<&'w str, Place<'w>>) -> Vec<Path<'w>> {
    let registers = world.registers;
    let mut out: BTreeMap<&'w str, Path<'w>> = BTreeMap::new();
    for row in registers.transport_paths.iter().flatten() {
        if row.observed_at.is_some_and(|at| at > world.as_of) {
            continue;
        }
        let path = out.entry(&row.path_id).or_insert_with(|| Path {
            id: &row.path_id,
            to: &row.to_ref,
            rows: Vec::new(),
            systems: BTreeSet::new(),
        });
        path.rows.push(row);
    }
    for (_, system) in world.in_scope() {
        let id = system.system_id.as_str();
        for path in out.values_mut() {
            let ends = |r: &&Recorded<TransportPath>| {
                [&r.from_ref, &r.to_ref]
                    .into_iter()
                    .any(|end| *end == system.system_id || system.platform_id.as_ref() == Some(end))
            };
            let led_to = places.iter().any(|(place, p)| p.systems().contains(id) && touch(place, path.to));
            if led_to || path.rows.iter().any(ends) {
                path.systems.insert(id);
            }
        }
    }
    let unread: Vec<Path<'w>> = places
        .iter()
        .filter(|(id, p)| !p.planned_by.is_empty() && !out.values().any(|path| touch(path.to, id)))
        .map(|(id, p)| Path { id, to: id, rows: Vec::new(), systems: p.planned_by.clone() })
        .collect();
    out.into_values().chain(unread).collect()
}

/// What a protocol does for the traffic in it.
pub enum Carrier {
    /// TLS.
    Tls,
    /// Encrypts in another way.
    Other(String),
    /// Does not encrypt.
    Plain(String),
    /// Its name does not tell.
    Unknown,
}

impl Carrier {
    /// Itself, where it counts.
    pub fn filter_used(self, used: bool) -> Self {
        if used { self } else { Self::Unknown }
    }
}

fn words(text: Option<&str>) -> Vec<String> {
    let text = filled(text).unwrap_or_default().to_lowercase();
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// By the words of a protocol's name; TLS anywhere in it makes it TLS ("FTP over TLS").
pub fn carrier(protocol: Option<&str>) -> Carrier {
    let words = words(protocol);
    let one = |known: &[&str]| words.iter().find(|w| known.contains(&w.as_str())).map(|w| w.to_uppercase());
    if words
        .iter()
        .any(|w| w.starts_with("tls") || w.starts_with("ssl") || ["https", "ftps", "ldaps"].contains(&w.as_str()))
    {
        return Carrier::Tls;
    }
    if let Some(name) = one(&["ssh", "sftp", "scp", "ipsec", "wireguard", "kerberos"]) {
        return Carrier::Other(name);
    }
    one(&["http", "ftp", "tftp", "telnet", "nfs", "smb", "iscsi", "rsync", "tcp", "plain", "none"])
        .map_or(Carrier::Unknown, Carrier::Plain)
}

/// What a word for a version means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// TLS of this version; SSL counts below all of them.
    Tls((u32, u32)),
    /// Nothing is encrypted.
    Plain,
    /// What was offered was refused.
    Refused,
    /// It says nothing.
    Unreadable,
}

/// Reads `refused`, `1.2`, `TLS 1.2`, `TLSv1.2`, `TLSv1`, `SSLv3`; versions compare as numbers.
pub fn version(word: &str) -> Version {
    let word = word.trim().to_lowercase();
    if ["none", "plain", "clear", "cleartext", "in clear", "unencrypted"].contains(&word.as_str()) {
        return Version::Plain;
    }
    if ["refused", "rejected"].contains(&word.as_str()) {
        return Version::Refused;
    }
    let is_ssl = word.starts_with("ssl");
    let number = word.trim_start_matches(|c: char| !c.is_ascii_digit());
    let prefix = word[..word.len() - number.len()].trim_end_matches(['v', ' ', '-', '_', '/']);
    if !["", "tls", "ssl"].contains(&prefix) {
        return Version::Unreadable;
    }
    let mut parts = number.split(['.', '_']).map(str::parse::<u32>);
    match (parts.next(), parts.next().unwrap_or(Ok(0)), parts.next()) {
        (Some(Ok(major)), Ok(minor), None) => Version::Tls(if is_ssl { (0, major) } else { (major, minor) }),
        _ => Version::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let tls = |word| if let Version::Tls(v) = version(word) { v } else { panic!("{word}") };
        assert!(tls("1.3") > tls("TLSv1.2") && tls("TLS 1.10") > tls("1.9"));
        assert!(tls("SSLv3") < tls("TLSv1") && tls("TLSv1") == tls("1.0") && tls("tls1_2") == tls("1.2"));
        assert_eq!(version("none"), Version::Plain);
        assert_eq!((version("fast"), version("")), (Version::Unreadable, Version::Unreadable));
    }
}
