//! Networks out of ONNX files, beside the same of layers.

use super::super::analyzer::{Asked, Entry, Family, Method, On, Work};
use super::settings::plain;

/// Those whose files are small.
const SMALL: On = On::These(&["resnet18", "efficientnet-lite0"]);

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("file-gradient", "The gradient of a file's network", Family::Files, Method::Named("gradient", plain))
        .on(SMALL)
        .by(&["xai-libtorch", "xai-candle", "xai-libtorch-onnx", "xai-candle-onnx"])
        .like("xai-libtorch")
        .asked(&[
            Asked { of: "xai-libtorch-onnx", over: "xai-libtorch", most: 1.02 },
            Asked { of: "xai-candle-onnx", over: "xai-candle", most: 1.02 },
        ]),
    Entry::new("file-output", "The output of a file's network", Family::Files, Method::Output)
        .work(Work::Forward)
        .on(SMALL)
        .by(&[
            "xai-libtorch",
            "xai-candle",
            "xai-libtorch-onnx",
            "xai-candle-onnx",
            "onnxruntime",
            "pytorch-optimized",
            "bare-libtorch",
        ])
        .like("onnxruntime")
        .asked(&[Asked { of: "xai-libtorch-onnx", over: "onnxruntime", most: 1.5 }]),
];
