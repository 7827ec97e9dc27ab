//! The one error type of the library.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// A foreign error, boxed.
///
/// ```
/// # use xai_core as xai;
/// let error: xai::BoxError = "no such service".into();
/// assert_eq!(error.to_string(), "no such service");
/// ```
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// `Result` with this library's [`Error`].
///
/// ```
/// # use xai_core as xai;
/// fn doubled(x: &xai::Tensor<xai::NdArray>) -> xai::Result<xai::Tensor<xai::NdArray>> {
///     x.add(x)
/// }
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in an analysis.
///
/// Every variant says which value was wrong and what to do about it; errors of a framework or of the
/// user's own code are kept as the [source](StdError::source). `Debug` writes the same words as `Display`, so that a
/// `main` that returns one ends readably.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Error, Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// match Gradient.analyze(&net, &array![[0.5, 1.0]], 7) {
///     Err(Error::OutputIndex { index, output, .. }) => assert_eq!((index, output), (vec![7], vec![1, 2])),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two shapes that had to agree do not.
    #[error("{what}: expected shape {expected:?}, got {got:?}")]
    Shape {
        /// Which value has the wrong shape.
        what: String,
        /// The shape that was needed.
        expected: Vec<usize>,
        /// The shape that was given.
        got: Vec<usize>,
    },
    /// A shape that cannot be used, for a reason other than another shape.
    #[error("{what} of shape {got:?}: {reason}")]
    InvalidShape {
        /// Which value has the wrong shape.
        what: String,
        /// The shape that was given.
        got: Vec<usize>,
        /// Why it cannot be used, and what to do.
        reason: String,
    },
    /// A parameter outside its range.
    #[error("{name} = {value} is not possible: {reason}")]
    InvalidParameter {
        /// The parameter's name.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// What the parameter must be.
        reason: String,
    },
    /// A checkpoint without a tensor that the network needs.
    #[error("no weight is named `{name}`{}", did_you_mean(.similar))]
    MissingWeight {
        /// The full name that was asked for.
        name: String,
        /// The most similar names that there are.
        similar: Vec<String>,
    },
    /// An output index that the model's output does not have.
    #[error(
        "output index {index:?} for sample {sample}: {}; the model's output has shape {output:?}, batch axis first",
        index_fault(.index, .output.get(1..).unwrap_or_default())
    )]
    OutputIndex {
        /// The index that was asked for, without the batch axis.
        index: Vec<usize>,
        /// The sample it was asked for.
        sample: usize,
        /// The shape of the whole output.
        output: Vec<usize>,
    },
    /// A selection with another number of samples than the batch has.
    #[error("{selected} output indices for a batch of {batch} samples: give one index per sample")]
    SelectionLength {
        /// How many indices there are.
        selected: usize,
        /// How many samples the batch has.
        batch: usize,
    },
    /// The model's output holds a NaN, so that no maximum can be chosen.
    #[error(
        "the model's output is NaN at index {index:?} of sample {sample}: no maximum can be chosen; \
         check the input and the weights, or select an output by its index"
    )]
    NanOutput {
        /// The sample.
        sample: usize,
        /// Where in the sample's output.
        index: Vec<usize>,
    },
    /// Values that are no finite numbers.
    #[error("{what} of sample {sample} is not finite: {reason}")]
    ValuesNotFinite {
        /// Where that begins: a weight, the output, a reference, a point of a path, a noisy copy, or the gradient.
        what: String,
        /// The first sample that has such values.
        sample: usize,
        /// What it may come from, and what to do.
        reason: String,
    },
    /// No gradient arrived at the input.
    #[error(
        "no gradient reached the input of {at}: the output does not depend on it, or the path was cut on the way. \
         Likely causes: {causes}"
    )]
    Detached {
        /// Which model, layer or function.
        at: String,
        /// What commonly cuts the path in this framework.
        causes: String,
    },
    /// A gradient that contradicts the change of the output.
    #[error("the gradient of {what} is wrong: {reason}")]
    WrongGradient {
        /// The layer or function.
        what: String,
        /// What was seen, and what to do.
        reason: String,
    },
    /// A layer that training would leave as it is, or run in another mode.
    #[error("{what} cannot be trained: {reason}")]
    NotTrainable {
        /// The layer.
        what: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// Something asked for a gradient that does not exist.
    #[error("{what} has no gradient: {reason}")]
    NotDifferentiable {
        /// The layer or function.
        what: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// A layer that nobody can look into, where something needs to.
    #[error("{what} cannot be seen: {reason}")]
    Opaque {
        /// What was asked for.
        what: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// A step of the model for which a set of rules has no way back.
    #[error("no rule of {rules} goes back through {what}: {reason}")]
    NoRule {
        /// The rules.
        rules: String,
        /// The step.
        what: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// A place that the model does not have.
    #[error("the model has no place `{place}`: {}", named_places(.known))]
    UnknownPlace {
        /// The name that was asked for.
        place: String,
        /// The nearest places that there are.
        known: Vec<String>,
    },
    /// A place that the model cannot be cut at.
    #[error(
        "the model cannot be cut at `{place}`, because something bypasses it, as a shortcut does: {}",
        cut_places(.known)
    )]
    BypassedPlace {
        /// The place.
        place: String,
        /// The nearest places that it can be cut at.
        known: Vec<String>,
    },
    /// The analyzer cannot be used in this way.
    #[error("{analyzer}: {reason}")]
    Unsupported {
        /// The analyzer.
        analyzer: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// An error inside a named layer of the model.
    #[error("in layer `{layer}`: {source}")]
    Layer {
        /// The layer's name: the field's, in a derived model.
        layer: String,
        /// What went wrong in it.
        #[source]
        source: Box<Error>,
    },
    /// A file that cannot be read or written.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried: `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: BoxError,
    },
    /// The user's progress callback stopped the analysis.
    #[error("stopped by the progress callback after {done} of {total} evaluations")]
    Cancelled {
        /// The evaluations that were done.
        done: usize,
        /// The evaluations that there would have been.
        total: usize,
    },
    /// The explained output of a copy of the input is no finite number.
    #[error(
        "the explained output is {value}: nothing can be said of its changes; check what the model makes of inputs of \
         which a part is absent, or fill them in another way"
    )]
    NotFinite {
        /// The number: NaN, or an infinity.
        value: f64,
    },
    /// An error on some rows of a batch, of a model that was called for each part of it.
    #[error("on {}: {source}", counted("row", "rows", .rows))]
    Rows {
        /// The rows of the call that failed, counted from 0.
        rows: Range<usize>,
        /// What went wrong.
        #[source]
        source: Box<Error>,
    },
    /// An error while the model ran on masked copies of the input.
    #[error("on masked {} of {}: {source}", counted("copy", "copies", .copies), counted("sample", "samples", .samples))]
    Copies {
        /// Which copies were in the pass, or in the call of it that failed: one, where it is known. They are counted
        /// from 0 over all of the analysis of these samples, in the order in which their masks were asked for.
        copies: Range<usize>,
        /// Of which samples of the batch.
        samples: Range<usize>,
        /// What went wrong.
        #[source]
        source: Box<Error>,
    },
    /// An error of the framework, or of the user's own forward code.
    #[error("{backend}: {source}")]
    Backend {
        /// The backend's name.
        backend: &'static str,
        /// The error itself.
        #[source]
        source: BoxError,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn index_fault(index: &[usize], axes: &[usize]) -> String {
    let (got, needed) = (index.len(), axes.len());
    if got != needed {
        return format!("it has {got} number(s) and needs {needed}, one for each axis after the batch");
    }
    match index.iter().zip(axes).find(|(i, n)| i >= n) {
        Some((i, n)) => format!("{i} is out of range, there are {n}, counted from 0"),
        None => "it is out of range".into(),
    }
}

fn named_places(known: &[String]) -> String {
    if known.is_empty() { "it names none".into() } else { format!("there are `{}`", known.join("`, `")) }
}

fn cut_places(known: &[String]) -> String {
    if known.is_empty() { "no place of it can be".into() } else { format!("it can be at `{}`", known.join("`, `")) }
}

fn counted(one: &str, many: &str, of: &Range<usize>) -> String {
    match of.len() {
        1 => format!("{one} {}", of.start),
        _ => format!("{many} {} to {}", of.start, of.end.saturating_sub(1)),
    }
}

fn did_you_mean(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(": did you mean `{}`?", names.join("`, `")) }
}

impl Error {
    /// Wraps an error of a framework or of the user's own forward code.
    ///
    /// An [`Error`] of this library that only travelled through foreign code comes out as it was.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::Error;
    ///
    /// assert_eq!(Error::backend("service", "it is offline").to_string(), "service: it is offline");
    /// let own = Error::backend("service", Error::NotFinite { value: f64::INFINITY });
    /// assert!(matches!(own, Error::NotFinite { .. }));
    /// ```
    pub fn backend(backend: &'static str, source: impl Into<BoxError>) -> Self {
        match source.into().downcast::<Error>() {
            Ok(own) => *own,
            Err(source) => Error::Backend { backend, source },
        }
    }

    /// Says in which layer the error happened.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::Error;
    ///
    /// // From the inside out, as the error travels.
    /// let error = Error::backend("service", "it is offline").in_layer("conv1").in_layer("layer4");
    /// assert_eq!(error.to_string(), "in layer `layer4`: in layer `conv1`: service: it is offline");
    /// ```
    #[must_use]
    pub fn in_layer(self, layer: impl Into<String>) -> Self {
        Error::Layer { layer: layer.into(), source: Box::new(self) }
    }

    /// Says on which rows of a batch the error happened.
    #[must_use]
    pub(crate) fn on_rows(self, rows: Range<usize>) -> Self {
        Error::Rows { rows, source: Box::new(self) }
    }

    /// The same, of a batch that begins at a row of a larger one.
    #[must_use]
    pub(crate) fn counted_from(self, start: usize) -> Self {
        match self {
            Error::Rows { rows, source } => Error::Rows { rows: rows.start + start..rows.end + start, source },
            other => other,
        }
    }

    /// Says on which copies of which samples the error happened.
    #[must_use]
    pub(crate) fn on_copies(self, copies: Range<usize>, samples: Range<usize>) -> Self {
        Error::Copies { copies, samples, source: Box::new(self) }
    }

    /// The error itself, without the layers, the rows and the copies it happened in.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Linear, Sequential};
    /// use xai::{Differentiable, Error, NdArray, Tensor};
    ///
    /// // Of two numbers, and given three.
    /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push_named("head", Linear::new(weight, None)?);
    /// let error = net.predict(array![[1.0, 2.0, 3.0]].view().into_dyn()).unwrap_err();
    /// assert!(matches!(&error, Error::Layer { layer, .. } if layer == "head"));
    /// assert!(matches!(error.root(), Error::InvalidShape { .. }));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn root(&self) -> &Error {
        match self {
            Error::Layer { source, .. } | Error::Rows { source, .. } | Error::Copies { source, .. } => source.root(),
            other => other,
        }
    }

    /// Checks that two shapes agree.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::Error;
    ///
    /// assert!(Error::check_shape("mask", &[1, 4], &[1, 4]).is_ok());
    /// let refused = Error::check_shape("mask", &[1, 4], &[1, 3]).unwrap_err();
    /// assert_eq!(refused.to_string(), "mask: expected shape [1, 4], got [1, 3]");
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] if they do not.
    pub fn check_shape(what: &str, expected: &[usize], got: &[usize]) -> Result<()> {
        if expected == got {
            return Ok(());
        }
        Err(Error::Shape { what: what.to_owned(), expected: expected.to_vec(), got: got.to_vec() })
    }
}
