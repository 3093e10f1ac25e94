//! stub
use crate::judgement::Judgement;
use crate::world::World;
use model::assessment::CheckResult;
/// EXC-05
pub fn uncovered(_world: &World<'_>, _results: &[CheckResult]) -> Vec<Judgement> {
    Vec::new()
}
