use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter;

use super::*;

fn written(mut frame: DataFrame, group: usize) -> Vec<u8> {
    let mut out = Vec::new();
    ParquetWriter::new(&mut out).with_row_group_size(Some(group)).finish(&mut frame).unwrap();
    out
}

fn frame() -> DataFrame {
    let micros = instant("2026-10-01T02:00:00Z", None).unwrap().timestamp_micros();
    let local = Series::new("started_at".into(), [Some(micros), None, Some(micros)])
        .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
        .unwrap();
    let zoned = Int64Chunked::new("ended_at".into(), [micros / 1000; 3])
        .into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC))
        .into_series();
    df!(
        "run_id" => [1_i64, 2, 3],
        "system_id" => ["a", "b", "c"],
        "status" => ["success", "failed", "odd"],
        "bytes" => [Some(5.0), Some(f64::NAN), None],
        "encrypted" => [Some(true), Some(false), None],
        "taken_at" => ["2026-10-01T02:00:00Z", "", "2026-10-01 02:00:00"],
    )
    .unwrap()
    .hstack(&[local.into_column(), zoned.into_column()])
    .unwrap()
}

#[test]
fn every_type_of_column_is_read() {
    let at = |t| Some(instant(t, None).unwrap());
    for group in [100, 2] {
        let document = bytes("runs.bin", written(frame(), group));
        let kept = parse(&KIND, Some("Europe/Berlin"), std::slice::from_ref(&document));
        let rows = runs(&kept);
        assert_eq!(ids(&kept), ["1", "2", "3"]);
        assert_eq!(told(&kept).len(), 1);
        assert_eq!(told(&kept)[0].0, "row 3");
        assert_eq!(rows[2].status, RunStatus::Unknown);
        assert_eq!(rows.iter().map(|r| r.bytes).collect::<Vec<_>>(), [Some(5), None, None]);
        assert_eq!(rows.iter().map(|r| r.encrypted).collect::<Vec<_>>(), [Some(true), Some(false), None]);
        assert_eq!(rows[0].started_at, at("2026-10-01T00:00:00Z"));
        assert_eq!(rows[1].started_at, None);
        assert_eq!(rows[0].ended_at, at("2026-10-01T02:00:00Z"));
        assert_eq!(rows[2].taken_at, at("2026-10-01T00:00:00Z"));
        assert_eq!(rows[2].origin.pointer, "row:3");
        let kept = parse(&KIND, None, &[document]);
        let unplaced: Vec<bool> = runs(&kept).iter().map(|r| r.zone_unknown).collect();
        assert_eq!(unplaced, [true, false, true]);
        assert_eq!(runs(&kept)[0].ended_at, at("2026-10-01T02:00:00Z"));
    }
}

#[test]
fn damage_is_told_and_does_not_panic() {
    let whole = written(frame(), 2);
    for end in [4, 20, whole.len() / 2, whole.len() - 1] {
        let kept = parse(&KIND, None, &[bytes("runs.parquet", whole[..end].to_vec())]);
        assert!(kept.rows.is_empty());
        assert_eq!(kept.problems.len(), 1, "{:?}", kept.problems);
    }
    for at in 4..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        parse(&KIND, None, &[bytes("runs.parquet", damaged)]);
    }
}

#[test]
fn unknown_and_missing_columns_are_told() {
    let frame = df!("run_id" => ["a"], "system_id" => ["s"], "state" => ["success"]).unwrap();
    let kept = parse(&KIND, None, &[bytes("runs.parquet", written(frame, 10))]);
    assert!(kept.rows.is_empty());
    assert!(told(&kept)[0].1.contains("\"state\""));
    assert!(told(&kept)[1].1.contains("`status`"));
}
