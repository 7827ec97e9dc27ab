//! Caches of keys and values keep the gradient of what is put in.

use candle_core::{Tensor, Var};
use xai_candle::nn::kv_cache::{Cache, ConcatKvCache, InterleavedKvCache, KvCache, RotatingCache, RotatingKvCache};

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
fn caches_of_keys_alone_and_of_both_together_keep_it_too() {
    check(
        "a cache",
        |x| {
            let mut cache = Cache::new(1, 3);
            cache.append(&x.narrow(1, 0, 2)?)?;
            cache.append(&x.narrow(1, 2, 2)?)?;
            assert_eq!((cache.current_seq_len(), cache.max_seq_len()), (4, 6));
            cache.current_data()?.unwrap().exp()
        },
        &[2, 4, 3],
    );
    check(
        "a pair of caches",
        |x| {
            let mut cache = KvCache::new(1, 16);
            cache.k_cache_mut().append(&x.narrow(1, 0, 2)?)?;
            cache.v_cache_mut().append(&x.narrow(1, 0, 2)?.sqr()?)?;
            let (k, v) = cache.append(&x.narrow(1, 2, 2)?, &x.narrow(1, 2, 2)?)?;
            assert_eq!(cache.k_cache().current_seq_len(), 4);
            assert_eq!(cache.v_cache().dim(), 1);
            k.exp()? + v
        },
        &[2, 4, 3],
    );
    check(
        "a window",
        |x| {
            let mut cache = RotatingCache::new(1, 3);
            assert_eq!(cache.max_seq_len(), 3);
            cache.append(x)?.exp()
        },
        &[2, 4, 3],
    );
    check(
        "interleaved",
        |x| {
            let mut cache = InterleavedKvCache::new(3);
            let (first, second) = (x.narrow(2, 0, 2)?, x.narrow(2, 2, 2)?);
            cache.append(&first, &first.sqr()?)?;
            cache.append(&second, &second.sqr()?)?.exp()
        },
        &[1, 2, 4, 3],
    );
    let (mut own, mut candles) = (InterleavedKvCache::new(3), candle_nn::kv_cache::InterleavedKvCache::new(3));
    for seed in 1..3 {
        let (k, v) = (numbers(&[1, 2, 4, 3], seed), numbers(&[1, 2, 4, 3], seed + 5));
        assert_close("both", &own.append(&k, &v).unwrap(), &flat(&candles.append(&k, &v).unwrap()), 0.0);
    }
    let mut kept = ConcatKvCache::new(1);
    kept.append(&numbers(&[1, 2, 3], 1), &numbers(&[1, 2, 3], 2)).unwrap();
    *kept.v_mut().unwrap() = numbers(&[1, 2, 3], 7);
    assert_close("values", &kept.into_inner().unwrap().1, &flat(&numbers(&[1, 2, 3], 7)), 0.0);
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
