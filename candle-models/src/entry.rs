//! A model of the zoo.

use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::VarBuilder;

use crate::weights::{Weights, uniform};

/// A model's forward pass, of images, sounds or ids.
pub type Net = Box<dyn FnMut(&Tensor) -> Result<Tensor>>;

pub type Build = fn(VarBuilder<'static>) -> Result<Net>;

/// What builds a model: its file as it is, and the file's copy in `candle-copies`, where there is one.
pub struct Builds {
    pub own: Build,
    pub swapped: Option<Build>,
}

/// A model whose file has no copy.
pub fn only(own: Build) -> Builds {
    Builds { own, swapped: None }
}

/// The same code for a file and for its copy: `both!(vit, |vb| .. vit::Model::new(..))`.
#[cfg(feature = "swapped")]
macro_rules! both {
    ($file:ident, $build:expr) => {
        $crate::entry::Builds {
            own: {
                use candle_transformers::models::$file;
                $build
            },
            swapped: {
                use candle_copies::models::$file;
                let build: $crate::entry::Build = $build;
                Some(build)
            },
        }
    };
}
#[cfg(not(feature = "swapped"))]
macro_rules! both {
    ($file:ident, $build:expr) => {
        $crate::entry::only({
            use candle_transformers::models::$file;
            $build
        })
    };
}
pub(crate) use both;

pub struct Entry {
    pub kind: &'static str,
    pub name: &'static str,
    pub input: Input,
    pub builds: Builds,
}

pub enum Input {
    /// Numbers of this shape.
    Numbers(&'static [usize]),
    /// Embedded words (1, length, features): the rows of the named table.
    Words { table: &'static str, length: usize, features: usize },
}

impl Entry {
    pub fn numbers(kind: &'static str, name: &'static str, shape: &'static [usize], builds: Builds) -> Self {
        Entry { kind, name, input: Input::Numbers(shape), builds }
    }

    pub fn text(name: &'static str, table: &'static str, features: usize, builds: Builds) -> Self {
        Entry { kind: "text", name, input: Input::Words { table, length: 6, features }, builds }
    }
}

/// A model with its weights.
pub struct Subject<'a> {
    pub entry: &'a Entry,
    build: Build,
    weights: Weights,
}

impl<'a> Subject<'a> {
    pub fn new(entry: &'a Entry, build: Build) -> Self {
        Subject { entry, build, weights: Weights::default() }
    }

    /// The input that it is explained at.
    pub fn at(&self, rows: usize, dtype: DType) -> Result<Tensor> {
        self.drawn(self.entry.name, rows, dtype)
    }

    /// Where a path to that input begins: at a black image, at silence, at one word again and again.
    pub fn reference(&self, dtype: DType) -> Result<Tensor> {
        let like = self.at(1, dtype)?;
        match self.entry.input {
            Input::Numbers(_) => like.zeros_like(),
            Input::Words { .. } => {
                self.drawn("reference", 1, dtype)?.narrow(1, 0, 1)?.broadcast_as(like.shape())?.contiguous()
            }
        }
    }

    fn drawn(&self, name: &str, rows: usize, dtype: DType) -> Result<Tensor> {
        let mut shape = match self.entry.input {
            Input::Numbers(shape) => shape.to_vec(),
            Input::Words { length, features, .. } => vec![1, length, features],
        };
        shape[0] *= rows;
        uniform(name, &shape.into())?.to_dtype(dtype)
    }

    /// y = f(x), with the model built anew where the input is one of its weights, or it keeps what it has read.
    pub fn run(&self, x: &Tensor) -> Result<Tensor> {
        let builder = |weights: &Weights| weights.builder(x.dtype());
        match self.entry.input {
            Input::Numbers(_) => (self.build)(builder(&self.weights))?(x),
            Input::Words { table, .. } => {
                let (rows, length, features) = x.dims3()?;
                let own = self.weights.with_table(table, x.reshape((rows * length, features))?);
                let ids = Tensor::arange(0, (rows * length) as u32, &Device::Cpu)?.reshape((rows, length))?;
                (self.build)(builder(&own))?(&ids)
            }
        }
    }

    /// One number of all outputs of each row: (rows, 1).
    pub fn scores(&self, x: &Tensor) -> Result<Tensor> {
        let rows = x.dim(0)?;
        let y = self.run(x)?.flatten_all()?.reshape((rows, ()))?;
        let mix = uniform("mix", &Shape::from(&y.dims()[1..]))?.to_dtype(y.dtype())?;
        y.broadcast_mul(&mix)?.sum_keepdim(1)? / ((x.elem_count() / rows).max(1) as f64).sqrt()
    }
}
