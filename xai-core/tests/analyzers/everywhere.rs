//! What holds for every analyzer of the registry, whatever it computes.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ndarray::{ArrayD, Axis, concatenate};
use xai_core::nn::{Activation, Conv2d, Dropout, Flatten, Identity, MaxPool2d, Sequential};
use xai_core::rules::Unknown;
use xai_core::{
    Analyzer, AnalyzerInfo, AtLayer, BoxAnalyzer, Differentiable, Error, Features, FlipsAndScales, Index, Layer, Needs,
    NoiseAugmentation, OfAny, Opaque, Progress, Pullback, Result, Settings, Var,
};

use crate::models::B;
use crate::models::differences::{conv, linear, noise, relative_error, tensor, weight};

type Net = Sequential<B>;

const SHAPE: [usize; 4] = [3, 2, 6, 4];

fn settings() -> Settings {
    let settings = Settings::new().place("maps").n(6).seed(3).features(Features::grid([2, 2]));
    settings.channels([0, 2]).low(-2.0).high(2.0).unknown(Unknown::Gradient)
}

/// All that need no attention matrices.
fn every() -> impl Iterator<Item = &'static AnalyzerInfo> {
    AnalyzerInfo::all().iter().filter(|info| info.needs != Needs::Attention)
}

/// Two convolutions, with the place `maps` between them; what comes in front of all, behind the place, and at the end.
fn net(front: Net, between: Net, end: Net) -> Net {
    let channels_of_two = Conv2d::new(weight(40, &[4, 2, 3, 3]), tensor(&(noise(41, &[4]) * 0.3))).unwrap().padding(1);
    let net = front.push_named("first", channels_of_two).push_named("maps", Activation::Relu);
    let net = net.push_named("between", between).push(MaxPool2d::new(2)).push_named("second", conv(42, 3, 4, 3));
    let net = net.push(Activation::Relu).push(Flatten::default());
    net.push_named("classes", linear(43, 3, 18)).push_named("end", end)
}

fn plain() -> Net {
    net(Net::new(), Net::new().push(Identity), Net::new().push(Identity))
}

fn values<M: Differentiable<Backend = B> + ?Sized>(
    analyzer: &dyn Analyzer<M>,
    name: &str,
    model: &M,
    x: &ArrayD<f64>,
) -> ArrayD<f64> {
    (&analyzer).analyze(model, x, Index(1)).unwrap_or_else(|error| panic!("{name}: {error}")).values
}

fn near(got: &ArrayD<f64>, expected: &ArrayD<f64>, name: &str) {
    let off = relative_error(got, expected);
    assert!(off < 1e-8, "{name}: {off:.1e}");
    assert!(expected.iter().any(|v| *v != 0.0), "{name}");
}

#[test]
fn layers_that_do_nothing_change_nothing() {
    let nothing = || Net::new().push(Identity).push(Dropout::new(0.5));
    let (less, more) = (plain(), net(nothing(), nothing(), nothing()));
    let x = noise(50, &SHAPE);
    for info in every() {
        let analyzer = info.build::<Net>(&settings()).unwrap();
        near(&values(&*analyzer, info.name, &more, &x), &values(&*analyzer, info.name, &less, &x), info.name);
    }
}

/// But for noise, which is drawn for one place after another.
#[test]
fn channels_in_another_order_have_their_values_in_that_order() {
    let swapped = |a: &ArrayD<f64>| a.select(Axis(1), &[1, 0]);
    let other = {
        let first = swapped(&weight(40, &[4, 2, 3, 3]).download().unwrap());
        let first = Conv2d::new(tensor(&first), tensor(&(noise(41, &[4]) * 0.3))).unwrap().padding(1);
        let net = Net::new().push_named("first", first).push_named("maps", Activation::Relu);
        let net = net.push(MaxPool2d::new(2)).push_named("second", conv(42, 3, 4, 3));
        net.push(Activation::Relu).push(Flatten::default()).push_named("classes", linear(43, 3, 18))
    };
    let (model, x) = (plain(), noise(51, &SHAPE));
    let mut tried = 0;
    for info in every().filter(|info| !info.settings.contains(&"std")) {
        let analyzer = info.build::<Net>(&settings()).unwrap();
        let got = values(&*analyzer, info.name, &other, &swapped(&x));
        let got = if got.shape() == x.shape() { swapped(&got) } else { got };
        near(&got, &values(&*analyzer, info.name, &model, &x), info.name);
        tried += 1;
    }
    assert!(tried > 35, "{tried}");
}

#[test]
fn noise_of_no_size_around_it_changes_nothing() {
    let (model, x) = (plain(), noise(52, &SHAPE));
    for info in every() {
        let analyzer = info.build::<Net>(&settings()).unwrap();
        let expected = values(&*analyzer, info.name, &model, &x);
        let around = NoiseAugmentation::new(analyzer, 2).std(0.0).chunk(4);
        near(&values(&around, info.name, &model, &x), &expected, info.name);
    }
}

#[test]
fn flips_and_scales_of_a_batch_are_those_of_its_samples() {
    let (model, x) = (plain(), noise(53, &SHAPE));
    for info in every() {
        let around = FlipsAndScales::new(info.build::<Net>(&settings()).unwrap());
        let alone: Vec<ArrayD<f64>> =
            (0..SHAPE[0]).map(|i| values(&around, info.name, &model, &x.select(Axis(0), &[i]))).collect();
        let alone = concatenate(Axis(0), &alone.iter().map(|values| values.view()).collect::<Vec<_>>()).unwrap();
        near(&values(&around, info.name, &model, &x), &alone, info.name);
    }
}

/// Behind a layer that does nothing is the whole network: every analyzer at that layer is itself.
#[test]
fn at_a_layer_in_front_of_everything_it_is_the_analyzer() {
    let model = net(Net::new().push_named("start", Identity), Net::new().push(Identity), Net::new().push(Identity));
    let x = noise(54, &SHAPE);
    // Places inside of what is behind a place have the names that they have in the whole.
    for info in every() {
        let there = AtLayer::new(OfAny(info.build_any::<B>(&settings()).unwrap()), "start");
        let expected = values(&*info.build::<Net>(&settings()).unwrap(), info.name, &model, &x);
        near(&values(&there, info.name, &model, &x), &expected, info.name);
    }
}

/// A layer that does nothing but count the rows of its largest pass.
struct Counted(Arc<AtomicUsize>);

impl Layer<B> for Counted {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let count = |rows: usize| self.0.fetch_max(rows, Ordering::Relaxed);
        let code = Opaque::with_vjp(
            move |x| {
                count(x[0].shape()[0]);
                Ok(x[0].clone())
            },
            move |x| {
                count(x[0].shape()[0]);
                Ok((x[0].clone(), Pullback::new(|v| Ok(v.clone()))))
            },
        );
        Ok(x.opaque(code.shaped(|shapes| Ok(shapes[0].to_vec()))))
    }
}

#[test]
fn no_pass_has_more_rows_than_the_chunk() {
    let most = Arc::new(AtomicUsize::new(0));
    let counted = Net::new().push(Counted(Arc::clone(&most)));
    let (model, x) = (net(counted, Net::new().push(Identity), Net::new().push(Identity)), noise(55, &SHAPE));
    let mut tried = 0;
    for info in every().filter(|info| info.settings.contains(&"chunk")) {
        for chunk in [1, 2, 5] {
            most.store(0, Ordering::Relaxed);
            let analyzer: BoxAnalyzer<Net> = info.build(&settings().chunk(chunk)).unwrap();
            values(&*analyzer, info.name, &model, &x);
            let rows = most.load(Ordering::Relaxed);
            // What has a pass of its own over the whole batch, and then a head in chunks.
            let whole = if info.at_place() && info.name.ends_with("-cam") { SHAPE[0] } else { 0 };
            // A sample and its reference go together.
            let whole = if info.name.starts_with("deep-lift") { 2 * chunk } else { whole };
            assert!(rows <= chunk.max(whole), "{}: {rows} rows in a pass of at most {chunk}", info.name);
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn progress_ends_where_the_work_does_and_can_stop_it() {
    let (model, x) = (plain(), noise(56, &SHAPE));
    let mut tried = 0;
    for info in every().filter(|info| info.settings.contains(&"on_progress")) {
        let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
        let log = Arc::clone(&seen);
        let settings = settings().chunk(2);
        let told = settings.clone().on_progress(move |progress| log.lock().unwrap().push(progress));
        let expected = values(&*info.build::<Net>(&settings).unwrap(), info.name, &model, &x);
        assert_eq!(values(&*info.build::<Net>(&told).unwrap(), info.name, &model, &x), expected, "{}", info.name);
        let seen = seen.lock().unwrap();
        let last = *seen.last().unwrap_or_else(|| panic!("{}: nothing was told", info.name));
        assert!(seen.windows(2).all(|pair| pair[0].done < pair[1].done), "{}: {seen:?}", info.name);
        assert!(seen.iter().all(|progress| progress.done <= progress.total), "{}: {seen:?}", info.name);
        assert!(seen.len() > 1, "{}: {seen:?}", info.name);
        // Owen values end where every feature stands alone, and tell the most that it may take.
        assert!(last.done == last.total || info.name == "owen", "{}: {seen:?}", info.name);

        let stopped = settings.on_progress(|_| ControlFlow::Break(()));
        let error = info.build::<Net>(&stopped).unwrap().analyze(&model, &x, Index(1)).unwrap_err();
        assert!(matches!(error, Error::Cancelled { done, .. } if done == seen[0].done), "{}: {error}", info.name);
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}
