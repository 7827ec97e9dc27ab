//! What a rule of class activation maps is asked at a place: [`CamSite`].

use std::cell::RefCell;

use ndarray::Array1;

use super::grid::Grid;
use crate::explain::{Call, Selection, Target, graph_for};
use crate::passes::{Chunk, Running, copies_per_pass, even_parts, repeated};
use crate::{Backend, Differentiable, Element, Error, Graph, Result, Tensor};

/// What is at a place of a model: the feature maps, the gradient, and what else can be asked of the model there.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Flatten, Sequential};
/// use xai::{Analyzer, Backend, Cam, CamRule, CamSite, NdArray, Result, Tensor};
///
/// /// Aₖ / K: the mean over the channels, whatever is explained.
/// struct Mean;
///
/// impl<B: Backend> CamRule<B> for Mean {
///     fn name(&self) -> String {
///         "Mean".into()
///     }
///     fn reads_gradient(&self) -> bool {
///         false
///     }
///     fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
///         site.maps().scale(1.0 / site.channels() as f64)
///     }
/// }
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("maps", Activation::Relu).push(Flatten::default());
/// let map = Cam::new(Mean).at("maps").analyze(&net, &array![[[2.0, 0.0], [4.0, 6.0]]], 0)?;
/// assert_eq!(map.values, array![[[3.0, 3.0]]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct CamSite<'a, B: Backend> {
    pub(super) rule: &'a str,
    pub(super) place: &'a str,
    pub(super) grid: Grid,
    /// What is at the place, before it is turned into maps.
    pub(super) there: &'a Tensor<B>,
    pub(super) maps: Tensor<B>,
    pub(super) gradient: Option<Tensor<B>>,
    pub(super) model: &'a (dyn Differentiable<Backend = B> + 'a),
    pub(super) call: Call<'a, B>,
    pub(super) selection: &'a Selection,
    pub(super) output: &'a Tensor<B>,
    pub(super) progress: &'a RefCell<Running<'a>>,
}

impl<'a, B: Backend> CamSite<'a, B> {
    /// The feature maps A, (B, K, spatial axes...); those of a model in a half type in single precision.
    pub fn maps(&self) -> &Tensor<B> {
        &self.maps
    }

    /// G = ∂y/∂A, in the shape and the number type of the maps.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a rule that said that it does not read it.
    pub fn gradient(&self) -> Result<&Tensor<B>> {
        self.gradient.as_ref().ok_or_else(|| Error::Unsupported {
            analyzer: self.rule.into(),
            reason: "it reads the gradient: `CamRule::reads_gradient` must say so".into(),
        })
    }

    /// The axes of the maps that are neither the samples' nor the channels'.
    pub fn spatial(&self) -> Vec<usize> {
        (2..self.maps.shape().len()).collect()
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.maps.shape().get(1).copied().unwrap_or(0)
    }

    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.call.rows()
    }

    /// What is explained, y, of each sample.
    ///
    /// # Errors
    /// The framework's own.
    pub fn explained(&self) -> Result<Vec<f64>> {
        self.selection.pick(self.output)
    }

    /// wₖ · Aₖ, for the weights of the channels of each sample, sample by sample.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, Backend, Cam, CamRule, CamSite, Element, NdArray, Result, Tensor};
    ///
    /// /// Grad-CAM as a share of the output: wₖ = αₖ / y.
    /// struct Share;
    ///
    /// impl<B: Backend> CamRule<B> for Share {
    ///     fn name(&self) -> String {
    ///         "Share".into()
    ///     }
    ///     fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
    ///         let alphas = site.gradient()?.mean(&site.spatial())?.download()?;
    ///         let alphas: Vec<f64> = alphas.iter().map(|alpha| alpha.as_f64()).collect();
    ///         let of_samples = site.explained()?.into_iter().zip(alphas.chunks(site.channels()));
    ///         let weights: Vec<f64> = of_samples.flat_map(|(y, alphas)| alphas.iter().map(move |a| a / y)).collect();
    ///         assert_eq!(weights.len(), site.samples() * site.channels());
    ///         site.weighted(&weights)
    ///     }
    /// }
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // y = 2 and α = 1/2.
    /// let map = Cam::new(Share).at("maps").analyze(&net, &array![[[[1.0, 3.0]]]], 0)?;
    /// assert_eq!(map.values, array![[[[0.25, 0.75]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of weights, and the framework's own.
    pub fn weighted(&self, weights: &[f64]) -> Result<Tensor<B>> {
        let mut shape = self.maps.shape();
        shape.iter_mut().skip(2).for_each(|length| *length = 1);
        Error::check_shape("weights of the channels", &[shape.iter().product()], &[weights.len()])?;
        let weights = Array1::from_iter(weights.iter().map(|&weight| B::Elem::of(weight)));
        self.maps.mul(&Tensor::upload(weights.view().into_dyn(), &self.maps.placement())?.reshape(&shape)?)
    }

    /// y of `n` variants of each sample, of what is behind the place alone: of maps (B, m, K, spatial axes...), for so
    /// many variants from `start` on, in passes of as many as suit the network's maps, or of at most `chunk` samples.
    ///
    /// The numbers stand sample by sample.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, array};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, Backend, Cam, CamRule, CamSite, Element, NdArray, Result, SumOfOutputs, Tensor};
    ///
    /// /// wₖ = y of channel k alone, the others being 0.
    /// struct Alone;
    ///
    /// impl<B: Backend> CamRule<B> for Alone {
    ///     fn name(&self) -> String {
    ///         "Alone".into()
    ///     }
    ///     fn runs_head(&self) -> bool {
    ///         true
    ///     }
    ///     fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
    ///         let (channels, mut apart) = (site.channels(), site.maps().shape());
    ///         apart.insert(1, 1);
    ///         let alone = site.head(channels, None, |start, copies| {
    ///             let kept = Array2::from_shape_fn((copies, channels), |(copy, channel)| {
    ///                 B::Elem::of(if start + copy == channel { 1.0 } else { 0.0 })
    ///             });
    ///             let kept = Tensor::upload(kept.view().into_dyn(), &site.maps().placement())?;
    ///             kept.reshape(&[1, copies, channels, 1, 1])?.mul(&site.maps().reshape(&apart)?)
    ///         })?;
    ///         site.weighted(&alone)
    ///     }
    /// }
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(Activation::Power { exponent: 2.0 })
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // Mean squares: 5 of the first channel, 2 of the second.
    /// let photo = array![[[[1.0, 3.0]], [[2.0, 0.0]]]];
    /// let map = Cam::new(Alone).at("maps").analyze(&net, &photo, SumOfOutputs)?;
    /// assert_eq!(map.values, array![[[[5.0 * 1.0 + 2.0 * 2.0, 5.0 * 3.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BypassedPlace`], those of `variants`, [`Error::Cancelled`], and the model's own.
    pub fn head(
        &self,
        n: usize,
        chunk: Option<usize>,
        variants: impl Fn(usize, usize) -> Result<Tensor<B>>,
    ) -> Result<Vec<f64>> {
        let rows = self.call.rows();
        let largest = self.behind(rows)?.largest_map().max(self.there.shape().iter().product());
        let samples = Chunk::of(chunk, &self.call).samples::<B>(largest.div_ceil(rows.max(1)));
        self.of_variants(n, samples, variants, |maps, (first, len), copies| {
            let shape = maps.shape();
            let maps = maps.reshape(&[&[len * copies], shape.get(2..).unwrap_or_default()].concat())?;
            let there = some_rows(self.there, first, len)?;
            let there = self.grid.of_maps(&maps.in_type_of(&there)?, &there, copies)?;
            self.behind(len * copies)?.forward(&[there])
        })
    }

    /// ∂y/∂A at other maps (B, K, spatial axes...), of what is behind the place alone.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, Backend, Cam, CamRule, CamSite, NdArray, Result, Tensor};
    ///
    /// /// The mean of the gradients at nothing and at the maps, times the maps.
    /// struct FromNothing;
    ///
    /// impl<B: Backend> CamRule<B> for FromNothing {
    ///     fn name(&self) -> String {
    ///         "FromNothing".into()
    ///     }
    ///     fn runs_head(&self) -> bool {
    ///         true
    ///     }
    ///     fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
    ///         let at_nothing = site.gradient_at(&site.maps().scale(0.0)?)?;
    ///         site.gradient()?.add(&at_nothing)?.scale(0.5)?.mul(site.maps())
    ///     }
    /// }
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(Activation::Power { exponent: 2.0 })
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // y is the mean square of two numbers: the gradient is A, and nothing at nothing.
    /// let map = Cam::new(FromNothing).at("maps").analyze(&net, &array![[[[1.0, 3.0]]]], 0)?;
    /// assert_eq!(map.values, array![[[[0.5, 4.5]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BypassedPlace`], and the model's own.
    pub fn gradient_at(&self, maps: &Tensor<B>) -> Result<Tensor<B>> {
        let there = self.grid.of_maps(&maps.in_type_of(self.there)?, self.there, 1)?;
        let (output, pullback) = self.behind(self.call.rows())?.vjp(&[there], &[true], None)?;
        self.grid.to_maps(self.rule, &pullback.pull(&self.selection.cotangent(&output)?)?.widen()?)
    }

    /// y of `n` variants of each sample, of the whole model: of the explained input, times masks (B, m, 1, spatial axes
    /// of the input..., or 1 each) for so many variants from `start` on. Other inputs are the sample's own.
    ///
    /// The numbers stand sample by sample.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, Backend, Cam, CamRule, CamSite, Element, NdArray, Result, Tensor};
    ///
    /// /// (y - y') · Aₖ, y' being y of the input at half its brightness.
    /// struct Dimmed;
    ///
    /// impl<B: Backend> CamRule<B> for Dimmed {
    ///     fn name(&self) -> String {
    ///         "Dimmed".into()
    ///     }
    ///     fn reads_gradient(&self) -> bool {
    ///         false
    ///     }
    ///     fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
    ///         // One mask, the same for all samples, channels and places.
    ///         let (half, axes) = (array![B::Elem::of(0.5)], site.input_shape().len() + 1);
    ///         let mask = || Tensor::upload(half.view().into_dyn(), &site.maps().placement())?.reshape(&vec![1; axes]);
    ///         let dimmed = site.masked(1, None, |_, _| mask())?;
    ///         let lost = site.explained()?.into_iter().zip(dimmed).map(|(y, dimmed)| y - dimmed);
    ///         site.weighted(&lost.flat_map(|lost| vec![lost; site.channels()]).collect::<Vec<_>>())
    ///     }
    /// }
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // y falls from 2 to 1.
    /// let map = Cam::new(Dimmed).at("maps").analyze(&net, &array![[[[1.0, 3.0]]]], 0)?;
    /// assert_eq!(map.values, array![[[[1.0, 3.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `masks`, [`Error::Cancelled`], and the model's own.
    pub fn masked(
        &self,
        n: usize,
        chunk: Option<usize>,
        masks: impl Fn(usize, usize) -> Result<Tensor<B>>,
    ) -> Result<Vec<f64>> {
        let chosen = Call { target: Target::Chosen(self.selection), ..self.call };
        let samples = Chunk::of(chunk, &chosen).for_model(self.model, &chosen)?;
        self.of_variants(n, samples, masks, |masks, (first, len), copies| {
            let masked = |(x, &explained): (&Tensor<B>, &bool)| {
                let x = some_rows(x, first, len)?;
                if !explained {
                    return repeated(&x, copies);
                }
                let shape = x.shape();
                let (apart, sample) = ([&[len, 1], &shape[1..]].concat(), &shape[1..]);
                x.reshape(&apart)?.mul(&masks.in_type_of(&x)?)?.reshape(&[&[len * copies], sample].concat())
            };
            let inputs: Vec<_> = self.call.inputs.iter().zip(self.call.explained).map(masked).collect::<Result<_>>()?;
            self.graph(&inputs.iter().map(Tensor::shape).collect::<Vec<_>>())?.forward(&inputs)
        })
    }

    /// The shape of the explained input.
    pub fn input_shape(&self) -> Vec<usize> {
        self.call.explained_inputs().next().map(Tensor::shape).unwrap_or_default()
    }

    /// The chosen numbers of `n` variants, which are made for all samples: sample by sample. The outputs are those of
    /// so many copies of some of the samples, of which there are at most `samples` in a pass.
    fn of_variants(
        &self,
        n: usize,
        samples: usize,
        made: impl Fn(usize, usize) -> Result<Tensor<B>>,
        output: impl Fn(&Tensor<B>, (usize, usize), usize) -> Result<Tensor<B>>,
    ) -> Result<Vec<f64>> {
        let rows = self.call.rows();
        let mut found = vec![Vec::with_capacity(n); rows];
        self.progress.borrow_mut().ask(n.saturating_mul(rows));
        for (start, copies) in even_parts(n, copies_per_pass(samples, rows)).into_iter().filter(|part| part.1 > 0) {
            let all = made(start, copies)?;
            for (first, len) in even_parts(rows, samples) {
                let output = output(&some_rows(&all, first, len)?, (first, len), copies)?;
                let selection = self.selection.part(first, len).repeat(copies);
                selection.check(&output.shape())?;
                let chosen = selection.pick(&output)?;
                let samples = found.iter_mut().skip(first);
                samples.zip(chosen.chunks(copies)).for_each(|(all, part)| all.extend(part));
                self.progress.borrow_mut().advance(len * copies)?;
            }
        }
        Ok(found.concat())
    }

    /// The whole model for inputs of these shapes.
    fn graph(&self, shapes: &[Vec<usize>]) -> Result<Graph<'a, B>> {
        graph_for(self.model, shapes, Target::Chosen(self.selection))
    }

    /// What is behind the place, for so many rows.
    fn behind(&self, rows: usize) -> Result<Graph<'a, B>> {
        let with_rows = |x: &Tensor<B>| [&[rows], x.shape().get(1..).unwrap_or_default()].concat();
        let graph = self.graph(&self.call.inputs.iter().map(with_rows).collect::<Vec<_>>())?;
        Ok(graph.split(graph.place(self.place)?)?.1)
    }
}

impl<B: Backend> std::fmt::Debug for CamSite<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CamSite").field("place", &self.place).field("maps", &self.maps).finish_non_exhaustive()
    }
}

/// These rows of it, or what is the same for all.
fn some_rows<B: Backend>(of: &Tensor<B>, first: usize, len: usize) -> Result<Tensor<B>> {
    match of.shape().first() {
        Some(1) => Ok(of.clone()),
        Some(&rows) if rows == len => Ok(of.clone()),
        _ => of.narrow(0, first, len),
    }
}
