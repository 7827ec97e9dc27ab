//! What an analysis returns.

use std::fmt;

use ndarray::{Array, ArrayD, Dimension, IxDyn};

use crate::{Backend, Element, Selection, Tensor};

/// What the values of an explanation mean: the preset for pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// How strongly the output reacts to the input: a gradient. Signed, in output units per input unit.
    Sensitivity,
    /// How much each input element contributed to the output. Signed, in output units.
    Attribution,
    /// A class activation map: not negative, one channel, at the size of the feature maps.
    Cam,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Sensitivity => "sensitivity",
            Kind::Attribution => "attribution",
            Kind::Cam => "cam",
        })
    }
}

impl std::str::FromStr for Kind {
    type Err = crate::Error;
    fn from_str(name: &str) -> crate::Result<Self> {
        [Kind::Sensitivity, Kind::Attribution, Kind::Cam].into_iter().find(|kind| kind.to_string() == name).ok_or_else(
            || crate::Error::InvalidParameter {
                name: "kind",
                value: name.to_owned(),
                reason: "it must be sensitivity, attribution or cam".into(),
            },
        )
    }
}

/// What an analyzer found out beside the values.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Extras {
    /// Σ attribution - (f(x) - f(x₀)) for each sample, where the analyzer follows a path from a reference x₀.
    ///
    /// The exact path integral has a gap of 0 (completeness, Sundararajan et al. 2017).
    pub completeness_gap: Option<Vec<f64>>,
}

/// An analyzer's result where the model lives.
#[derive(Debug, Clone)]
pub struct Attribution<B: Backend> {
    /// The values, batch axis first.
    pub values: Tensor<B>,
    /// The model's output on the clean input.
    pub output: Tensor<B>,
    /// Which output was explained, one index per sample.
    pub selection: Selection,
    /// What else there is to say.
    pub extras: Extras,
}

/// Why the model decided so: an analyzer's result as ndarray arrays.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation<E: Element, D: Dimension = IxDyn> {
    /// The values, batch axis first: the input's shape, or (B, 1, spatial axes...) for class activation maps. As
    /// computed: neither normalised nor resized.
    pub values: Array<E, D>,
    /// The model's output on the clean input, batch axis first.
    pub output: ArrayD<E>,
    /// Which output was explained, one index per sample.
    pub selection: Selection,
    /// The analyzer's name.
    pub analyzer: String,
    /// What the values mean.
    pub kind: Kind,
    /// What else the analyzer has to say.
    pub extras: Extras,
}

impl<E: Element, D: Dimension> Explanation<E, D> {
    /// Puts an explanation together, as a reader of files does.
    pub fn new(
        values: Array<E, D>,
        output: ArrayD<E>,
        selection: Selection,
        analyzer: impl Into<String>,
        kind: Kind,
        extras: Extras,
    ) -> Self {
        Explanation { values, output, selection, analyzer: analyzer.into(), kind, extras }
    }

    /// The same explanation with a dynamic dimension.
    pub fn into_dyn(self) -> Explanation<E, IxDyn> {
        Explanation {
            values: self.values.into_dyn(),
            output: self.output,
            selection: self.selection,
            analyzer: self.analyzer,
            kind: self.kind,
            extras: self.extras,
        }
    }
}
