//! From a photo to a network's input: [`Preprocess`].

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use ndarray::{Array3, Array4, Axis};

use crate::{Element, Error, Result};

/// What a network was trained to see, of a photo of any size: the crop, the size, the channels and the scale.
///
/// ```
/// use image::RgbImage;
/// use xai::picture::Preprocess;
///
/// let photo = RgbImage::from_pixel(640, 480, image::Rgb([255, 0, 0]));
/// let as_trained = Preprocess::imagenet(224, 224);
/// let seen = as_trained.photo(&photo)?; // the pixels that the network sees, for pictures
/// let input = as_trained.input::<f32>(&seen)?;
/// assert_eq!(input.dim(), (1, 3, 224, 224));
/// assert!((input[[0, 0, 0, 0]] - (1.0 - 0.485) / 0.229).abs() < 1e-6);
///
/// // Another network's: pixels from -1 to 1, the channels last. By hand it is the same.
/// let tf = Preprocess::tf(1, 1).channels_last();
/// assert_eq!(tf, Preprocess::unit(1, 1).mean([0.5]).std([0.5]).channels_last());
/// assert_eq!((tf.size(), tf.shape()), ([1, 1], [1, 1, 1, 3]));
/// let red = RgbImage::from_pixel(1, 1, image::Rgb([255, 0, 0]));
/// assert_eq!(tf.input::<f64>(&red)?.as_slice(), Some(&[1.0, -1.0, -1.0][..]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it is applied by `photo` and `input`"]
pub struct Preprocess {
    size: [u32; 2],
    crop: Option<f64>,
    channels: PixelChannels,
    last: bool,
    unit: bool,
    mean: Vec<f64>,
    std: Vec<f64>,
}

/// Which channels of a pixel a network takes, in which order.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use xai::picture::{PixelChannels, Preprocess};
///
/// let photo = RgbImage::from_pixel(1, 1, Rgb([10, 20, 30]));
/// let as_caffe = Preprocess::raw(1, 1).channels(PixelChannels::Bgr).input::<f32>(&photo)?;
/// assert_eq!(as_caffe.as_slice(), Some(&[30.0, 20.0, 10.0][..]));
/// assert_eq!((PixelChannels::Bgr.count(), PixelChannels::Gray.count()), (3, 1));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PixelChannels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red: networks that were trained with OpenCV or Caffe.
    Bgr,
    /// One: the brightness, by Rec. 709.
    Gray,
}

impl PixelChannels {
    /// How many there are.
    pub fn count(self) -> usize {
        if self == PixelChannels::Gray { 1 } else { 3 }
    }
}

impl Preprocess {
    /// As torchvision's networks were trained: the middle 7/8, pixels from 0 to 1, less the mean of ImageNet, (0.485,
    /// 0.456, 0.406), through its standard deviation, (0.229, 0.224, 0.225).
    pub fn imagenet(rows: u32, columns: u32) -> Self {
        Self::unit(rows, columns).crop(7.0 / 8.0).mean([0.485, 0.456, 0.406]).std([0.229, 0.224, 0.225])
    }

    /// Pixels from -1 to 1, as many networks of TensorFlow take them.
    pub fn tf(rows: u32, columns: u32) -> Self {
        Self::unit(rows, columns).mean([0.5]).std([0.5])
    }

    /// Pixels from 0 to 1.
    pub fn unit(rows: u32, columns: u32) -> Self {
        Preprocess {
            size: [rows, columns],
            crop: Some(1.0),
            channels: PixelChannels::Rgb,
            last: false,
            unit: true,
            mean: vec![0.0],
            std: vec![1.0],
        }
    }

    /// Pixels from 0 to 255, as they are in the file.
    pub fn raw(rows: u32, columns: u32) -> Self {
        Preprocess { unit: false, ..Self::unit(rows, columns) }
    }

    /// Sets which share of the photo is kept: the largest rectangle in the middle that has the network's proportions,
    /// shrunk to this share of its sides. All of it unless set, and 7/8 for [`imagenet`](Preprocess::imagenet).
    ///
    /// A photo that has the network's size already is never cropped.
    ///
    /// ```
    /// use image::{Rgb, RgbImage};
    /// use xai::picture::Preprocess;
    ///
    /// // Columns of the brightness 0, 1, 2 and 3.
    /// let photo = RgbImage::from_fn(4, 4, |x, _| Rgb([x as u8; 3]));
    /// let middle = Preprocess::raw(2, 2).crop(0.5).photo(&photo)?;
    /// assert_eq!((middle[(0, 0)], middle[(1, 0)]), (Rgb([1; 3]), Rgb([2; 3])));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn crop(mut self, share: f64) -> Self {
        self.crop = Some(share);
        self
    }

    /// Stretches the whole photo to the network's proportions, in place of a crop.
    ///
    /// ```
    /// use image::{Rgb, RgbImage};
    /// use xai::picture::Preprocess;
    ///
    /// // White, black and white: the middle is black, all of it is not.
    /// let photo = RgbImage::from_fn(3, 1, |x, _| Rgb([if x == 1 { 0 } else { 255 }; 3]));
    /// let seen = Preprocess::raw(1, 1);
    /// assert_eq!(seen.photo(&photo)?[(0, 0)], Rgb([0; 3]));
    /// assert_ne!(seen.stretched().photo(&photo)?[(0, 0)], Rgb([0; 3]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn stretched(mut self) -> Self {
        self.crop = None;
        self
    }

    /// Sets the channels.
    pub fn channels(mut self, channels: PixelChannels) -> Self {
        self.channels = channels;
        self
    }

    /// The input as (1, rows, columns, channels), in place of (1, channels, rows, columns).
    pub fn channels_last(mut self) -> Self {
        self.last = true;
        self
    }

    /// Sets what is subtracted from a pixel, one number or one for each channel in the network's order, in the units of
    /// a pixel: 0 to 1, or 0 to 255 for [`raw`](Preprocess::raw).
    pub fn mean(mut self, mean: impl Into<Vec<f64>>) -> Self {
        self.mean = mean.into();
        self
    }

    /// Sets what a pixel is divided by after that, as [`mean`](Preprocess::mean).
    pub fn std(mut self, std: impl Into<Vec<f64>>) -> Self {
        self.std = std.into();
        self
    }

    /// The network's rows and columns.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// The pixels that the network sees: cropped, and resized by cubic interpolation with antialiasing.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a size of zero, a share that is not above 0 and at most 1, and a photo that is
    /// too small to be cropped.
    pub fn photo(&self, photo: &RgbImage) -> Result<RgbImage> {
        let [rows, columns] = self.size;
        if rows == 0 || columns == 0 {
            return Err(refused("size", format!("{rows} x {columns}"), "a network sees at least one pixel"));
        }
        let (width, height) = photo.dimensions();
        if (width, height) == (columns, rows) {
            return Ok(photo.clone());
        }
        let Some(share) = self.crop else {
            return self.resized(photo, [0, 0, width, height]);
        };
        if !(share > 0.0 && share <= 1.0) {
            return Err(refused("crop", share.to_string(), "it is a share of the photo: above 0, and at most 1"));
        }
        let [w, h] = [width, height].map(f64::from);
        let [kept_w, kept_h] =
            [w.min(h * f64::from(columns) / f64::from(rows)), h.min(w * f64::from(rows) / f64::from(columns))];
        // At most the photo's own sides.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let [kept_w, kept_h] = [kept_w, kept_h].map(|side| (side * share).floor() as u32);
        self.resized(photo, [(width - kept_w).div_ceil(2), (height - kept_h).div_ceil(2), kept_w, kept_h])
    }

    fn resized(&self, photo: &RgbImage, [left, top, width, height]: [u32; 4]) -> Result<RgbImage> {
        if width == 0 || height == 0 {
            let (width, height) = photo.dimensions();
            let reason = "it is too small to crop: nothing of it would be left";
            return Err(refused("photo", format!("{width}x{height}"), reason));
        }
        let [rows, columns] = self.size;
        let part = imageops::crop_imm(photo, left, top, width, height).to_image();
        Ok(imageops::resize(&part, columns, rows, FilterType::CatmullRom))
    }

    /// The shape of the network's input for one photo: (1, channels, rows, columns), or with the channels last.
    pub fn shape(&self) -> [usize; 4] {
        let [rows, columns] = self.size.map(|side| side as usize);
        let channels = self.channels.count();
        if self.last { [1, rows, columns, channels] } else { [1, channels, rows, columns] }
    }

    /// The network's input for one photo, which is cropped unless it is what [`photo`](Preprocess::photo) gave:
    /// (pixel - mean) / std, of shape (1, channels, rows, columns), or with the channels last.
    ///
    /// # Errors
    /// As [`photo`](Preprocess::photo), and [`Error::InvalidParameter`] for means and deviations that are not one for
    /// all or one for each channel, or not finite, and a deviation of 0.
    pub fn input<E: Element>(&self, photo: &RgbImage) -> Result<Array4<E>> {
        let photo = self.photo(photo)?;
        let count = self.channels.count();
        let (mean, std) = (of_channels("mean", &self.mean, count)?, of_channels("std", &self.std, count)?);
        if std.contains(&0.0) {
            return Err(refused("std", "0".into(), "a pixel cannot be divided by it"));
        }
        let number = |channel: usize, pixel: &Rgb<u8>| {
            let [red, green, blue] = pixel.0.map(f64::from);
            let value = match self.channels {
                PixelChannels::Rgb => [red, green, blue][channel],
                PixelChannels::Bgr => [blue, green, red][channel],
                PixelChannels::Gray => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
            };
            let value = if self.unit { value / 255.0 } else { value };
            E::of((value - mean[channel]) / std[channel])
        };
        let [rows, columns] = self.size;
        let shape = (count, rows as usize, columns as usize);
        // Inside of the picture, whose sides are 32 bits.
        #[allow(clippy::cast_possible_truncation)]
        let input = Array3::from_shape_fn(shape, |(channel, row, column)| {
            number(channel, photo.get_pixel(column as u32, row as u32))
        });
        let input = if self.last { input.permuted_axes([1, 2, 0]).as_standard_layout().into_owned() } else { input };
        Ok(input.insert_axis(Axis(0)))
    }
}

/// One number for each channel, of one for all or one for each.
fn of_channels(name: &'static str, numbers: &[f64], channels: usize) -> Result<Vec<f64>> {
    if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
        return Err(refused(name, number.to_string(), "it must be a finite number"));
    }
    match numbers {
        [one] => Ok(vec![*one; channels]),
        each if each.len() == channels => Ok(each.to_vec()),
        other => {
            let reason = format!("it is one number, or one for each of {channels} channels");
            Err(refused(name, format!("{other:?}"), &reason))
        }
    }
}

fn refused(name: &'static str, value: String, reason: &str) -> Error {
    Error::InvalidParameter { name, value, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::{PixelChannels, Preprocess};

    fn photo() -> RgbImage {
        RgbImage::from_fn(8, 4, |x, y| Rgb([x as u8, y as u8, 200]))
    }

    #[test]
    fn the_middle_is_kept_in_the_proportions_of_the_network() {
        let marked = RgbImage::from_fn(12, 4, |x, _| if (4..8).contains(&x) { Rgb([9; 3]) } else { Rgb([0; 3]) });
        let square = Preprocess::raw(4, 4).photo(&marked).unwrap();
        assert_eq!(square, RgbImage::from_pixel(4, 4, Rgb([9; 3])));
        let whole = Preprocess::raw(4, 12).stretched().photo(&marked).unwrap();
        assert_eq!(whole, marked);
        let wide = Preprocess::raw(2, 6).photo(&marked).unwrap();
        assert_eq!((wide.dimensions(), wide.get_pixel(3, 0)), ((6, 2), &Rgb([9; 3])));
    }

    #[test]
    fn numbers_are_those_of_each_channel() {
        let raw = Preprocess::raw(4, 8).input::<f64>(&photo()).unwrap();
        assert_eq!((raw[[0, 0, 1, 5]], raw[[0, 1, 1, 5]], raw[[0, 2, 1, 5]]), (5.0, 1.0, 200.0));
        let turned = Preprocess::tf(4, 8).channels(PixelChannels::Bgr).channels_last().input::<f64>(&photo()).unwrap();
        assert_eq!(turned.dim(), (1, 4, 8, 3));
        assert!((turned[[0, 1, 5, 0]] - (200.0 / 127.5 - 1.0)).abs() < 1e-12);
        assert!((turned[[0, 1, 5, 2]] - (5.0 / 127.5 - 1.0)).abs() < 1e-12);
        let gray = Preprocess::unit(4, 8).channels(PixelChannels::Gray).mean([0.5]).input::<f64>(&photo()).unwrap();
        assert_eq!(gray.dim(), (1, 1, 4, 8));
        assert!((gray[[0, 0, 0, 0]] - (0.0722 * 200.0 / 255.0 - 0.5)).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let wrong = |what: Preprocess| what.input::<f32>(&photo()).unwrap_err().to_string();
        assert!(wrong(Preprocess::unit(0, 4)).contains("at least one pixel"));
        assert!(wrong(Preprocess::unit(2, 2).crop(1.5)).contains("at most 1"));
        assert!(wrong(Preprocess::unit(2, 2).crop(0.1)).contains("too small"));
        assert!(wrong(Preprocess::unit(2, 2).mean([0.1, 0.2])).contains("each of 3 channels"));
        assert!(wrong(Preprocess::unit(2, 2).std([0.0])).contains("divided"));
        assert!(wrong(Preprocess::unit(2, 2).std([f64::NAN])).contains("finite"));
    }
}
