//! The models as this library's users explain them: each a closure on tensors.

use std::error::Error;
use std::time::Instant;

use candle_core::{DType, Tensor};
use serde_json::{Value, json};
use xai::candle::{Candle, model};
use xai::{
    Analyzer, Arithmetic, Differentiable, GradientCheck, Index, IntegratedGradients, Quadrature, Reference,
    Tensor as Placed,
};

use crate::entry::Subject;

/// What integrated gradients lack of what the output changes by, from a black image, silence, or one word for all:
/// |sum of the values - (y - y of the reference)| / |y - y of the reference|.
pub fn lacking(subject: &Subject<'_>) -> Result<f64, Box<dyn Error>> {
    let net = model(|x: &Tensor| subject.scores(x));
    let (x, reference) = (subject.at(1, DType::F32)?, subject.reference(DType::F32)?);
    let along = IntegratedGradients::new().n(40).quadrature(Quadrature::Graded).reference(Reference::array(&Candle::<
        f32,
    >::download(
        &reference,
    )?));
    let why = along.analyze(&net, &x, Index(0))?;
    let y = |x: &Tensor| -> Result<f64, Box<dyn Error>> {
        Ok(f64::from(net.forward(&Placed::new(x.clone()))?.download()?[[0, 0]]))
    };
    let changed = y(&x)? - y(&reference)?;
    Ok((f64::from(why.values.sum_all()?.to_scalar::<f32>()?) - changed).abs() / changed.abs())
}

/// What `check_gradient` says, and how long it takes.
pub fn checked(subject: &Subject<'_>) -> Result<Value, Box<dyn Error>> {
    let net = model(|x: &Tensor| subject.scores(x));
    let x = Candle::<f32>::download(&subject.at(1, DType::F32)?)?;
    // The first pass draws the weights.
    subject.run(&subject.at(1, DType::F32)?)?;
    let start = Instant::now();
    let report = GradientCheck::new().run(&net, &x)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(json!({
        "name": subject.entry.name, "verdict": format!("{:?}", report.verdict), "error": report.relative_error,
        "seconds": seconds,
    }))
}
