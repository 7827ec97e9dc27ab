//! TorchScript files of `python/export.py`, explained as their users do, beside what torch found in the networks.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::{Array, Array4, ArrayD, Dimension};
use serde_json::Value;
use xai::tch::tch::{CModule, Device, Kind, Tensor as Torch};
use xai::tch::{HostFloat, LibTorch, TorchScript};
use xai::{Analyzer, Cam, Differentiable, Element, GradCam, Gradient, Index, IntegratedGradients, Quadrature, Split};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A network, and how far what is found in its files is from what torch finds in it (relative L2).
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) side: usize,
    /// The gradient of the traced file in double and in single precision, and of the scripted one.
    pub(crate) traced: Outcome<f64>,
    pub(crate) single: Outcome<f64>,
    pub(crate) scripted: Outcome<f64>,
    /// What integrated gradients lack, of what the output changes by.
    pub(crate) gap: Outcome<f64>,
    pub(crate) place: String,
    pub(crate) cam: Outcome<f64>,
    /// Whether a pass of two rows works.
    pub(crate) rows: bool,
    /// A forward pass and a gradient, in milliseconds, here and in Python.
    pub(crate) times: Outcome<[f64; 2]>,
    pub(crate) torch_times: [f64; 2],
}

/// A folder's networks, or those named.
pub(crate) fn measured(folder: &Path, names: &[String]) -> Outcome<Vec<Found>> {
    let list: Value = serde_json::from_slice(&std::fs::read(folder.join("networks.json"))?)?;
    let all = list.as_array().into_iter().flatten();
    let asked = all.filter(|entry| names.is_empty() || names.iter().any(|name| entry["name"] == name.as_str()));
    asked.map(|entry| Network::new(folder, entry)?.measured()).collect()
}

struct Network<'a> {
    entry: &'a Value,
    name: &'a str,
    target: usize,
    /// Files but for their ends.
    files: PathBuf,
    numbers: Vec<(String, Torch)>,
}

impl<'a> Network<'a> {
    fn new(folder: &Path, entry: &'a Value) -> Outcome<Self> {
        let name = entry["name"].as_str().ok_or("a network without a name")?;
        let target = entry["target"].as_u64().ok_or("a network without a target")?;
        let files = folder.join(name);
        let numbers = Torch::read_safetensors(folder.join(format!("{name}.safetensors")))?;
        eprintln!("{name}");
        Ok(Network { entry, name, target: usize::try_from(target)?, files, numbers })
    }

    fn file(&self, how: &str) -> PathBuf {
        let mut path = self.files.clone().into_os_string();
        path.push(format!(".{how}.pt"));
        path.into()
    }

    /// What torch has found, or the input, in this number type.
    fn numbers<E: HostFloat>(&self, name: &str) -> Outcome<ArrayD<E>> {
        let found = self.numbers.iter().find(|(own, _)| own == name).ok_or(format!("no {name}"))?;
        let shape: Vec<usize> = found.1.size().into_iter().map(usize::try_from).collect::<Result<_, _>>()?;
        let values: Vec<f64> = Vec::try_from(found.1.flatten(0, -1).to_kind(Kind::Double))?;
        Ok(ArrayD::from_shape_vec(shape, values)?.mapv(E::of))
    }

    fn input<E: HostFloat>(&self) -> Outcome<Array4<E>> {
        Ok(self.numbers("x")?.into_dimensionality()?)
    }

    fn measured(&self) -> Outcome<Found> {
        let text = |key: &str| self.entry[key].as_str().unwrap_or_default().to_owned();
        let ms = |key: &str| self.entry[key].as_f64().unwrap_or(f64::NAN);
        let scripted = match self.entry["not_scripted"].as_str() {
            Some(why) => Err(why.into()),
            None => self.double("script").and_then(|model| self.gradient(&model, "gradient64")),
        };
        let single = TorchScript::<f32>::load(self.file("trace"));
        let of_single = |run: &dyn Fn(&TorchScript) -> Outcome<f64>| match &single {
            Ok(model) => run(model),
            Err(error) => Err(error.to_string().into()),
        };
        Ok(Found {
            source: text("source"),
            name: self.name.to_owned(),
            side: usize::try_from(self.entry["side"].as_u64().unwrap_or_default())?,
            traced: self.double("trace").and_then(|model| self.gradient(&model, "gradient64")),
            scripted,
            gap: of_single(&|model| self.gap(model)),
            place: text("place"),
            cam: of_single(&|model| self.cam(model, "cam32")),
            rows: single.as_ref().is_ok_and(|model| self.takes_rows(model).unwrap_or(false)),
            times: match &single {
                Ok(model) => self.times(model),
                Err(error) => Err(error.to_string().into()),
            },
            torch_times: [ms("forward_ms"), ms("gradient_ms")],
            single: of_single(&|model| self.gradient(model, "gradient32")),
        })
    }

    /// The file in double precision, where rounding says nothing about a kink.
    fn double(&self, how: &str) -> Outcome<TorchScript<f64>> {
        let mut module = CModule::load(self.file(how))?;
        module.f_set_eval()?;
        module.to(Device::Cpu, Kind::Double, false);
        Ok(TorchScript::new(module, Device::Cpu)?)
    }

    fn gradient<E: HostFloat>(&self, model: &TorchScript<E>, torch: &str) -> Outcome<f64> {
        let why = Gradient.analyze(model, &self.input::<E>()?, Index(self.target))?;
        apart(&why.values, &self.numbers(torch)?.into_dimensionality()?)
    }

    /// From zeros, by 40 graded points.
    fn gap(&self, model: &TorchScript) -> Outcome<f64> {
        let x = self.input::<f32>()?;
        let y = |x: &Array4<f32>| -> Outcome<f64> {
            let x = xai::Tensor::<LibTorch>::upload(x.view().into_dyn(), &Default::default())?;
            Ok(f64::from(model.forward(&x)?.download()?[[0, self.target]]))
        };
        let along = IntegratedGradients::new().n(40).quadrature(Quadrature::Graded);
        let why = along.analyze(model, &x, Index(self.target))?;
        let gap = why.extras.completeness_gap.and_then(|gaps| gaps.first().copied()).ok_or("no gap")?;
        Ok(gap.abs() / (y(&x)? - y(&Array4::zeros(x.dim()))?).abs())
    }

    /// Grad-CAM between the two methods that the file has beside `forward`.
    fn cam(&self, model: &TorchScript, torch: &str) -> Outcome<f64> {
        let halves = Split::new(model.method("features"), model.method("adaptation"));
        let x = self.input::<f32>()?;
        let at = match &self.entry["lie"] {
            Value::String(lie) if lie == "channels last" => Cam::new(GradCam).channels_last(),
            Value::String(_) => Cam::new(GradCam),
            tokens => {
                let [skip, rows, columns]: [usize; 3] = serde_json::from_value(tokens["tokens"].clone())?;
                Cam::new(GradCam).tokens(skip, rows, columns)
            }
        };
        let map = at.analyze(&halves, &x, Index(self.target))?;
        apart(&map.values.into_dyn(), &self.numbers(torch)?)
    }

    fn takes_rows(&self, model: &TorchScript) -> Outcome<bool> {
        let x = self.input::<f32>()?;
        let two = ndarray::concatenate(ndarray::Axis(0), &[x.view(), x.view()])?;
        Ok(Gradient.analyze(model, &two, Index(self.target))?.extras.notes.is_empty())
    }

    /// The fastest of five, each: libtorch looks at the first runs of a file, and then makes it faster.
    fn times(&self, model: &TorchScript) -> Outcome<[f64; 2]> {
        let x = self.input::<f32>()?;
        let tensor = xai::Tensor::<LibTorch>::upload(x.view().into_dyn(), &Default::default())?;
        let mut best = [f64::INFINITY; 2];
        for _ in 0..5 {
            let start = Instant::now();
            model.forward(&tensor)?;
            best[0] = best[0].min(start.elapsed().as_secs_f64() * 1e3);
            let start = Instant::now();
            Gradient.analyze(model, &x, Index(self.target))?;
            best[1] = best[1].min(start.elapsed().as_secs_f64() * 1e3);
        }
        Ok(best)
    }
}

/// |a - b| / |b|.
fn apart<E: Element, D: Dimension>(a: &Array<E, D>, b: &Array<E, D>) -> Outcome<f64> {
    if a.shape() != b.shape() {
        return Err(format!("the shape is {:?}, torch's {:?}", a.shape(), b.shape()).into());
    }
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let gap = square(&mut a.iter().zip(b).map(|(a, b)| a.as_f64() - b.as_f64()));
    let size = square(&mut b.iter().map(|b| b.as_f64()));
    if size == 0.0 {
        return Err("torch found zeros alone".into());
    }
    Ok((gap / size).sqrt())
}
