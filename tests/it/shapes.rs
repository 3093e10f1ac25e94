//! The JSON and CSV that other people's scripts rely on: keys, types, order.

use serde_json::Value;

use crate::support::{AS_OF, Workspace, files, keys, october, record};

/// An instant as the contract writes it: `2026-10-01T00:00:00Z`, whole seconds, UTC.
fn is_instant(value: &Value) -> bool {
    let text = value.as_str().unwrap_or("");
    text.len() == 20
        && text.ends_with('Z')
        && text.chars().zip("0000-00-00T00:00:00Z".chars()).all(|(c, form)| match form {
            '0' => c.is_ascii_digit(),
            _ => c == form,
        })
}

#[track_caller]
fn sorted_by(list: &Value, keys: &[&str]) {
    let of = |row: &Value| keys.iter().map(|k| row[*k].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let all: Vec<_> = list.as_array().unwrap().iter().map(of).collect();
    assert!(all.is_sorted(), "{keys:?}: {all:?}");
}

/// Exactly these keys; their order is no part of the contract.
#[track_caller]
fn has_keys(value: &Value, wanted: &[&str]) {
    let (mut shown, mut wanted) = (keys(value), wanted.to_vec());
    shown.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(shown, wanted, "{value}");
}

#[track_caller]
fn rate(metric: &Value) {
    for key in ["numerator", "denominator", "unknown", "waived"] {
        assert!(metric[key].is_u64(), "{key}: {metric}");
    }
    for key in ["value", "lowest", "highest"] {
        let value = &metric[key];
        assert!(value.is_null() || value.is_number(), "{key}: {metric}");
        if let Some((_, decimals)) = value.to_string().split_once('.') {
            assert!(decimals.len() <= 6, "{key}: {metric}");
        }
    }
    assert_eq!(metric["value"].is_null(), metric["undefined"].is_string(), "{metric}");
}

#[test]
fn an_assessment_has_the_keys_of_the_contract() {
    let w = Workspace::good();
    let mut log: String = (1..=30).map(|day| record("shop-db", "shop-daily", day, "success")).collect();
    log.push_str(&record("shop-db", "shop-daily", 31, "failed"));
    w.write("drop/nightly.jsonl", log);
    w.collect(0);
    let a = w.assess();
    has_keys(&a, &["schema", "organization", "period", "sources", "metrics", "results", "summary"]);
    assert_eq!(a["schema"], "backproof.assessment/1");
    assert_eq!(a["organization"], "Example Robotics");
    has_keys(&a["period"], &["label", "start", "end", "as_of", "timezone"]);
    assert_eq!(
        a["period"],
        serde_json::json!({"label": "2026-10", "start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z",
                           "as_of": AS_OF, "timezone": "UTC"})
    );
    let source = &a["sources"][0];
    has_keys(source, &["source_id", "kind", "status", "reason", "records", "collected_at", "digests"]);
    assert_eq!((&source["source_id"], &source["kind"]), (&Value::from("nightly"), &Value::from("runs")));
    assert_eq!(source["status"], "complete");
    assert!(source["reason"].is_null() && source["records"].is_u64() && is_instant(&source["collected_at"]));
    let object = source["digests"][0].as_str().unwrap();
    assert!(w.path().join("evidence/objects").join(&object[..2]).join(object).is_file(), "{object} is in the store");

    let metrics = a["metrics"].as_array().unwrap();
    sorted_by(&a["metrics"], &["id"]);
    for metric in metrics {
        has_keys(
            metric,
            &["id", "numerator", "denominator", "unknown", "value", "lowest", "highest", "waived", "undefined", "by"],
        );
        rate(metric);
        has_keys(&metric["by"], &["tier", "system", "platform"]);
        for list in ["tier", "system", "platform"] {
            sorted_by(&metric["by"][list], &["key"]);
            for part in metric["by"][list].as_array().unwrap() {
                has_keys(part, &["key", "numerator", "denominator", "unknown"]);
            }
        }
    }
    let success = metrics.iter().find(|m| m["id"] == "backup_success_rate").unwrap();
    assert_eq!((success["numerator"].as_u64(), success["denominator"].as_u64()), (Some(30), Some(31)));
    assert_eq!(success["value"].to_string(), "0.967741", "30 of 31 is cut, not rounded");

    sorted_by(&a["results"], &["check", "unit"]);
    let mut counts =
        std::collections::BTreeMap::from([("pass", 0), ("fail", 0), ("not_applicable", 0), ("no_evidence", 0)]);
    let mut waived = 0;
    for result in a["results"].as_array().unwrap() {
        has_keys(
            result,
            &["check", "unit", "state", "severity", "waived", "reasons", "detail", "records", "parameters"],
        );
        *counts.get_mut(result["state"].as_str().unwrap()).unwrap() += 1;
        waived += u64::from(result["waived"].as_bool().unwrap());
        assert!(["low", "medium", "high", "critical"].contains(&result["severity"].as_str().unwrap()), "{result}");
        assert!(!result["detail"].as_str().unwrap().is_empty(), "{result}");
        for list in ["reasons", "records"] {
            let words: Vec<_> = result[list].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            assert!(words.is_sorted(), "{list}: {result}");
        }
        sorted_by(&result["parameters"], &["id"]);
        for parameter in result["parameters"].as_array().unwrap() {
            has_keys(parameter, &["id", "value", "origin"]);
        }
        if result["state"] == "fail" {
            assert!(!result["reasons"].as_array().unwrap().is_empty(), "a fail without a reason: {result}");
        }
    }
    let summary = &a["summary"];
    has_keys(summary, &["pass", "fail", "waived", "not_applicable", "no_evidence"]);
    for (state, count) in counts {
        assert_eq!(summary[state], count, "{state}");
    }
    assert_eq!(summary["waived"], waived);
}

#[test]
fn each_population_has_an_envelope_and_rows_with_lineage() {
    let w = Workspace::good();
    w.collect(0);
    let tables = [
        "runs",
        "slots",
        "closure",
        "recovery-points",
        "restore-tests",
        "systems",
        "plans",
        "sources",
        "waivers",
        "incidents",
        "storage",
        "assets",
        "documents",
    ];
    for table in tables {
        let args = ["show", table, "--period", "2026-10", "--as-of", AS_OF, "--format", "json"];
        let shown = w.run(&args).ends(0).json();
        has_keys(&shown, &["schema", "table", "period", "rows"]);
        assert_eq!((&shown["schema"], &shown["table"]), (&Value::from("backproof.table/1"), &Value::from(table)));
        has_keys(&shown["period"], &["label", "start", "end", "as_of", "timezone"]);
        sorted_by(&shown["rows"], &["row_id"]);
        for row in shown["rows"].as_array().unwrap() {
            if table != "slots" {
                for key in ["row_id", "system_id", "resource", "evidence", "pointer"] {
                    assert!(keys(row).contains(&key), "{table}: {key}: {row}");
                }
            }
            for (key, value) in row.as_object().unwrap() {
                if key.ends_with("_at") && !value.is_null() {
                    assert!(is_instant(value), "{table}: {key}: {value}");
                }
            }
        }
    }
}

#[test]
fn rows_of_runs_slots_and_points_carry_their_fields() {
    let w = Workspace::good();
    w.collect(0);
    let runs = w.show("runs", "2026-10");
    assert_eq!(runs.len(), 31);
    let run = runs.iter().find(|r| r["run_id"] == "shop-db-07").unwrap();
    for (key, wanted) in [
        ("system_id", Value::from("shop-db")),
        ("plan_id", Value::from("shop-daily")),
        ("component", Value::from("full")),
        ("scheduled_for", Value::from("2026-10-07T02:00:00Z")),
        ("started_at", Value::from("2026-10-07T02:00:05Z")),
        ("ended_at", Value::from("2026-10-07T02:20:00Z")),
        ("status", Value::from("success")),
        ("bytes", Value::from(1_048_576)),
        ("encrypted", Value::from(true)),
        ("recovery_point_id", Value::from("shop-db-rp-07")),
        ("pointer", Value::from("line:7")),
    ] {
        assert_eq!(run[key], wanted, "{key}: {run:#}");
    }
    let fields = model_fields("backup_runs");
    for field in &fields {
        assert!(keys(run).contains(&field.as_str()), "{field} of the data model is missing: {run}");
    }
    let line = std::fs::read_to_string(w.path().join("drop/nightly.jsonl")).unwrap();
    let object = run["evidence"].as_str().unwrap();
    let stored = std::fs::read_to_string(w.path().join("evidence/objects").join(&object[..2]).join(object)).unwrap();
    assert_eq!(stored, line, "the evidence of a row is the file as it was");

    let slots = w.show("slots", "2026-10");
    assert_eq!(slots.len(), 31);
    for key in ["slot_id", "plan_id", "system_id", "scheduled_for", "deadline", "outcome", "attempts", "run_ids"] {
        assert!(keys(&slots[0]).contains(&key), "{key}: {}", slots[0]);
    }
    assert!(slots.iter().all(|s| s["outcome"] == "success"), "{slots:#?}");
    assert!(is_instant(&slots[0]["scheduled_for"]) && is_instant(&slots[0]["deadline"]));

    let points = w.show("recovery-points", "2026-10");
    assert_eq!(points.len(), 31);
    for field in model_fields("recovery_points") {
        assert!(keys(&points[0]).contains(&field.as_str()), "{field} of the data model is missing: {}", points[0]);
    }
}

/// Columns of a table as the data model names them.
fn model_fields(table: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("controls/model.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let model: toml::Table = text.parse().unwrap();
    let tables = model["table"].as_array().unwrap();
    let one = tables.iter().find(|t| t["name"].as_str() == Some(table)).unwrap_or_else(|| panic!("no table {table}"));
    let fields: Vec<String> =
        one["fields"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect();
    assert!(!fields.is_empty(), "{table} has no fields in the data model");
    fields
}

#[test]
fn csv_has_one_header_and_the_rows_of_json() {
    let w = Workspace::good();
    w.write(
        "drop/nightly.jsonl",
        october("shop-db", "shop-daily").replace("\"shop-db-rp-03\"", "\"=cmd|' /C calc'!A0\""),
    );
    w.collect(0);
    let args = ["show", "runs", "--period", "2026-10", "--as-of", AS_OF, "--format", "csv"];
    let text = w.run(&args).ends(0).out;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let json = w.show("runs", "2026-10");
    assert_eq!(header, keys(&json[0]));
    assert_eq!(rows.len(), json.len());
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    for (row, wanted) in rows.iter().zip(&json) {
        assert_eq!(row.get(at("run_id")), wanted["run_id"].as_str());
        assert_eq!(row.get(at("bytes")), Some("1048576"));
        let point = row.get(at("recovery_point_id")).unwrap();
        assert!(!point.starts_with('='), "a spreadsheet would run {point}");
    }
    let args = ["assess", "--period", "2026-10", "--as-of", AS_OF, "--format", "csv"];
    let text = w.run(&args).ends(0).out;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let assessment = w.assess();
    let mut wanted = keys(&assessment["results"][0]);
    wanted.sort_unstable();
    assert_eq!(header, wanted);
    assert_eq!(reader.records().map(Result::unwrap).count(), w.assess()["results"].as_array().unwrap().len());
}

#[test]
fn a_verification_has_the_keys_of_the_contract() {
    let w = Workspace::good();
    w.collect(0);
    let good = w.run(&["verify", "evidence", "--format", "json"]).ends(0).json();
    assert_eq!(good["schema"], "backproof.verification/1");
    assert_eq!((&good["path"], &good["valid"]), (&Value::from("evidence"), &Value::from(true)));
    assert_eq!(good["problems"], serde_json::json!([]));
    let object = files(&w.path().join("evidence/objects")).remove(0).0;
    std::fs::remove_file(w.path().join("evidence/objects").join(object)).unwrap();
    let bad = w.run(&["verify", "evidence", "--format", "json"]).ends(5).json();
    assert_eq!(bad["valid"], false);
    has_keys(&bad["problems"][0], &["path", "kind", "message"]);
}
