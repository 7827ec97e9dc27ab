//! What is found of a test.

use std::error::Error;

use xai::onnx::Fault;

/// Why a test of whole numbers alone has no gradient.
pub(crate) const NO_GRADIENT: &str = "no input has a gradient";

/// A gradient that is NaN where differences are numbers: a choice hides a NaN forward, and 0 · NaN comes back.
pub(crate) const NO_NUMBER: &str = "its gradient is no number where its output is one";

/// What a test found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    Right,
    Wrong(String),
    /// Refused, or not to be had.
    Not(String),
}

impl Found {
    /// Of both: what is wrong counts, then what is right.
    pub(crate) fn and(self, other: Found) -> Found {
        match (self, other) {
            (wrong @ Found::Wrong(_), _) | (_, wrong @ Found::Wrong(_)) => wrong,
            (Found::Right, _) | (_, Found::Right) => Found::Right,
            (not, _) => not,
        }
    }

    fn words(&self) -> String {
        let words = match self {
            Found::Right => "right".into(),
            Found::Wrong(what) => format!("wrong: {what}"),
            Found::Not(why) => format!("not: {why}"),
        };
        words.replace('|', "\\|").replace('\n', " ")
    }
}

pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) operators: Vec<String>,
    pub(crate) forward: Found,
    pub(crate) gradient: Found,
}

impl Outcome {
    pub(crate) fn unreadable((name, error): (String, Box<dyn Error>)) -> Self {
        let why = Found::Not(reason(&*error));
        Outcome { name, operators: Vec::new(), forward: why.clone(), gradient: why }
    }

    pub(crate) fn is_wrong(&self) -> bool {
        matches!(self.forward, Found::Wrong(_)) || matches!(self.gradient, Found::Wrong(_))
    }

    /// Whether its outputs are right, and its gradient is where an input has one.
    pub(crate) fn is_right(&self) -> bool {
        let none = Found::Not(NO_GRADIENT.into());
        self.forward == Found::Right && (self.gradient == Found::Right || self.gradient == none)
    }

    /// A line of a list, on a backend.
    pub(crate) fn line(&self, backend: &str) -> String {
        let (forward, gradient) = (self.forward.words(), self.gradient.words());
        format!("| {} | {backend} | {forward} | {gradient} |", self.name)
    }
}

/// The reason that stands at the bottom of an error.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    match error.downcast_ref::<Fault>() {
        Some(Fault::Refused(all)) => {
            let lines: Vec<String> = all.iter().map(|one| format!("{}: {}", one.operator, one.reason)).collect();
            lines.join("; ")
        }
        _ => error.to_string(),
    }
}
