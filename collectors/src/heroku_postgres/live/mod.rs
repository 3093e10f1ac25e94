//! Asks Heroku: the Platform API for apps, add-ons and attachments; the data API for transfers, schedules and databases.
//!
//! Reads only. Nothing is ever changed, config vars are not asked for, and neither are links to dumps (they open the
//! whole database to whoever has them). The token needs the scope `read`; with `identity` its owner can be named.
//!
//! Transfers lie under the app that owns a database, which may be another than the one that uses it: they are asked for
//! by owner. Their list is one answer and no history: what is younger than a week is in it, older backups are thinned.
//! So a list speaks for one week back, without the times for which the counter of an app's transfers shows that some
//! are gone ([`transfers::forgotten`]).
//!
//! An app that cannot be read is a problem; the others go on.

use std::collections::{BTreeMap, BTreeSet};

use model::evidence::{Covers, Gap};
use model::time::{Instant, utc_text};
use model::workspace::{Key, SourceConfig, Takes};
use serde_json::Value;

use super::piece::{POSTGRES, Shape as Piece, text};
use crate::net::{Answer, Halt, Live, Order, Pending, Shape, Trail};

mod client;
mod ranges;
#[cfg(test)]
mod tests;
mod transfers;

use client::{Client, Host};
use transfers::Window;

/// How this kind asks its service.
pub(super) const LIVE: Live = Live {
    keys: &[
        Key {
            name: "apps",
            takes: Takes::List,
            says: "Names of apps; without `apps` and `team`, all apps that the account of the token sees.",
        },
        Key { name: "team", takes: Takes::Text, says: "A team, whose apps are all read." },
        Key {
            name: "token",
            takes: Takes::Secret,
            says: "API token with the scopes `read` and `identity` (`heroku authorizations:create --scope read,identity`).",
        },
        Key { name: "url", takes: Takes::Text, says: "The Platform API; default https://api.heroku.com." },
        Key { name: "data_url", takes: Takes::Text, says: "The data API; default https://api.data.heroku.com." },
    ],
    rights: RIGHTS,
    fetch,
};

/// See [`Live::rights`].
const RIGHTS: &str = "\
An OAuth authorization with the scopes `read` (apps, add-ons, transfers, databases) and `identity` (names the token's owner in the \
manifest; without it the collection works and the owner is not named). Config vars are never asked for, so `read-protected` is not \
needed.

```sh
heroku authorizations:create --description backproof --scope read,identity --short
```
";

/// Keys whose values open a database, or call somebody's server.
const SECRET_KEYS: &[&str] =
    &["resource_url", "database_password", "database_user", "credentials", "password", "callback_url"];

/// Tables that the list of transfers fills; the others hold what is there now.
const HISTORY: &[&str] = &["backup_runs", "recovery_points", "restore_tests"];
const LISTED: &[&str] = &["discovered_assets"];
const TOLD: &[&str] = &["pitr_status", "backup_plans"];

fn fetch<'a>(order: &'a Order, trail: &'a mut Trail) -> Pending<'a, Result<(), Halt>> {
    Box::pin(collect(order, trail))
}

async fn collect(order: &Order, trail: &mut Trail) -> Result<(), Halt> {
    trail.secret_keys = SECRET_KEYS;
    trail.limited = client::limited;
    let began = trail.now();
    let mut client = Client::open(order, trail)?;
    client.account().await?;
    let apps = apps(&mut client, &order.source).await?;
    let estate = estate(&mut client, &apps.names).await?;
    let history = history(&mut client, &apps.names, &estate).await?;
    let described = described(&mut client, &apps.names, &estate).await?;
    client.ended();
    for (resources, tables, from, to, gaps) in history.statements().into_iter().chain(described.statements(began)) {
        trail.covers(Covers { gaps, ..Covers::of(resources, tables, from, to) });
    }
    if let (Some(last), Some(from)) = (trail.context.last_complete, history.window.from())
        && last < from
    {
        trail.note(format!(
            "the last complete collection ended {}, and Heroku lists all transfers of one week only: what was made and removed between that and {} is not known; collect at least once a week",
            utc_text(last),
            utc_text(from)
        ));
    }
    Ok(())
}

/// The apps to read.
#[derive(Debug, Default)]
struct Apps {
    names: BTreeSet<String>,
}

async fn apps(client: &mut Client<'_>, source: &SourceConfig) -> Result<Apps, Halt> {
    let (named, team) = (source.list("apps"), source.text("team"));
    let what = match (named.is_empty(), team) {
        (true, None) => "all apps of the account".to_owned(),
        (true, Some(team)) => format!("all apps of the team {team}"),
        (false, None) => format!("apps {}", named.join(", ")),
        (false, Some(team)) => format!("apps {}, and all of the team {team}", named.join(", ")),
    };
    client.trail.query(format!("{what}; their Postgres add-ons, the owners' transfers, schedules and databases"));
    let mut out = Apps::default();
    for app in named {
        out.names.extend(client.app(app, &source.declared_in).await?);
    }
    let list = match team {
        Some(team) if !client::is_name(team) => {
            client.trail.problem(&source.declared_in, format!("`team`: \"{team}\" is no name of a team"));
            None
        }
        Some(team) => Some(format!("teams/{team}/apps")),
        None => named.is_empty().then(|| "apps".to_owned()),
    };
    if let Some(path) = list {
        let listed = client.list(&path, Piece::App).await?;
        for item in &listed.items {
            out.names.extend(text(item, "name").filter(|name| client::is_name(name)));
        }
        if listed.whole {
            client.trail.ended(format!(
                "{path}: {} apps in {} pages; the last answer names no next range",
                listed.items.len(),
                listed.pages
            ));
            if listed.items.is_empty() {
                client.trail.problem(
                    &path,
                    "no app is to be seen with this token: add its account to the apps, or use another token",
                );
            }
        }
    }
    Ok(out)
}

/// A Postgres add-on.
#[derive(Debug, Clone)]
struct Database {
    id: String,
    name: String,
    /// The app that owns it and keeps its transfers.
    owner: String,
    plan: String,
    state: String,
}

impl Database {
    fn of(addon: &Value) -> Option<Self> {
        let inner = |object: &str| addon.get(object).and_then(|o| text(o, "name"));
        let out = Self {
            id: text(addon, "id")?,
            name: text(addon, "name")?,
            owner: inner("app")?,
            plan: inner("plan")?,
            state: text(addon, "state").unwrap_or_default(),
        };
        let named = [&out.id, &out.name, &out.owner].into_iter().all(|name| client::is_name(name));
        named.then_some(out)
    }

    /// Plans whose databases are told in another way, and have no schedules.
    fn is_advanced(&self) -> bool {
        let tier = self.plan.split_once(':').map_or(&*self.plan, |(_, tier)| tier);
        tier.starts_with("advanced") || tier.starts_with("performance")
    }

    /// Not being made, and not gone. Where nothing is said, it is there.
    fn is_there(&self) -> bool {
        self.state == "provisioned" || self.state.is_empty()
    }

    fn resource(&self) -> String {
        format!("heroku-postgres:{}/{}", self.owner, self.name)
    }
}

/// Databases, and what was read to know them.
#[derive(Debug, Default)]
struct Estate {
    /// By id.
    databases: BTreeMap<String, Database>,
    /// Apps whose add-ons were listed to the end.
    listed: BTreeSet<String>,
    /// Apps whose names for databases were listed to the end.
    named: BTreeSet<String>,
}

async fn estate(client: &mut Client<'_>, apps: &BTreeSet<String>) -> Result<Estate, Halt> {
    let mut out = Estate::default();
    for app in apps {
        let path = format!("apps/{app}/addons");
        let listed = client.list(&path, Piece::Addon).await?;
        if listed.whole {
            out.listed.insert(app.clone());
        }
        let mut any = false;
        for (n, addon) in listed.items.iter().enumerate() {
            let service = addon.get("addon_service").and_then(|s| text(s, "name"));
            if service.as_deref() != Some(POSTGRES) {
                continue;
            }
            any = true;
            match Database::of(addon) {
                Some(database) => {
                    out.databases.insert(database.id.clone(), database);
                }
                None => client.trail.problem(
                    &path,
                    format!(
                        "add-on {n} does not say its id, its name, its app and its plan: its backups are not asked for"
                    ),
                ),
            }
        }
        if any && client.list(&format!("apps/{app}/addon-attachments"), Piece::Attachment).await?.whole {
            out.named.insert(app.clone());
        }
    }
    // Transfers of a database name it as its owner does.
    let owners: BTreeSet<String> = out.databases.values().map(|d| d.owner.clone()).collect();
    for owner in owners.difference(apps) {
        if client.names_of(owner).await? {
            out.named.insert(owner.clone());
        }
    }
    if !apps.is_empty() && out.databases.is_empty() && out.listed.len() == apps.len() {
        client.trail.note("none of the apps has a Heroku Postgres database".to_owned());
    }
    Ok(out)
}

/// What the lists of transfers prove.
#[derive(Debug, Default)]
struct History {
    window: Window,
    /// Beginnings of resource ids, with the times for which transfers are gone.
    read: BTreeMap<String, Vec<Gap>>,
}

/// Resources, tables, interval and its gaps.
type Statement = (Vec<String>, &'static [&'static str], Instant, Option<Instant>, Vec<Gap>);

impl History {
    /// One statement on everything; where transfers are gone, others on what they don't concern.
    ///
    /// A system whose databases lie in several apps is covered only by a statement on all of them.
    ///
    /// Even where all apps of an account were listed nothing is said of others: an app that the inventory names and the
    /// account does not see was not looked at.
    fn statements(&self) -> Vec<Statement> {
        let (Some(from), Some(to)) = (self.window.from(), self.window.to()) else { return Vec::new() };
        let statement = |resources: Vec<String>, gaps: Vec<Gap>| (resources, HISTORY, from, Some(to), gaps);
        let all = self.read.values().flatten().cloned().collect::<Vec<Gap>>();
        let mut out = vec![statement(self.read.keys().cloned().collect(), all.clone())];
        if all.is_empty() {
            return out;
        }
        let whole: Vec<String> = self.read.iter().filter(|(_, gaps)| gaps.is_empty()).map(|(r, _)| r.clone()).collect();
        if !whole.is_empty() {
            out.push(statement(whole, Vec::new()));
        }
        let gappy = self.read.iter().filter(|(_, gaps)| !gaps.is_empty());
        out.extend(gappy.map(|(resource, gaps)| statement(vec![resource.clone()], gaps.clone())));
        out
    }
}

async fn history(client: &mut Client<'_>, apps: &BTreeSet<String>, estate: &Estate) -> Result<History, Halt> {
    let mut owners: BTreeSet<String> = estate.databases.values().map(|d| d.owner.clone()).collect();
    // An app that had a database when it was read last may still list what that made.
    let before = client.trail.context.known.clone();
    owners.extend(apps.iter().filter(|app| before.contains_key(&transfers::page(app))).cloned());
    let mut out = History::default();
    for owner in &owners {
        let owned: Vec<&Database> = estate.databases.values().filter(|d| d.owner == *owner).collect();
        let there = owned.iter().any(|d| d.is_there());
        let Some(gaps) = client.transfers(owner, there, &mut out.window).await? else { continue };
        if estate.named.contains(owner) || owned.is_empty() {
            out.read.insert(format!("heroku-postgres:{owner}/"), gaps);
        } else {
            // Names of the owner's other databases are not known: only of those that were found can anything be said.
            out.read.extend(owned.iter().map(|d| (d.resource(), gaps.clone())));
        }
    }
    Ok(out)
}

/// Beginnings of ids of databases that were listed to the last, and of those that were described to the last.
#[derive(Debug, Default)]
struct Described {
    listed: BTreeSet<String>,
    told: BTreeSet<String>,
}

impl Described {
    fn statements(&self, began: Instant) -> Vec<Statement> {
        let statement = |set: &BTreeSet<String>, tables| {
            (!set.is_empty()).then(|| (set.iter().cloned().collect(), tables, began, None, Vec::new()))
        };
        [statement(&self.listed, LISTED), statement(&self.told, TOLD)].into_iter().flatten().collect()
    }
}

async fn described(client: &mut Client<'_>, apps: &BTreeSet<String>, estate: &Estate) -> Result<Described, Halt> {
    let of = |app: &String| format!("heroku-postgres:{app}/");
    let listed: BTreeSet<String> = apps.intersection(&estate.listed).map(of).collect();
    let mut out = Described { told: listed.clone(), listed };
    for database in estate.databases.values() {
        let told = client.database(database).await?;
        if !apps.contains(&database.owner) {
            out.listed.insert(database.resource());
            if told {
                out.told.insert(database.resource());
            }
        } else if !told {
            out.told.remove(&of(&database.owner));
        }
    }
    Ok(out)
}

impl Client<'_> {
    /// What the data host tells of a database, and its schedules; true where everything was told.
    async fn database(&mut self, database: &Database) -> Result<bool, Halt> {
        let id = &database.id;
        if database.is_advanced() {
            return self.told(database, &format!("data/postgres/v1/{id}/info"), Piece::Advanced).await;
        }
        let path = format!("client/v11/databases/{id}");
        let schedules = self.told(database, &format!("{path}/transfer-schedules"), Piece::Schedule).await?;
        let info = self.told(database, &path, Piece::Info).await?;
        Ok(schedules && info)
    }

    async fn told(&mut self, database: &Database, path: &str, piece: Piece) -> Result<bool, Halt> {
        let shape = if piece == Piece::Schedule { Shape::List } else { Shape::Object(&["info", "features"]) };
        let ask = self.question(Host::Data, path, shape);
        let Some(answer) = self.ask(Host::Data, &ask).await? else { return Ok(false) };
        if not_yet(database, &answer) {
            let what = format!("{}/{}", database.owner, database.name);
            self.trail.note(format!(
                "{what} is not yet provisioned, or no longer (state \"{}\"): {path} answers 404",
                database.state
            ));
            return Ok(false);
        }
        if !self.good(Host::Data, &ask, &answer)? {
            return Ok(false);
        }
        let items = if piece == Piece::Schedule { answer.items() } else { answer.value.as_slice() };
        let whole = self.recognised(&ask.name, items, piece);
        let counted = (piece == Piece::Schedule).then_some(items.len() as u64);
        self.trail.keep(&ask, &answer, counted, None)?;
        Ok(whole)
    }
}

/// The data host answers 404 of a database that is being made. Of one that is said to be there, a 404 tells nothing.
fn not_yet(database: &Database, answer: &Answer) -> bool {
    answer.status.as_u16() == 404 && !database.is_there()
}
