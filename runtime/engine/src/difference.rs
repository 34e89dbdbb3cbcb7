//! What of a certificate differs between its worlds, which is what `proof::certify_change` is shown.
//!
//! Not here: whether that is right. A difference that leaves something out is refused like any other claim.

use program::{RelationId, Tuple};
use proof::Claimed;

/// What is derived in the world after and was not, or stood at another height; and what was derived in the world before
/// and is not, or stands at another height.
///
/// - `before`, `after`: all that is derived in each, sorted by relation and tuple as a certificate has it; of what is not,
///   the difference is refused.
pub(crate) fn difference(before: &[Claimed], after: &[Claimed]) -> (Vec<Claimed>, Vec<(RelationId, Tuple)>) {
    let (mut gained, mut lost) = (Vec::new(), Vec::new());
    let mut before = before.iter().peekable();
    for claim in after {
        let key = (claim.relation, &claim.tuple);
        let went = std::iter::from_fn(|| before.next_if(|old| (old.relation, &old.tuple) < key));
        lost.extend(went.map(|old| (old.relation, old.tuple.clone())));
        let same = before.next_if(|old| (old.relation, &old.tuple) == key);
        if same != Some(claim) {
            gained.push(claim.clone());
            lost.extend(same.map(|old| (old.relation, old.tuple.clone())));
        }
    }
    lost.extend(before.map(|old| (old.relation, old.tuple.clone())));
    (gained, lost)
}
