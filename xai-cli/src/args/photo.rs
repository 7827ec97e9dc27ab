//! How a photo becomes the network's input.

use std::fmt;

use clap::{Args, ValueEnum};
use xai::picture::PixelChannels;

/// How a photo becomes the network's input.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "From a photo to the network's input")]
pub(crate) struct PhotoArgs {
    /// How the network's pixels were scaled in training, which the file does not say [default: imagenet for inputs of
    /// three channels, unit for one, raw for whole numbers]
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) preprocess: Option<Preset>,

    /// What is subtracted from pixels, one number or one for each channel, as 0.485,0.456,0.406: in the units of
    /// pixels from 0 to 1, or from 0 to 255 with `--preprocess raw`
    #[arg(long, value_name = "NUMBERS", value_parser = numbers, allow_hyphen_values = true)]
    pub(crate) mean: Option<Numbers>,

    /// What pixels are divided by after that, as --mean; above 0
    #[arg(long, value_name = "NUMBERS", value_parser = divisors, allow_hyphen_values = true)]
    pub(crate) std: Option<Numbers>,

    /// The network's rows and columns, where the file leaves them open: 224, or 480x640 [default: 224]
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = size)]
    pub(crate) size: Option<[u32; 2]>,

    /// Which share of the photo's middle is kept, above 0 and up to 1, or `none`, which stretches the whole photo to
    /// the network's proportions [default: 0.875 for imagenet, else 1]
    #[arg(long, value_name = "SHARE", value_parser = crop)]
    pub(crate) crop: Option<Crop>,

    /// Which channels the network takes, in which order [default: rgb, or gray where it takes one]
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) channels: Option<Order>,

    /// Where the network takes the channels, of a .npy of four axes too: before rows and columns, or behind [default:
    /// as the input's shape says, or else what the network does first]
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) layout: Option<Layout>,
}

/// How pixels are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// 0 to 1, less ImageNet's mean, through its deviation: torchvision, timm
    Imagenet,
    /// -1 to 1: many of TensorFlow's
    Tf,
    /// 0 to 1
    Unit,
    /// 0 to 255
    Raw,
    /// About -1 to 1, (byte - 127) / 128, of the middle 7/8: EfficientNet-Lite
    Lite,
}

/// The order of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// Red, green, blue
    Rgb,
    /// Blue, green, red: OpenCV, Caffe, Paddle
    Bgr,
    /// Brightness alone
    Gray,
}

impl Order {
    pub(crate) fn channels(self) -> PixelChannels {
        match self {
            Order::Rgb => PixelChannels::Rgb,
            Order::Bgr => PixelChannels::Bgr,
            Order::Gray => PixelChannels::Gray,
        }
    }
}

/// Where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// (samples, channels, rows, columns): PyTorch
    Nchw,
    /// (samples, rows, columns, channels): TensorFlow
    Nhwc,
}

/// What is kept of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Crop {
    /// This share of its middle.
    Share(f64),
    /// All, stretched.
    Stretched,
}

/// One number, or one for each channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers(pub(crate) Vec<f64>);

/// As it was typed.
impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(f64::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

fn numbers(text: &str) -> Result<Numbers, String> {
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    let numbers: Option<Vec<f64>> = text.split(',').map(number).collect();
    numbers.map(Numbers).ok_or_else(|| "it is a number, or some with commas between: 0.485,0.456,0.406".into())
}

fn divisors(text: &str) -> Result<Numbers, String> {
    let refused = || "pixels are divided by it: each number must be above 0".into();
    numbers(text).and_then(|std| if std.0.iter().all(|std| *std > 0.0) { Ok(std) } else { Err(refused()) })
}

/// No photo that a network looks at has a longer side.
const LONGEST: u32 = 16_384;

fn size(text: &str) -> Result<[u32; 2], String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=LONGEST).contains(side));
    let sides = match text.split_once('x') {
        Some((rows, columns)) => side(rows).zip(side(columns)).map(|(rows, columns)| [rows, columns]),
        None => side(text).map(|side| [side, side]),
    };
    sides.ok_or_else(|| format!("it is rows x columns, as 480x640, or one number for both, up to {LONGEST}"))
}

fn crop(text: &str) -> Result<Crop, String> {
    if text == "none" {
        return Ok(Crop::Stretched);
    }
    let share = text.parse().ok().filter(|share: &f64| *share > 0.0 && *share <= 1.0);
    share.map(Crop::Share).ok_or_else(|| "it is a share of the photo, above 0 and up to 1, or none".into())
}
