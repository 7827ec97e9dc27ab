//! A model that is a function on ndarray arrays: [`BlackBox`].

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::thread;

use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Axis, Dimension, Slice, concatenate};

use crate::{BoxError, Differentiable, Element, Error, NdArray, Opaque, Result, Tensor, Var};

/// A model of which nothing is known but its outputs: a runtime, a remote service, a table of trees.
///
/// A function from a batch to a batch of outputs, batch axis first in both; of any number of axes, in `f32` or `f64`,
/// with errors of any type, which are kept as the [source](std::error::Error::source) of [`Error::Backend`]. What needs
/// a gradient refuses it before any pass; what runs forward alone explains it.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, Axis, array};
/// use xai::BlackBox;
/// # use xai::Differentiable;
///
/// # #[derive(Debug)] struct Offline;
/// # impl std::fmt::Display for Offline {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("offline") }
/// # }
/// # impl std::error::Error for Offline {}
/// let model = BlackBox::new(|batch: ArrayView2<f32>| -> Result<Array2<f32>, Offline> {
///     Ok(batch.sum_axis(Axis(1)).insert_axis(Axis(1)))
/// });
/// assert_eq!(model.predict(array![[1.0, 2.0]].view().into_dyn())?, array![[3.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[doc(alias("forward_func"))]
pub struct BlackBox<F, E, D> {
    function: F,
    /// At most so many rows in one call.
    rows: Option<usize>,
    /// So many calls at the same time, by way of a function that asks for what that needs.
    parallel: Option<(usize, Parallel<F, E>)>,
    input: PhantomData<fn(E, D)>,
}

type Parallel<F, E> = fn(&F, &[Part<'_, E>], usize) -> Result<Vec<ArrayD<E>>>;

/// The rows of one call.
struct Part<'x, E> {
    x: ArrayViewD<'x, E>,
    /// Which they are, where others have calls of their own.
    rows: Option<Range<usize>>,
}

impl<E> Part<'_, E> {
    fn blamed(&self, error: Error) -> Error {
        match &self.rows {
            Some(rows) => error.on_rows(rows.clone()),
            None => error,
        }
    }
}

impl<F, E, D> BlackBox<F, E, D> {
    /// The model of a function.
    pub fn new<O, X>(function: F) -> Self
    where
        F: for<'x> Fn(ArrayView<'x, E, D>) -> std::result::Result<Array<E, O>, X>,
        X: Into<BoxError>,
    {
        BlackBox { function, rows: None, parallel: None, input: PhantomData }
    }

    /// At most so many rows in one call of the function, at least 1: what a service takes. Otherwise a call has all
    /// rows of a pass, of which analyzers say how many they are (`chunk`).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use std::cell::RefCell;
    /// use std::convert::Infallible;
    ///
    /// use ndarray::{Array2, ArrayView2};
    /// use xai::{BlackBox, Differentiable};
    ///
    /// let calls = RefCell::new(Vec::new());
    /// let model = BlackBox::new(|batch: ArrayView2<f32>| -> Result<Array2<f32>, Infallible> {
    ///     calls.borrow_mut().push(batch.nrows());
    ///     Ok(batch.to_owned())
    /// });
    /// model.rows_of_a_call(2).predict(Array2::zeros((5, 3)).view().into_dyn())?;
    /// assert_eq!(calls.take(), [2, 2, 1]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn rows_of_a_call(mut self, rows: usize) -> Self {
        self.rows = Some(rows.max(1));
        self
    }

    /// So many calls at the same time (at least one), or as many as the system has threads for, each with its part of
    /// the rows: for a function that waits, as for a service, or that computes on one thread. Outputs must not depend
    /// on how rows are put together.
    ///
    /// There are never more calls under way than a pass has rows. Unless an analyzer's `chunk` is set, a pass gets a
    /// row for each thread, as long as these rows take at most 64 MB: 106 photos of 224 by 224 in `f32`. A call that
    /// shall have several rows needs a `chunk` of so many times the threads.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use std::convert::Infallible;
    ///
    /// use ndarray::{Array2, ArrayView2, array};
    /// use xai::{BlackBox, Differentiable};
    ///
    /// // For each row, how many rows its call has.
    /// let model = BlackBox::new(|batch: ArrayView2<f64>| -> Result<Array2<f64>, Infallible> {
    ///     Ok(Array2::from_elem((batch.nrows(), 1), batch.nrows() as f64))
    /// });
    /// let rows = model.threads(2).predict(Array2::zeros((5, 3)).view().into_dyn())?;
    /// assert_eq!(rows, array![[3.0], [3.0], [3.0], [2.0], [2.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn threads<O, X>(mut self, threads: usize) -> Self
    where
        F: for<'x> Fn(ArrayView<'x, E, D>) -> std::result::Result<Array<E, O>, X> + Sync,
        E: Element,
        D: Dimension,
        O: Dimension,
        X: Into<BoxError>,
    {
        self.parallel = Some((threads.max(1), at_the_same_time::<F, E, D, O, X>));
        self
    }
}

impl<F, E, D, O, X> Differentiable for BlackBox<F, E, D>
where
    F: for<'x> Fn(ArrayView<'x, E, D>) -> std::result::Result<Array<E, O>, X>,
    E: Element,
    D: Dimension,
    O: Dimension,
    X: Into<BoxError>,
{
    type Backend = NdArray<E>;
    fn trace<'m>(&'m self, inputs: &[Var<'m, NdArray<E>>]) -> Result<Var<'m, NdArray<E>>> {
        let threads = self.parallel.as_ref().map_or(1, |(threads, _)| *threads);
        let forward = move |x: &[Tensor<NdArray<E>>]| {
            let x = x[0].inner().view();
            let rows = x.shape().first().copied().unwrap_or(0);
            let each = rows.div_ceil(threads).min(self.rows.unwrap_or(rows)).max(1);
            let part = |start| {
                let of = start..rows.min(start + each);
                Part { x: x.slice_axis(Axis(0), Slice::from(of.clone())), rows: (of.len() < rows).then_some(of) }
            };
            let parts: Vec<Part<'_, E>> = (0..rows).step_by(each).map(part).collect();
            let outputs = match &self.parallel {
                Some((threads, run)) if parts.len() > 1 => run(&self.function, &parts, *threads)?,
                _ => parts.iter().map(|part| called(&self.function, part)).collect::<Result<Vec<_>>>()?,
            };
            joined(&parts, outputs)
        };
        Ok(Var::only(inputs)?.opaque(Opaque::forward_only(forward).at_once(threads)))
    }
}

fn called<F, E, D, O, X>(function: &F, part: &Part<'_, E>) -> Result<ArrayD<E>>
where
    F: for<'x> Fn(ArrayView<'x, E, D>) -> std::result::Result<Array<E, O>, X>,
    E: Element,
    D: Dimension,
    O: Dimension,
    X: Into<BoxError>,
{
    let view = part.x.view().into_dimensionality::<D>().map_err(|_| Error::InvalidShape {
        what: "input".into(),
        got: part.x.shape().to_vec(),
        reason: format!("the function takes an array of {} axes", D::NDIM.unwrap_or(0)),
    })?;
    function(view).map(Array::into_dyn).map_err(|error| part.blamed(Error::backend("black box", error)))
}

/// The outputs of the parts in their order, computed by so many threads, which take the next part as they are free.
/// After an error no new part is begun.
fn at_the_same_time<F, E, D, O, X>(function: &F, parts: &[Part<'_, E>], threads: usize) -> Result<Vec<ArrayD<E>>>
where
    F: for<'x> Fn(ArrayView<'x, E, D>) -> std::result::Result<Array<E, O>, X> + Sync,
    E: Element,
    D: Dimension,
    O: Dimension,
    X: Into<BoxError>,
{
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(place) else { break };
            let output = called(function, part);
            failed.fetch_or(output.is_err(), Ordering::Relaxed);
            done.push((place, output));
        }
        done
    };
    let mut all = thread::scope(|scope| {
        // As many as the system gives; this thread is one of them.
        let more = (1..threads.min(parts.len())).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok());
        let workers: Vec<_> = more.collect();
        let mut all = Vec::with_capacity(parts.len());
        all.extend(work());
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done),
                // As it would have been on this thread.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, output)| output).collect()
}

/// The outputs of the parts, one after another: a row for each.
fn joined<E: Element>(parts: &[Part<'_, E>], outputs: Vec<ArrayD<E>>) -> Result<Tensor<NdArray<E>>> {
    for (part, output) in parts.iter().zip(&outputs) {
        if output.shape().first() != part.x.shape().first() {
            return Err(part.blamed(Error::InvalidShape {
                what: "output of the black box".into(),
                got: output.shape().to_vec(),
                reason: format!("for an input of shape {:?} it must have a row for each sample", part.x.shape()),
            }));
        }
    }
    let mut outputs = outputs;
    if outputs.len() == 1
        && let Some(only) = outputs.pop()
    {
        return Ok(Tensor::new(only.into_shared()));
    }
    let views: Vec<_> = outputs.iter().map(|output| output.view()).collect();
    let whole = concatenate(Axis(0), &views).map_err(|error| Error::backend("black box", error))?;
    Ok(Tensor::new(whole.into_shared()))
}

impl<F, E, D> fmt::Debug for BlackBox<F, E, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.parallel.as_ref().map_or(1, |(threads, _)| *threads);
        f.debug_struct("BlackBox")
            .field("rows_of_a_call", &self.rows)
            .field("threads", &threads)
            .finish_non_exhaustive()
    }
}
