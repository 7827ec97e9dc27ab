//! Methods of `Tensor` whose gradient candle has wrong, or has not, by their own names.

use candle_core::conv::CudnnFwdAlgo;
use candle_core::shape::Dim;
use candle_core::{Result, Tensor, ToUsize2, bail};
use candle_nn::{Conv1dConfig, Conv2dConfig, ConvTranspose1dConfig, ConvTranspose2dConfig, Module};
use xai_core::nn::{Activation, Reduce, Reduction};

use crate::nn::{Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d};
use crate::ops;

/// Right gradients for methods of candle's `Tensor`.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor, Var};
/// use xai::candle::TensorExt;
///
/// let x = Var::new(&[1f64, 3.0], &Device::Cpu)?;
/// let gradients = x.with_gradient().max(0)?.backward()?;
/// assert_eq!(gradients.get(&x).map(Tensor::to_vec1).transpose()?, Some(vec![0.0, 1.0]));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub trait TensorExt {
    /// The methods of `Tensor` that candle differentiates wrongly or not at all, by the same names and right:
    /// `x.with_gradient().max_pool2d(2)?` in place of `x.max_pool2d(2)?`.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::from_tensor(&Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu)?)?;
    /// let gradients = x.with_gradient().max_pool2d(2)?.sum_all()?.backward()?;
    /// // `x.max_pool2d(2)` says 0.25 at the maximum.
    /// assert_eq!(gradients.get(&x).unwrap().flatten_all()?.to_vec1::<f32>()?, [0.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    fn with_gradient(&self) -> WithGradient<'_>;
}

impl TensorExt for Tensor {
    fn with_gradient(&self) -> WithGradient<'_> {
        WithGradient(self)
    }
}

/// A tensor, by whose methods candle's tape gets right gradients: see [`TensorExt`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::TensorExt;
///
/// let x = Tensor::new(&[[[1f64, 3.0]]], &Device::Cpu)?;
/// assert_eq!(x.with_gradient().interpolate1d(4)?.flatten_all()?.to_vec1::<f64>()?, [1.0, 1.0, 3.0, 3.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct WithGradient<'a>(&'a Tensor);

fn window(side: impl ToUsize2) -> [usize; 2] {
    let (rows, columns) = side.to_usize2();
    [rows, columns]
}

/// What candle writes in place, `slice_set`, `scatter_set` and `scatter_add_set`, has no gradient and no twin, for
/// nothing on a tape may change under it: take what gives a new tensor, `slice_scatter`, and
/// [`scatter`](WithGradient::scatter) and [`scatter_add`](WithGradient::scatter_add).
///
/// All of these have candle's signatures, and candle's errors or, where the shapes do not fit, this crate's.
#[allow(clippy::missing_errors_doc)]
impl WithGradient<'_> {
    /// The maximum of each window; candle's gradient is smaller by the window's size.
    pub fn max_pool2d<T: ToUsize2>(&self, sz: T) -> Result<Tensor> {
        let side = window(sz);
        ops::max_pool2d(self.0, side, side, 0)
    }

    /// The maximum of each window, with a stride of its own, which has no gradient in candle.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// // Both windows have the same maximum.
    /// let x = Var::new(&[[[[1f64, 4.0, 2.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().max_pool2d_with_stride((1, 2), (1, 1))?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [4.0, 4.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![0.0, 2.0, 0.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn max_pool2d_with_stride<T: ToUsize2>(&self, kernel_size: T, stride: T) -> Result<Tensor> {
        ops::max_pool2d(self.0, window(kernel_size), window(stride), 0)
    }

    /// The mean of each window, also where rows or columns are left over.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[[[[2f64, 4.0, 9.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().avg_pool2d((1, 2))?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [3.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![0.5, 0.5, 0.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn avg_pool2d<T: ToUsize2>(&self, sz: T) -> Result<Tensor> {
        let side = window(sz);
        ops::avg_pool2d(self.0, side, side, 0, true)
    }

    /// The mean of each window, with a stride of its own, which has no gradient in candle.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// // The number in the middle is in both windows.
    /// let x = Var::new(&[[[[2f64, 4.0, 8.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().avg_pool2d_with_stride((1, 2), (1, 1))?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [3.0, 6.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![0.5, 1.0, 0.5]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn avg_pool2d_with_stride<T: ToUsize2>(&self, kernel_size: T, stride: T) -> Result<Tensor> {
        ops::avg_pool2d(self.0, window(kernel_size), window(stride), 0, true)
    }

    /// A sequence in another length, by its nearest numbers; candle's gradient overwrites that of other branches.
    pub fn interpolate1d(&self, target_size: usize) -> Result<Tensor> {
        let (batch, channels, length) = self.0.dims3()?;
        let row = self.0.reshape((batch, channels, 1, length))?;
        ops::upsample_nearest2d(&row, [1, target_size])?.reshape((batch, channels, target_size))
    }

    /// As [`interpolate1d`](WithGradient::interpolate1d).
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// // Its gradient is added to that of the sum.
    /// let x = Var::new(&[[[1f64, 3.0]]], &Device::Cpu)?;
    /// let y = (x.sum_all()? + x.with_gradient().upsample_nearest1d(4)?.sum_all()?)?;
    /// let gradient = y.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![3.0, 3.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn upsample_nearest1d(&self, target_size: usize) -> Result<Tensor> {
        self.interpolate1d(target_size)
    }

    /// An image in another size, by its nearest pixels; candle's gradient overwrites that of other branches.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Tensor::new(&[[[[1f64, 2.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().interpolate2d(2, 3)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [1.0, 1.0, 2.0, 1.0, 1.0, 2.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn interpolate2d(&self, target_h: usize, target_w: usize) -> Result<Tensor> {
        ops::upsample_nearest2d(self.0, [target_h, target_w])
    }

    /// As [`interpolate2d`](WithGradient::interpolate2d).
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// // Each pixel has become two.
    /// let x = Var::new(&[[[[1f64, 2.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().upsample_nearest2d(2, 2)?;
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![2.0, 2.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn upsample_nearest2d(&self, target_h: usize, target_w: usize) -> Result<Tensor> {
        self.interpolate2d(target_h, target_w)
    }

    /// An image in another size, bilinear, which has no gradient in candle.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[[[[1f64, 2.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().upsample_bilinear2d(1, 3, true)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [1.0, 1.5, 2.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![1.5, 1.5]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn upsample_bilinear2d(&self, target_h: usize, target_w: usize, align_corners: bool) -> Result<Tensor> {
        ops::upsample_bilinear2d(self.0, [target_h, target_w], align_corners)
    }

    /// An image so many times as large, bilinear; the size must come out whole.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Tensor::new(&[[[[1f64, 2.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().upsample_bilinear2d_with_scale(1.0, 1.5, true)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [1.0, 1.5, 2.0]);
    /// assert!(x.with_gradient().upsample_bilinear2d_with_scale(1.0, 1.25, true).is_err(), "2.5 columns");
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn upsample_bilinear2d_with_scale(&self, scale_h: f64, scale_w: f64, align_corners: bool) -> Result<Tensor> {
        let (_, _, rows, columns) = self.0.dims4()?;
        let whole = |length: usize, scale: f64| {
            #[allow(clippy::cast_precision_loss)]
            let target = length as f64 * scale;
            if target < 1.0 || target.fract() != 0.0 || target > f64::from(u32::MAX) {
                bail!("upsample_bilinear2d_with_scale: {length} times {scale} is no whole size; give the size");
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole and in range
            Ok(target as usize)
        };
        self.upsample_bilinear2d(whole(rows, scale_h)?, whole(columns, scale_w)?, align_corners)
    }

    /// A convolution over sequences; candle's gradient mixes up the samples of a batch, those of the kernel too.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Tensor::new(&[[[1f64, 2.0, 3.0]], [[0.0, 0.0, 1.0]]], &Device::Cpu)?;
    /// let kernel = Var::new(&[[[1f64, 10.0]]], &Device::Cpu)?;
    /// let y = x.with_gradient().conv1d(&kernel, 0, 1, 1, 1)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [21.0, 32.0, 0.0, 10.0]);
    /// // What each weight is multiplied by, in both samples.
    /// let gradient = y.sum_all()?.backward()?.get(&kernel).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![3.0, 6.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn conv1d(
        &self,
        kernel: &Tensor,
        padding: usize,
        stride: usize,
        dilation: usize,
        groups: usize,
    ) -> Result<Tensor> {
        self.conv1d_with_algo(kernel, padding, stride, dilation, groups, None)
    }

    /// As [`conv1d`](WithGradient::conv1d), with the algorithm that cuDNN is to take.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// // A zero at each end, and every second window; on the CPU there is no algorithm to choose.
    /// let x = Tensor::new(&[[[1f64, 2.0, 3.0, 4.0]]], &Device::Cpu)?;
    /// let kernel = Tensor::new(&[[[1f64, 10.0]]], &Device::Cpu)?;
    /// let y = x.with_gradient().conv1d_with_algo(&kernel, 1, 2, 1, 1, None)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [10.0, 32.0, 4.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn conv1d_with_algo(
        &self,
        kernel: &Tensor,
        padding: usize,
        stride: usize,
        dilation: usize,
        groups: usize,
        cudnn_fwd_algo: Option<CudnnFwdAlgo>,
    ) -> Result<Tensor> {
        let config = Conv1dConfig { padding, stride, dilation, groups, cudnn_fwd_algo };
        Conv1d::new(kernel.clone(), None, config).forward(self.0)
    }

    /// A convolution over images, also strided ones of unequal sides.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// // Every second pixel is left out.
    /// let x = Var::new(&[[[[1f64, 2.0, 3.0]]]], &Device::Cpu)?;
    /// let kernel = Tensor::new(&[[[[5f64]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().conv2d(&kernel, 0, 2, 1, 1)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [5.0, 15.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![5.0, 0.0, 5.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn conv2d(
        &self,
        kernel: &Tensor,
        padding: usize,
        stride: usize,
        dilation: usize,
        groups: usize,
    ) -> Result<Tensor> {
        self.conv2d_with_algo(kernel, padding, stride, dilation, groups, None)
    }

    /// As [`conv2d`](WithGradient::conv2d), with the algorithm that cuDNN is to take.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// // Two groups: each channel by a weight of its own.
    /// let x = Tensor::new(&[[[[1f64, 2.0]], [[3.0, 4.0]]]], &Device::Cpu)?;
    /// let kernel = Tensor::new(&[[[[1f64]]], [[[10.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().conv2d_with_algo(&kernel, 0, 1, 1, 2, None)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [1.0, 2.0, 30.0, 40.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn conv2d_with_algo(
        &self,
        kernel: &Tensor,
        padding: usize,
        stride: usize,
        dilation: usize,
        groups: usize,
        cudnn_fwd_algo: Option<CudnnFwdAlgo>,
    ) -> Result<Tensor> {
        let config = Conv2dConfig { padding, stride, dilation, groups, cudnn_fwd_algo };
        Conv2d::new(kernel.clone(), None, config).forward(self.0)
    }

    /// A transposed convolution over sequences, which has no gradient in candle, and mixes up the samples of a batch.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[[[1f64, 2.0]]], &Device::Cpu)?;
    /// let kernel = Tensor::new(&[[[1f64, 10.0]]], &Device::Cpu)?;
    /// let y = x.with_gradient().conv_transpose1d(&kernel, 0, 0, 2, 1, 1)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [1.0, 10.0, 2.0, 20.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::flatten_all).transpose()?;
    /// assert_eq!(gradient.map(|g| g.to_vec1()).transpose()?, Some(vec![11.0, 11.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn conv_transpose1d(
        &self,
        kernel: &Tensor,
        padding: usize,
        output_padding: usize,
        stride: usize,
        dilation: usize,
        groups: usize,
    ) -> Result<Tensor> {
        let config = ConvTranspose1dConfig { padding, output_padding, stride, dilation, groups };
        ConvTranspose1d::new(kernel.clone(), None, config).forward(self.0)
    }

    /// A transposed convolution over images.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// // Windows of two columns overlap in the middle.
    /// let x = Tensor::new(&[[[[1f64, 2.0]]]], &Device::Cpu)?;
    /// let kernel = Tensor::new(&[[[[1f64, 10.0]]]], &Device::Cpu)?;
    /// let y = x.with_gradient().conv_transpose2d(&kernel, 0, 0, 1, 1)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [1.0, 12.0, 20.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn conv_transpose2d(
        &self,
        kernel: &Tensor,
        padding: usize,
        output_padding: usize,
        stride: usize,
        dilation: usize,
    ) -> Result<Tensor> {
        let config = ConvTranspose2dConfig { padding, output_padding, stride, dilation };
        ConvTranspose2d::new(kernel.clone(), None, config).forward(self.0)
    }

    /// The greatest along an axis; the first of equal ones gets the gradient, where candle gives it to each.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[[1f64, 4.0, 4.0]], &Device::Cpu)?;
    /// let y = x.with_gradient().max_keepdim(1)?;
    /// assert_eq!(y.to_vec2::<f64>()?, [[4.0]]);
    /// let gradient = y.backward()?.get(&x).map(Tensor::to_vec2).transpose()?;
    /// assert_eq!(gradient, Some(vec![vec![0.0, 1.0, 0.0]]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn max_keepdim<D: Dim>(&self, dim: D) -> Result<Tensor> {
        self.extreme(Reduction::Max, dim.to_index(self.0.shape(), "max")?)
    }

    /// As [`max_keepdim`](WithGradient::max_keepdim), without the axis.
    pub fn max<D: Dim>(&self, dim: D) -> Result<Tensor> {
        let dim = dim.to_index(self.0.shape(), "max")?;
        self.max_keepdim(dim)?.squeeze(dim)
    }

    /// The smallest along an axis; the first of equal ones gets the gradient, where candle gives it to each.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[[1f64, 1.0, 4.0]], &Device::Cpu)?;
    /// let y = x.with_gradient().min_keepdim(1)?;
    /// assert_eq!(y.to_vec2::<f64>()?, [[1.0]]);
    /// let gradient = y.backward()?.get(&x).map(Tensor::to_vec2).transpose()?;
    /// assert_eq!(gradient, Some(vec![vec![1.0, 0.0, 0.0]]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn min_keepdim<D: Dim>(&self, dim: D) -> Result<Tensor> {
        self.extreme(Reduction::Min, dim.to_index(self.0.shape(), "min")?)
    }

    /// As [`min_keepdim`](WithGradient::min_keepdim), without the axis.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Tensor::new(&[[3f64, 1.0], [2.0, 5.0]], &Device::Cpu)?;
    /// assert_eq!(x.with_gradient().min(1)?.to_vec1::<f64>()?, [1.0, 2.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn min<D: Dim>(&self, dim: D) -> Result<Tensor> {
        let dim = dim.to_index(self.0.shape(), "min")?;
        self.min_keepdim(dim)?.squeeze(dim)
    }

    /// The greatest of all numbers, without an axis; the first of equal ones gets the gradient.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[[3f64, 5.0], [5.0, 1.0]], &Device::Cpu)?;
    /// let y = x.with_gradient().max_all()?;
    /// assert_eq!(y.to_scalar::<f64>()?, 5.0);
    /// let gradient = y.backward()?.get(&x).map(Tensor::to_vec2).transpose()?;
    /// assert_eq!(gradient, Some(vec![vec![0.0, 1.0], vec![0.0, 0.0]]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn max_all(&self) -> Result<Tensor> {
        if self.0.rank() == 0 { Ok(self.0.clone()) } else { WithGradient(&self.0.flatten_all()?).max(0) }
    }

    /// The smallest of all numbers, without an axis; the first of equal ones gets the gradient.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Tensor::new(&[[3f64, 5.0], [5.0, 1.0]], &Device::Cpu)?;
    /// assert_eq!(x.with_gradient().min_all()?.to_scalar::<f64>()?, 1.0);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn min_all(&self) -> Result<Tensor> {
        if self.0.rank() == 0 { Ok(self.0.clone()) } else { WithGradient(&self.0.flatten_all()?).min(0) }
    }

    fn extreme(&self, of: Reduction, axis: usize) -> Result<Tensor> {
        ops::apply(Reduce { of, axes: vec![axis] }, self.0)
    }

    /// The source's numbers at their places along an axis, this tensor's elsewhere; both get their gradient, where
    /// candle's is wrong. Of several numbers for one place the last one stays, and all get its gradient, as in PyTorch.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let (x, source) = (Var::new(&[1f64, 2.0, 3.0], &Device::Cpu)?, Var::new(&[9f64], &Device::Cpu)?);
    /// let y = x.with_gradient().scatter(&Tensor::new(&[1u32], &Device::Cpu)?, &source, 0)?;
    /// assert_eq!(y.to_vec1::<f64>()?, [1.0, 9.0, 3.0]);
    /// // None goes to the number that is not there any more.
    /// let gradients = y.sum_all()?.backward()?;
    /// assert_eq!(gradients.get(&x).map(Tensor::to_vec1).transpose()?, Some(vec![1.0, 0.0, 1.0]));
    /// assert_eq!(gradients.get(&source).map(Tensor::to_vec1).transpose()?, Some(vec![1.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn scatter<D: Dim>(&self, indexes: &Tensor, source: &Tensor, dim: D) -> Result<Tensor> {
        ops::scatter(self.0, indexes, source, dim.to_index(self.0.shape(), "scatter")?)
    }

    /// The source's numbers added at their places along an axis; both get their gradient, where candle's is wrong.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let (x, source) = (Var::new(&[1f64, 2.0, 3.0], &Device::Cpu)?, Var::new(&[9f64], &Device::Cpu)?);
    /// let y = x.with_gradient().scatter_add(&Tensor::new(&[1u32], &Device::Cpu)?, &source, 0)?;
    /// assert_eq!(y.to_vec1::<f64>()?, [1.0, 11.0, 3.0]);
    /// let gradients = y.sqr()?.sum_all()?.backward()?;
    /// assert_eq!(gradients.get(&x).map(Tensor::to_vec1).transpose()?, Some(vec![2.0, 22.0, 6.0]));
    /// assert_eq!(gradients.get(&source).map(Tensor::to_vec1).transpose()?, Some(vec![22.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn scatter_add<D: Dim>(&self, indexes: &Tensor, source: &Tensor, dim: D) -> Result<Tensor> {
        let dim = dim.to_index(self.0.shape(), "scatter_add")?;
        let put = self.0.detach().zeros_like()?.scatter_add(indexes, &source.detach(), dim)?;
        self.0.add(&ops::with_source("scatter_add", put, indexes, source, dim)?)
    }

    /// max(0, x); the derivative at 0 is 0, where candle's is 1.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[-1f64, 0.0, 2.0], &Device::Cpu)?;
    /// let y = x.with_gradient().relu()?;
    /// assert_eq!(y.to_vec1::<f64>()?, [0.0, 0.0, 2.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::to_vec1).transpose()?;
    /// assert_eq!(gradient, Some(vec![0.0, 0.0, 1.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn relu(&self) -> Result<Tensor> {
        ops::relu(self.0)
    }

    /// Gelu by its tanh approximation; candle's derivative is rounded to six digits.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[0f64], &Device::Cpu)?;
    /// let y = x.with_gradient().gelu()?;
    /// assert_eq!(y.to_vec1::<f64>()?, [0.0]);
    /// assert_eq!(y.backward()?.get(&x).map(Tensor::to_vec1).transpose()?, Some(vec![0.5]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn gelu(&self) -> Result<Tensor> {
        ops::gelu_tanh(self.0)
    }

    /// x · Φ(x); candle's derivative is rounded to six digits.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::TensorExt;
    ///
    /// // 0.8413 of a normal distribution is below 1.
    /// let y = Tensor::new(&[0f64, 1.0], &Device::Cpu)?.with_gradient().gelu_erf()?.to_vec1::<f64>()?;
    /// assert!(y[0] == 0.0 && (y[1] - 0.8413).abs() < 1e-4);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn gelu_erf(&self) -> Result<Tensor> {
        ops::gelu(self.0)
    }

    /// |x|; the derivative at 0 is 0, where candle's is 1.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor, Var};
    /// use xai::candle::TensorExt;
    ///
    /// let x = Var::new(&[-2f64, 0.0, 3.0], &Device::Cpu)?;
    /// let y = x.with_gradient().abs()?;
    /// assert_eq!(y.to_vec1::<f64>()?, [2.0, 0.0, 3.0]);
    /// let gradient = y.sum_all()?.backward()?.get(&x).map(Tensor::to_vec1).transpose()?;
    /// assert_eq!(gradient, Some(vec![-1.0, 0.0, 1.0]));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn abs(&self) -> Result<Tensor> {
        ops::activation(self.0, Activation::Abs)
    }
}
