//! Convolution of volumes.

use super::lengths::{at_least_one, axes, refused, said_of};
use super::{ConvPaddingNd, Triple, Weights};
use crate::op::{Conv2d, ConvPadding, Pad2d, Padding};
use crate::{Backend, Error, Layer, Result, Tensor, Var, Weight};

/// Three-dimensional convolution (cross-correlation), PyTorch's `Conv3d`.
///
/// Input (B, C, D, H, W), weight (K, C / groups, kd, kh, kw), bias (K), output (B, K, D', H', W') with
/// D' = ⌊(D + before + after - dilation·(kd - 1) - 1) / stride⌋ + 1, and H' and W' alike.
///
/// It is one [`Conv2d`]: the kd slices that each place along the depth sees become channels, and the places rows of the
/// batch. So a volume is held kd times while it is convolved.
///
/// Errors: [`Error::InvalidShape`] when the input has not 5 axes, has another number of channels than the weight takes,
/// or is smaller than the kernel; [`Error::InvalidParameter`] for a stride or dilation of 0, for groups that do not
/// divide the channels, and for a padding that cannot be counted.
///
/// ```
/// # use xai_core as xai;
/// # use ndarray::Array5;
/// # use xai::{NdArray, Tensor};
/// use xai::nn::Conv3d;
///
/// # let weight = Tensor::<NdArray>::upload(Array5::ones((4, 2, 3, 3, 3)).into_dyn().view(), &())?;
/// let conv = Conv3d::new(weight, None)?.stride([1, 2, 2]).padding(1);
/// assert_eq!(conv.output_shape(&[1, 2, 8, 16, 16])?, [1, 4, 8, 8, 8]);
/// // In two groups, with every second slice: a kernel of 3 slices spans 5.
/// # let weight = Tensor::<NdArray>::upload(Array5::ones((4, 2, 3, 3, 3)).into_dyn().view(), &())?;
/// let conv = Conv3d::new(weight, None)?.dilation([2, 1, 1]).groups(2);
/// assert_eq!(conv.output_shape(&[1, 4, 8, 16, 16])?, [1, 4, 4, 14, 14]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv3d<B: Backend> {
    /// Over rows and columns, with the weight as it was given, (K, C / groups, kd, kh, kw).
    plane: Conv2d<B>,
    depth: Depth,
}

/// The window's way along the depth.
#[derive(Debug, Clone, Copy)]
struct Depth {
    kernel: usize,
    stride: usize,
    dilation: usize,
    /// (before, after); `None` for as much as makes the output ⌈D / stride⌉ long.
    padding: Option<(usize, usize)>,
}

/// What becomes of an input.
struct Plan<B: Backend> {
    /// Over rows and columns, with the taps of the depth among its channels: (K, C / groups · kd, kh, kw).
    plane: Conv2d<B>,
    /// The slices before and after the volume.
    padding: (usize, usize),
    /// How many places the window has along the depth.
    places: usize,
    /// (B · places, K, H', W').
    maps: Vec<usize>,
}

impl<B: Backend> Conv3d<B> {
    /// A convolution with stride 1, no padding, dilation 1 and one group; `None` for no bias.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the weight has not 5 axes or is empty, [`Error::Shape`] when the bias does not fit.
    pub fn new(weight: Tensor<B>, bias: impl Into<Option<Tensor<B>>>) -> Result<Self> {
        let (got, bias) = (weight.shape(), bias.into());
        let [outputs, inputs, kernel, rows, columns] = match <[usize; 5]>::try_from(&got[..]) {
            Ok(lengths) if !lengths.contains(&0) => lengths,
            _ => {
                let what = "weight of Conv3d".into();
                let reason = "it needs 5 axes, (output channels, input channels / groups, slices, rows, columns), \
                              none of length 0"
                    .into();
                return Err(Error::InvalidShape { what, got, reason });
            }
        };
        if let Some(bias) = &bias {
            Error::check_shape("bias of Conv3d", &[outputs], &bias.shape())?;
        }
        let weight = Weight::from(weight);
        let plane = Conv2d::new(weight.reshape(&[outputs, inputs * kernel, rows, columns])?.tensor(), bias)?;
        let plane = Conv2d { weight, ..plane };
        Ok(Conv3d { plane, depth: Depth { kernel, stride: 1, dilation: 1, padding: Some((0, 0)) } })
    }

    /// `weight`, and `bias` if there is one; stride, padding, dilation and groups are set afterwards.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], and as [`new`](Conv3d::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::ArrayD;
    /// use xai::NdArray;
    /// use xai::nn::{Conv3d, Weights};
    ///
    /// let checkpoint =
    ///     [("stem.weight", ArrayD::<f32>::ones(vec![4, 1, 3, 3, 3])), ("stem.bias", ArrayD::zeros(vec![4]))];
    /// let weights = Weights::<NdArray>::new(checkpoint, ())?;
    /// let stem = Conv3d::load(&weights.at("stem"))?.stride(2).padding(1);
    /// assert_eq!(stem.output_shape(&[1, 1, 8, 8, 8])?, [1, 4, 4, 4, 4]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Conv3d::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }

    /// Sets the stride: a number, or `[slices, rows, columns]`.
    #[must_use]
    pub fn stride(mut self, stride: impl Triple) -> Self {
        let [depth, rows, columns] = stride.triple();
        (self.depth.stride, self.plane.stride) = (depth, [rows, columns]);
        self
    }

    /// Sets the padding: a number, `[slices, rows, columns]`, `(before, after)` of each of them, or
    /// [`ConvPaddingNd::Same`].
    #[must_use]
    pub fn padding(mut self, padding: impl Into<ConvPaddingNd<3>>) -> Self {
        (self.depth.padding, self.plane.padding) = match padding.into() {
            ConvPaddingNd::Explicit(sides) => {
                let [depth, (top, bottom), (left, right)] = sides.0;
                (Some(depth), Padding { top, bottom, left, right }.into())
            }
            ConvPaddingNd::Same => (None, ConvPadding::Same),
        };
        self
    }

    /// Sets the dilation: a number, or `[slices, rows, columns]`.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Triple) -> Self {
        let [depth, rows, columns] = dilation.triple();
        (self.depth.dilation, self.plane.dilation) = (depth, [rows, columns]);
        self
    }

    /// Sets the number of groups.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.plane.groups = groups;
        self
    }

    /// The output's shape for an input (B, C, D, H, W), with everything checked.
    ///
    /// # Errors
    /// As the layer's own.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let [batch, ..] = lengths(input)?;
        let Plan { places, maps, .. } = self.plan(input)?;
        Ok([&[batch, maps[1], places], &maps[2..]].concat())
    }

    /// The layer on a value, which keeps its weights, and not the layer.
    ///
    /// # Errors
    /// As [`output_shape`](Conv3d::output_shape), and [`Var::shape`]'s where the input's shape is not known.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::Array5;
    /// use xai::nn::Conv3d;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // Made where it is written down, and gone after that.
    /// let ones = |shape: [usize; 5]| Tensor::<NdArray>::upload(Array5::ones(shape).view().into_dyn(), &());
    /// let weight = ones([1, 1, 2, 2, 2])?;
    /// let graph = Graph::trace(&[vec![1, 1, 2, 2, 2]], |x| Conv3d::new(weight, None)?.on(&x[0]))?;
    /// let y = graph.forward(&[ones([1, 1, 2, 2, 2])?])?;
    /// assert_eq!(y.download()?, Array5::from_elem([1, 1, 1, 1, 1], 8.0).into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn on<'m>(&self, x: &Var<'m, B>) -> Result<Var<'m, B>> {
        let input = x.shape()?;
        let [batch, channels, slices, rows, columns] = lengths(&input)?;
        let Plan { plane, padding, places, maps } = self.plan(&input)?;
        let (kernel, pixels) = (self.depth.kernel, rows.saturating_mul(columns));
        let mut volume = x.reshape(&[batch, channels, slices, pixels]);
        if padding != (0, 0) {
            let (top, bottom) = padding;
            volume = volume.op(Pad2d::new(Padding { top, bottom, ..Padding::default() }));
        }
        if (kernel, self.depth.stride) != (1, 1) {
            volume = volume.index_select(2, &self.depth.taps(&input, places)?);
        }
        let images = volume.reshape(&[batch, channels, places, kernel, pixels]).permute(&[0, 2, 1, 3, 4]);
        let images = images.reshape(&[batch.saturating_mul(places), channels.saturating_mul(kernel), rows, columns]);
        let [outputs, rows, columns] = [maps[1], maps[2], maps[3]];
        let maps = images.op(plane).reshape(&[batch, places, outputs, rows, columns]);
        Ok(maps.permute(&[0, 2, 1, 3, 4]))
    }

    fn plan(&self, input: &[usize]) -> Result<Plan<B>> {
        let [batch, channels, slices, rows, columns] = lengths(input)?;
        if input.contains(&0) {
            return Err(refused("Conv3d", input, "it has no element".into()));
        }
        let (plane, depth) = (&self.plane, &self.depth);
        at_least_one("stride", &[depth.stride, plane.stride[0], plane.stride[1]])?;
        at_least_one("dilation", &[depth.dilation, plane.dilation[0], plane.dilation[1]])?;
        let (padding, places) = depth.places(input, slices)?;
        // The input's channels are checked here, where the taps are not among them.
        let plane = Conv2d { weight: self.weight()?, ..plane.clone() };
        let takes = plane.weight.shape()[1].saturating_mul(plane.groups);
        let images = [batch.saturating_mul(places), takes, rows, columns];
        let maps = plane.output_shape(&images).map_err(|error| said_of("Conv3d", input, error))?;
        let takes = takes / depth.kernel;
        if channels != takes {
            let last = if columns == takes { ": are its channels last? They belong to axis 1" } else { "" };
            let reason = format!("it has {channels} channels (axis 1), but the weight takes {takes}{last}");
            return Err(refused("Conv3d", input, reason));
        }
        Ok(Plan { plane, padding, places, maps })
    }

    /// The taps of the depth among the channels.
    fn weight(&self) -> Result<Weight<B>> {
        match *self.plane.weight.shape() {
            [outputs, inputs, kernel, rows, columns] => {
                self.plane.weight.reshape(&[outputs, inputs * kernel, rows, columns])
            }
            _ => Ok(self.plane.weight.clone()),
        }
    }
}

fn lengths(input: &[usize]) -> Result<[usize; 5]> {
    axes("Conv3d", input, "(batch, channels, slices, rows, columns)")
}

impl Depth {
    /// The slices before and after the volume, and how many places the window has.
    fn places(&self, input: &[usize], slices: usize) -> Result<((usize, usize), usize)> {
        let (before, after) = self.padding.unwrap_or_else(|| {
            let same = Padding::same([slices, 1], [self.kernel, 1], [self.stride, 1], [self.dilation, 1]);
            (same.top, same.bottom)
        });
        let padded = slices.checked_add(before).and_then(|n| n.checked_add(after));
        let span = self.dilation.checked_mul(self.kernel - 1).and_then(|n| n.checked_add(1));
        match (padded, span) {
            (Some(padded), Some(span)) if span <= padded => Ok(((before, after), (padded - span) / self.stride + 1)),
            (Some(padded), Some(span)) => {
                let reason = format!(
                    "the kernel spans {span} slices, the padded volume has {padded} ({before} + {slices} + {after}): \
                     give a larger volume, or more padding"
                );
                Err(refused("Conv3d", input, reason))
            }
            _ => Err(Error::InvalidParameter {
                name: "padding, kernel and dilation",
                value: format!("{:?}, {}, {}", (before, after), self.kernel, self.dilation),
                reason: "the slices of the window or of the padded volume cannot be counted: too many".into(),
            }),
        }
    }

    /// The slices that the window sees, place by place.
    fn taps(&self, input: &[usize], places: usize) -> Result<Vec<usize>> {
        let Depth { kernel, stride, dilation, .. } = *self;
        let mut taps = Vec::new();
        // A padding that nothing can hold is refused as any other, and not by an abort.
        let room = places.checked_mul(kernel).map(|count| taps.try_reserve_exact(count));
        if !matches!(room, Some(Ok(()))) {
            let reason = format!("with its padding, the window has {places} places along the depth: too many");
            return Err(refused("Conv3d", input, reason));
        }
        taps.extend((0..places).flat_map(|place| (0..kernel).map(move |tap| place * stride + tap * dilation)));
        Ok(taps)
    }
}

impl<B: Backend> Layer<B> for Conv3d<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.on(&x)
    }
}
