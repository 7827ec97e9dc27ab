//! Caches of keys and values keep the gradient of what is put in.

use candle_core::{Tensor, Var};
use xai_candle::nn::kv_cache::{KvCache, RotatingKvCache};

use crate::finite_differences::{assert_close, numbers};
use crate::tape::{check, flat};

#[test]
fn keys_and_values_keep_their_gradient() {
    check(
        "two steps",
        |x| {
            let mut cache = KvCache::new(1, 16);
            cache.append(&x.narrow(1, 0, 2)?, &x.narrow(1, 0, 2)?.sqr()?)?;
            let (k, v) = cache.append(&x.narrow(1, 2, 2)?, &x.narrow(1, 2, 2)?.sqr()?)?;
            assert_eq!(cache.current_seq_len(), 4);
            k.exp()? + v
        },
        &[2, 4, 3],
    );
    check(
        "a window",
        |x| {
            let mut cache = RotatingKvCache::new(1, 3);
            let (k, v) = cache.append(x, &x.sqr()?)?;
            k.exp()? + v
        },
        &[2, 4, 3],
    );
}

#[test]
fn without_a_tape_they_are_candles() {
    let steps = [numbers(&[1, 2, 3], 1), numbers(&[1, 1, 3], 2), numbers(&[1, 2, 3], 3)];
    let (mut own, mut by_candle) = (KvCache::new(1, 4), candle_nn::kv_cache::KvCache::new(1, 4));
    let (mut window, mut candles) = (RotatingKvCache::new(1, 4), candle_nn::kv_cache::RotatingKvCache::new(1, 4));
    let same = |a: &(Tensor, Tensor), b: &(Tensor, Tensor)| {
        assert_close("keys", &a.0, &flat(&b.0), 0.0);
        assert_close("values", &a.1, &flat(&b.1), 0.0);
    };
    for x in &steps {
        same(&own.append(x, x).unwrap(), &by_candle.append(x, x).unwrap());
        same(&window.append(x, x).unwrap(), &candles.append(x, x).unwrap());
    }
    let tracked = Var::from_tensor(&steps[0]).unwrap();
    assert!(window.append(&tracked, &tracked).is_err());
    window.reset();
    assert!(window.append(&tracked, &tracked).is_ok());
}
