//! The explained inputs of one explanation.

use ndarray::{ArrayD, CowArray, IxDyn};

use super::{Dims, Explanation, Extras, Kind, Selection, Several};
use crate::{Element, Error, Result};

impl<E: Element, D: Dims<E>> Explanation<E, D> {
    /// The values of each explained input, in order, as arrays: one of an array or a tensor, several of a tuple. A
    /// framework's tensors are read.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array4, array};
    /// use xai::{Analyzer, Differentiable, Given, Gradient, NdArray, Result, Var};
    ///
    /// struct Product;
    /// impl Differentiable for Product {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(x[0].sum(&[2, 3]).reshape(&[1, 1]) * &x[1] * &x[2])
    ///     }
    /// }
    /// let (photo, row, mask) = (Array4::ones((1, 1, 2, 2)), array![[3.0]], array![[2.0]]);
    /// let why = Gradient.analyze(&Product, (&photo, &row, Given(&mask)), 0)?;
    /// let sums: Vec<f64> = why.parts()?.iter().map(|values| values.sum()).collect();
    /// assert_eq!(sums, [4.0 * 6.0, 8.0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn parts(&self) -> Result<Vec<CowArray<'_, E, IxDyn>>> {
        D::parts(&self.values)
    }

    /// The explanation of one explained input alone, counted from 0 among those that are: what pictures take, also of a
    /// tuple's or a framework's tensor.
    ///
    /// All else is that of the whole, the extras too: a completeness gap is one of all inputs together.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there are not so many, and the framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, Differentiable, Gradient, NdArray, Result, Var};
    ///
    /// struct Product;
    /// impl Differentiable for Product {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] * &x[1])
    ///     }
    /// }
    /// let why = Gradient.analyze(&Product, (&array![[3.0]], &array![[2.0]]), 0)?;
    /// assert_eq!(why.part(1)?.values, array![[3.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn part(&self, part: usize) -> Result<Explanation<E, IxDyn>> {
        let parts = self.parts()?;
        let values = parts.get(part).ok_or_else(|| Error::InvalidParameter {
            name: "part",
            value: part.to_string(),
            reason: format!("{} input(s) were explained, counted from 0", parts.len()),
        })?;
        Ok(Explanation {
            values: values.to_owned(),
            output: self.output.clone(),
            selection: self.selection.clone(),
            analyzer: self.analyzer.clone(),
            kind: self.kind,
            extras: self.extras.clone(),
            names: self.names.clone(),
            metadata: self.metadata.clone(),
        })
    }
}

impl<E: Element> Explanation<E, Several<Vec<IxDyn>>> {
    /// Puts an explanation of several inputs together, as a reader of files does.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Explanation, Extras, Kind, Selection};
    ///
    /// // Of a text's words and of a row of a table.
    /// let values = vec![array![[0.5, -0.25]].into_dyn(), array![[1.0]].into_dyn()];
    /// let (output, class) = (array![[0.25]].into_dyn(), Selection::from(vec![vec![0]]));
    /// let why = Explanation::of_parts(values, output, class, "Theirs", Kind::Attribution, Extras::default());
    /// assert_eq!(why.part(1)?.values.sum(), 1.0);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn of_parts(
        values: Vec<ArrayD<E>>,
        output: ArrayD<E>,
        selection: Selection,
        analyzer: impl Into<String>,
        kind: Kind,
        extras: Extras,
    ) -> Self {
        let (analyzer, names, metadata) = (analyzer.into(), Vec::new(), std::collections::BTreeMap::new());
        Explanation { values, output, selection, analyzer, kind, extras, names, metadata }
    }
}
