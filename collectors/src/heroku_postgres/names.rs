//! Which app and which database a document or a name in it means.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::piece::{POSTGRES, Piece, Shape, text};

/// What the documents of a batch tell about names.
#[derive(Debug, Default)]
pub(super) struct Names {
    apps: BTreeSet<String>,
    /// Owner app and name of each add-on, by its id and by its name.
    addons: BTreeMap<String, (String, String)>,
    /// Resource ids of databases, by owner app.
    databases: BTreeMap<String, BTreeSet<String>>,
    /// Name of an add-on by app and attachment name.
    attached: BTreeMap<(String, String), String>,
    /// The same for owners, by names that other apps have for their add-ons: used where an owner's own are not told.
    elsewhere: BTreeMap<(String, String), String>,
}

/// What the path of an answer of the data API is about. A part of another path may be the name of an app as well as of
/// an add-on; here there is no doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About<'a> {
    App(&'a str),
    Addon(&'a str),
}

fn about(path: &str) -> Option<About<'_>> {
    let parts: Vec<&str> = path.split('/').collect();
    (0..parts.len()).find_map(|at| match parts.get(at..).unwrap_or_default() {
        ["client", "v11", "apps", app, rest, ..] if rest.starts_with("transfers") => Some(About::App(app)),
        ["client", "v11", "databases", id, ..] | ["data", "postgres", "v1", id, _, ..] => {
            Some(About::Addon(id.strip_suffix(".json").unwrap_or(id)))
        }
        _ => None,
    })
}

/// Parts of paths that are those of the API or of habit, never of an app.
const PATH_WORDS: &[&str] = &[
    "apps",
    "app",
    "client",
    "v11",
    "heroku",
    "api",
    "data",
    "postgres",
    "v1",
    "databases",
    "transfers",
    "schedules",
    "addons",
    "export",
    "exports",
    "evidence",
];

impl Names {
    pub(super) fn of(pieces: &[Piece<'_>]) -> Self {
        let mut names = Self::default();
        let inner = |value: &Value, object: &str, key: &str| value.get(object).and_then(|o| text(o, key));
        for piece in pieces {
            let value = &piece.value;
            match piece.shape {
                Shape::App => names.apps.extend(text(value, "name")),
                Shape::Addon => {
                    let (Some(app), Some(name)) = (inner(value, "app", "name"), text(value, "name")) else { continue };
                    for var in value.get("config_vars").and_then(Value::as_array).into_iter().flatten() {
                        if let Some(var) = var.as_str() {
                            names.attach(&app, var, &name);
                        }
                    }
                    if inner(value, "addon_service", "name").as_deref() == Some(POSTGRES) {
                        names.database(&app, &name);
                    }
                    names.addon(value, app, name);
                }
                Shape::Attachment => {
                    let (Some(app), Some(addon), Some(name)) =
                        (inner(value, "app", "name"), value.get("addon"), text(value, "name"))
                    else {
                        continue;
                    };
                    let Some(addon_name) = text(addon, "name") else { continue };
                    names.attach(&app, &name, &addon_name);
                    if let Some(owner) = inner(addon, "app", "name") {
                        if owner != app {
                            names.elsewhere.insert((owner.clone(), short(&name).to_owned()), addon_name.clone());
                        }
                        names.addon(addon, owner, addon_name);
                    }
                }
                Shape::Advanced => {
                    let (Some(app), Some(addon)) = (inner(value, "app", "name"), value.get("addon")) else { continue };
                    if let Some(name) = text(addon, "name") {
                        names.database(&app, &name);
                        names.addon(addon, app, name);
                    }
                }
                _ => {}
            }
        }
        names
    }

    fn addon(&mut self, addon: &Value, app: String, name: String) {
        self.apps.insert(app.clone());
        if let Some(id) = text(addon, "id") {
            self.addons.insert(id, (app.clone(), name.clone()));
        }
        self.addons.insert(name.clone(), (app, name));
    }

    fn database(&mut self, app: &str, name: &str) {
        self.databases.entry(app.to_owned()).or_default().insert(format!("heroku-postgres:{app}/{name}"));
    }

    fn attach(&mut self, app: &str, attachment: &str, addon: &str) {
        self.attached.insert((app.to_owned(), short(attachment).to_owned()), addon.to_owned());
    }

    /// App that a piece belongs to.
    pub(super) fn app(&self, piece: &Piece<'_>) -> Option<String> {
        if let Some(app) = &piece.app {
            return Some(app.clone());
        }
        if let Some((app, _)) = self.addon_of(piece) {
            return Some(app.clone());
        }
        if let Some(About::App(app)) = about(piece.document.name()) {
            return Some(app.to_owned());
        }
        let parts = path_parts(piece.document.name());
        if let Some(app) = parts.iter().find(|p| self.apps.contains(**p)) {
            return Some((*app).to_owned());
        }
        let folders = piece.document.name().rsplit_once('/').map_or("", |(folders, _)| folders);
        folders
            .split('/')
            .find(|f| !f.is_empty() && !PATH_WORDS.contains(f))
            .or_else(|| prefix(piece.document.file_name()))
            .map(str::to_owned)
            .or_else(|| if self.apps.len() == 1 { self.apps.first().cloned() } else { None })
    }

    /// Owner app and name of the add-on that an object around the piece or its path names.
    pub(super) fn addon_of(&self, piece: &Piece<'_>) -> Option<&(String, String)> {
        let path = piece.document.name();
        piece.addon.as_deref().and_then(|a| self.addons.get(a)).or_else(|| match about(path) {
            Some(About::App(_)) => None,
            Some(About::Addon(id)) => self.addons.get(id),
            None => path_parts(path).iter().find_map(|p| self.addons.get(*p)),
        })
    }

    /// The add-on with this id or name.
    pub(super) fn addon_named(&self, id: &str) -> Option<&(String, String)> {
        self.addons.get(id)
    }

    /// Resource id of the database that `name` means in `app`: its add-on where the documents tell,
    /// else the name itself, so that two databases never become one.
    pub(super) fn resource(&self, app: &str, name: &str) -> String {
        let (owner, addon) = self.meant(app, name).unwrap_or((app, short(name)));
        format!("heroku-postgres:{owner}/{addon}")
    }

    /// Owner and name of the add-on that `name` means in `app`.
    ///
    /// A name of another app is believed only where `app` has no names of its own for that add-on.
    pub(super) fn meant<'a>(&'a self, app: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
        let key = (app.to_owned(), short(name).to_owned());
        let has_names = |addon: &String| self.attached.iter().any(|((a, _), of)| a == app && of == addon);
        let addon = self.attached.get(&key).or_else(|| self.elsewhere.get(&key).filter(|addon| !has_names(addon)))?;
        Some(self.addons.get(addon).map_or((app, addon.as_str()), |(owner, name)| (owner.as_str(), name.as_str())))
    }

    /// Resource ids of all databases known to belong to `app`.
    pub(super) fn resources_of(&self, app: &str) -> BTreeSet<String> {
        self.databases.get(app).cloned().unwrap_or_default()
    }
}

/// `DATABASE_URL`, `HEROKU_POSTGRESQL_IVORY_URL`, `HEROKU_POSTGRESQL_IVORY` and `IVORY` are the ways
/// in which one attachment is named.
fn short(name: &str) -> &str {
    let name = name.strip_suffix("_URL").unwrap_or(name);
    name.strip_prefix("HEROKU_POSTGRESQL_").unwrap_or(name)
}

/// Folders of a path, and its file name without endings.
fn path_parts(path: &str) -> Vec<&str> {
    path.split('/').flat_map(|part| [part, part.split('.').next().unwrap_or(part)]).collect()
}

/// `acme-prod` of `acme-prod.transfers.json`.
fn prefix(file: &str) -> Option<&str> {
    ["transfers", "transfer-schedules", "schedules"].into_iter().find_map(|what| {
        let (before, _) = file.split_once(what)?;
        let before = before.trim_end_matches(['.', '-', '_']);
        (!before.is_empty()).then_some(before)
    })
}
