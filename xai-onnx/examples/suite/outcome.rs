//! What is found of a test.

use std::error::Error;

use xai_onnx::Fault;

/// What a test found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    Right,
    Wrong(String),
    /// Refused, or not to be had.
    Not(String),
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

    pub(crate) fn line(&self) -> String {
        let operators = self.operators.join(" ");
        format!("{}\t{operators}\t{:?}\t{:?}", self.name, self.forward, self.gradient).replace('\n', " ")
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
