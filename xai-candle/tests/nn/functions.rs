//! `nn::ops`, `nn::rotary_emb` and `nn::attention` against finite differences, and against candle's own values.

use candle_core::{D, DType, Result, Tensor};
use xai_candle::nn::{attention, cpu_flash_attention, ops, rotary_emb};
use xai_candle_tests::device;

use crate::finite_differences::{assert_close, numbers};
use crate::tape::{check, flat};

type F = fn(&Tensor) -> Result<Tensor>;

#[test]
fn functions() {
    let all: [(&str, F, F); 13] = [
        ("softmax", |x| ops::softmax(x, 1), |x| candle_nn::ops::softmax(x, 1)),
        ("softmax, last", |x| ops::softmax(x, D::Minus1), |x| candle_nn::ops::softmax(x, D::Minus1)),
        ("softmax_last_dim", ops::softmax_last_dim, candle_nn::ops::softmax_last_dim),
        ("log_softmax", |x| ops::log_softmax(x, 1), |x| candle_nn::ops::log_softmax(x, 1)),
        ("silu", ops::silu, candle_nn::ops::silu),
        ("swiglu", ops::swiglu, candle_nn::ops::swiglu),
        ("sigmoid", ops::sigmoid, candle_nn::ops::sigmoid),
        ("hard_sigmoid", ops::hard_sigmoid, candle_nn::ops::hard_sigmoid),
        ("mish", ops::mish, candle_nn::ops::mish),
        ("leaky_relu", |x| ops::leaky_relu(x, 0.1), |x| candle_nn::ops::leaky_relu(x, 0.1)),
        (
            "selu",
            |x| ops::selu(x, 1.7, 1.1),
            |x| {
                // candle's own takes f32 alone.
                candle_nn::ops::selu(&x.to_dtype(DType::F32)?, 1.7, 1.1)?.to_dtype(DType::F64)
            },
        ),
        (
            "pixel_shuffle",
            |x| ops::pixel_shuffle(&x.reshape((1, 4, 2, 3))?, 2),
            |x| candle_nn::ops::pixel_shuffle(&x.reshape((1, 4, 2, 3))?, 2),
        ),
        (
            "replication_pad2d",
            |x| ops::replication_pad2d(&x.unsqueeze(0)?, 1),
            |x| candle_nn::ops::replication_pad2d(&x.unsqueeze(0)?, 1),
        ),
    ];
    for (name, own, by_candle) in all {
        check(name, own, &[2, 3, 4]);
        let x = numbers(&[2, 3, 4], 5);
        assert_close(name, &own(&x).unwrap(), &flat(&by_candle(&x).unwrap()), 1e-6);
    }
    let (w, b) = (numbers(&[4], 3), numbers(&[4], 4));
    check("layer_norm", |x| ops::layer_norm(x, &w, &b, 1e-5), &[2, 3, 4]);
    check("layer_norm_slow", |x| ops::layer_norm_slow(x, &w, &b, 1e-5), &[2, 3, 4]);
    check("rms_norm", |x| ops::rms_norm(x, &w, 1e-5), &[2, 3, 4]);
    check("layer_norm's bias", |b| ops::layer_norm(&numbers(&[2, 4], 5), &w, b, 1e-5), &[4]);
    check("rms_norm's weight", |w| ops::rms_norm(&numbers(&[2, 4], 5), w, 1e-5), &[4]);
    assert!(ops::layer_norm(&numbers(&[2, 3], 1), &w, &b, 1e-5).is_err());
}

#[test]
fn rotary_embeddings() {
    type Rope = fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>;
    let all: [(&str, Rope, Rope); 5] = [
        ("rope", rotary_emb::rope, candle_nn::rotary_emb::rope),
        ("rope_slow", rotary_emb::rope_slow, candle_nn::rotary_emb::rope_slow),
        ("rope_i", rotary_emb::rope_i, candle_nn::rotary_emb::rope_i),
        ("rope_i_slow", rotary_emb::rope_i_slow, candle_nn::rotary_emb::rope_i_slow),
        ("rope_thd", rotary_emb::rope_thd, candle_nn::rotary_emb::rope_thd),
    ];
    let angles = numbers(&[5, 2], 3);
    let (cos, sin) = (angles.cos().unwrap(), angles.sin().unwrap());
    for (name, own, by_candle) in all {
        // rope_thd has the positions where the others have the heads.
        check(name, |x| own(x, &cos, &sin), &[2, 5, 5, 4]);
        let x = numbers(&[2, 5, 5, 4], 5);
        assert_close(name, &own(&x, &cos, &sin).unwrap(), &flat(&by_candle(&x, &cos, &sin).unwrap()), 1e-12);
        let turned = |x: &Tensor| own(&x.transpose(0, 1)?, &cos, &sin);
        check(&format!("{name} of a view"), turned, &[5, 2, 5, 4]);
        let taped = candle_core::Var::from_tensor(&cos).unwrap().affine(1.0, 0.0).unwrap();
        assert!(own(&x, &taped, &sin).is_err(), "{name} took angles that are explained");
    }
    let angles = numbers(&[2, 5, 2], 3);
    let (cos, sin) = (angles.cos().unwrap(), angles.sin().unwrap());
    check("rope of a batch's own angles", |x| rotary_emb::rope(x, &cos, &sin), &[2, 3, 5, 4]);
}

/// Attention written out.
fn by_hand(q: &Tensor, k: &Tensor, v: &Tensor, bias: &Tensor, cap: Option<f64>) -> Tensor {
    let scores = (q.matmul(&k.t().unwrap().contiguous().unwrap()).unwrap() * 0.3).unwrap();
    let scores = cap.map_or(scores.clone(), |cap| ((scores / cap).unwrap().tanh().unwrap() * cap).unwrap());
    let weights = candle_nn::ops::softmax(&scores.broadcast_add(bias).unwrap(), 3).unwrap();
    weights.matmul(&v.contiguous().unwrap()).unwrap()
}

#[test]
fn attentions() {
    let (q, k, v) = (numbers(&[2, 4, 3, 5], 1), numbers(&[2, 2, 3, 5], 2), numbers(&[2, 2, 3, 5], 3));
    let wide = |t: &Tensor| {
        let parts = [0, 0, 1, 1].map(|head| t.narrow(1, head, 1).unwrap());
        Tensor::cat(&parts, 1).unwrap()
    };
    let none = Tensor::zeros((3, 3), DType::F64, &device()).unwrap();
    let numbers_of = |i: usize, j: usize| if j > i { f64::NEG_INFINITY } else { 0.0 };
    let triangle: Vec<f64> = (0..9).map(|n| numbers_of(n / 3, n % 3)).collect();
    let triangle = Tensor::from_vec(triangle, (3, 3), &device()).unwrap();
    let hidden = triangle.eq(0f64).unwrap();
    for (what, mask, causal, cap, bias) in [
        ("plain", None, false, 1.0, &none),
        ("causal", None, true, 1.0, &triangle),
        ("mask", Some(&triangle), false, 1.0, &triangle),
        ("mask of bytes", Some(&hidden), false, 1.0, &triangle),
        ("cap", None, true, 2.0, &triangle),
    ] {
        let run = |q: &Tensor, k: &Tensor, v: &Tensor| ops::sdpa(q, k, v, mask, causal, 0.3, cap);
        let expected = by_hand(&q, &wide(&k), &wide(&v), bias, (cap != 1.0).then_some(cap.into()));
        assert_close(what, &run(&q, &k, &v).unwrap(), &flat(&expected), 1e-6);
        check(what, |q| run(q, &k, &v), &[2, 4, 3, 5]);
        check(what, |k| run(&q, k, &v), &[2, 2, 3, 5]);
        check(what, |v| run(&q, &k, v), &[2, 2, 3, 5]);
    }
    let one = |t: &Tensor| t.narrow(0, 0, 1).unwrap().transpose(1, 2).unwrap().contiguous().unwrap();
    let f32s = |t: &Tensor| one(t).to_dtype(DType::F32).unwrap();
    for mask in [attention::AttnMask::None, attention::AttnMask::causal()] {
        let run =
            |q: &Tensor, k: &Tensor, v: &Tensor| attention::flash_attn::<f64>(q, k, v, 0.3, mask.clone(), None, None);
        let own = run(&one(&q), &one(&k), &one(&v)).unwrap();
        let fused = candle_nn::attention::flash_attn::<f32>;
        let by_candle = fused(&f32s(&q), &f32s(&k), &f32s(&v), 0.3, mask.clone(), None, None).unwrap();
        assert_close("flash", &own, &flat(&by_candle), 1e-5);
        check("flash", |q| run(q, &one(&k), &one(&v)), &[1, 3, 4, 5]);
    }
    assert!(ops::sdpa(&q, &numbers(&[2, 3, 3, 5], 1), &v, None, false, 1.0, 1.0).is_err());
}

/// Sentences of 2 and 3 tokens behind each other, of 2 heads.
#[test]
fn attention_of_sentences_behind_each_other() {
    let lengths = Tensor::new(&[2u32, 3], &device()).unwrap();
    let (k, v) = (numbers(&[5, 1, 4], 3), numbers(&[5, 1, 4], 4));
    for (causal, window) in
        [(false, (None, None)), (true, (None, None)), (true, (Some(1), None)), (false, (Some(1), Some(0)))]
    {
        let (left, right) = window;
        let run = |q: &Tensor, k: &Tensor| {
            attention::flash_attn_varlen_unfused(q, k, &v, None, &lengths, &lengths, 3, 3, 0.5, causal, left, right)
        };
        let name = format!("{causal} {window:?}");
        check(&name, |q| run(q, &k), &[5, 2, 4]);
        check(&name, |k| run(&numbers(&[5, 2, 4], 5), k), &[5, 1, 4]);
        // candle's softmax takes no f64.
        let single = |t: &Tensor| t.to_dtype(DType::F32).unwrap();
        let q = numbers(&[5, 2, 4], 5);
        let by_candle = candle_nn::attention::flash_attn_varlen_unfused(
            &single(&q),
            &single(&k),
            &single(&v),
            None,
            &lengths,
            &lengths,
            3,
            3,
            0.5,
            causal,
            left,
            right,
        );
        assert_close(&name, &run(&q, &k).unwrap(), &flat(&by_candle.unwrap()), 1e-6);
    }
    let slopes = numbers(&[2], 1);
    let q = numbers(&[5, 2, 4], 5);
    let refused = |slopes, right| {
        attention::flash_attn_varlen_cpu(&q, &k, &v, slopes, &lengths, &lengths, 3, 3, 0.5, true, None, right).is_err()
    };
    assert!(refused(Some(&slopes), None) && refused(None, Some(1)));
    // Of three queries and two keys the first comes before all keys: by a window of 0 it looks at none.
    let (three, two) = (Tensor::new(&[3u32], &device()).unwrap(), Tensor::new(&[2u32], &device()).unwrap());
    let (q, k) = (numbers(&[3, 2, 4], 5), numbers(&[2, 1, 4], 5));
    let outside = |right| {
        attention::flash_attn_varlen_cpu(&q, &k, &k, None, &three, &two, 3, 2, 0.5, false, Some(0), Some(right))
    };
    assert!(outside(0).unwrap_err().to_string().contains("query 0 looks at no key"));
    assert!(flat(&outside(1).unwrap()).iter().all(|value| value.is_finite()));
}

#[test]
fn attention_by_its_name_before() {
    let (k, v, mask) = (numbers(&[1, 3, 2, 4], 3), numbers(&[1, 3, 2, 4], 4), numbers(&[3, 3], 6));
    let run = |q: &Tensor| cpu_flash_attention::run_flash_attn_cpu::<f64>(q, &k, &v, Some(&mask), 0.5, None, Some(2.0));
    check("run_flash_attn_cpu", run, &[1, 3, 2, 4]);
}
