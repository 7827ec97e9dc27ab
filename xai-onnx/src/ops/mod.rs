//! What each operator does, in operations of the vocabulary.

mod arithmetic;
mod attention;
mod choices;
mod clip;
mod col2im;
mod comparisons;
mod computed;
mod constants;
mod conv;
mod conv_transpose;
mod cum_prod;
mod deform_conv;
mod det;
mod einsum;
mod elementwise;
mod fourier;
mod fused;
mod gather;
mod grid_sample;
mod inputs;
mod linear;
mod linear_attention;
mod ml;
mod norm;
mod pad;
mod parts;
mod pool;
mod recurrent;
mod reduce;
mod resize;
mod roi_align;
mod rotary;
mod scatter;
mod shapes;
mod slice;
mod softmax;
mod state;
mod taps;
mod unpool;
mod windows;

use xai_core::Backend;

pub(crate) use self::inputs::check;
use crate::tape::Written;
use crate::write::{Cx, Operand};

/// Writes one node down: its outputs.
pub(crate) type Write<B> = fn(&mut Cx<'_, B>) -> Written<Vec<Operand>>;

/// What an operator does, if it is known.
pub(crate) fn find<B: Backend>(domain: &str, operator: &str) -> Option<Write<B>> {
    match domain {
        "" => onnx(operator),
        "com.microsoft" => match operator {
            "Gelu" => Some(elementwise::gelu),
            "QuickGelu" => Some(elementwise::quick_gelu),
            "FastGelu" | "BiasGelu" => Some(elementwise::biased_gelu),
            "FusedConv" | "FusedGemm" => Some(fused::fused),
            "FusedMatMul" => Some(linear::fused_matmul),
            "SkipLayerNormalization" => Some(norm::skip_layer),
            _ => None,
        },
        "ai.onnx.ml" => match operator {
            "LinearClassifier" => Some(ml::classifier),
            "LinearRegressor" => Some(ml::regressor),
            "Scaler" => Some(ml::scaler),
            "Normalizer" => Some(ml::normalizer),
            "FeatureVectorizer" => Some(ml::vectorizer),
            "ZipMap" => Some(ml::zip_map),
            _ => None,
        },
        _ => None,
    }
}

fn onnx<B: Backend>(operator: &str) -> Option<Write<B>> {
    let write: Write<B> = match operator {
        "Conv" => conv::conv,
        "ConvTranspose" => conv_transpose::conv_transpose,
        "DeformConv" => deform_conv::deform_conv,
        "Gemm" => linear::gemm,
        "MatMul" => linear::matmul,
        "Einsum" => einsum::einsum,
        "Det" => det::det,
        "MaxPool" => pool::max,
        "AveragePool" => pool::average,
        "LpPool" => pool::lp,
        "MaxUnpool" => unpool::unpool,
        "GlobalMaxPool" | "GlobalAveragePool" | "GlobalLpPool" => pool::global,
        "BatchNormalization" => norm::batch,
        "InstanceNormalization" => norm::instance,
        "GroupNormalization" => norm::group,
        "LayerNormalization" => norm::layer,
        "RMSNormalization" => norm::rms,
        "LRN" => norm::lrn,
        "MeanVarianceNormalization" => norm::mean_variance,
        "LpNormalization" => norm::lp,
        "Relu" | "Sigmoid" | "Tanh" | "Erf" | "Softplus" | "Softsign" | "Mish" | "HardSwish" | "Elu" | "Selu"
        | "Celu" | "LeakyRelu" | "Exp" | "Log" | "Sqrt" | "Abs" | "Neg" | "Reciprocal" | "Sign" | "Sin" | "Cos"
        | "Tan" | "Sinh" | "Cosh" | "Asin" | "Acos" | "Atan" | "Asinh" | "Acosh" | "Atanh" | "Floor" | "Ceil"
        | "Round" | "IsNaN" | "IsInf" | "Not" | "Shrink" | "ThresholdedRelu" | "HardSigmoid" | "Swish" => {
            elementwise::unary
        }
        "Gelu" => elementwise::gelu,
        "PRelu" => elementwise::prelu,
        "SwiGLU" => elementwise::swiglu,
        "Clip" => clip::clip,
        "Softmax" | "LogSoftmax" | "Hardmax" => softmax::softmax,
        "Add" | "Sub" | "Mul" | "Div" => arithmetic::binary,
        "Pow" => arithmetic::pow,
        "Mod" | "BitShift" | "BitwiseNot" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" => arithmetic::whole,
        "Sum" | "Mean" => arithmetic::sum,
        "Max" | "Min" => comparisons::extreme,
        "Equal" | "Greater" | "Less" | "GreaterOrEqual" | "LessOrEqual" => comparisons::compare,
        "And" | "Or" | "Xor" => comparisons::logic,
        "Where" => comparisons::choose,
        "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd" | "ReduceL1" | "ReduceL2"
        | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceSumSquare" => reduce::reduce,
        "CumSum" => reduce::cumulative,
        "CumProd" => cum_prod::cum_prod,
        "ArgMax" | "ArgMin" => choices::arg,
        "TopK" => choices::top,
        "OneHot" => choices::one_hot,
        "NonZero" => choices::non_zero,
        "Compress" => choices::compress,
        "Reshape" => shapes::reshape,
        "Flatten" => shapes::flatten,
        "Transpose" => shapes::transpose,
        "Squeeze" => shapes::squeeze,
        "Unsqueeze" => shapes::unsqueeze,
        "Expand" => shapes::expand,
        "Tile" => shapes::tile,
        "Identity" | "Dropout" => shapes::identity,
        "Cast" | "CastLike" => constants::cast,
        "Shape" => constants::shape,
        "Size" => constants::size,
        "Constant" => constants::constant,
        "ConstantOfShape" => constants::of_shape,
        "Range" => constants::range,
        "EyeLike" => constants::eye,
        "DequantizeLinear" => constants::dequantize,
        "Concat" => parts::concat,
        "Split" => parts::split,
        "DepthToSpace" => parts::depth_to_space,
        "SpaceToDepth" => parts::space_to_depth,
        "Trilu" => parts::triangle,
        "ReverseSequence" => parts::reverse_sequence,
        "Slice" => slice::slice,
        "Gather" => gather::gather,
        "GatherElements" => gather::elements,
        "GatherND" => gather::nd,
        "ScatterElements" | "Scatter" => scatter::elements,
        "ScatterND" => scatter::nd,
        "Pad" => pad::pad,
        "CenterCropPad" => pad::center,
        "Col2Im" => col2im::col2im,
        "GridSample" => grid_sample::grid_sample,
        "AffineGrid" => grid_sample::affine_grid,
        "DFT" => fourier::dft,
        "STFT" => fourier::stft,
        "HannWindow" | "HammingWindow" | "BlackmanWindow" => fourier::window,
        "MelWeightMatrix" => fourier::mel,
        "Resize" | "Upsample" => resize::resize,
        "RoiAlign" => roi_align::roi_align,
        "LSTM" => recurrent::lstm,
        "GRU" => recurrent::gru,
        "RNN" => recurrent::rnn,
        "Attention" => attention::attention,
        "LinearAttention" => linear_attention::linear_attention,
        "CausalConvWithState" => state::causal_conv,
        "TensorScatter" => state::tensor_scatter,
        "RotaryEmbedding" => rotary::rotary,
        _ => return None,
    };
    Some(write)
}

/// Why an operator is refused of which nothing is known, and what to do.
pub(crate) fn missing(domain: &str, operator: &str) -> String {
    let quantised = ["QuantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"];
    let what = if operator.starts_with("QLinear") || quantised.contains(&operator) {
        "quantised numbers have no gradient: use the file before its quantisation"
    } else if ["Loop", "Scan"].contains(&operator) {
        "it is a loop, whose steps may depend on the data: export the network unrolled, for a fixed length"
    } else if operator.starts_with("Random") || ["Bernoulli", "Multinomial"].contains(&operator) {
        "it is random, and an explanation has to be of one function: export the network for inference"
    } else if operator == "BitCast" {
        "it reads the bits of numbers as those of others, which has no gradient: choose an output before it with \
         `.output(..)`"
    } else if operator.ends_with("Loss") {
        "it is a loss, which compares with labels: choose an output before it with `.output(..)`, as the scores"
    } else if ["NonMaxSuppression", "Unique"].contains(&operator) {
        "how many it finds depends on the data, so that no shape follows from it: choose an output before it with \
         `.output(..)`"
    } else if ["Sequence", "Optional", "String"].iter().any(|kind| operator.starts_with(kind))
        || ["SplitToSequence", "ConcatFromSequence", "RegexFullMatch", "TfIdfVectorizer", "ImageDecoder"]
            .contains(&operator)
    {
        "it works on sequences, strings, files or optional values, which are not numbers of a network"
    } else if domain == "ai.onnx.ml" && operator.starts_with("TreeEnsemble") {
        "trees are constant between their splits, so that there is no gradient: explain the model they are of by its \
         own predictions, with a method of masks"
    } else if domain == "ai.onnx.ml" {
        "of scikit-learn's operators the linear ones are supported, and scalers: choose an output before it with \
         `.output(..)`, or prepare the columns before the network"
    } else if domain.is_empty() {
        "it is not supported: choose an output before it with `.output(..)`, or export the network without it"
    } else {
        "it is of another set of operators than ONNX's, and the file does not say it in those: export the network \
         with ONNX's operators"
    };
    what.to_owned()
}
