//! Counting what travels between the arrays outside and where the model lives.

use std::cell::RefCell;

thread_local! {
    static RUNNING: RefCell<Option<Transfers>> = const { RefCell::new(None) };
}

/// What travelled while [`count_transfers`] ran: the shape of each array, in order.
///
/// ```
/// # use xai_core as xai;
/// use xai::tensor::{Transfers, count_transfers};
///
/// let ((), transfers) = count_transfers(|| {});
/// assert_eq!(transfers, Transfers::default());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfers {
    /// From the host to where the model lives.
    pub uploads: Vec<Vec<usize>>,
    /// Back to the host.
    pub downloads: Vec<Vec<usize>>,
}

/// Runs `work`, and tells what this thread brought to the model's device and back meanwhile.
///
/// It counts [`Tensor::upload`](crate::Tensor::upload), [`Tensor::download`](crate::Tensor::download) and
/// [`Tensor::one_hot`](crate::Tensor::one_hot), which are the only ways of an analyzer to move numbers;
/// a one-hot tensor counts as an upload of its shape, although a backend may send less. What a framework does inside of
/// one of its operations, and what other threads do, is not seen. On the host a transfer is a copy, so that what an
/// analysis would move is found without a GPU.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::tensor::count_transfers;
/// use xai::{NdArray, Tensor};
///
/// let (sum, transfers) = count_transfers(|| {
///     let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
///     x.add(&x)?.sum(&[1])?.download()
/// });
/// assert_eq!(sum?, array![[6.0]].into_dyn());
/// assert_eq!((transfers.uploads, transfers.downloads), (vec![vec![1, 2]], vec![vec![1, 1]]));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn count_transfers<R>(work: impl FnOnce() -> R) -> (R, Transfers) {
    let outer = Outer(RUNNING.replace(Some(Transfers::default())));
    let result = work();
    let found = RUNNING.with_borrow(Clone::clone).unwrap_or_default();
    drop(outer);
    (result, found)
}

/// The count that a nested one interrupts. Dropped, also by a panic, it goes on with what the nested one found.
struct Outer(Option<Transfers>);

impl Drop for Outer {
    fn drop(&mut self) {
        let inner = RUNNING.replace(self.0.take()).unwrap_or_default();
        RUNNING.with_borrow_mut(|running| {
            if let Some(running) = running {
                running.uploads.extend(inner.uploads);
                running.downloads.extend(inner.downloads);
            }
        });
    }
}

pub(super) fn uploaded(shape: &[usize]) {
    RUNNING.with_borrow_mut(|running| {
        if let Some(running) = running {
            running.uploads.push(shape.to_vec());
        }
    });
}

pub(super) fn downloaded(shape: &[usize]) {
    RUNNING.with_borrow_mut(|running| {
        if let Some(running) = running {
            running.downloads.push(shape.to_vec());
        }
    });
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::{NdArray, Tensor};

    type B = NdArray<f64>;

    fn up_and_down() {
        let x = Tensor::<B>::upload(array![1.0, 2.0, 3.0].view().into_dyn(), &()).unwrap();
        x.scale(2.0).unwrap().sum(&[0]).unwrap().download().unwrap();
    }

    #[test]
    fn transfers_are_counted_and_operations_are_not() {
        let ((), found) = count_transfers(up_and_down);
        assert_eq!((found.uploads, found.downloads), (vec![vec![3]], vec![vec![1]]));
        let (ones, found) = count_transfers(|| Tensor::<B>::one_hot(&[1, 4], &[2], &()).unwrap());
        assert_eq!(ones.download().unwrap(), array![[0.0, 0.0, 1.0, 0.0]].into_dyn());
        assert_eq!((found.uploads, found.downloads), (vec![vec![1, 4]], vec![]));
        assert_eq!(RUNNING.with_borrow(Clone::clone), None);
    }

    #[test]
    fn an_outer_count_holds_what_an_inner_one_found() {
        let (inner, outer) = count_transfers(|| {
            up_and_down();
            count_transfers(up_and_down).1
        });
        assert_eq!((inner.uploads.len(), outer.uploads.len(), outer.downloads.len()), (1, 2, 2));
    }

    #[test]
    fn a_panic_leaves_the_outer_count_running() {
        let ((), found) = count_transfers(|| {
            let inner = std::panic::catch_unwind(|| {
                count_transfers(|| {
                    up_and_down();
                    panic!("as a user's forward code may");
                })
            });
            assert!(inner.is_err());
            up_and_down();
        });
        assert_eq!(found.uploads.len(), 2);
    }

    #[test]
    fn other_threads_are_not_seen() {
        let ((), found) = count_transfers(|| std::thread::spawn(up_and_down).join().unwrap());
        assert_eq!(found, Transfers::default());
    }
}
