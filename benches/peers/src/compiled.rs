//! The same programs as ascent compiles them: evaluated from scratch, nothing kept.

use crate::batch::{Batch, word as w};
use crate::estate::{Estate, Input, Output, Sums, word};
use crate::measure::{self, Sum, busy, digest, figure};
use ascent::aggregators::count;
use ascent::ascent;

ascent! {
    struct Law;
    relation resource(u32, u32, u32);
    relation owner(u32, u32);
    relation tag(u32, u32, u32);
    relation depends(u32, u32);
    relation allows(u32, u32);
    relation internet(u32);
    relation seed(u32);
    relation changed(u32);
    relation approval(u32, u32);
    relation owned(u32);
    owned(r) <-- owner(r, _);
    relation missing_owner(u32);
    missing_owner(r) <-- resource(r, _, _), !owned(r);
    relation env_crossing(u32, u32);
    env_crossing(a, b) <--
        depends(a, b), resource(a, _, e), if *e == word::PRODUCTION, resource(b, _, f), if *f != word::PRODUCTION;
    relation critical(u32);
    critical(r) <-- seed(r);
    critical(b) <-- critical(a), depends(a, b);
    relation exposed(u32);
    exposed(r) <-- internet(r);
    exposed(b) <-- exposed(a), allows(a, b);
    relation blast(u32, u32);
    blast(c, c) <-- changed(c);
    blast(c, a) <-- blast(c, b), depends(a, b);
    relation violation(u32, u32);
    violation(r, word::NO_OWNER) <-- missing_owner(r), resource(r, _, e), if *e == word::PRODUCTION;
    violation(r, word::PUBLIC_BUCKET) <--
        resource(r, t, _), if *t == word::BUCKET, tag(r, &word::ACCESS, &word::PUBLIC);
    violation(r, word::UNENCRYPTED) <--
        resource(r, t, _), if *t == word::DATABASE, !tag(r, word::ENCRYPTED, word::YES);
    violation(a, word::CROSSING) <-- env_crossing(a, _);
    violation(r, word::EXPOSED_DATABASE) <-- exposed(r), resource(r, t, _), if *t == word::DATABASE;
    violation(r, word::EXPOSED_PERSONAL) <-- exposed(r), tag(r, &word::CLASS, &word::PERSONAL);
    relation violated(u32, u32, u32);
    violated(o, r, k) <-- violation(r, k), owner(r, o);
    relation violator(u32);
    violator(o) <-- violated(o, _, _);
    relation violation_count(u32, u32);
    violation_count(o, n as u32) <-- violator(o), agg n = count() in violated(o, _, _);
    relation over_limit(u32);
    over_limit(o) <-- violation_count(o, n), if *n > word::LIMIT;
    relation accountable(u32, u32);
    accountable(o, c) <-- blast(c, r), owner(r, o);
    relation approved(u32, u32);
    approved(c, r) <-- approval(c, o), owner(r, o);
    relation refused(u32, u32);
    refused(c, r) <-- blast(c, r), critical(r), resource(r, _, e), if *e == word::PRODUCTION, !approved(c, r);
    relation refused_change(u32);
    refused_change(c) <-- refused(c, _);
    relation blast_size(u32, u32);
    blast_size(c, n as u32) <-- changed(c), agg n = count() in blast(c, _);
    relation risky(u32);
    risky(c) <-- blast(c, r), exposed(r), resource(r, _, e), if *e == word::PRODUCTION;
}

/// Loads an estate; copying the facts in counts.
pub fn estate(estate: Estate) {
    let before = measure::resident();
    let start = busy();
    let mut law = Law::default();
    let one = |input| estate.rows(input).iter().map(|row| (row[0],)).collect();
    let two = |input| estate.rows(input).iter().map(|row| (row[0], row[1])).collect();
    let three = |input| estate.rows(input).iter().map(|row| (row[0], row[1], row[2])).collect();
    law.resource = three(Input::Resource);
    law.owner = two(Input::Owner);
    law.tag = three(Input::Tag);
    law.depends = two(Input::Depends);
    law.allows = two(Input::Allows);
    law.internet = one(Input::Internet);
    law.seed = one(Input::Seed);
    law.changed = one(Input::Changed);
    law.approval = two(Input::Approval);
    law.run();
    figure("load.cpu", (busy() - start) as f64 / 1_000.0);
    figure("load.resident MB", measure::resident() - before);
    figure("load.peak MB", measure::peak());
    let mut sums = Sums::default();
    macro_rules! sums {
        ($($width:ident $output:ident $relation:ident;)*) => {
            $(law.$relation.iter().for_each(|row| sums.add(Output::$output, &$width!(row), 1));)*
        };
    }
    macro_rules! one {
        ($row:ident) => {
            [$row.0]
        };
    }
    macro_rules! two {
        ($row:ident) => {
            [$row.0, $row.1]
        };
    }
    sums! {
        one MissingOwner missing_owner; two Violation violation; one Critical critical; two EnvCrossing env_crossing;
        one Exposed exposed; two ViolationCount violation_count; one OverLimit over_limit; two Blast blast;
        two Accountable accountable; two Refused refused; one RefusedChange refused_change; two BlastSize blast_size;
        one Risky risky;
    }
    sums.print();
}

ascent! {
    struct Closure;
    relation edge(u32, u32);
    relation tc(u32, u32);
    tc(x, y) <-- edge(x, y);
    tc(x, z) <-- tc(x, y), edge(y, z);
}

ascent! {
    struct Generation;
    relation edge(u32, u32);
    relation sg(u32, u32);
    sg(x, y) <-- edge(p, x), edge(p, y), if x != y;
    sg(x, y) <-- edge(a, x), sg(a, b), edge(b, y);
}

ascent! {
    struct PointsTo;
    relation address_of(u32, u32);
    relation assign(u32, u32);
    relation load(u32, u32);
    relation store(u32, u32);
    relation points_to(u32, u32);
    points_to(y, x) <-- address_of(y, x);
    points_to(y, x) <-- assign(y, z), points_to(z, x);
    points_to(y, w) <-- load(y, x), points_to(x, z), points_to(z, w);
    points_to(z, w) <-- store(y, x), points_to(y, z), points_to(x, w);
}

ascent! {
    struct Tagged;
    relation resource(u32, u32, u32, u32);
    relation depends(u32, u32);
    relation tagged(u32, u32, u32);
    relation changed(u32);
    relation has_owner(u32);
    has_owner(r) <-- resource(r, _, _, o), if *o != w::NOBODY;
    has_owner(r) <-- tagged(r, &w::OWNER, _);
    relation missing_owner(u32);
    missing_owner(r) <-- resource(r, _, _, _), !has_owner(r);
    relation has_backup(u32);
    has_backup(r) <-- tagged(r, &w::BACKUP, _);
    relation violation(u32, u32);
    violation(r, 0) <-- missing_owner(r);
    violation(r, 1) <-- resource(r, &w::BUCKET, &w::PRODUCTION, _), tagged(r, &w::ENCRYPTION, &w::NONE);
    violation(r, 2) <-- resource(r, _, &w::PRODUCTION, _), tagged(r, &w::EXPOSURE, &w::PUBLIC);
    violation(r, 3) <-- resource(r, &w::DATABASE, &w::PRODUCTION, _), !has_backup(r);
    violation(r, 4) <-- resource(r, _, e, _), if *e != w::PRODUCTION, tagged(r, &w::DATA, &w::PERSONAL);
    violation(r, 5) <-- tagged(r, &w::LIFECYCLE, &w::EXPIRED), depends(a, r), resource(a, _, &w::PRODUCTION, _);
    relation violation_of(u32, u32, u32, u32);
    violation_of(o, e, r, v) <-- violation(r, v), resource(r, _, e, o);
    relation violator(u32, u32);
    violator(o, e) <-- violation_of(o, e, _, _);
    relation violation_count(u32, u32, u32);
    violation_count(o, e, n as u32) <-- violator(o, e), agg n = count() in violation_of(o, e, _, _);
    relation blast(u32, u32);
    blast(c, r) <-- changed(c), depends(r, c);
    blast(c, r) <-- blast(c, x), depends(r, x);
    relation env_crossing(u32, u32);
    env_crossing(a, b) <-- depends(a, b), resource(a, _, e, _), resource(b, _, f, _), if e != f;
    relation critical(u32);
    critical(r) <-- tagged(r, &w::TIER, &w::CRITICAL);
    critical(b) <-- critical(a), depends(a, b);
}

/// Runs a batch program; copying the facts in counts.
pub fn batch(batch: &Batch) {
    let two = |name| batch.rows(name).iter().map(|row| (row[0], row[1])).collect();
    let before = measure::resident();
    let start = busy();
    macro_rules! run {
        ($program:ident, $($input:ident = $rows:expr),*; $($output:ident $row:pat => $values:expr),*) => {{
            let mut program = $program::default();
            $(program.$input = $rows;)*
            program.run();
            figure("batch.cpu", (busy() - start) as f64 / 1_000.0);
            figure("batch.resident MB", measure::resident() - before);
            figure("batch.peak MB", measure::peak());
            $({
                let mut sum = Sum::default();
                program.$output.iter().for_each(|$row| sum.add(0, &$values, 1));
                digest(stringify!($output), sum);
            })*
        }};
    }
    match batch.name {
        "tc" | "tc chains" => run!(Closure, edge = two("edge"); tc (a, b) => [*a, *b]),
        "sg" => run!(Generation, edge = two("edge"); sg (a, b) => [*a, *b]),
        "andersen" => run!(
            PointsTo,
            address_of = two("address_of"), assign = two("assign"), load = two("load"), store = two("store");
            points_to (a, b) => [*a, *b]
        ),
        _ => run!(
            Tagged,
            resource = batch.rows("resource").iter().map(|row| (row[0], row[1], row[2], row[3])).collect(),
            depends = two("depends"),
            tagged = batch.rows("tagged").iter().map(|row| (row[0], row[1], row[2])).collect(),
            changed = batch.rows("changed").iter().map(|row| (row[0],)).collect();
            missing_owner (a,) => [*a], violation (a, b) => [*a, *b], violation_count (a, b, c) => [*a, *b, *c],
            blast (a, b) => [*a, *b], env_crossing (a, b) => [*a, *b], critical (a,) => [*a]
        ),
    }
}
