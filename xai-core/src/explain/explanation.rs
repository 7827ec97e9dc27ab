//! What an analysis returns.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array, ArrayD, ArrayViewD, Axis, Dimension, IxDyn};

use super::dims::no_sample;
use super::{Dims, Extras, Native, Selection};
use crate::{Arithmetic, Backend, Element, Error, Result, Tensor};

/// What the values of an explanation mean: the preset for pictures.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Analyzer, Gradient, Kind, NdArray, Net, nn::Activation};
///
/// type Model = Net<NdArray<f64>, Activation>;
/// assert_eq!(Analyzer::<Model>::kind(&Gradient), Kind::Sensitivity);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// How strongly the output reacts to the input: a gradient. Signed, in output units per input unit.
    Sensitivity,
    /// How much each input element contributed to the output. Signed, in output units.
    Attribution,
    /// A class activation map: not negative, one channel, at the size of the feature maps.
    Cam,
    /// How much the output depends on each input element: not negative, without a unit.
    Importance,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Sensitivity => "sensitivity",
            Kind::Attribution => "attribution",
            Kind::Cam => "cam",
            Kind::Importance => "importance",
        })
    }
}

impl std::str::FromStr for Kind {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        [Kind::Sensitivity, Kind::Attribution, Kind::Cam, Kind::Importance]
            .into_iter()
            .find(|kind| kind.to_string() == name)
            .ok_or_else(|| Error::InvalidParameter {
                name: "kind",
                value: name.to_owned(),
                reason: "it must be sensitivity, attribution, cam or importance".into(),
            })
    }
}

/// An analyzer's result where the model lives.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Attribution, Call, Gradient, Index, NdArray, Net, Target, Tensor};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let inputs = [Tensor::upload(array![[3.0, -1.0]].view().into_dyn(), &())?];
/// let target = Target::Choose(&Index(0));
/// let call = Call { inputs: &inputs, explained: &[true], target, samples: &[0] };
/// let found: Attribution<_> = Gradient.attribute(&net, &call)?;
/// assert_eq!(found.values[0].download()?, array![[1.0, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Attribution<B: Backend> {
    /// The values of each explained input, batch axis first.
    pub values: Vec<Tensor<B>>,
    /// The model's output on the clean input.
    pub output: Tensor<B>,
    /// Which output was explained, one index per sample.
    pub selection: Selection,
    /// What else there is to say.
    pub extras: Extras,
}

impl<B: Backend> Attribution<B> {
    /// The same with other values, of each input by itself.
    ///
    /// # Errors
    /// Those of the function.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr1, array};
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Call, Gradient, NdArray, Net, Target, Tensor};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let inputs = [Tensor::upload(array![[3.0, 1.0]].view().into_dyn(), &())?];
    /// let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&0), samples: &[0] };
    /// let twice = Gradient.attribute(&net, &call)?.map_values(|values| values.scale(2.0))?;
    /// assert_eq!(twice.values[0].download()?, array![[2.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn map_values(mut self, f: impl FnMut(Tensor<B>) -> Result<Tensor<B>>) -> Result<Self> {
        self.values = self.values.into_iter().map(f).collect::<Result<_>>()?;
        Ok(self)
    }
}

/// Why the model decided so: an analyzer's result as ndarray arrays, or as the framework's tensors where the input was
/// one.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, Kind, MaxActivation, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, -1.0]], MaxActivation)?;
/// assert_eq!((why.values, why.output), (array![[1.0, 0.0]], array![[3.0, 0.0]].into_dyn()));
/// assert_eq!((why.selection.indices()[0][0], why.analyzer.as_str(), why.kind), (0, "Gradient", Kind::Sensitivity));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[doc(alias("attributions"))]
pub struct Explanation<E: Element, D: Dims<E> = IxDyn> {
    /// The values, batch axis first: the input's shape, or (B, 1, spatial axes...) for class activation maps. As
    /// computed: neither normalised nor resized. Of several inputs a tuple, as they were given.
    pub values: D::Values,
    /// The model's output on the clean input, batch axis first.
    pub output: ArrayD<E>,
    /// Which output was explained, for each sample.
    pub selection: Selection,
    /// The analyzer's name.
    pub analyzer: String,
    /// What the values mean.
    pub kind: Kind,
    /// What else the analyzer has to say.
    pub extras: Extras,
    /// The samples' names, as those of photos: none, or one for each.
    pub names: Vec<String>,
    /// What else you have to say: kept in files.
    pub metadata: BTreeMap<String, String>,
}

impl<E: Element, D: Dims<E>> Explanation<E, D> {
    /// The k highest outputs of each sample, highest first: where they stand in its output, counted in row-major order
    /// (the class), and the numbers. Fewer where there are fewer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Gradient, MaxActivation, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let why = Gradient.analyze(&net, &array![[0.1, 3.0, 2.0]], MaxActivation)?;
    /// let names = ["cat", "dog", "fox"];
    /// let best: Vec<&str> = why.top(2)[0].iter().map(|&(class, _)| names[class]).collect();
    /// assert_eq!(best, ["dog", "fox"]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("topk"))]
    pub fn top(&self, k: usize) -> Vec<Vec<(usize, E)>> {
        let of_sample = |scores: ArrayViewD<'_, E>| {
            let mut all: Vec<(usize, E)> = scores.iter().copied().enumerate().collect();
            all.sort_by(|(_, a), (_, b)| b.as_f64().total_cmp(&a.as_f64()));
            all.truncate(k);
            all
        };
        if self.output.ndim() == 0 { Vec::new() } else { self.output.outer_iter().map(of_sample).collect() }
    }

    /// With a name for each sample, as that of its photo: kept in files.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there are more or fewer names than samples.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Gradient, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let why = Gradient.analyze(&net, &array![[3.0, -1.0]], 0)?.named(["cat.jpg"])?.with("model", "a rectifier");
    /// assert_eq!((why.names, why.metadata["model"].as_str()), (vec!["cat.jpg".to_owned()], "a rectifier"));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn named<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let samples = self.selection.samples();
        if names.len() != samples {
            return Err(Error::InvalidParameter {
                name: "names",
                value: format!("{} of them", names.len()),
                reason: format!("there are {samples} sample(s), and each needs one"),
            });
        }
        self.names = names;
        Ok(self)
    }

    /// With an entry of your own, as the model's name or the date: kept in files. See [`named`](Explanation::named).
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// One sample of the batch, counted from 0, as a batch of one: values (of each input, where several were
    /// explained), output, selection, extras and name.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there is no such sample; of tensors the framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Gradient, MaxActivation, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let photos = array![[1.0, 2.0], [4.0, 3.0]];
    /// let why = Gradient.analyze(&net, &photos, MaxActivation)?.named(["cat.jpg", "dog.jpg"])?;
    /// let dog = why.sample(1)?;
    /// assert_eq!((dog.values, dog.names), (array![[1.0, 0.0]], vec!["dog.jpg".to_owned()]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn sample(&self, sample: usize) -> Result<Self> {
        let samples = self.selection.samples();
        if sample >= samples || self.output.shape().first().is_none_or(|&rows| sample >= rows) {
            return Err(no_sample(sample, samples));
        }
        Ok(Explanation {
            values: D::sample(&self.values, sample)?,
            output: self.output.select(Axis(0), &[sample]),
            selection: self.selection.part(sample, 1),
            analyzer: self.analyzer.clone(),
            kind: self.kind,
            extras: self.extras.sample(sample),
            names: self.names.get(sample).cloned().into_iter().collect(),
            metadata: self.metadata.clone(),
        })
    }
}

impl<E: Element, D: Dimension> Explanation<E, D> {
    /// Puts an explanation together, as a reader of files does.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Explanation, Extras, Kind, Selection};
    ///
    /// // What a service has found.
    /// let (values, output, class) = (array![[0.5, -0.25]], array![[0.25]].into_dyn(), Selection::from(vec![vec![0]]));
    /// let why = Explanation::new(values, output, class, "Theirs", Kind::Attribution, Extras::default());
    /// assert_eq!(why.sample(0)?.values.sum(), 0.25);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn new(
        values: Array<E, D>,
        output: ArrayD<E>,
        selection: Selection,
        analyzer: impl Into<String>,
        kind: Kind,
        extras: Extras,
    ) -> Self {
        let (analyzer, names, metadata) = (analyzer.into(), Vec::new(), BTreeMap::new());
        Explanation { values, output, selection, analyzer, kind, extras, names, metadata }
    }

    /// The same explanation with a dynamic dimension.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Gradient, NdArray, Net};
    ///
    /// // In one list, explanations of inputs of any number of axes.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let row = Gradient.analyze(&net, &array![[3.0]], 0)?.into_dyn();
    /// let map = Gradient.analyze(&net, &array![[[[3.0]]]], xai::Index([0, 0, 0]))?.into_dyn();
    /// let all = [row, map];
    /// assert_eq!(all.map(|why| why.values.ndim()), [2, 4]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn into_dyn(self) -> Explanation<E, IxDyn> {
        let Explanation { values, output, selection, analyzer, kind, extras, names, metadata } = self;
        let values: Array<E, D> = values;
        let values = values.into_dyn();
        Explanation { values, output, selection, analyzer, kind, extras, names, metadata }
    }
}

impl<B: Arithmetic> Explanation<B::Elem, Native<B>> {
    /// The values as an ndarray array: what pictures and files take.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArrayD, array};
    /// use xai::{Analyzer, Explanation, Gradient, NdArray, Net, nn::Activation};
    /// # use ndarray::{ArcArray, IxDyn};
    /// # use xai::{Found, Input, Native, Part, Result};
    /// # struct Theirs(ArcArray<f64, IxDyn>);
    /// # impl Input<NdArray<f64>> for &Theirs {
    /// #     type Dims = Native<NdArray<f64>>;
    /// #     fn parts<'a>(&'a self, to: &mut Vec<Part<'a, NdArray<f64>>>) -> Result<()> {
    /// #         to.push(Part::tensor(&self.0)?);
    /// #         Ok(())
    /// #     }
    /// #     fn values(of: &str, from: &mut std::vec::IntoIter<Found<NdArray<f64>>>) -> Result<ArcArray<f64, IxDyn>> {
    /// #         Found::next_tensor(of, from)
    /// #     }
    /// # }
    /// # let tensor = Theirs(array![[3.0, -1.0]].into_dyn().into_shared());
    ///
    /// // Of a framework's tensor the values are one too.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let why: Explanation<f64> = Gradient.analyze(&net, &tensor, 0)?.into_ndarray()?;
    /// let values: ArrayD<f64> = why.values;
    /// assert_eq!(values, array![[1.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// The framework's own.
    pub fn into_ndarray(self) -> Result<Explanation<B::Elem, IxDyn>> {
        let Explanation { values, output, selection, analyzer, kind, extras, names, metadata } = self;
        let values = B::download(&values)?;
        Ok(Explanation { values, output, selection, analyzer, kind, extras, names, metadata })
    }
}
