//! Attention matrices: raw, rolled out, weighted by their gradients.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, ArrayD, Axis, Ix2, concatenate};
use xai_core::nn::{Flatten, Linear, MultiHeadAttention, Sequential, Softmax};
use xai_core::{
    Analyzer, AttentionRelevance, AttentionRollout, Differentiable, Error, Heads, Index, RawAttention, Result, UpTo,
    Var,
};

use crate::models::B;
use crate::models::differences::{differences, linear, noise, output};

const WIDTH: usize = 6;

/// x + attention(x), layer by layer: places `0.weights`, `1.weights`; the first token is classified.
struct Encoder {
    layers: Vec<MultiHeadAttention<B>>,
    classes: Linear<B>,
}

fn encoder(layers: u64) -> Encoder {
    let attention = |i: u64| {
        let part = |j: u64| linear(200 + 10 * i + j, WIDTH, WIDTH);
        MultiHeadAttention::new(2, part(0), part(1), part(2), part(3)).unwrap()
    };
    Encoder { layers: (0..layers).map(attention).collect(), classes: linear(300, 3, WIDTH) }
}

impl Differentiable for Encoder {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let mut x = x[0].clone();
        for (i, layer) in self.layers.iter().enumerate() {
            x = &x + &x.layer(i, layer)?;
        }
        x.narrow(1, 0, 1).flatten(1, -1).layer("classes", &self.classes)
    }
}

fn matrix(model: &Encoder, x: &ArrayD<f64>, place: &str) -> ArrayD<f64> {
    UpTo::new(model, place).predict(x.view()).unwrap()
}

fn of_sample(a: &ArrayD<f64>, i: usize) -> Array2<f64> {
    a.index_axis(Axis(0), i).to_owned().into_dimensionality::<Ix2>().unwrap()
}

#[test]
fn raw_attention_is_the_heads_made_one() {
    let (model, x) = (encoder(2), noise(210, &[2, 4, WIDTH]));
    let all = matrix(&model, &x, "1.weights");
    let raw = |heads| RawAttention::at("1.weights").heads(heads).analyze(&model, &x, Index(0)).unwrap().values;
    assert_abs_diff_eq!(raw(Heads::Mean), all.mean_axis(Axis(1)).unwrap(), epsilon = 1e-12);
    let extreme = |of: fn(f64, f64) -> f64| {
        let (a, b) = (all.index_axis(Axis(1), 0), all.index_axis(Axis(1), 1));
        ndarray::Zip::from(a).and(b).map_collect(|&a, &b| of(a, b))
    };
    assert_abs_diff_eq!(raw(Heads::Max), extreme(f64::max), epsilon = 1e-12);
    assert_abs_diff_eq!(raw(Heads::Min), extreme(f64::min), epsilon = 1e-12);
}

/// Unless one is named, it is the last; one made by a softmax needs no name of its own.
#[test]
fn matrices_are_found() {
    let (model, x) = (encoder(2), noise(216, &[1, 4, WIDTH]));
    let named = RawAttention::at("1.weights").analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(named.analyzer, "RawAttention(1.weights)");
    assert_eq!(RawAttention::last().analyze(&model, &x, Index(0)).unwrap().values, named.values);

    // The second axis is none of tokens: a softmax along it is no attention.
    let net = Sequential::<B>::new().push_named("channels", Softmax::new(1)).push_named("looks", Softmax::new(-1));
    let net = net.push(Flatten::default());
    let scores = noise(217, &[1, 2, 3, 3]);
    let whole = AttentionRollout::new().analyze(&net, &scores, Index(0)).unwrap().values;
    let looks = AttentionRollout::new().at_all(["looks"]).analyze(&net, &scores, Index(0)).unwrap().values;
    let both = AttentionRollout::new().at_all(["channels", "looks"]).analyze(&net, &scores, Index(0)).unwrap().values;
    assert_eq!(whole, looks);
    assert_ne!(whole, both);
}

/// Â = (A + 1) / 2 for the mean of heads whose rows add up to 1, and the product of the layers.
#[test]
fn rollout_is_the_product_of_the_layers_and_its_rows_add_up_to_one() {
    let x = noise(211, &[2, 4, WIDTH]);
    for layers in [1, 3] {
        let model = encoder(layers);
        let mean = |i: u64| matrix(&model, &x, &format!("{i}.weights")).mean_axis(Axis(1)).unwrap();
        for heads in [Heads::Mean, Heads::Max, Heads::Min] {
            let why = AttentionRollout::new().heads(heads).analyze(&model, &x, Index(0)).unwrap();
            assert_eq!(why.values.shape(), [2, 4, 4]);
            why.values.sum_axis(Axis(2)).iter().for_each(|&sum| assert_abs_diff_eq!(sum, 1.0, epsilon = 1e-12));
        }
        let why = AttentionRollout::new().analyze(&model, &x, Index(0)).unwrap();
        assert_eq!(why.analyzer, "AttentionRollout");
        for i in 0..2 {
            let layer = |l: u64| (of_sample(&mean(l), i) + Array2::<f64>::eye(4)) / 2.0;
            let expected = (1..layers).fold(layer(0), |before, l| layer(l).dot(&before));
            assert_abs_diff_eq!(of_sample(&why.values, i), expected, epsilon = 1e-12);
        }
    }
}

/// Tokens that are all alike attend to all alike: (1/T + 1) / 2 on the diagonal, 1/2T beside it.
#[test]
fn uniform_attention_stays_uniform() {
    let one = noise(212, &[1, 1, WIDTH]);
    let x = one.broadcast(ndarray::IxDyn(&[1, 4, WIDTH])).unwrap().to_owned();
    let why = AttentionRollout::new().analyze(&encoder(1), &x, Index(0)).unwrap();
    let expected = Array2::from_shape_fn((4, 4), |(i, j)| if i == j { 0.625 } else { 0.125 });
    assert_abs_diff_eq!(of_sample(&why.values, 0), expected, epsilon = 1e-12);
}

/// Of 16 numbers, those below the one at place ⌊share · 16⌋ are left out, before the shortcut is added.
#[test]
fn rollout_discards_the_lowest_attention() {
    let (model, x) = (encoder(2), noise(218, &[2, 4, WIDTH]));
    let run = |rollout: AttentionRollout, x: &ArrayD<f64>| rollout.analyze(&model, x, Index(0)).unwrap().values;
    let heads = Heads::Max;
    for (share, left_out) in [(0.0, 0), (0.1, 1), (0.5, 8), (0.8, 12), (0.9999, 15)] {
        let got = run(AttentionRollout::new().heads(heads).discard(share), &x);
        for i in 0..2 {
            let layer = |l: u64| {
                let raw = RawAttention::at(format!("{l}.weights")).heads(heads);
                let mut fused = of_sample(&raw.analyze(&model, &x, Index(0)).unwrap().values, i);
                let mut sorted = fused.iter().copied().collect::<Vec<_>>();
                sorted.sort_by(f64::total_cmp);
                fused.mapv_inplace(|v| if sorted[..left_out].contains(&v) { 0.0 } else { v });
                let with_shortcut = fused + Array2::<f64>::eye(4);
                &with_shortcut / &with_shortcut.sum_axis(Axis(1)).insert_axis(Axis(1))
            };
            assert_abs_diff_eq!(of_sample(&got, i), layer(1).dot(&layer(0)), epsilon = 1e-12);
            let alone = run(AttentionRollout::new().heads(heads).discard(share), &x.select(Axis(0), &[i]));
            assert_abs_diff_eq!(got.select(Axis(0), &[i]), alone, epsilon = 1e-12);
        }
        got.sum_axis(Axis(2)).iter().for_each(|&sum| assert_abs_diff_eq!(sum, 1.0, epsilon = 1e-12));
    }
    assert_eq!(run(AttentionRollout::new().discard(0.0), &x), run(AttentionRollout::new(), &x));
    // What is all as large has no lowest.
    let net = Sequential::<B>::new().push_named("weights", Softmax::new(-1)).push(Flatten::default());
    let same = ArrayD::<f64>::zeros(ndarray::IxDyn(&[1, 2, 3, 3]));
    let rolled = |share| AttentionRollout::new().discard(share).analyze(&net, &same, Index(0)).unwrap().values;
    assert_eq!(rolled(0.7), rolled(0.0));
    for share in [1.0, -0.1, f64::NAN] {
        let error = AttentionRollout::new().discard(share).analyze(&model, &x, Index(0)).unwrap_err();
        assert!(matches!(error, Error::InvalidParameter { name: "discard", .. }), "{error}");
    }
}

/// R ← R + Ā·R, with the gradients at both matrices by differences of the rest of the network.
#[test]
fn relevance_is_that_of_the_gradients_by_differences() {
    /// What is behind a matrix: x and the matrix of the layer as inputs, the later ones computed.
    struct From<'a> {
        model: &'a Encoder,
        layer: usize,
    }
    impl Differentiable for From<'_> {
        type Backend = B;
        /// The stream in front of the layer, and its matrix.
        fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let (mut x, weights) = (inputs[0].clone(), &inputs[1]);
            for (i, layer) in self.model.layers.iter().enumerate().skip(self.layer) {
                let y = if i == self.layer { by_hand(self.layer, &x, weights)? } else { x.layer(i, layer)? };
                x = &x + &y;
            }
            x.narrow(1, 0, 1).flatten(1, -1).layer("classes", &self.model.classes)
        }
    }
    /// The layer with a matrix of somebody else's: its values' and output's layers are made again from their seeds.
    fn by_hand<'m>(layer: usize, x: &Var<'m, B>, weights: &Var<'m, B>) -> Result<Var<'m, B>> {
        let part = |j: u64| linear(200 + 10 * layer as u64 + j, WIDTH, WIDTH);
        let apply = |x: &Var<'m, B>, l: &Linear<B>| {
            let (weight, bias) = (x.constant(l.weight.clone()), l.bias.clone().map(|bias| x.constant(bias)));
            let y = x.matmul(&weight.transpose(-1, -2)?);
            Ok::<_, Error>(bias.map_or(y.clone(), |bias| &y + &bias))
        };
        let shape = x.shape()?;
        let in_heads = apply(x, &part(2))?.reshape(&[shape[0], shape[1], 2, WIDTH / 2]).permute(&[0, 2, 1, 3]);
        apply(&weights.matmul(&in_heads).permute(&[0, 2, 1, 3]).reshape(&shape), &part(3))
    }

    let (model, x) = (encoder(2), noise(213, &[1, 4, WIDTH]));
    for class in [0, 2] {
        let mut expected = Array2::<f64>::eye(4);
        let mut stream = x.clone();
        for layer in 0..2 {
            let weights = matrix(&model, &x, &format!("{layer}.weights"));
            let rest = From { model: &model, layer };
            let f = |inputs: &[ArrayD<f64>]| output(&rest, inputs)[[0, class]];
            let inputs = [stream.clone(), weights.clone()];
            assert_abs_diff_eq!(f(&inputs), output(&model, std::slice::from_ref(&x))[[0, class]], epsilon = 1e-12);
            let gradient = differences(f, &inputs, 1);
            let fused = (gradient * &weights).mapv(|v| v.max(0.0)).mean_axis(Axis(1)).unwrap();
            expected = &expected + &of_sample(&fused, 0).dot(&expected);
            stream = stream + matrix(&model, &x, &format!("{layer}.out_proj"));
        }
        let got = AttentionRelevance::new().analyze(&model, &x, Index(class)).unwrap().values;
        assert_abs_diff_eq!(of_sample(&got, 0), expected, epsilon = 1e-8);
        assert!((&of_sample(&got, 0) - &Array2::<f64>::eye(4)).iter().any(|v| *v > 1e-3));
    }
}

#[test]
fn rows_grids_and_batches() {
    let (model, x) = (encoder(2), noise(214, &[3, 5, WIDTH]));
    let all: [(&dyn Analyzer<Encoder>, [&dyn Analyzer<Encoder>; 2]); 3] = [
        (
            &AttentionRelevance::new(),
            [&AttentionRelevance::new().of_token(0), &AttentionRelevance::new().grid(0, 1, 2, 2)],
        ),
        (&AttentionRollout::new(), [&AttentionRollout::new().of_token(0), &AttentionRollout::new().grid(0, 1, 2, 2)]),
        (
            &RawAttention::at("0.weights"),
            [&RawAttention::at("0.weights").of_token(0), &RawAttention::at("0.weights").grid(0, 1, 2, 2)],
        ),
    ];
    for (whole, [row, grid]) in all {
        let run = |analyzer: &dyn Analyzer<Encoder>, x: &ArrayD<f64>| {
            Analyzer::analyze(&analyzer, &model, &x.clone().into_dyn(), Index(1)).unwrap().values
        };
        let (whole, row, grid, alone) = (run(whole, &x), run(row, &x), run(grid, &x), whole);
        assert_eq!([row.shape(), &grid.shape()[..3]], [[3, 1, 5], [3, 1, 2]]);
        assert_eq!(row.index_axis(Axis(1), 0), whole.index_axis(Axis(1), 0));
        let flat = grid.into_shape_with_order((3, 4)).unwrap().into_dyn();
        assert_eq!(flat, row.slice(ndarray::s![.., 0, 1..]).to_owned().into_dyn());
        let alone: Vec<ArrayD<f64>> = (0..3).map(|i| run(alone, &x.select(Axis(0), &[i]))).collect();
        let alone = concatenate(Axis(0), &alone.iter().map(|a| a.view()).collect::<Vec<_>>()).unwrap();
        assert_abs_diff_eq!(whole, alone, epsilon = 1e-12);
    }
}

#[test]
fn what_is_no_matrix_is_refused() {
    let (model, x) = (encoder(2), noise(215, &[1, 5, WIDTH]));
    let says = |analyzer: &dyn Analyzer<Encoder>, part: &str| {
        let error = Analyzer::analyze(&analyzer, &model, &x, Index(0)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    says(&AttentionRollout::new().at_all(["1.weights", "0.weights"]), "in the order in which they are computed");
    says(&RawAttention::last().at_all(["0.weights", "1.weights"]), "that of one matrix");
    says(&AttentionRollout::new().at_all(["0.query"]), "(batch, heads, tokens, tokens)");
    says(&AttentionRelevance::new().at_all(["2.weights"]), "no place `2.weights`");
    says(&AttentionRollout::new().of_token(5), "token = 5 is not possible: there are 5");
    says(&AttentionRelevance::new().grid(0, 1, 3, 2), "there are 5 tokens");
    let none = Encoder { layers: Vec::new(), classes: linear(300, 3, WIDTH) };
    let error = AttentionRollout::new().analyze(&none, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("the model has no place `weights`"), "{error}");
}
