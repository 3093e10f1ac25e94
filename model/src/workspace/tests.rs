use super::*;
use crate::registers::reference::header;
use crate::registers::{Decision, ExceptionStatus};
use crate::time::utc_text;

const KINDS: &[KindKeys] = &[
    KindKeys {
        kind: "pgbackrest",
        keys: &[],
        path_keys: &[Key { name: "region", takes: Takes::Text, says: "Region." }],
    },
    KindKeys {
        kind: "heroku-postgres",
        keys: &[
            Key { name: "apps", takes: Takes::List, says: "Apps." },
            Key { name: "token", takes: Takes::Secret, says: "Token." },
        ],
        path_keys: &[],
    },
    KindKeys { kind: "runs", keys: &[], path_keys: &[] },
    KindKeys { kind: "github", keys: &[Key { name: "token", takes: Takes::Secret, says: "Token." }], path_keys: &[] },
];

const CONFIG: &str = r#"
[organization]
name = "Example Robotics"
timezone = "America/New_York"

[policy]
parameters = { min_retention = "P35D" }

[sources.heroku-postgres.prod]
apps = ["example-prod"]
token = { env = "HEROKU_API_KEY" }

[sources.pgbackrest.db1]
path = "drop/db1"
timezone = "America/New_York"

[sources.runs.nightly]
path = "drop/runs-*.jsonl"
covers = { systems = ["*"], from = "2026-10-01T00:00:00Z", to = "2026-11-01T00:00:00Z", complete = true }

[signing]
key = { file = "keys/backproof" }
"#;

const INVENTORY: &str = r#"
[[system]]
id = "billing-db"
kind = "database"
environment = "production"
criticality = "critical"
in_scope = true
onboarded_at = 2025-03-01T00:00:00Z
"#;

fn read(files: &[(&str, &str)]) -> Result<Workspace, Faults> {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    load(&files, KINDS)
}

#[track_caller]
fn told(files: &[(&str, &str)]) -> String {
    read(files).map(|_| ()).expect_err("faults").render(false)
}

#[test]
fn the_workspace_of_the_design_is_read() {
    let w = read(&[("backproof.toml", CONFIG), ("inventory.toml", INVENTORY)]).unwrap();
    assert_eq!(
        w.config.organization,
        Organization { name: "Example Robotics".to_owned(), timezone: Tz::America__New_York, accent: None, logo: None }
    );
    let ids: Vec<_> = w.config.sources.iter().map(|s| (s.kind.as_str(), s.id.as_str())).collect();
    assert_eq!(ids, [("heroku-postgres", "prod"), ("pgbackrest", "db1"), ("runs", "nightly")]);
    assert_eq!(w.config.source("prod").unwrap().secret("token"), Some(&Secret::Env("HEROKU_API_KEY".to_owned())));
    assert_eq!(w.config.source("db1").unwrap().timezone, Some(Tz::America__New_York));
    let covers = &w.config.source("nightly").unwrap().covers[0];
    assert_eq!(
        (covers.to.map(utc_text), covers.complete, &covers.systems[0][..]),
        (Some("2026-11-01T00:00:00Z".to_owned()), true, "*")
    );
    assert_eq!(w.config.signing_key.as_deref(), Some("keys/backproof"));
    assert_eq!(w.config.paths, Paths::default());
    assert_eq!(w.policy.seconds("min_retention"), 35 * 86_400);
    assert_eq!(w.inventory.systems.len(), 1);
    assert_eq!(w.registers, Registers::default(), "what was not given is not there");
}

#[test]
fn keys_of_a_bucket_serve_paths_in_buckets() {
    let with = |path: &str| {
        CONFIG.replace("path = \"drop/db1\"", &format!("path = \"{path}\"\nregion = \"eu-west-1\"\ntimeout = \"PT5S\""))
    };
    let w = read(&[("backproof.toml", &with("s3://acme/db1/")), ("inventory.toml", INVENTORY)]).unwrap();
    let source = w.config.source("db1").unwrap();
    assert_eq!((source.bucket_path(), source.text("region")), (Some("s3://acme/db1/"), Some("eu-west-1")));
    assert_eq!(source.seconds("timeout"), Some(5));
    assert_eq!(w.config.source("nightly").unwrap().bucket_path(), None);
    let all = told(&[("backproof.toml", &with("drop/db1")), ("inventory.toml", INVENTORY)]);
    for key in ["region", "timeout"] {
        assert!(
            all.contains(&format!(
                "\"{key}\" in [sources.pgbackrest.db1]: serves only a `path` that begins with s3://"
            )),
            "{all}"
        );
    }
}

#[test]
fn faults_of_all_files_come_together_and_sorted() {
    let config = CONFIG
        .replace("timezone = \"America/New_York\"\n\n[policy]", "timezone = \"New York\"\n\n[policy]")
        .replace("min_retention", "min_retension")
        .replace("sources.pgbackrest", "sources.pgbackrst")
        .replace("path = \"drop/runs", "pth = \"drop/runs");
    let all = told(&[
        ("backproof.toml", &config),
        ("inventory.toml", &INVENTORY.replace("criticality", "critical")),
        ("registers/incidents.csv", "incident_id,kind,backup_related,opened_at\nI-1,outage,yes,2026-10-01\n"),
        ("registers/exeptions.csv", "exception_id,status\n"),
    ]);
    let places: Vec<&str> = all.lines().filter(|l| !l.starts_with(' ') && !l.is_empty()).collect();
    let starts = [
        "backproof.toml:4:12: \"timezone\" in [organization]: \"New York\" is not an IANA time zone",
        "backproof.toml:7:16: unknown parameter \"min_retension\"",
        "backproof.toml:13:10: unknown kind of source \"pgbackrst\"",
        "backproof.toml:18:1: unknown key \"pth\" in [sources.runs.nightly]",
        "inventory.toml:2:1: missing key \"criticality\"",
        "inventory.toml:6:1: unknown key \"critical\" in [[system]] billing-db",
        "registers/exeptions.csv:1:1: \"exeptions.csv\" is not the name of a register",
        "registers/incidents.csv:2:5: \"kind\" in incidents I-1: \"outage\" is not one of",
    ];
    assert_eq!(places.len(), starts.len(), "{all}");
    for (place, start) in places.iter().zip(starts) {
        assert!(place.starts_with(start), "{place}\n{start}");
    }
    for help in ["min_retention", "pgbackrest", "path", "exceptions.csv"] {
        assert!(
            all.contains(&format!("did you mean {help}")) || all.contains(&format!("did you mean \"{help}\"")),
            "{help}: {all}"
        );
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_repeated() {
    let all = told(&[("backproof.toml", &CONFIG.replace("{ env = \"HEROKU_API_KEY\" }", "\"HRKU-c0ffee\""))]);
    assert!(all.contains("a secret does not belong in this file") && !all.contains("c0ffee"), "{all}");
    let all = told(&[(
        "backproof.toml",
        &CONFIG.replace("token = { env = \"HEROKU_API_KEY\" }", "token = { value = \"HRKU-c0ffee\" }"),
    )]);
    assert!(all.contains("exactly one of `env` and `file`") && !all.contains("c0ffee"), "{all}");
    let all = told(&[(
        "backproof.toml",
        &CONFIG.replace("token = { env = \"HEROKU_API_KEY\" }", "password = \"HRKU-c0ffee\""),
    )]);
    assert!(all.contains("unknown key \"password\"") && !all.contains("c0ffee"), "{all}");
    let all =
        told(&[("backproof.toml", &CONFIG.replace("token = { env = \"HEROKU_API_KEY\" }", "token = \"HRKU-c0ffee"))]);
    assert!(all.contains("not valid TOML") && !all.contains("c0ffee"), "{all}");
}

#[test]
fn source_ids_are_unique_across_kinds() {
    let all = told(&[("backproof.toml", &CONFIG.replace("sources.pgbackrest.db1", "sources.pgbackrest.nightly"))]);
    assert!(all.contains("source id \"nightly\" stands here and at backproof.toml:"), "{all}");
    let all = told(&[("backproof.toml", &CONFIG.replace("[sources.pgbackrest.db1]", "[sources.pgbackrest]"))]);
    assert!(all.contains("\"path\" stands where the id of a source belongs"), "{all}");
    let all = told(&[("backproof.toml", &CONFIG.replace("to = \"2026-11", "to = \"2026-09"))]);
    assert!(all.contains("`to` is not after `from`"), "{all}");
}

#[test]
fn registers_that_are_given_are_complete_even_if_empty() {
    let w = read(&[
        ("backproof.toml", CONFIG),
        ("inventory.toml", INVENTORY),
        ("registers/incidents.csv", "incident_id,kind,backup_related,opened_at\n"),
        (
            "registers/exceptions.csv",
            "exception_id;status;system_ids;expires_at\nE-1;approved;*;2026-12-31\nE-2;draft;billing-db;\n",
        ),
        (
            "registers/exception-approvals.csv",
            "exception_id,role,approver,decision,decided_at\nE-1,policy_owner,A. Person,approve,2026-10-01 09:00\n",
        ),
        ("registers/restore-tests.csv", "anything\nat all\n"),
        ("registers/asset_exclusions.csv", "asset_id,excluded_reason\ns3:old,archived\n"),
    ])
    .unwrap();
    let r = &w.registers;
    assert_eq!(r.incidents.as_deref(), Some(&[][..]));
    assert_eq!(r.alerts, None);
    let exceptions = r.exceptions.as_ref().unwrap();
    assert_eq!((exceptions[0].status, exceptions[1].status), (ExceptionStatus::Approved, ExceptionStatus::Draft));
    assert_eq!(exceptions[0].expires_at.map(utc_text).as_deref(), Some("2026-12-31T05:00:00Z"));
    assert_eq!(
        (exceptions[1].justification.as_deref(), &exceptions[1].declared_in[..]),
        (None, "registers/exceptions.csv:3")
    );
    let approval = &r.exception_approvals.as_ref().unwrap()[0];
    assert_eq!(
        (approval.decision, utc_text(approval.decided_at).as_str()),
        (Decision::Approve, "2026-10-01T13:00:00Z")
    );
    assert_eq!(r.asset_exclusions.as_ref().unwrap()[0].asset_id, "s3:old");
}

#[test]
fn a_record_that_stands_twice_is_a_fault() {
    let approved = "platform_id,approved_at\naws,2025-01-01\naws,2026-01-01\n";
    let incidents = "incident_id,kind,backup_related,opened_at\nI-1,incident,1,2026-10-01\nI-1,incident,1,2026-10-02\n";
    let all = told(&[
        ("backproof.toml", CONFIG),
        ("registers/approved_platforms.csv", approved),
        ("registers/incidents.csv", incidents),
    ]);
    assert!(
        all.starts_with("registers/incidents.csv:3:1: incidents I-1: stands here and at registers/incidents.csv:2"),
        "{all}"
    );
    assert!(!all.contains("aws"), "approvals follow each other: {all}");
}

#[test]
fn systems_that_registers_name_must_exist() {
    let files = |inventory| {
        [
            ("backproof.toml", CONFIG),
            ("inventory.toml", inventory),
            ("registers/exceptions.csv", "exception_id,status,system_ids\nE-1,approved,billing-bd;*\n"),
        ]
    };
    let all = told(&files(INVENTORY));
    assert!(all.contains("registers/exceptions.csv:2:1: system \"billing-bd\" is not in the inventory"), "{all}");
    assert!(all.contains("did you mean \"billing-db\"?"), "{all}");
    let all = told(&files("[[system]"));
    assert!(!all.contains("billing-bd"), "a broken inventory is the cause, not its registers: {all}");
}

#[test]
fn places_of_files_can_be_changed() {
    let config =
        format!("{CONFIG}\n[paths]\ninventory = \"./inv/\"\nregisters = \"reg\"\nevidence = \"/srv/evidence\"\n");
    let config = config.replace("[policy]", "[policy]\nfile = \"our-policy.toml\"");
    let wanted = wanted(&config);
    assert_eq!((wanted.paths.inventory.as_str(), wanted.paths.evidence.as_str()), ("inv/", "/srv/evidence"));
    assert_eq!(wanted.policy_file.as_deref(), Some("our-policy.toml"));
    let policy = include_str!("../../../controls/policy.toml");
    let w = read(&[
        ("backproof.toml", &config),
        (
            "inv/systems.csv",
            "id,kind,environment,criticality,in_scope,onboarded_at\nx,other,production,low,1,2026-01-01\n",
        ),
        ("reg/alerts.csv", "alert_id,kind,raised_at\n"),
        ("our-policy.toml", policy),
    ])
    .unwrap();
    assert_eq!(w.inventory.systems[0].system_id, "x");
    assert_eq!(w.registers.alerts.as_ref().map(Vec::len), Some(0));
    assert_eq!(w.policy.file.as_deref(), Some("our-policy.toml"));
    let all = told(&[("backproof.toml", &config)]);
    assert!(all.contains("our-policy.toml:1:1: the policy file that the configuration names is not there"), "{all}");
    let all = told(&[("backproof.toml", CONFIG), ("notes/x.csv", "")]);
    assert!(all.contains("no place in the workspace"), "{all}");
}

#[test]
fn nothing_at_all_is_a_fault_and_not_a_panic() {
    assert!(load(&[], KINDS).unwrap_err().render(false).contains("backproof init"));
    let all = told(&[("backproof.toml", "")]);
    assert!(all.contains("missing table [organization]"), "{all}");
    assert_eq!(wanted("= ="), Wanted::default());
}

#[test]
fn every_register_has_the_columns_of_the_data_model() {
    let controls = crate::controls::Controls::embedded();
    for (table, columns) in crate::registers::REGISTERS {
        let described = header(table).unwrap();
        assert_eq!(described.len(), columns.len());
        assert!(described.iter().all(|h| !h.meaning.is_empty()), "{table}");
        if *table == "asset_exclusions" {
            continue;
        }
        let schema = controls.table(table).unwrap_or_else(|| panic!("{table} is not in the data model"));
        let names: Vec<&str> = schema.fields.iter().map(|f| f.name.as_str()).collect();
        let own: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        assert_eq!(own, names, "{table}");
        for part in schema.key.split('+') {
            assert!(columns.contains(&(part, true)), "{table}: a row cannot be told apart without {part}");
        }
    }
    assert!(header("no_such_table").is_none());
}

proptest::proptest! {
    #[test]
    fn no_files_make_the_reader_panic(
        config in "(\\[(organization|policy|sources|paths|signing|sources\\.runs\\.a)\\]\n|name=[0-9\"']{1,3}\n|timezone='UTC'\n|covers=[\\[{}\\]]{0,3}\n|\\PC{0,9}){0,8}",
        inventory in "(\\[\\[(system|plan|objective)\\]\\]\n|id='a'\n|schedule=[0-9'* ]{0,9}\n|onboarded_at=9999-12-31\n|\\PC{0,9}){0,8}",
        register in "[a-z_,;\"\n]{0,40}",
    ) {
        let _ = read(&[("backproof.toml", &config), ("inventory.toml", &inventory), ("registers/alerts.csv", &register)]);
    }
}

#[test]
fn printing_is_configured_and_has_defaults() {
    let config = |more: &str| format!("[organization]\nname = \"A\"\ntimezone = \"UTC\"\n{more}");
    let inventory = ("inventory.toml", INVENTORY);
    let printing = |more: &str| read(&[("backproof.toml", &config(more)), inventory]).unwrap().config.printing;
    assert_eq!(printing(""), Printing { rows: 25_000, tagged: true });
    assert_eq!(printing("[reports]\nrows = 100\ntagged = false\n"), Printing { rows: 100, tagged: false });
    assert_eq!(printing("[reports]\nrows = 100\n"), Printing { rows: 100, tagged: true });
    let all = told(&[("backproof.toml", &config("[reports]\nrows = -1\n")), inventory]);
    assert!(all.contains("backproof.toml:5:8") && all.contains("whole number from 0"), "{all}");
}

#[test]
fn a_colour_is_read_and_one_that_nobody_could_read_is_refused() {
    let config = |accent: &str| format!("[organization]\nname = \"A\"\ntimezone = \"UTC\"\naccent = {accent}\n");
    let inventory = ("inventory.toml", INVENTORY);
    let read = read(&[("backproof.toml", &config("\"#7A1F5C\"")), inventory]).unwrap();
    assert_eq!(read.config.organization.accent.unwrap().to_string(), "#7a1f5c");
    for (accent, said) in [
        ("\"#ffcc00\"", "is too light to be read on white paper"),
        ("\"red\"", "is not a colour such as #1d5b92"),
        ("7", "expected a colour such as #1d5b92"),
    ] {
        let all = told(&[("backproof.toml", &config(accent)), inventory]);
        assert!(all.contains("backproof.toml:4:10") && all.contains(said), "{all}");
    }
}

#[test]
fn services_that_take_packets_are_read_and_ids_stay_ids() {
    let read = |more: &str| {
        let text = format!("[organization]\nname = \"A\"\ntimezone = \"UTC\"\n{more}");
        load(&[("backproof.toml".to_owned(), text)], &[])
    };
    let config = read(
        "[timestamp]\nurl = \"https://tsa.example\"\n[publish.drata]\nworkspace = 11\nevidence = [258, \"301\"]\n\
         token = { env = \"KEY\" }\n[publish.vanta]\ndocuments = \"backup-restore\"\nclient_id = \"c\"\n\
         client_secret = { file = \"s\" }\n",
    )
    .unwrap()
    .config;
    assert_eq!(config.timestamp_url.as_deref(), Some("https://tsa.example"));
    let (drata, vanta) = (config.targets.drata.unwrap(), config.targets.vanta.unwrap());
    assert_eq!((drata.workspace.as_str(), drata.evidence), ("11", vec!["258".to_owned(), "301".to_owned()]));
    assert_eq!(vanta.documents, ["backup-restore"]);
    for (bad, says) in [
        ("[publish.drata]\nworkspace = 1\nevidence = 2\ntoken = \"secret\"", "does not belong"),
        ("[publish.drata]\nworkspace = 1\nevidence = 2", "`token` is missing"),
        ("[publish.drata]\nworkspace = [1, 2]\nevidence = 2\ntoken = { env = \"A\" }", "one id"),
        ("[publish.drata]\nworkspace = 1\nevidence = []\ntoken = { env = \"A\" }", "expected the id"),
        ("[publish.drata]\nworkspace = \"1/../2\"\nevidence = 2\ntoken = { env = \"A\" }", "expected the id"),
        ("[publish.drata]\nworkspace = 1\nevidence = \"..\"\ntoken = { env = \"A\" }", "expected the id"),
        ("[publish.vanta]\ndocuments = \"a?b\"\nclient_id = \"c\"\nclient_secret = { env = \"A\" }", "expected the id"),
        ("[publish.vanta]\ndocuments = \"a\"\nclient_secret = { env = \"A\" }", "client_id"),
        ("[publish.jira]\nid = 1", "unknown key \"jira\""),
        ("[timestamp]", "url"),
    ] {
        let faults = read(bad).unwrap_err().0;
        assert!(faults.iter().any(|f| f.message.contains(says)), "{bad}: {faults:?}");
    }
}
