//! What the engine does, case by case; that it agrees with the law on random programs is said elsewhere.

mod unit {
    mod demand;
    #[cfg(feature = "faults")]
    mod faults;
    mod histories;
    mod joins;
    mod lattices;
    mod limits;
    mod maintained;
    mod proofs;
    mod small;
    mod threads;
    mod worlds;
}
