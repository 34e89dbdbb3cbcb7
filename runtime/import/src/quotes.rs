//! The quotes of a CSV file, before its records are read.
//!
//! The reader of records takes any text: a quote that is never closed swallows the rest of the file, and what follows
//! a closed one is added to the field. Here such a file is refused, by the grammar of RFC 4180, section 2.
//!
//! INVARIANT: in a text that passes, a `"` stands only around a whole field, and doubled within such a field.
//! Not here: what a field says (`table`, `records`).

use crate::{Malformed, encoding::place};

/// Refuses a text whose quotes are not those of whole fields.
///
/// # Faults
/// [`Malformed`] at the first quote that never closes, at what follows a field's closing quote, or at a quote in a
/// field that does not begin with one.
pub(crate) fn whole(text: &str) -> Result<(), Malformed> {
    let mut from = Field::Begins;
    for (at, letter) in text.char_indices() {
        from = match (from, letter) {
            (Field::Begins, '"') => Field::Quoted(at),
            (Field::Quoted(from), '"') => Field::Closed(from),
            (Field::Quoted(from), _) | (Field::Closed(from), '"') => Field::Quoted(from),
            (Field::Begins | Field::Bare | Field::Closed(_), ',' | '\n' | '\r') => Field::Begins,
            (Field::Bare, '"') => {
                let what = "a `\"` stands here in a field that does not begin with one";
                return Err(Malformed::new(place(text, at), what).help(HELP));
            }
            (Field::Begins | Field::Bare, _) => Field::Bare,
            (Field::Closed(_), _) => {
                let what = "more of the field follows its closing `\"` here";
                return Err(Malformed::new(place(text, at), what).help(HELP));
            }
        }
    }
    match from {
        Field::Quoted(at) => Err(Malformed::new(place(text, at), "the `\"` that opens this field is never closed")
            .help("close it; or the file was cut short: write it again")),
        Field::Begins | Field::Bare | Field::Closed(_) => Ok(()),
    }
}

const HELP: &str =
    "a `\"` stands around the whole field, right behind the `,`; one that the field holds is written `\"\"`";

/// How far a field is read; where its opening quote stands.
#[derive(Clone, Copy)]
enum Field {
    Begins,
    Bare,
    Quoted(usize),
    /// By what is its end or the first half of a doubled quote.
    Closed(usize),
}

#[cfg(test)]
mod tests {
    use super::whole;
    use csv::{QuoteStyle, ReaderBuilder, WriterBuilder};
    use proptest::prelude::*;

    fn written(rows: &[[String; 2]], style: QuoteStyle) -> String {
        let mut writer = WriterBuilder::new().quote_style(style).from_writer(Vec::new());
        for row in rows {
            writer.write_record(row).expect("memory takes it");
        }
        String::from_utf8(writer.into_inner().expect("memory takes it")).expect("text stays text")
    }

    proptest! {
        /// What a writer of CSV writes passes, and is read as it was.
        #[test]
        fn what_is_written_passes(
            rows in prop::collection::vec(prop::array::uniform2("[\",a-c\\r\\n ]{0,6}"), 0..6),
            always in any::<bool>(),
        ) {
            let text = written(&rows, if always { QuoteStyle::Always } else { QuoteStyle::Necessary });
            prop_assert_eq!(whole(&text), Ok(()));
            let mut reader = ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let read: Vec<Vec<String>> =
                reader.records().map(|row| row.expect("reads").iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(read, rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>());
        }

        /// A file cut short within a quoted field is refused, and so is any with a quote too many.
        #[test]
        fn an_odd_quote_is_refused(text in "[\",a-c\\n]{0,12}") {
            prop_assume!(text.matches('"').count() % 2 == 1);
            prop_assert!(whole(&text).is_err());
        }
    }
}
