//! The organisation's rules, who has no second factor, and migration archives.

use serde_json::Value;

use super::pages::{self, Listed, PER_PAGE, Wanted};
use super::session::Session;
use super::settings::Settings;
use crate::net::{Ask, Halt, Shape, Trail};

/// Asks for them. Answers how many repositories the organisation says it has, where this credential may see that.
///
/// # Errors
/// Those of [`Session::ask`] and of the store.
pub(super) async fn ask(session: &mut Session, settings: &Settings, trail: &mut Trail) -> Result<Option<u64>, Halt> {
    let Some(organization) = &settings.organization else { return Ok(None) };
    let path = format!("orgs/{organization}");
    let ask = Ask::get(format!("{path}.json"), session.url(&path), Shape::Object(&["login"]));
    let Some(answer) = session.ask(trail, &ask).await? else { return Ok(None) };
    if !trail.good(&ask, &answer) {
        return Ok(None);
    }
    trail.keep(&ask, &answer, None, None)?;
    let value = answer.value.unwrap_or_default();
    if value.get("two_factor_requirement_enabled").and_then(Value::as_bool).is_none() {
        trail.note(
            "whether the organisation requires two-factor authentication is not determined: GitHub tells owners only",
        );
    }
    for people in ["members", "outside_collaborators"] {
        let wanted = Wanted {
            what: "people without a second factor",
            folder: format!("{path}/{people}/2fa_disabled"),
            url: session.url(&format!("{path}/{people}?filter=2fa_disabled&per_page={PER_PAGE}")),
            key: None,
            id: Some("id"),
            until: None,
            twice: true,
        };
        if let Listed::Refused(_, answer) = pages::read(session, trail, &wanted).await? {
            trail.note(format!(
                "which {} have no second factor is not determined ({}: {}): GitHub tells owners only",
                people.replace('_', " "),
                answer.status.as_u16(),
                answer.message()
            ));
        }
    }
    migrations(session, &path, trail).await?;
    let count = |key: &str| value.get(key).and_then(Value::as_u64);
    Ok(count("public_repos").zip(count("total_private_repos")).map(|(public, private)| public + private))
}

async fn migrations(session: &mut Session, path: &str, trail: &mut Trail) -> Result<(), Halt> {
    if !session.is_classic() {
        trail.note("migration archives are not determined: GitHub lists them to classic tokens of owners only");
        return Ok(());
    }
    let wanted = Wanted {
        what: "migrations",
        folder: format!("{path}/migrations"),
        url: session.url(&format!("{path}/migrations?per_page={PER_PAGE}")),
        key: None,
        id: Some("id"),
        until: None,
        twice: true,
    };
    if let Listed::Refused(_, answer) = pages::read(session, trail, &wanted).await? {
        trail.note(format!(
            "migration archives are not determined ({}: {}): GitHub lists them to classic tokens of owners only",
            answer.status.as_u16(),
            answer.message()
        ));
    }
    Ok(())
}
