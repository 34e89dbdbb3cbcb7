//! Which names of a rule are one variable, and how often each occurs.
//!
//! A rule is a tree of frames: the rule itself, and one per aggregate. A name left of `:` is the aggregate's own. Any
//! other name of an aggregate's body belongs to the nearest frame around that mentions it, else to the aggregate.
//! Frames are numbered in the order in which the text is read.

use crate::resolve::message::Piece;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use syntax::ast::{Argument, Atom, Expr, ExprKind, Literal, LiteralKind, Name, Span};

/// The frames of a rule.
#[derive(Debug, Default)]
pub(crate) struct Mentions {
    frames: Vec<Frame>,
    /// Variables of which a method is called, which is told there.
    called: RefCell<BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct Frame {
    parent: Option<usize>,
    names: BTreeMap<String, Mention>,
}

/// A name of a frame.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    /// How often it occurs, in inner frames too.
    pub(crate) count: usize,
    /// Where it first occurs.
    pub(crate) first: Span,
    /// It occurs somewhere else than at the head of a path.
    pub(crate) plain: bool,
    /// It stands left of an aggregate's `:`.
    pub(crate) own: bool,
}

impl Mentions {
    /// The frames of a rule or let.
    ///
    /// - `head`: names that the head or the parameters mention.
    pub(crate) fn of(head: &[&Expr], to: Option<&Atom>, message: &[Piece], body: &[Literal]) -> Mentions {
        let mut mentions = Mentions { frames: vec![Frame::default()], called: RefCell::default() };
        head.iter().for_each(|expr| mentions.expr(0, expr));
        if let Some(to) = to {
            mentions.arguments(0, &to.arguments);
        }
        for piece in message {
            if let Piece::Value(expr) = piece {
                mentions.expr(0, expr);
            }
        }
        mentions.body(0, body);
        // Inner frames were made after outer ones: names move outwards from the last to the first.
        for inner in (1..mentions.frames.len()).rev() {
            mentions.hand_over(inner);
        }
        mentions
    }

    /// Adds a name that is bound without being mentioned: a cover's variable, a let's parameter.
    pub(crate) fn declare(&mut self, name: &Name) {
        self.add(0, &name.text, name.span, true);
    }

    /// Notes that a method of this variable is called.
    pub(crate) fn call(&self, name: &str) {
        self.called.borrow_mut().insert(name.to_owned());
    }

    /// Whether a method of this variable is called.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.called.borrow().contains(name)
    }

    fn hand_over(&mut self, inner: usize) {
        let names = std::mem::take(&mut self.frames[inner].names);
        for (name, mention) in names {
            let owner = if mention.own { None } else { self.owner_outside(inner, &name) };
            let Some(owner) = owner else {
                self.frames[inner].names.insert(name, mention);
                continue;
            };
            if let Some(outer) = self.frames[owner].names.get_mut(&name) {
                outer.count += mention.count;
                outer.plain |= mention.plain;
                outer.first = outer.first.min(mention.first);
            }
        }
    }

    /// Where a frame around `frame` that has the name mentions it, if `frame` has it for its own.
    pub(crate) fn shadowed(&self, frame: usize, name: &str) -> Option<Span> {
        self.frames.get(frame)?.names.get(name).filter(|mention| mention.own)?;
        let outer = self.owner_outside(frame, name)?;
        Some(self.frames[outer].names[name].first)
    }

    fn owner_outside(&self, inner: usize, name: &str) -> Option<usize> {
        let mut at = self.frames[inner].parent;
        while let Some(frame) = at {
            if self.frames[frame].names.contains_key(name) {
                return Some(frame);
            }
            at = self.frames[frame].parent;
        }
        None
    }

    /// The frame that owns `name`, seen from `frame`, and the mention.
    pub(crate) fn owner(&self, frame: usize, name: &str) -> Option<(usize, &Mention)> {
        let mut at = Some(frame);
        while let Some(index) = at {
            let here = self.frames.get(index)?;
            if let Some(mention) = here.names.get(name) {
                return Some((index, mention));
            }
            at = here.parent;
        }
        None
    }

    /// Every name of every frame, frame by frame.
    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, &str, &Mention)> {
        self.frames.iter().enumerate().flat_map(|(frame, f)| f.names.iter().map(move |(n, m)| (frame, n.as_str(), m)))
    }

    fn add(&mut self, frame: usize, name: &str, span: Span, plain: bool) {
        let mention = Mention { count: 0, first: span, plain, own: false };
        let entry = self.frames[frame].names.entry(name.to_owned()).or_insert(mention);
        entry.count += 1;
        entry.plain |= plain;
    }

    fn body(&mut self, frame: usize, body: &[Literal]) {
        for literal in body {
            self.literal(frame, literal);
        }
    }

    fn literal(&mut self, frame: usize, literal: &Literal) {
        match &literal.kind {
            LiteralKind::Expr(expr) | LiteralKind::Is(expr, _) => self.expr(frame, expr),
            LiteralKind::Compare(_, left, right) => {
                self.expr(frame, left);
                self.expr(frame, right);
            }
            LiteralKind::Equation { left, right, .. } => {
                self.expr(frame, left);
                self.expr(frame, right);
            }
            LiteralKind::In { element, collection, .. } => {
                self.expr(frame, element);
                self.expr(frame, collection);
            }
            LiteralKind::Aggregate { variable, names, per, body, .. } => {
                self.add(frame, &variable.text, variable.span, true);
                let inner = self.frames.len();
                self.frames.push(Frame { parent: Some(frame), ..Frame::default() });
                for name in names.iter().chain(per) {
                    self.add(inner, &name.text, name.span, true);
                    if let Some(mention) = self.frames[inner].names.get_mut(&name.text) {
                        mention.own = true;
                    }
                }
                self.body(inner, body);
            }
        }
    }

    fn arguments(&mut self, frame: usize, arguments: &[Argument]) {
        arguments.iter().for_each(|argument| self.expr(frame, &argument.value));
    }

    fn expr(&mut self, frame: usize, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.add(frame, name, expr.span, true),
            ExprKind::Path(base, _) => expr.parts(&mut |part| match &part.kind {
                ExprKind::Name(name) if std::ptr::eq(part, &raw const **base) => {
                    self.add(frame, name, part.span, false)
                }
                _ => self.expr(frame, part),
            }),
            _ => expr.parts(&mut |part| self.expr(frame, part)),
        }
    }
}
