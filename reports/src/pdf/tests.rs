use crate::sample::report;

#[test]
fn the_sample_is_written_for_looking_at() {
    let bytes = crate::pdf(&report()).unwrap();
    let folder = std::env::temp_dir().join("h-reports");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("sample.pdf"), bytes).unwrap();
}
