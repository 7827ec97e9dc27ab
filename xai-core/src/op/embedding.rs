//! Rows of a table.

use super::example::{Example, Numbers};
use super::operation::{Operation, only};
use super::shape;
use crate::{Arithmetic, Error, Result, Tensor, Weight};

/// Rows of a table by whole numbers: input (...), table (N, D), output (..., D).
///
/// Its input is a choice, which has no gradient: nothing flows back to it. Explain the network behind it.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Embedding;
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// // Whole numbers go in, as the model sees them: `Ids(&tokens)` in an analysis.
/// let table = Tensor::upload(array![[2.0, 3.0], [5.0, 7.0]].view().into_dyn(), &())?;
/// let net = Net::<NdArray<f64>, _>::new(Embedding::new(table)?);
/// let y = net.predict(array![[1.0, 0.0]].view().into_dyn())?;
/// assert_eq!(y, array![[[5.0, 7.0], [2.0, 3.0]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Embedding<B: Arithmetic> {
    /// The table, (N, D).
    pub table: Weight<B>,
}

impl<B: Arithmetic> Embedding<B> {
    /// An embedding by a table (N, D).
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the table has not 2 axes, or is empty.
    pub fn new(table: Tensor<B>) -> Result<Self> {
        let embedding = Embedding { table: table.into() };
        embedding.lengths()?;
        Ok(embedding)
    }

    /// The rows of the table, and how long they are.
    fn lengths(&self) -> Result<[usize; 2]> {
        let got = self.table.shape();
        let lengths = <[usize; 2]>::try_from(got).ok().filter(|lengths| !lengths.contains(&0));
        lengths.ok_or_else(|| Error::InvalidShape {
            what: "table of Embedding".into(),
            got: got.to_vec(),
            reason: "it needs 2 axes, (rows, numbers of each), none of length 0".into(),
        })
    }

    /// The whole numbers, each the number of a row of the table.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] that says which is none.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Embedding;
    /// use xai::{NdArray, Tensor};
    ///
    /// let table = Tensor::<NdArray<f64>>::upload(array![[2.0, 3.0], [5.0, 7.0]].view().into_dyn(), &())?;
    /// let embedding = Embedding::new(table)?;
    /// assert_eq!(embedding.rows([1.0, 0.0])?, [1, 0]);
    /// assert!(embedding.rows([0.5]).is_err() && embedding.rows([2.0]).is_err());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn rows(&self, ids: impl IntoIterator<Item = f64>) -> Result<Vec<usize>> {
        let [rows, _] = self.lengths()?;
        let what = format!("an embedding of {rows} rows");
        ids.into_iter().map(|id| shape::whole(id, rows, &what)).collect()
    }
}

impl<B: Arithmetic> Operation<B> for Embedding<B> {
    type On<C: Arithmetic> = Embedding<C>;
    const NAME: &'static str = "Embedding";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [_, width] = self.lengths()?;
        let mut output = only("Embedding", inputs)?.to_vec();
        output.push(width);
        Ok(output)
    }
    fn is_differentiable(&self, _: usize) -> bool {
        false
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn weights(&self) -> Vec<&Weight<B>> {
        vec![&self.table]
    }
    /// Not in a half type, which holds few whole numbers.
    fn placement(&self) -> Option<B::Placement> {
        Some(B::counting(&self.table.placement()))
    }
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>> {
        Ok(Embedding { table: bring(&self.table)? })
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(Vec::new())
    }
}
