//! Transposed convolution: convolution backwards.

use super::example::{Example, Numbers};
use super::operation::{Operation, only};
use super::window::positive;
use super::{ConvGeometry, Padding, Pair, shape};
use crate::{Arithmetic, Error, Result, Tensor, Weight};

/// Two-dimensional transposed convolution, PyTorch's `nn.ConvTranspose2d`: what the gradient of a [`Conv2d`] with the
/// same weight does, and a bias.
///
/// Input (B, C, H, W), weight (C, K / groups, kh, kw), bias (K), output (B, K, H', W') with
/// H' = (H - 1)·stride - top - bottom + dilation·(kh - 1) + output padding + 1: each pixel of the input writes the
/// kernel, times its value, around its place in the output, where the stride keeps places apart. The padding is cut
/// off, the output padding is added below and right.
///
/// ```
/// # use xai_core as xai;
/// # use ndarray::Array4;
/// # use xai::{NdArray, Tensor};
/// use xai::nn::ConvTranspose2d;
///
/// # let weight = Tensor::<NdArray>::upload(Array4::ones((8, 3, 3, 3)).into_dyn().view(), &())?;
/// let up = ConvTranspose2d::new(weight, None)?.stride(2).padding(1).output_padding(1);
/// assert_eq!(up.output_shape(&[1, 8, 14, 14])?, [1, 3, 28, 28]);
/// // Two groups, of 4 channels to 3 each; the convolution that goes the other way takes what this one gives.
/// let up = ConvTranspose2d::new(up.weight.tensor(), None)?.dilation(2).groups(2);
/// assert_eq!(up.geometry(&[1, 8, 14, 14])?.input_shape(), [1, 6, 18, 18]);
/// # Ok::<(), xai::Error>(())
/// ```
///
/// [`Conv2d`]: super::Conv2d
#[derive(Debug, Clone)]
pub struct ConvTranspose2d<B: Arithmetic> {
    /// The weight, (C, K / groups, kh, kw).
    pub weight: Weight<B>,
    /// The bias, (K).
    pub bias: Option<Weight<B>>,
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// What is cut off on each side.
    pub padding: Padding,
    /// Rows added below and columns added right, (rows, columns).
    pub output_padding: [usize; 2],
    /// The dilation, (rows, columns).
    pub dilation: [usize; 2],
    /// The number of groups.
    pub groups: usize,
}

impl<B: Arithmetic> ConvTranspose2d<B> {
    /// A transposed convolution with stride 1, no padding, dilation 1 and one group; `None` for no bias.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the weight has not 4 axes or is empty, [`Error::Shape`] when no number of groups
    /// makes the bias fit.
    pub fn new(weight: Tensor<B>, bias: impl Into<Option<Tensor<B>>>) -> Result<Self> {
        let (weight, bias) = (weight.into(), bias.into().map(Weight::from));
        let (padding, output_padding) = (Padding::default(), [0, 0]);
        let conv =
            ConvTranspose2d { weight, bias, stride: [1, 1], padding, output_padding, dilation: [1, 1], groups: 1 };
        let [_, per_group, _, _] = conv.weight_lengths()?;
        match conv.bias.as_ref().map(Weight::shape) {
            None => Ok(conv),
            Some(&[outputs]) if outputs > 0 && outputs % per_group == 0 => Ok(conv),
            Some(got) => Err(bias_error(per_group, got)),
        }
    }

    /// Sets the stride: a number, or `[rows, columns]`.
    #[must_use]
    pub fn stride(mut self, stride: impl Pair) -> Self {
        self.stride = stride.pair();
        self
    }

    /// Sets the padding: a number, `[rows, columns]`, or a [`Padding`] of four sides.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Sets the output padding: a number, or `[rows, columns]`.
    #[must_use]
    pub fn output_padding(mut self, output_padding: impl Pair) -> Self {
        self.output_padding = output_padding.pair();
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

    /// All the lengths for an input (B, C, H, W), checked: those of the convolution that goes the other way, whose
    /// input is this output and whose output is this input.
    ///
    /// # Errors
    /// As [`output_shape`](ConvTranspose2d::output_shape).
    pub fn geometry(&self, input: &[usize]) -> Result<ConvGeometry> {
        let op = "ConvTranspose2d";
        let [batch, _, rows, columns] = shape::image(op, input)?;
        let [channels, per_group, kh, kw] = self.weight_lengths()?;
        let groups = self.groups;
        if groups == 0 || channels % groups != 0 {
            return Err(Error::InvalidParameter {
                name: "groups",
                value: groups.to_string(),
                reason: format!("it must divide the {channels} input channels of the weight"),
            });
        }
        shape::takes_channels(op, input, channels, "the weight")?;
        let outputs = per_group.saturating_mul(groups);
        if let Some(bias) = self.bias.as_ref().filter(|bias| bias.shape() != [outputs]) {
            return Err(bias_error(outputs, bias.shape()));
        }
        let (kernel, stride, dilation, padding) = ([kh, kw], self.stride, self.dilation, self.padding);
        positive("stride", stride)?;
        positive("dilation", dilation)?;
        if (0..2).any(|axis| self.output_padding[axis] >= stride[axis].max(dilation[axis])) {
            return Err(Error::InvalidParameter {
                name: "output_padding",
                value: format!("{:?}", self.output_padding),
                reason: format!(
                    "on each axis it must be smaller than the stride, {stride:?}, or the dilation, {dilation:?}"
                ),
            });
        }
        let size = [self.length(0, rows, kh)?, self.length(1, columns, kw)?];
        Ok(ConvGeometry {
            batch,
            in_channels: outputs,
            out_channels: channels,
            groups,
            input: size,
            output: [rows, columns],
            kernel,
            stride,
            dilation,
            padding,
        })
    }

    /// The output's length along an axis.
    fn length(&self, axis: usize, length: usize, kernel: usize) -> Result<usize> {
        let name = ["rows", "columns"][axis];
        let (before, after) = self.padding.sides()[axis];
        let whole = || {
            let steps = length.checked_sub(1)?.checked_mul(self.stride[axis])?;
            let reach = kernel.checked_sub(1)?.checked_mul(self.dilation[axis])?;
            steps.checked_add(reach)?.checked_add(self.output_padding[axis])?.checked_add(1)
        };
        match (whole(), before.checked_add(after)) {
            (Some(whole), Some(cut)) if cut < whole => Ok(whole - cut),
            (Some(whole), _) => Err(Error::InvalidParameter {
                name: "padding",
                value: format!("{:?}", self.padding),
                reason: format!("it leaves nothing of the {whole} {name} that {length} {name} of the input make"),
            }),
            _ => Err(Error::InvalidParameter {
                name: "stride, dilation and output padding",
                value: format!("{:?}, {:?}, {:?}", self.stride, self.dilation, self.output_padding),
                reason: format!("the {name} that {length} {name} of the input make cannot be counted"),
            }),
        }
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input is no image, has no element or has another number of channels than the
    /// weight takes; [`Error::InvalidParameter`] for a stride or dilation of 0, for groups that do not divide the
    /// channels, for an output padding that is neither smaller than the stride nor than the dilation, and for a padding
    /// that leaves nothing; [`Error::Shape`] when the bias does not fit.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        shape::countable("ConvTranspose2d", input, vec![])?;
        let output = self.geometry(input)?.input_shape().to_vec();
        shape::countable("ConvTranspose2d", input, output)
    }

    fn weight_lengths(&self) -> Result<[usize; 4]> {
        let got = self.weight.shape();
        let lengths = <[usize; 4]>::try_from(got).ok().filter(|lengths| !lengths.contains(&0));
        lengths.ok_or_else(|| Error::InvalidShape {
            what: "weight of ConvTranspose2d".into(),
            got: got.to_vec(),
            reason: "it needs 4 axes, (input channels, output channels / groups, rows, columns), none of length 0"
                .into(),
        })
    }
}

fn bias_error(outputs: usize, got: &[usize]) -> Error {
    Error::Shape { what: "bias of ConvTranspose2d".into(), expected: vec![outputs], got: got.to_vec() }
}

impl<B: Arithmetic> Operation<B> for ConvTranspose2d<B> {
    type On<C: Arithmetic> = ConvTranspose2d<C>;
    const NAME: &'static str = "ConvTranspose2d";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.output_shape(only("ConvTranspose2d", inputs)?)
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
        let ConvTranspose2d { stride, padding, output_padding, dilation, groups, .. } = *self;
        let (weight, bias) = (bring(&self.weight)?, self.bias.as_ref().map(bring).transpose()?);
        Ok(ConvTranspose2d { weight, bias, stride, padding, output_padding, dilation, groups })
    }
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let odd = Padding { top: 0, bottom: 1, left: 2, right: 1 };
        // input channels, output channels, groups, kernel, stride, dilation, padding, output padding
        let geometries: [(usize, usize, usize, [usize; 2], [usize; 2], [usize; 2], Padding, [usize; 2]); 9] = [
            (3, 4, 1, [3, 3], [1, 1], [1, 1], Padding::all(0), [0, 0]),
            (3, 4, 1, [2, 2], [2, 2], [1, 1], Padding::all(0), [0, 0]),
            (3, 2, 1, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 1]),
            (2, 3, 1, [4, 3], [2, 3], [1, 1], Padding::symmetric([1, 0]), [0, 2]),
            (2, 3, 1, [3, 2], [1, 2], [2, 3], odd, [1, 1]),
            (4, 6, 2, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 0]),
            (4, 4, 4, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 1]),
            (4, 8, 4, [2, 3], [1, 1], [1, 1], odd, [0, 0]),
            (2, 2, 1, [1, 1], [3, 2], [1, 1], Padding::all(0), [0, 1]),
        ];
        let mut examples = Vec::new();
        for (seed, (channels, out, groups, kernel, stride, dilation, padding, more)) in (130..).zip(geometries) {
            let weight = numbers(&[channels, out / groups, kernel[0], kernel[1]], seed)?;
            let bias = if seed % 2 == 0 { Some(numbers(&[out], 41)?) } else { None };
            let conv = ConvTranspose2d::new(weight, bias)?.stride(stride).dilation(dilation).padding(padding);
            let conv = conv.output_padding(more).groups(groups);
            examples.push(Example::new(format!("transposed convolution {}", seed - 130), conv, &[2, channels, 4, 5]));
        }
        Ok(examples)
    }
}
