//! What the compiler tells the author: data, never text on a terminal.
//!
//! Read downwards: [`Diagnostic`], its [`Label`]s and [`Fix`]es, then [`Code`], the closed list of what can be wrong.
//! A place is relative to an item, so that an item that only moved keeps its diagnostics; `database` makes places
//! absolute, `render` draws them.
//!
//! INVARIANT: imports no stage. A number, once given, stays for ever and is never given to something else.

use syntax::ast::Span;

/// One thing to tell the author.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: Code,
    /// One lower-case sentence without a full stop, the author's words in backticks.
    pub message: String,
    /// The places; the first is where it is wrong.
    pub labels: Vec<Label>,
    /// The law that is broken, in a line.
    pub law: Option<String>,
    /// One way out.
    pub help: Option<String>,
    /// Repairs for the editor and `writ check --fix`.
    pub fixes: Vec<Fix>,
}

/// Words about a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What to say there; may be empty.
    pub text: String,
}

/// A place in an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The module's qualified name and the item's position in its file; `None` is the item that was looked at.
    pub item: Option<(String, u32)>,
    /// Bytes from the start of the item's chunk.
    pub span: Span,
}

/// In place of an item's position: the file itself, spans from its first byte.
pub const WHOLE: u32 = u32::MAX;

/// A repair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fix {
    /// What it does: "write `team`".
    pub title: String,
    /// In the order of the text; they do not overlap.
    pub edits: Vec<Edit>,
    /// The one obvious repair, which `writ check --fix` makes; else a choice that somebody makes in an editor.
    pub sure: bool,
    /// A name that the edits mention and the module must import. `imports` makes an edit of it.
    pub import: Option<Import>,
}

/// A name of another module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Import {
    /// Qualified name of the module: `std.change`.
    pub module: String,
    /// The name there.
    pub name: String,
}

/// A replacement of words. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    /// What goes.
    pub place: Place,
    /// What comes.
    pub text: String,
}

/// Whether a program can be made in spite of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// No program is made.
    Error,
    /// The program is made; `@allow(CODE)` silences it.
    Warning,
}

impl Diagnostic {
    /// A diagnostic without a place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, message: message.into(), labels: Vec::new(), law: None, help: None, fixes: Vec::new() }
    }

    /// What follows from a mistake that is told where it was made: it is left out, and holds back what would follow from it.
    pub fn told(code: Code) -> Diagnostic {
        Diagnostic::new(code, "")
    }

    /// Whether it only follows from another one.
    pub fn is_told(&self) -> bool {
        self.message.is_empty()
    }

    /// Adds a place in the item that is looked at; the first one added is where it is wrong.
    pub fn label(self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.label_at(Place { item: None, span }, text)
    }

    /// Adds a place in any item.
    pub fn label_at(mut self, place: Place, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { place, text: text.into() });
        self
    }

    /// States the law that is broken.
    pub fn law(mut self, law: impl Into<String>) -> Diagnostic {
        self.law = Some(law.into());
        self
    }

    /// States one way out.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// The obvious repair: to write `text` in place of the words at `span`.
    pub fn fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Diagnostic {
        let edit = Edit { place: Place { item: None, span }, text: text.into() };
        self.repair(Fix { title: title.into(), edits: vec![edit], sure: true, import: None })
    }

    /// A repair that changes what is meant: offered in an editor, and never made unasked.
    pub fn offer(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Diagnostic {
        let edit = Edit { place: Place { item: None, span }, text: text.into() };
        self.repair(Fix { title: title.into(), edits: vec![edit], sure: false, import: None })
    }

    /// The obvious repair is to import a name.
    pub fn fix_by_use(self, module: &str, name: &str) -> Diagnostic {
        let import = Import { module: module.to_owned(), name: name.to_owned() };
        let title = format!("write `use {module}.{name};`");
        self.repair(Fix { title, edits: Vec::new(), sure: true, import: Some(import) })
    }

    /// Adds a repair.
    pub fn repair(mut self, fix: Fix) -> Diagnostic {
        self.fixes.push(fix);
        self
    }

    /// Where a name nearly says what exists: help and a fix that writes it.
    ///
    /// - `near`: the existing name; without one nothing is added.
    pub fn did_you_mean(self, span: Span, near: Option<&str>) -> Diagnostic {
        let Some(near) = near else { return self };
        self.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
    }

    /// The module it is about: that of its first place, once that is named.
    pub fn module(&self) -> Option<&str> {
        self.labels.first()?.place.item.as_ref().map(|(module, _)| module.as_str())
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The same with every place of the looked-at item named as item `item` of `module`.
    pub fn located(mut self, module: &str, item: u32) -> Diagnostic {
        let labels = self.labels.iter_mut().map(|label| &mut label.place);
        let edits = self.fixes.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.place);
        for place in labels.chain(edits) {
            place.item.get_or_insert_with(|| (module.to_owned(), item));
        }
        self
    }
}

/// Builds [`Code`] and its table from one list, so that no code lacks a number or a title.
macro_rules! codes {
    ($($(#[$docs:meta])* $name:ident = $number:literal, $severity:ident;)*) => {
        /// What can be wrong, by a number that stays.
        ///
        /// W00xx syntax, W01xx names, W02xx the rules of a rule, W03xx types, W04xx strata, scope, termination,
        /// W05xx governance, W06xx tests, W07xx words without effect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$docs])* $name,)*
        }

        impl Code {
            /// Every code, by number.
            pub fn all() -> &'static [Code] {
                &[$(Code::$name,)*]
            }

            /// `W0203`.
            pub fn number(self) -> &'static str {
                match self { $(Code::$name => $number,)* }
            }

            /// `SingletonVariable`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => stringify!($name),)* }
            }

            /// Error or warning.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// Its page, in Markdown: what it says, the law, an example that is wrong and one that is right.
            pub fn page(self) -> &'static str {
                match self { $(Code::$name => include_str!(concat!("../../docs/diagnostics/", $number, ".md")),)* }
            }
        }
    };
}

impl Code {
    /// The code of that number.
    pub fn numbered(number: &str) -> Option<Code> {
        Code::all().iter().copied().find(|code| code.number() == number)
    }

    /// The code that somebody means: `W0203`, `w203`, `203`, `SingletonVariable`.
    pub fn meant(text: &str) -> Option<Code> {
        let digits = text.strip_prefix(['w', 'W']).unwrap_or(text);
        let number = digits.parse::<u16>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let numbered = |code: &Code| number.is_some() && code.number()[1..].parse().ok() == number;
        Code::all().iter().copied().find(|code| numbered(code) || code.name().eq_ignore_ascii_case(text))
    }

    /// What it says in a few words: the heading of its page.
    pub fn title(self) -> &'static str {
        let heading = self.page().lines().next().unwrap_or_default();
        heading.split_once(": ").map_or(heading, |(_, title)| title)
    }
}

codes! {
    /// The words do not make an item.
    Syntax = "W0001", Error;
    /// A bracket or a quote is opened and never closed.
    Unclosed = "W0002", Error;
    /// Characters that mean nothing, or a literal out of range.
    BadToken = "W0003", Error;
    /// An item stands where its kind may not stand.
    Misplaced = "W0004", Error;
    /// Part of the language, not of this release.
    NotYet = "W0005", Error;
    /// An attribute nobody knows, or one that does not belong here.
    BadAttribute = "W0006", Error;
    /// A sign that is not seen and turns what is: the text reads otherwise than it runs.
    HiddenSign = "W0007", Error;

    /// No relation, let or function has this name.
    UnknownRelation = "W0101", Error;
    /// The relation has no such column.
    UnknownColumn = "W0102", Error;
    /// The enum has no such member.
    UnknownMember = "W0103", Error;
    /// No module has this name.
    UnknownModule = "W0104", Error;
    /// The module declares no such name.
    UnknownImport = "W0105", Error;
    /// No type has this name.
    UnknownType = "W0106", Error;
    /// A path begins with a name that is no variable of the rule.
    UnknownVariable = "W0107", Error;
    /// No blueprint has this name.
    UnknownBlueprint = "W0108", Error;
    /// No intent, or no instance, has this name.
    UnknownIntent = "W0109", Error;
    /// No fixture has this name.
    UnknownFixture = "W0110", Error;
    /// One name is declared twice.
    DuplicateName = "W0111", Error;
    /// The name is not `pub`.
    PrivateName = "W0112", Error;
    /// A variable has the name of an import.
    ShadowedImport = "W0113", Error;
    /// A rule adds to a relation of another package.
    ForeignHead = "W0114", Error;
    /// A rule or fact adds to a relation that the tool fills.
    FilledByTool = "W0115", Error;
    /// More than one relation could be meant.
    AmbiguousName = "W0116", Error;
    /// A word that must be one of a few is none of them.
    UnknownWord = "W0117", Error;

    /// A variable has no value where one is needed.
    UnboundVariable = "W0201", Error;
    /// `_` where a value is needed.
    WildcardValue = "W0202", Error;
    /// A variable occurs once.
    SingletonVariable = "W0203", Error;
    /// A permit's body falls into parts that share no variable.
    DisconnectedPermit = "W0204", Error;
    /// A test on a path that may be absent.
    AbsentPath = "W0205", Error;
    /// `[*]` somewhere else than right of `in`.
    MisplacedEach = "W0206", Error;
    /// A message shows what is neither subject nor computed from subjects.
    MessageVariable = "W0207", Error;
    /// A message's template cannot be read.
    BadTemplate = "W0208", Error;
    /// A let uses itself.
    RecursiveLet = "W0209", Error;
    /// Too many, too few, or repeated arguments.
    WrongArguments = "W0210", Error;
    /// The names of an aggregate.
    AggregateNames = "W0211", Error;
    /// A state relation is read in the world after for what the change destroys.
    DestroyedAfter = "W0212", Warning;
    /// A deny or escalate that looks for `delete` and misses `replace` and `forget`.
    DeleteOnly = "W0213", Warning;
    /// A condition that is neither true nor false.
    NotACondition = "W0214", Error;
    /// A condition that cannot be negated.
    BadNegation = "W0215", Error;
    /// A fact holds something else than constants.
    NotConstant = "W0216", Error;
    /// A pattern or a word that a builtin cannot read.
    BadPattern = "W0217", Error;
    /// A table over an enum without a row for a member.
    LeftOut = "W0218", Warning;
    /// A state relation is held against who asks, in the world that the asker's change made.
    SelfMade = "W0219", Warning;
    /// A name of an aggregate's own that the rule has as well.
    ShadowedVariable = "W0220", Warning;
    /// An aggregate over elements that nothing tells apart.
    MergedElements = "W0221", Warning;
    /// A permit rests on an editable relation of what is changed, in the world after.
    OwnLabel = "W0222", Warning;
    /// A `$` before a variable of a message, which the message shows.
    DollarTemplate = "W0223", Warning;
    /// An objection that the change may switch off.
    SwitchedOff = "W0224", Warning;
    /// An objection that counts once and never again.
    CountsOnce = "W0225", Warning;
    /// An objection about a change reads an aggregate from the world before.
    UnseenByChange = "W0226", Warning;

    /// A value of one type where another is asked.
    TypeMismatch = "W0301", Error;
    /// A json value is compared or bound without a type.
    UntypedJson = "W0302", Error;
    /// A function does not take these types.
    NoOverload = "W0303", Error;
    /// A text that does not say a value of its type.
    BadLiteral = "W0304", Error;
    /// A path into something that is not json.
    NotJson = "W0305", Error;
    /// `in` over something that has no elements.
    NotACollection = "W0306", Error;
    /// Values of this type have no order.
    NoOrder = "W0307", Error;
    /// Nothing says of what type a variable is.
    NoType = "W0308", Error;

    /// `before.` or `either.` of a relation that has no world before.
    NoWorldBefore = "W0401", Error;
    /// A plain relation reads the change.
    ReadsChange = "W0402", Error;
    /// A relation depends on its own absence.
    NegativeCycle = "W0403", Error;
    /// A recursion may make new values without end.
    EndlessValues = "W0404", Error;
    /// A plain relation is derived from one that says who may.
    UndeclaredAuthority = "W0405", Error;
    /// A lattice column is used inside its own cycle for more than a sum or a bound.
    LatticeUse = "W0406", Error;
    /// Nothing says that a sum in a lattice column cannot get better without end.
    LatticeSum = "W0407", Error;
    /// `least` or `most` stands where it has no meaning.
    LatticeColumn = "W0408", Error;

    /// A permit outside a blueprint.
    PermitOutside = "W0501", Error;
    /// A permit's first subject is not an action.
    PermitSubject = "W0502", Error;
    /// A permit's verb is not bound.
    PermitVerb = "W0503", Error;
    /// A deny or escalate of a blueprint is about nothing that is covered.
    Uncovered = "W0504", Error;
    /// An intent says one thing twice.
    RepeatedMember = "W0505", Error;
    /// Two applications have one name.
    RepeatedInstance = "W0506", Error;
    /// An escalation is addressed to something that is no party.
    BadAddressee = "W0507", Error;
    /// A relation of a blueprint is read from outside.
    InsideBlueprint = "W0508", Error;
    /// A governance rule without a message, or a permit with one.
    MessageExpected = "W0509", Error;
    /// A further rule of a name has attributes of its own.
    StrayAttribute = "W0510", Error;

    /// A test without `expect`.
    NoExpectation = "W0601", Error;
    /// `expect not` of a rule that does not exist.
    EmptyExpectation = "W0602", Error;
    /// `expect deny` of an escalate, or the other way round.
    WrongWord = "W0603", Error;
    /// An act that does not have the form of its verb.
    BadAct = "W0604", Error;
    /// A case with more or fewer values than the test has parameters.
    CaseValues = "W0605", Error;
    /// A parameter of a test that none of its lines uses.
    UnusedParameter = "W0606", Error;
    /// Two cases of a test with one name.
    SameCase = "W0607", Error;
    /// `cases` without a case.
    NoCase = "W0608", Error;
    /// Two tests of a module with one title.
    SameTitle = "W0609", Error;

    /// A rule that no facts can make fire.
    NeverFires = "W0701", Warning;
    /// A private relation that nothing reads.
    NeverRead = "W0702", Warning;
    /// A rule that another one implies.
    Implied = "W0703", Warning;
    /// A permit that a deny defeats wherever it holds.
    AlwaysDefeated = "W0704", Warning;
    /// A private blueprint that no intent applies.
    NeverApplied = "W0705", Warning;
    /// A blueprint's parameter that none of its rules mentions.
    IdleParameter = "W0706", Warning;
    /// An imported name that the module never mentions.
    UnusedImport = "W0707", Warning;
    /// A private let, type or fixture that nothing mentions.
    UnusedName = "W0708", Warning;
    /// A module in which nothing has an effect.
    UnreachableModule = "W0709", Warning;
    /// An `@allow` that silences nothing.
    IdleAllow = "W0710", Warning;
    /// A relation of a blueprint without a rule.
    NeverFilled = "W0711", Warning;
    /// An intent that covers nothing, applies nothing, or is an overlay and never objects.
    IdleIntent = "W0712", Warning;
    /// A purpose or an owner that is an empty text.
    EmptyIntent = "W0713", Warning;
    /// A name that a `use` brings twice.
    RepeatedImport = "W0714", Warning;
    /// A path into json that no fact of the loaded model has.
    Nowhere = "W0720", Warning;
    /// A relation that no rule derives, and of which no fact of the loaded model is.
    Unfilled = "W0721", Warning;
}
