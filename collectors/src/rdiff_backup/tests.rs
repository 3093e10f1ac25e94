//! The sample against its ground truth; other versions, options and damage.

use super::KIND;
use crate::testing::{differences_from_truth, parse, sample_documents};

#[test]
fn the_sample_reads_as_its_truth() {
    let kept = parse(&KIND, None, &sample_documents("rdiff-backup"));
    eprintln!("{:#?}", kept.rows);
    eprintln!("{:#?}", kept.passed_over);
    assert_eq!(differences_from_truth("rdiff-backup", &kept, &[]), Vec::<String>::new());
}
