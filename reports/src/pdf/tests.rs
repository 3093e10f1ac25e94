use crate::sample::report;

#[test]
fn the_sample_is_written_for_looking_at() {
    let bytes = crate::pdf(&report()).unwrap();
    let folder = std::env::temp_dir().join("h-reports");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("sample.pdf"), bytes).unwrap();
}

#[test]
fn many_rows_are_fast() {
    let document = crate::sample::document(crate::sample::findings(22_000));
    let start = std::time::Instant::now();
    let bytes = crate::pdf(&document).unwrap();
    eprintln!("22000 rows: {} bytes, {:?}", bytes.len(), start.elapsed());
    let start = std::time::Instant::now();
    let page = crate::html(&document).unwrap();
    eprintln!("22000 rows html: {} bytes, {:?}", page.len(), start.elapsed());
}
