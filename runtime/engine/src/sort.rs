//! Rows in order, by digits where their values are near each other.

use crate::growing::Cells;
use crate::intern::Id;

/// Fewer rows are compared.
const MANY: usize = 1 << 10;
/// Bits that one pass tells apart.
const DIGIT: u32 = 11;

/// Rows in order, repetitions kept; and for each the number that it had, where the order is another one.
pub(crate) fn sorted(cells: Cells) -> (Cells, Option<Vec<u32>>) {
    if (1..cells.len()).all(|row| cells.row(row - 1) <= cells.row(row)) {
        return (cells, None);
    }
    if cells.len() >= MANY
        && let Some(done) = by_digits(&cells)
    {
        return (done.0, Some(done.1));
    }
    let mut rows: Vec<u32> = (0..number(cells.len())).collect();
    rows.sort_by(|a, b| cells.row(*a as usize).cmp(cells.row(*b as usize)));
    let mut kept = Cells::new(cells.width());
    rows.iter().for_each(|row| kept.push(cells.row(*row as usize)));
    (kept, Some(rows))
}

/// The rows as numbers, sorted from the last digit to the first; `None` where they do not fit into 64 bits.
fn by_digits(cells: &Cells) -> Option<(Cells, Vec<u32>)> {
    let rows = bits(number(cells.len()));
    let mut columns: Vec<(Id, u32)> = Vec::with_capacity(cells.width());
    for column in 0..cells.width() {
        let values = || (0..cells.len()).map(|row| cells.at(row, column));
        let least = values().min()?;
        columns.push((least, bits(values().max()? - least)));
    }
    let end = rows + columns.iter().map(|(_, bits)| bits).sum::<u32>();
    if end > 64 {
        return None;
    }
    let key = |row: usize| {
        let values = cells.row(row).iter().zip(&columns);
        let key = values.fold(0, |key, (value, (least, bits))| key << bits | u64::from(value - least));
        key << rows | row as u64
    };
    let mut keys: Vec<u64> = (0..cells.len()).map(key).collect();
    let mut other = vec![0; keys.len()];
    // The rows' own numbers are in order already.
    for shift in (rows..end).step_by(DIGIT as usize) {
        let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT) - 1);
        let mut places = vec![0_usize; 1 << DIGIT];
        keys.iter().for_each(|key| places[digit(*key)] += 1);
        let mut sum = 0;
        for place in &mut places {
            sum += std::mem::replace(place, sum);
        }
        for key in &keys {
            let place = &mut places[digit(*key)];
            other[*place] = *key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    drop(other);
    let mut kept = Cells::new(cells.width());
    let mut row = vec![0; cells.width()];
    for key in &keys {
        let mut key = key >> rows;
        for (value, (least, bits)) in row.iter_mut().zip(&columns).rev() {
            *value = least + (key & ((1 << bits) - 1)) as Id;
            key >>= bits;
        }
        kept.push(&row);
    }
    let order = keys.into_iter().map(|key| (key & ((1 << rows) - 1)) as u32).collect();
    Some((kept, order))
}

/// How many bits a number takes.
fn bits(number: u32) -> u32 {
    u32::BITS - number.leading_zeros()
}

fn number(row: usize) -> u32 {
    u32::try_from(row).expect("bug: more than 2^32 rows")
}

#[cfg(test)]
mod tests {
    use super::{MANY, sorted};
    use crate::growing::Cells;

    /// Rows of some width whose values lie within `reach` of each other.
    fn check(width: usize, reach: u32, count: usize) {
        let mut cells = Cells::new(width);
        let mut state = 1_u64;
        for _ in 0..count {
            let row: Vec<u32> = (0..width)
                .map(|column| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    // Small ints stand in the upper half of the numbers, others in the lower.
                    ((state >> 33) as u32 % reach) + if column == 0 { 1 << 31 } else { 7 }
                })
                .collect();
            cells.push(&row);
        }
        let mut wanted: Vec<(Vec<u32>, u32)> =
            (0..).zip(0..count).map(|(n, row)| (cells.row(row).to_vec(), n)).collect();
        wanted.sort();
        let (kept, order) = sorted(cells);
        let order = order.expect("they were not in order");
        let found: Vec<(Vec<u32>, u32)> = (0..count).map(|row| (kept.row(row).to_vec(), order[row])).collect();
        assert_eq!(found, wanted, "{count} rows of {width} columns within {reach}");
    }

    #[test]
    fn rows_are_sorted_whatever_their_values() {
        for width in [1, 2, 3, 7] {
            for reach in [2, 60, 5_000, 1 << 30] {
                for count in [2 * MANY, MANY, MANY - 1, 100] {
                    check(width, reach, count);
                }
            }
        }
    }
}
