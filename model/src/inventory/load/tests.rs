use super::*;
use crate::rows::Component;
use crate::time::utc_text;

const ZONE: Tz = Tz::America__New_York;

const GOOD: &str = r#"
[[system]]
id = "billing-db"
name = "Billing database"
kind = "database"
environment = "production"
criticality = "critical"
tier = "critical_online_services"
owner = "Payments team"
data_classes = ["customer"]
in_scope = true
ephi = false
iacs = false
onboarded_at = 2025-03-01T00:00:00Z
reviewed_at = 2026-09-15T00:00:00Z
resources = ["pgbackrest:billing", "heroku-postgres:example-prod/*"]

[[plan]]
id = "billing-daily"
system = "billing-db"
component = "full"
schedule = "0 2 * * *"
timezone = "America/New_York"
start_window = "PT1H"
max_duration = "PT4H"
retention = "P35D"
location = "s3:example-backups"
enabled = true
effective_from = 2025-03-01T00:00:00Z

[[objective]]
id = "billing"
system = "billing-db"
rto = "PT4H"
rpo = "PT15M"
effective_from = 2025-03-01T00:00:00Z
"#;

fn read(files: &[(&str, &str)]) -> (Inventory, Vec<Fault>) {
    let files: Vec<File<'_>> = files.iter().map(|(name, text)| File { name, text }).collect();
    let mut faults = Faults::default();
    let inventory = load(&files, ZONE, &mut faults);
    (inventory, faults.or(()).err().unwrap_or_default().0)
}

fn told(text: &str) -> Vec<String> {
    read(&[("inventory.toml", text)]).1.iter().map(|f| format!("{}: {}", f.line, f.message)).collect()
}

#[track_caller]
fn one(text: &str, expected: &str) {
    let told = told(text);
    assert!(told.len() == 1 && told[0].contains(expected), "wanted one fault with {expected:?}, got {told:#?}");
}

#[test]
fn an_inventory_is_read_to_the_letter() {
    let (inventory, faults) = read(&[("inventory.toml", GOOD)]);
    assert_eq!(faults, []);
    let system = inventory.system("billing-db").unwrap();
    assert_eq!(
        (system.owner.as_deref(), system.ephi, system.transactional),
        (Some("Payments team"), Some(false), None)
    );
    assert_eq!(utc_text(system.onboarded_at), "2025-03-01T00:00:00Z");
    assert_eq!(system.declared_in, "inventory.toml:2");
    let plan = &inventory.plans[0];
    assert_eq!(
        (plan.start_window_s, plan.max_duration_s, plan.retention_s),
        (Some(3600), Some(14_400), Some(3_024_000))
    );
    assert_eq!((plan.component, plan.version, plan.operational), (Component::Full, 1, true));
    assert_eq!(plan.declared_in, "inventory.toml:18");
    let objective = &inventory.objectives[0];
    assert_eq!((objective.rto_s, objective.rpo_s, objective.rpo_applicable), (Some(14_400), Some(900), true));
    assert!(inventory.given && inventory.objectives_given);
}

#[test]
fn the_three_forms_of_a_schedule_exclude_each_other() {
    let with = |keys: &str| GOOD.replace("schedule = \"0 2 * * *\"", keys);
    let schedule = |keys: &str| read(&[("i.toml", &with(keys))]).0.plans[0].schedule.clone();
    assert_eq!(schedule("schedule = 'continuous'"), Schedule::Continuous);
    let Schedule::Interval { every_s, anchor } = schedule("interval = 'PT6H'\nanchor = 2026-01-01T00:00:00Z") else {
        panic!("no interval")
    };
    assert_eq!((every_s, utc_text(anchor).as_str()), (21_600, "2026-01-01T00:00:00Z"));
    one(&with("interval = 'PT6H'"), "`interval` without `anchor`");
    one(&with("anchor = 2026-01-01T00:00:00Z"), "`anchor` without `interval`");
    one(&with("interval = 'PT0S'\nanchor = 2026-01-01T00:00:00Z"), "`interval` is shorter than a minute");
    one(&with("schedule = '0 2 * * *'\ninterval = 'PT6H'"), "both `schedule` and `interval`");
    one(&with(""), "no schedule");
    one(&with("schedule = '0 25 * * *'"), "not a cron expression");
    one(&with("schedule = 7"), "expected text, found an integer");
}

#[test]
fn all_faults_are_told_at_once() {
    let text = GOOD
        .replace("owner = ", "onwer = ")
        .replace("kind = \"database\"", "kind = \"databse\"")
        .replace("in_scope = true", "in_scope = \"yes\"")
        .replace("component = \"full\"", "component = \"everything\"")
        .replace("retention = \"P35D\"", "retention = \"P1M\"")
        .replace("rto = \"PT4H\"", "rto = 4");
    let told = told(&text);
    for expected in [
        "unknown key \"onwer\"",
        "\"databse\" is not one of",
        "in_scope",
        "\"everything\"",
        "no fixed length",
        "\"rto\"",
    ] {
        assert_eq!(told.iter().filter(|t| t.contains(expected)).count(), 1, "{expected}: {told:#?}");
    }
    assert_eq!(told.len(), 6, "nothing that only follows from another fault: {told:#?}");
}

#[test]
fn what_a_check_tests_may_be_empty_and_what_the_program_needs_may_not() {
    let without =
        |key: &str| GOOD.lines().filter(|l| !l.starts_with(&format!("{key} ="))).collect::<Vec<_>>().join("\n");
    for key in ["owner", "tier", "data_classes", "reviewed_at", "ephi", "name", "resources", "retention", "enabled"] {
        assert_eq!(told(&without(key)), [""; 0], "{key}");
    }
    for key in ["onboarded_at", "kind", "environment", "criticality", "in_scope"] {
        one(&without(key), &format!("missing key \"{key}\""));
    }
    one(&GOOD.replace("effective_from = 2025-03-01T00:00:00Z\n\n[[obj", "\n[[obj"), "missing key \"effective_from\"");
    one(&GOOD.replace("system = \"billing-db\"\ncomponent", "component"), "missing key \"system\"");
}

#[test]
fn ids_that_occur_twice_name_both_places() {
    let system = &GOOD[..GOOD.find("[[plan]]").unwrap()];
    let told = told(&format!("{GOOD}{system}"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("system billing-db stands here and at inventory.toml:2"), "{told:?}");
}

#[test]
fn references_that_lead_nowhere_are_faults() {
    let (_, faults) =
        read(&[("i.toml", &GOOD.replace("system = \"billing-db\"\ncomponent", "system = \"biling-db\"\ncomponent"))]);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].message.contains("[[plan]] billing-daily names system \"biling-db\""));
    assert_eq!(faults[0].help.as_deref(), Some("did you mean \"billing-db\"?"));
    assert_eq!(told(&GOOD.replace("tier = \"critical_online_services\"", "tier = \"none_such\"")), [""; 0]);
}

#[test]
fn resources_belong_to_one_system() {
    let second = GOOD[..GOOD.find("[[plan]]").unwrap()].replace("id = \"billing-db\"", "id = \"b\"");
    one(
        &format!("{GOOD}{second}").replace("\"heroku-postgres:example-prod/*\"", ""),
        "belongs to billing-db (inventory.toml:2) and to b",
    );

    let second =
        second.replace("pgbackrest:billing", "heroku-postgres:*").replace(", \"heroku-postgres:example-prod/*\"", "");
    let (inventory, faults) = read(&[("i.toml", &format!("{GOOD}{second}"))]);
    assert_eq!(faults, []);
    let id = |resource| inventory.resolve(resource).map(|s| s.map(|s| s.system_id.as_str()));
    assert_eq!(id("pgbackrest:billing"), Ok(Some("billing-db")));
    assert_eq!(id("pgbackrest:Billing"), Ok(None), "case counts");
    assert_eq!(id("heroku-postgres:other/addon"), Ok(Some("b")), "* crosses /");
    let ambiguous = id("heroku-postgres:example-prod/db").unwrap_err().to_string();
    assert!(
        ambiguous.contains("\"heroku-postgres:*\" of b and \"heroku-postgres:example-prod/*\" of billing-db"),
        "{ambiguous}"
    );
    one(&GOOD.replace("pgbackrest:billing", "pgbackrest:[billing"), "resource glob");
}

#[test]
fn versions_of_a_plan_follow_each_other() {
    let plan = |version: &str, from: &str, to: &str| {
        format!(
            "[[plan]]\nid = 'p'\n{version}\nsystem = 'billing-db'\ncomponent = 'full'\nschedule = '0 1 * * *'\n\
             effective_from = {from}\n{to}\n"
        )
    };
    let (first, second) = (plan("", "2026-01-01", ""), plan("version = 2", "2026-06-01", ""));
    let (inventory, faults) = read(&[("i.toml", &format!("{GOOD}{second}{first}"))]);
    assert_eq!(faults, []);
    let ends: Vec<_> = inventory.plan("p").map(|p| (p.version, p.effective_to.map(utc_text))).collect();
    assert_eq!(ends, [(1, Some("2026-06-01T04:00:00Z".to_owned())), (2, None)]);
    assert_eq!(inventory.plan("p").next().unwrap().timezone, ZONE, "the organisation's, where none is given");

    let late = plan("", "2026-01-01", "effective_to = 2026-07-01");
    one(&format!("{GOOD}{late}{second}"), "version 2 of plan p overlaps version 1");
    one(&format!("{GOOD}{}", plan("", "2026-01-01", "effective_to = 2025-07-01")), "effective_to is not after");
    one(&format!("{GOOD}{first}{first}"), "plan p version 1 stands here and at");
}

#[test]
fn objectives_are_of_a_tier_or_of_a_system() {
    let with = |keys: &str| GOOD.replace("system = \"billing-db\"\nrto = \"PT4H\"\nrpo = \"PT15M\"", keys);
    assert_eq!(told(&with("tier = 't'\nrto_s = 7200\nrpo_applicable = false\nrpo_reason = 'static'")), [""; 0]);
    one(&with("rto = 'PT4H'"), "either a `tier` or a `system`");
    one(&with("tier = 't'\nsystem = 'billing-db'"), "either a `tier` or a `system`");
    one(&with("tier = 't'\nrto = 'PT1H'\nrto_low = 'PT2H'"), "rto_low is not below rto");
    one(&with("tier = 't'\nrpo = 'PT1H'\nrpo_applicable = false"), "rpo_applicable is false");
    one(&with("tier = 't'\nrto = 'PT1H'\nrto_s = 3600"), "both \"rto\" and \"rto_s\"");
}

#[test]
fn sheets_say_the_same_as_toml() {
    let systems = "ID;Name;kind;environment;criticality;Tier;owner;data classes;in_scope;ephi;iacs;onboarded_at;reviewed_at;resources;;\r\n\
        billing-db;Billing database;database;production;critical;critical_online_services;Payments team;customer;TRUE;no;0;2025-02-28 19:00;2026-09-15T00:00:00Z;pgbackrest:billing|heroku-postgres:example-prod/*;;\r\n;;;;;;;;;;;;;;;\r\n";
    let plans = "plan_id,system_id,component,schedule,timezone,start_window_s,max_duration,retention,location_id,enabled,effective_from\n\
        billing-daily,billing-db,full,0 2 * * *,America/New_York,3600,PT4H,P35D,s3:example-backups,yes,2025-03-01T00:00:00Z\n";
    let objectives = "objective_id\tsystem_id\trto_s\trpo\teffective_from\nbilling\tbilling-db\t14400\tPT15M\t2025-03-01T00:00:00Z\n";
    let (sheets, faults) = read(&[
        ("inventory/systems.csv", systems),
        ("inventory/plans.csv", plans),
        ("registers/objectives.csv", objectives),
    ]);
    assert_eq!(faults, []);
    let (toml, _) = read(&[("inventory.toml", GOOD)]);
    let mut system = sheets.systems[0].clone();
    assert_eq!(system.declared_in, "inventory/systems.csv:2");
    system.declared_in.clone_from(&toml.systems[0].declared_in);
    assert_eq!(system, toml.systems[0]);
    let plan = Plan { declared_in: toml.plans[0].declared_in.clone(), ..sheets.plans[0].clone() };
    assert_eq!(plan, toml.plans[0]);
    let objective = Objective { declared_in: toml.objectives[0].declared_in.clone(), ..sheets.objectives[0].clone() };
    assert_eq!(objective, toml.objectives[0]);

    let (_, faults) = read(&[("inventory/systems.csv", &systems.replace("2025-02-28 19:00", "5/6/2026"))]);
    assert_eq!((faults.len(), faults[0].line), (1, 2));
    assert!(faults[0].message.starts_with("\"onboarded_at\" in systems billing-db"), "{}", faults[0].message);
    let (_, faults) = read(&[("inventory/owners.csv", "a\n1\n")]);
    assert!(faults[0].message.contains("no file of an inventory"));
}
