//! Answers about how a file looks: colours, words between the words, parts that fold.

use crate::act::counted;
use crate::view::View;
use compiler::ide::folding::{self, Fold};
use compiler::ide::hints;
use compiler::ide::tokens::{self, Class};
use std::collections::BTreeMap;
use tower_lsp_server::ls_types::{
    FoldingRange, FoldingRangeKind, InlayHint, InlayHintKind, InlayHintLabel, Position, Range, SelectionRange,
    SemanticToken, SemanticTokenModifier, SemanticTokenType, SemanticTokensLegend,
};

/// What the numbers of [`semantic_tokens`] stand for.
pub(crate) fn legend() -> SemanticTokensLegend {
    let name = |class: &Class| match class {
        Class::Module => SemanticTokenType::NAMESPACE,
        Class::Entity => SemanticTokenType::TYPE,
        Class::Enum => SemanticTokenType::ENUM,
        Class::Member => SemanticTokenType::ENUM_MEMBER,
        Class::Relation => SemanticTokenType::STRUCT,
        Class::Function => SemanticTokenType::FUNCTION,
        Class::Block => SemanticTokenType::CLASS,
        Class::Column => SemanticTokenType::PROPERTY,
        Class::Variable => SemanticTokenType::VARIABLE,
        Class::Keyword => SemanticTokenType::KEYWORD,
        Class::Governance => SemanticTokenType::MACRO,
        Class::Text => SemanticTokenType::STRING,
        Class::Number => SemanticTokenType::NUMBER,
        Class::Comment => SemanticTokenType::COMMENT,
        Class::Operator => SemanticTokenType::OPERATOR,
    };
    SemanticTokensLegend {
        token_types: Class::ALL.iter().map(name).collect(),
        token_modifiers: vec![SemanticTokenModifier::DECLARATION, SemanticTokenModifier::DEFAULT_LIBRARY],
    }
}

pub(crate) fn semantic_tokens(view: &View<'_>, within: Option<Range>) -> Vec<SemanticToken> {
    let within = within.map(|range| view.bytes(range));
    let (mut line, mut character) = (0, 0);
    let encoded = tokens::tokens(view.snapshot, view.path, within).into_iter().filter_map(|token| {
        let Range { start, end } = view.here(&token.range);
        // A word of an editor ends with its line.
        let length = (start.line == end.line).then(|| end.character - start.character)?;
        let kind = Class::ALL.iter().position(|class| *class == token.class)?;
        let delta = SemanticToken {
            delta_line: start.line - line,
            delta_start: if start.line == line { start.character - character } else { start.character },
            length,
            token_type: u32::try_from(kind).ok()?,
            token_modifiers_bitset: u32::from(token.declares) | u32::from(token.library) << 1,
        };
        (line, character) = (start.line, start.character);
        Some(delta)
    });
    encoded.collect()
}

/// - `counts`: how many tuples each relation has in the model.
pub(crate) fn hints(view: &View<'_>, range: Range, counts: Option<&BTreeMap<String, usize>>) -> Vec<InlayHint> {
    let within = view.bytes(range);
    let found = hints::hints(view.snapshot, view.path, within.clone());
    let mut shown: Vec<InlayHint> =
        found.into_iter().map(|hint| hint_at(view, hint.at, hint.text, hint.is_type)).collect();
    for (at, relation) in hints::relations(view.snapshot, view.path, within) {
        if let Some(count) = counts.and_then(|counts| counts.get(&relation)) {
            shown.push(hint_at(view, at, format!("  {}", counted(*count, "tuple")), true));
        }
    }
    shown
}

/// Words behind a byte of the file, or before it.
fn hint_at(view: &View<'_>, at: usize, text: String, behind: bool) -> InlayHint {
    InlayHint {
        position: view.position(view.path, at),
        label: InlayHintLabel::String(text),
        kind: Some(if behind { InlayHintKind::TYPE } else { InlayHintKind::PARAMETER }),
        text_edits: None,
        tooltip: None,
        padding_left: None,
        padding_right: (!behind).then_some(true),
        data: None,
    }
}

pub(crate) fn folds(view: &View<'_>) -> Vec<FoldingRange> {
    let folds = folding::folds(view.snapshot, view.path).into_iter().filter_map(|(range, why)| {
        let Range { start, end } = view.here(&range);
        (start.line < end.line).then_some(FoldingRange {
            start_line: start.line,
            start_character: None,
            end_line: end.line,
            end_character: None,
            kind: Some(match why {
                Fold::Region => FoldingRangeKind::Region,
                Fold::Comment => FoldingRangeKind::Comment,
                Fold::Imports => FoldingRangeKind::Imports,
            }),
            collapsed_text: None,
        })
    });
    folds.collect()
}

pub(crate) fn selections(view: &View<'_>, places: &[Position]) -> Vec<SelectionRange> {
    let selection = |place: &Position| {
        let parts = folding::selection(view.snapshot, view.path, view.offset(*place));
        let mut found: Option<SelectionRange> = None;
        for part in parts.iter().rev() {
            found = Some(SelectionRange { range: view.here(part), parent: found.map(Box::new) });
        }
        found.unwrap_or(SelectionRange { range: Range { start: *place, end: *place }, parent: None })
    };
    places.iter().map(selection).collect()
}
