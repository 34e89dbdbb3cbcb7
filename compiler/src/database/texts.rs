//! The texts and their trees, item by item: what all other queries stand on.
//!
//! Read downwards: [`File`] and [`Project`] are what is set from outside; a file's text is cut into [`Chunk`]s, a
//! blueprint's chunk into [`Part`]s, each read alone.
//!
//! INVARIANT: a chunk is known by its text, so that an item that only moved is the item it was.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::Package;
use crate::imports::Listed;
use rustc_hash::FxHashMap;
use salsa::Database as Db;
use syntax::ast::{Blueprint, Item, ItemKind, Name, Span};

use super::{Dependency, Info};

#[salsa::input]
pub(super) struct File {
    #[returns(deref)]
    pub(super) path: String,
    #[returns(deref)]
    pub(super) module: String,
    #[returns(copy)]
    pub(super) package: Package,
    #[returns(deref)]
    pub(super) text: String,
}

#[salsa::input(singleton)]
pub(super) struct Project {
    /// The library's, then those of dependencies, then the package's, each by path.
    #[returns(deref)]
    pub(super) files: Vec<File>,
    #[returns(ref)]
    pub(super) info: Info,
    /// Without their files' texts.
    #[returns(deref)]
    pub(super) dependencies: Vec<Dependency>,
}

/// Says that what asks hangs on a file that is typed in, and no more: its value is always the same. What is interned in such a
/// query is let go when the words are gone; what is interned outside of any query, or in one that hangs on nothing that
/// changes, is kept for ever.
#[salsa::tracked(returns(copy))]
pub(super) fn typed(db: &dyn Db, file: File) {
    file.text(db);
}

/// An item's text. Its place is no part of what it is.
#[salsa::tracked]
pub(super) struct Chunk<'db> {
    #[returns(copy)]
    pub(super) file: File,
    #[returns(deref)]
    pub(super) text: String,
    /// How many items of the same text stand before it. Salsa could tell them apart, but goes through them all for each.
    #[returns(copy)]
    twin: u32,
    /// Which of the file's items it is.
    #[tracked]
    #[returns(copy)]
    pub(super) position: u32,
    /// Its first byte.
    #[tracked]
    #[returns(copy)]
    pub(super) start: u32,
}

#[salsa::tracked(returns(ref))]
pub(super) fn chunks<'db>(db: &'db dyn Db, file: File) -> Vec<Chunk<'db>> {
    // One that is too large is told as that, and not read.
    let text = if file.text(db).len() > syntax::parse::LARGEST { "" } else { file.text(db) };
    let pieces = syntax::chunk::cut(text).into_iter().filter(|piece| !piece.blank);
    let mut seen: FxHashMap<&str, u32> = FxHashMap::default();
    let chunks = (0..).zip(pieces).map(|(position, piece)| {
        let words = &text[piece.start as usize..piece.end as usize];
        let twins = seen.entry(words).or_default();
        let twin = *twins;
        *twins += 1;
        Chunk::new(db, file, words.to_owned(), twin, position, piece.start)
    });
    chunks.collect()
}

/// A chunk as an item. Intents and tests of packages that the compiled one depends on are left out: they are about those
/// packages alone.
#[salsa::tracked(returns(ref))]
pub(super) fn parsed<'db>(db: &'db dyn Db, chunk: Chunk<'db>) -> (Option<Item>, Vec<Diagnostic>) {
    let (mut item, errors) = syntax::parse_chunk(chunk.text(db));
    if chunk.file(db).package(db) == Package::Dependency {
        item = item.filter(|item| !matches!(item.kind, ItemKind::Intent(_) | ItemKind::Test(_)));
    }
    (item, errors.into_iter().map(mistake).collect())
}

/// A mistake of syntax as every other diagnostic.
pub(crate) fn mistake(error: syntax::SyntaxError) -> Diagnostic {
    let code = match error.kind {
        syntax::ErrorKind::Syntax => Code::Syntax,
        syntax::ErrorKind::Unclosed => Code::Unclosed,
        syntax::ErrorKind::BadToken => Code::BadToken,
        syntax::ErrorKind::Misplaced => Code::Misplaced,
    };
    let mut diagnostic = Diagnostic::new(code, error.message).label(error.span, error.label);
    if let Some((span, text)) = error.other {
        diagnostic = diagnostic.label(span, text);
    }
    diagnostic.law = error.law;
    diagnostic.help = error.help;
    match error.fix {
        Some((title, span, text)) => diagnostic.fix(title, span, text),
        None => diagnostic,
    }
}

/// A relation, let or rule of a blueprint, alone: typing in one leaves the others as they are.
#[salsa::interned]
pub(super) struct Part<'db> {
    #[returns(copy)]
    pub(super) file: File,
    /// The blueprint's name.
    #[returns(deref)]
    pub(super) blueprint: String,
    #[returns(deref)]
    pub(super) text: String,
}

/// The parts of a blueprint, each with its first byte in the chunk.
#[salsa::tracked(returns(ref))]
pub(super) fn parts<'db>(db: &'db dyn Db, chunk: Chunk<'db>) -> Vec<(Part<'db>, u32)> {
    typed(db, chunk.file(db));
    let Some(Item { kind: ItemKind::Blueprint(block), .. }) = &parsed(db, chunk).0 else { return Vec::new() };
    let parts = block.items.iter().filter(|item| belongs(item)).map(|item| {
        let text = chunk.text(db)[item.span.start as usize..item.span.end as usize].to_owned();
        (Part::new(db, chunk.file(db), block.name.text.clone(), text), item.span.start)
    });
    parts.collect()
}

/// Whether a blueprint may hold it.
pub(super) fn belongs(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Relation(_) | ItemKind::Let(_) | ItemKind::Rule(_) | ItemKind::Governance(_))
}

/// The blueprint as if it held this part alone.
#[salsa::tracked(returns(ref))]
pub(super) fn part_tree<'db>(db: &'db dyn Db, part: Part<'db>) -> Item {
    let (item, _) = syntax::parse_chunk(part.text(db));
    let name = Name { text: part.blueprint(db).to_owned(), span: Span::default() };
    let kind = ItemKind::Blueprint(Blueprint { name, parameters: Vec::new(), items: item.into_iter().collect() });
    Item { docs: Vec::new(), attributes: Vec::new(), public: false, kind, span: Span::default() }
}

/// The items of a file that could be read, with their positions.
pub(super) fn items(db: &dyn Db, file: File) -> Vec<(u32, &Item)> {
    let chunks = chunks(db, file).iter();
    chunks.filter_map(|chunk| Some((chunk.position(db), parsed(db, *chunk).0.as_ref()?))).collect()
}

/// The same with their words, as repairs look at them.
pub(super) fn listed(db: &dyn Db, file: File) -> Vec<Listed<'_>> {
    let items = chunks(db, file).iter().filter_map(|chunk| {
        let item = parsed(db, *chunk).0.as_ref()?;
        Some(Listed { position: chunk.position(db), text: chunk.text(db), item })
    });
    items.collect()
}
