//! Convolution.

use super::Pair;
use super::example::{Example, Numbers};
use super::operation::{Operation, only};
use super::window::Window;
use super::{ConvPadding, Padding, shape};
use crate::{Arithmetic, Error, Result, Tensor, Weight};

/// Two-dimensional convolution (cross-correlation, as in every framework).
///
/// Input (B, C, H, W), weight (K, C / groups, kh, kw), bias (K), output (B, K, H', W') with
/// H' = ⌊(H + top + bottom - dilation·(kh - 1) - 1) / stride⌋ + 1. `groups` = C with K a multiple of C is a depthwise
/// convolution.
///
/// ```
/// # use xai_core as xai;
/// # use ndarray::Array4;
/// # use xai::{NdArray, Tensor};
/// use xai::nn::{Conv2d, ConvPadding};
///
/// # let weight = Tensor::<NdArray>::upload(Array4::ones((8, 3, 3, 3)).into_dyn().view(), &())?;
/// let conv = Conv2d::new(weight, None)?.stride(2).padding(ConvPadding::Same);
/// assert_eq!(conv.output_shape(&[1, 3, 224, 224])?, [1, 8, 112, 112]);
/// // Of each channel, every second pixel: the kernel spans 5.
/// # let weight = Tensor::<NdArray>::upload(Array4::ones((4, 1, 3, 3)).into_dyn().view(), &())?;
/// let depthwise = Conv2d::new(weight, None)?.dilation(2).groups(4);
/// assert_eq!(depthwise.geometry(&[1, 4, 9, 9])?.output, [5, 5]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv2d<B: Arithmetic> {
    /// The weight, (K, C / groups, kh, kw).
    pub weight: Weight<B>,
    /// The bias, (K).
    pub bias: Option<Weight<B>>,
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// Zeros around the image.
    pub padding: ConvPadding,
    /// The dilation, (rows, columns).
    pub dilation: [usize; 2],
    /// The number of groups.
    pub groups: usize,
}

/// All the lengths of a convolution of one input, checked: what a backend computes from.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::Array4;
/// use xai::nn::{Conv2d, ConvPadding};
/// use xai::{NdArray, Tensor};
///
/// let weight = Tensor::<NdArray>::upload(Array4::ones((4, 1, 3, 3)).view().into_dyn(), &())?;
/// let conv = Conv2d::new(weight, None)?.groups(4).stride(2).padding(ConvPadding::Same);
/// let lengths = conv.geometry(&[1, 4, 8, 8])?;
/// assert_eq!((lengths.output_shape(), lengths.is_depthwise()), ([1, 4, 4, 4], true));
/// // (4 - 1) · 2 + 3 - 8 = 1 row and column of zeros in all: behind the image.
/// assert_eq!((lengths.padding.top, lengths.padding.bottom), (0, 1));
/// assert_eq!(lengths.input_shape(), [1, 4, 8, 8]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvGeometry {
    /// The number of samples, B.
    pub batch: usize,
    /// The input's channels, C.
    pub in_channels: usize,
    /// The output's channels, K.
    pub out_channels: usize,
    /// The number of groups; it divides C and K.
    pub groups: usize,
    /// The input's size, (H, W).
    pub input: [usize; 2],
    /// The output's size, (H', W').
    pub output: [usize; 2],
    /// The kernel, (kh, kw).
    pub kernel: [usize; 2],
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// The dilation, (rows, columns).
    pub dilation: [usize; 2],
    /// Zeros around the image, with [`ConvPadding::Same`] resolved.
    pub padding: Padding,
}

impl ConvGeometry {
    /// (B, C, H, W).
    pub fn input_shape(&self) -> [usize; 4] {
        [self.batch, self.in_channels, self.input[0], self.input[1]]
    }

    /// (B, K, H', W').
    pub fn output_shape(&self) -> [usize; 4] {
        [self.batch, self.out_channels, self.output[0], self.output[1]]
    }

    /// True when every input channel is convolved alone: groups = C.
    pub fn is_depthwise(&self) -> bool {
        self.groups == self.in_channels
    }
}

impl<B: Arithmetic> Conv2d<B> {
    /// A convolution with stride 1, no padding, dilation 1 and one group; `None` for no bias.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the weight has not 4 axes or is empty, [`Error::Shape`] when the bias does not fit.
    pub fn new(weight: Tensor<B>, bias: impl Into<Option<Tensor<B>>>) -> Result<Self> {
        Self::with(weight.into(), bias.into().map(Weight::from))
    }

    /// As [`new`](Conv2d::new).
    pub(crate) fn with(weight: Weight<B>, bias: Option<Weight<B>>) -> Result<Self> {
        let padding = ConvPadding::default();
        let conv = Conv2d { weight, bias, stride: [1, 1], padding, dilation: [1, 1], groups: 1 };
        conv.weight_lengths()?;
        Ok(conv)
    }

    /// Sets the stride: a number, or `[rows, columns]`.
    #[must_use]
    pub fn stride(mut self, stride: impl Pair) -> Self {
        self.stride = stride.pair();
        self
    }

    /// Sets the padding: a number, `[rows, columns]`, a [`Padding`] of four sides, or [`ConvPadding::Same`].
    #[must_use]
    pub fn padding(mut self, padding: impl Into<ConvPadding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Sets the dilation: a number, or `[rows, columns]`.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Pair) -> Self {
        self.dilation = dilation.pair();
        self
    }

    /// Sets the number of groups.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// All the lengths of the convolution of an input (B, C, H, W), checked, with the padding resolved.
    ///
    /// # Errors
    /// As [`output_shape`](Conv2d::output_shape).
    pub fn geometry(&self, input: &[usize]) -> Result<ConvGeometry> {
        let op = "Conv2d";
        let [batch, in_channels, rows, columns] = shape::image(op, input)?;
        let [out_channels, group_channels, kh, kw] = self.weight_lengths()?;
        let (kernel, groups) = ([kh, kw], self.groups);
        if groups == 0 || out_channels % groups != 0 {
            return Err(Error::InvalidParameter {
                name: "groups",
                value: groups.to_string(),
                reason: format!("it must divide the {out_channels} output channels of the weight"),
            });
        }
        let because = match groups {
            1 => "the weight".to_owned(),
            _ => format!("the weight of {group_channels} channels a group, in {groups} groups,"),
        };
        shape::takes_channels(op, input, group_channels.saturating_mul(groups), &because)?;
        let padding = match self.padding {
            ConvPadding::Explicit(padding) => padding,
            ConvPadding::Same => Padding::same([rows, columns], kernel, self.stride, self.dilation),
        };
        let (stride, dilation) = (self.stride, self.dilation);
        let output = Window { kernel, stride, dilation, padding }.places(op, [batch, in_channels, rows, columns])?;
        let input = [rows, columns];
        Ok(ConvGeometry { batch, in_channels, out_channels, groups, input, output, kernel, stride, dilation, padding })
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input is no image, has another number of channels than the weight takes, or is
    /// smaller than the kernel; [`Error::InvalidParameter`] for a stride or dilation of 0 and for groups that do not
    /// divide the channels; [`Error::Shape`] when the bias does not fit.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let output = self.geometry(input)?.output_shape().to_vec();
        shape::countable("Conv2d", input, output)
    }

    fn weight_lengths(&self) -> Result<[usize; 4]> {
        let got = self.weight.shape();
        let lengths = <[usize; 4]>::try_from(got).ok().filter(|lengths| !lengths.contains(&0));
        let lengths = lengths.ok_or_else(|| Error::InvalidShape {
            what: "weight of Conv2d".into(),
            got: got.to_vec(),
            reason: "it needs 4 axes, (output channels, input channels / groups, rows, columns), none of length 0"
                .into(),
        })?;
        shape::weight("bias of Conv2d", self.bias.as_ref(), &lengths[..1])?;
        Ok(lengths)
    }
}

impl<B: Arithmetic> Operation<B> for Conv2d<B> {
    type On<C: Arithmetic> = Conv2d<C>;
    const NAME: &'static str = "Conv2d";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.output_shape(only("Conv2d", inputs)?)
    }
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn weights(&self) -> Vec<&Weight<B>> {
        std::iter::once(&self.weight).chain(&self.bias).collect()
    }
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>> {
        let Conv2d { stride, padding, dilation, groups, .. } = *self;
        let (weight, bias) = (bring(&self.weight)?, self.bias.as_ref().map(bring).transpose()?);
        Ok(Conv2d { weight, bias, stride, padding, dilation, groups })
    }
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let odd = Padding { top: 0, bottom: 1, left: 2, right: 1 };
        // output channels, input channels, groups, kernel, stride, dilation, padding, input size
        let geometries: [(usize, usize, usize, [usize; 2], [usize; 2], [usize; 2], Padding, [usize; 2]); 11] = [
            (4, 3, 1, [3, 3], [1, 1], [1, 1], Padding::all(1), [7, 6]),
            (5, 4, 1, [1, 1], [1, 1], [1, 1], Padding::all(0), [5, 4]),
            (5, 4, 1, [1, 1], [2, 2], [1, 1], Padding::all(0), [5, 4]),
            (4, 4, 4, [3, 3], [1, 1], [1, 1], Padding::all(1), [6, 5]),
            (4, 4, 4, [5, 5], [2, 2], [1, 1], Padding::all(2), [9, 8]),
            (8, 4, 4, [3, 2], [2, 1], [1, 1], odd, [7, 7]),
            (6, 4, 2, [3, 3], [2, 2], [1, 1], Padding::all(1), [9, 8]),
            (3, 2, 1, [3, 3], [1, 2], [2, 3], odd, [8, 11]),
            (4, 3, 1, [7, 7], [2, 2], [1, 1], Padding::all(3), [12, 13]),
            (2, 3, 1, [2, 3], [3, 3], [1, 1], Padding::all(0), [8, 9]),
            (3, 3, 3, [3, 3], [1, 1], [2, 2], Padding::all(2), [5, 5]),
        ];
        let mut examples = Vec::new();
        for (seed, (out, channels, groups, kernel, stride, dilation, padding, [h, w])) in (20..).zip(geometries) {
            let weight = numbers(&[out, channels / groups, kernel[0], kernel[1]], seed)?;
            let bias = if seed % 2 == 0 { Some(numbers(&[out], 40)?) } else { None };
            let conv = Conv2d::new(weight, bias)?.stride(stride).dilation(dilation).padding(padding).groups(groups);
            examples.push(Example::new(format!("convolution {}", seed - 20), conv, &[2, channels, h, w]));
        }
        for (stride, [h, w]) in [(1, [5, 6]), (2, [5, 6]), (2, [8, 7]), (3, [7, 7])] {
            let conv = Conv2d::new(numbers(&[3, 2, 3, 3], 50)?, None)?.stride(stride).padding(ConvPadding::Same);
            let name = format!("convolution with TF padding, stride {stride}");
            examples.push(Example::new(name, conv, &[2, 2, h, w]));
        }
        Ok(examples)
    }
}
