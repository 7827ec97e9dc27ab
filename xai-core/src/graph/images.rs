//! Where an image's rows and columns are in the values of a graph.

use super::{Graph, Node, Step, Value};
use crate::{Backend, Op};

/// The axes of a value along which it has the rows and columns of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// How many axes the value has.
    pub(crate) axes: usize,
}

impl Image {
    /// (B, C, H, W)
    const PLAIN: Image = Image { rows: 2, columns: 3, axes: 4 };

    fn is_along(self, axis: usize) -> bool {
        [self.rows, self.columns].contains(&axis)
    }

    /// Whether what works over the last two of four axes works over the rows and columns.
    fn is_plane(self) -> bool {
        self.axes == 4 && self.is_along(2) && self.is_along(3)
    }

    /// With so many axes in front.
    fn behind(self, more: usize) -> Self {
        Image { rows: self.rows + more, columns: self.columns + more, axes: self.axes + more }
    }

    fn permuted(self, order: &[usize]) -> Option<Self> {
        let to = |axis: usize| order.iter().position(|&from| from == axis);
        Some(Image { rows: to(self.rows)?, columns: to(self.columns)?, axes: order.len() })
    }

    /// In another shape of the same numbers: an axis may be cut, or others joined behind it, but not both of them, as
    /// in tokens.
    fn reshaped(self, from: &[usize], to: &[usize]) -> Option<Self> {
        let rows = kept(self.rows, from, to)?;
        let columns = kept(self.columns, from, to)?;
        let joins = |axis: usize, place: usize, other: usize| {
            let end = before(from, axis).saturating_mul(*to.get(place)?);
            Some(axis < other && before(from, other) < end)
        };
        let joined = joins(self.rows, rows, self.columns)? || joins(self.columns, columns, self.rows)?;
        (rows != columns && !joined).then_some(Image { rows, columns, axes: to.len() })
    }
}

impl<B: Backend> Graph<'_, B> {
    /// For each node, the axes along which its output has the rows and columns of an explained image (B, C, H, W),
    /// coarser or finer, so that each number belongs to a place of it; none where that is not known, as behind tokens.
    /// Code that nobody can look into is taken to make an image of an image, where it gives four axes.
    pub(crate) fn images(&self, explained: &[bool]) -> Vec<Option<Image>> {
        let mut images: Vec<Option<Image>> = Vec::with_capacity(self.nodes.len());
        for (place, node) in self.nodes.iter().enumerate() {
            let is_input = explained.get(place) == Some(&true) && matches!(node.step, Step::Input);
            let is_image = is_input && node.shape().is_some_and(|shape| shape.len() == 4);
            images.push(if is_image { Some(Image::PLAIN) } else { self.image(node, &images) });
        }
        images
    }

    fn image(&self, node: &Node<'_, B>, images: &[Option<Image>]) -> Option<Image> {
        let of = |value: &Value| images.get(value.0).copied().flatten();
        let first = || node.inputs.first().and_then(of);
        let shapes = || Some((self.shape_of(node.inputs.first()?)?, node.shape()?));
        let op = match &node.step {
            Step::Input | Step::Constant(_) => return None,
            Step::Op(op) => op,
            Step::Opaque(_) => {
                let image = node.inputs.iter().find_map(of).filter(|image| image.axes == 4);
                return image.filter(|_| node.shape().is_none_or(|shape| shape.len() == 4));
            }
        };
        match op {
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::AdaptiveAvgPool2d(_)
            | Op::AdaptiveMaxPool2d(_)
            | Op::Upsample2d(_) => first().filter(|image| image.is_plane()),
            Op::Pad2d(_) | Op::Narrow(_) | Op::Reduce(_) => first(),
            Op::Linear(_) => first().filter(|image| !image.is_along(image.axes - 1)),
            // By a matrix of the network's own it is a linear layer.
            Op::MatMul(_) => first().filter(|image| {
                let own = node.inputs.get(1).is_some_and(|matrix| !self.reached[matrix.0]);
                own && !image.is_along(image.axes - 1) && node.shape().is_none_or(|shape| shape.len() == image.axes)
            }),
            Op::Gather(_) | Op::Embedding(_) => None,
            Op::Permute(permute) => first()?.permuted(&permute.order),
            Op::Reshape(_) | Op::Flatten(_) => {
                let (from, to) = shapes()?;
                first()?.reshaped(from, to)
            }
            Op::IndexSelect(select) => first().filter(|image| {
                let length = node.inputs.first().and_then(|x| self.shape_of(x)?.get(select.axis).copied());
                !image.is_along(select.axis) || in_order(&select.places, length)
            }),
            Op::Concatenate(joined) => agreed(node.inputs.iter().filter_map(|value| {
                // Of what lies along the rows, or the columns, more than a half is the image with a border.
                let length = |shape: Option<&[usize]>| shape.and_then(|shape| shape.get(joined.axis).copied());
                let lengths = || length(self.shape_of(value)).zip(length(node.shape()));
                let mostly = || lengths().is_some_and(|(part, all)| part > all / 2);
                of(value).filter(|image| !image.is_along(joined.axis) || mostly())
            })),
            // What is put together with an image number by number is at the same places.
            Op::Binary(_) | Op::Where(_) => agreed(node.inputs.iter().filter_map(|value| {
                let (Some(from), Some(to)) = (self.shape_of(value), node.shape()) else { return of(value) };
                let moved = to.len().checked_sub(from.len())?;
                let same = |axis: usize| from.get(axis) == to.get(axis + moved);
                of(value).filter(|image| same(image.rows) && same(image.columns)).map(|image| image.behind(moved))
            })),
            _ => first().filter(|_| node.inputs.len() == 1 && shapes().is_none_or(|(from, to)| from == to)),
        }
    }

    fn shape_of(&self, value: &Value) -> Option<&[usize]> {
        self.nodes.get(value.0)?.shape()
    }
}

/// What all of them are.
fn agreed(mut images: impl Iterator<Item = Image>) -> Option<Image> {
    let first = images.next()?;
    images.all(|image| image == first).then_some(first)
}

/// Whether places of an axis of this length are its own in order, some left out or several times, or all of them with a
/// border, as in reflections: no mirror and no roll.
fn in_order(places: &[usize], length: Option<usize>) -> bool {
    let framed = |n: usize| places.len() / 2 < n && places.windows(n).any(|all| all.iter().copied().eq(0..n));
    places.is_sorted() || length.filter(|&n| n > 0).is_some_and(framed)
}

/// How many entries the axes in front of one have together.
fn before(shape: &[usize], axis: usize) -> usize {
    shape.iter().take(axis).fold(1, |all, &n| all.saturating_mul(n))
}

/// Where an axis is in another shape of the same numbers: as it was, cut with its coarse part here, or with others
/// joined behind it.
fn kept(axis: usize, from: &[usize], to: &[usize]) -> Option<usize> {
    let &length = from.get(axis)?;
    let begins = |place: &usize| before(to, *place) == before(from, axis);
    if length == 1 {
        // Of axes of length 1 there may be several.
        let is_it = |place: &usize| to.get(*place) == Some(&1) && begins(place);
        let behind = to.len().checked_sub(from.len().checked_sub(axis)?).filter(is_it);
        return Some(axis).filter(is_it).or(behind).or_else(|| (0..to.len()).find(is_it));
    }
    let place = (0..to.len()).rev().find(begins)?;
    let &there = to.get(place)?;
    (there > 1 && (length.is_multiple_of(there) || there.is_multiple_of(length))).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::Image;
    use crate::op::{AdaptiveAvgPool2d, Linear};
    use crate::{Graph, NdArray, Tensor, Var};

    type X = Var<'static, NdArray>;

    /// The axes of rows and columns of what is made of an image.
    fn image(shape: [usize; 4], made: impl FnOnce(&X) -> X) -> Option<(usize, usize)> {
        let graph = Graph::<NdArray>::trace(&[shape.to_vec()], |x| Ok(made(&x[0]))).unwrap();
        let found = graph.images(&[true])[graph.output().0];
        assert!(graph.images(&[false]).iter().all(Option::is_none));
        let axes = graph.output_shape().unwrap().len();
        assert!(found.is_none_or(|image| image.axes == axes), "{found:?}");
        found.map(|Image { rows, columns, .. }| (rows, columns))
    }

    fn ones(shape: &[usize]) -> Tensor<NdArray> {
        Tensor::upload(ndarray::ArrayD::ones(shape).view(), &()).unwrap()
    }

    #[test]
    fn rows_and_columns_are_followed_through_other_shapes() {
        let photo = |made: &dyn Fn(&X) -> X| image([2, 8, 6, 4], made);
        assert_eq!(photo(&|x| x.relu()), Some((2, 3)));
        assert_eq!(photo(&|x| x.permute(&[0, 2, 3, 1])), Some((1, 2)));
        // Groups of channels, their places in an image twice as large, and such an image as channels.
        assert_eq!(photo(&|x| x.reshape(&[2, 2, 4, 6, 4]).permute(&[0, 2, 1, 3, 4]).flatten(1, 2)), Some((2, 3)));
        let shuffled = |x: &X| x.reshape(&[2, 2, 2, 2, 6, 4]).permute(&[0, 1, 4, 2, 5, 3]).reshape(&[2, 2, 12, 8]);
        assert_eq!(photo(&shuffled), Some((2, 3)));
        let folded = |x: &X| x.reshape(&[2, 8, 3, 2, 2, 2]).permute(&[0, 1, 3, 5, 2, 4]).reshape(&[2, 32, 3, 2]);
        assert_eq!(photo(&folded), Some((2, 3)));
        // Tokens, and what is made of them again; windows; the image on its side, read as one that stands.
        assert_eq!(photo(&|x| x.flatten(2, 3)), None);
        assert_eq!(photo(&|x| x.flatten(2, 3).reshape(&[2, 8, 6, 4])), None);
        assert_eq!(photo(&|x| x.reshape(&[2, 8, 4, 6])), None);
        let windows = |x: &X| x.reshape(&[2, 8, 3, 2, 2, 2]).permute(&[0, 2, 4, 1, 3, 5]).reshape(&[12, 8, 2, 2]);
        assert_eq!(photo(&windows), None);
        assert_eq!(photo(&|x| x.permute(&[0, 1, 3, 2])), Some((3, 2)));
        // Of one pixel.
        assert_eq!(photo(&|x| x.mean(&[2, 3])), Some((2, 3)));
        assert_eq!(photo(&|x| x.mean(&[2, 3]).reshape(&[2, 1, 8])), None);
        assert_eq!(photo(&|x| x.op(AdaptiveAvgPool2d::global()).permute(&[0, 2, 3, 1])), Some((1, 2)));
        assert_eq!(image([2, 8, 1, 5], |x| x.reshape(&[2, 8, 5]).reshape(&[2, 8, 1, 5])), None);
    }

    #[test]
    fn what_is_put_together_with_an_image_is_one() {
        let photo = |made: &dyn Fn(&X) -> X| image([2, 8, 6, 4], made);
        let gate = |x: &X| x.mean(&[2, 3]).flatten(1, -1).sigmoid().reshape(&[2, 8, 1, 1]);
        let tokens = |x: &X| x.flatten(2, 3).softmax(-1).reshape(&[2, 8, 6, 4]);
        assert_eq!([photo(&gate), photo(&tokens)], [None; 2]);
        assert_eq!([photo(&|x| x * gate(x)), photo(&|x| x + tokens(x))], [Some((2, 3)); 2]);
        assert_eq!(photo(&|x| x.concat(&[&tokens(x)], 1)), Some((2, 3)));
        assert_eq!(photo(&|x| x + x.constant(ones(&[1, 1, 1, 6, 4]))), Some((3, 4)));
        assert_eq!(photo(&|x| x.mean(&[2, 3]) * tokens(x)), None);
        assert_eq!(image([2, 8, 4, 4], |x| x + x.permute(&[0, 1, 3, 2])), None);
        // By a matrix of the network's own, and by one that depends on the image.
        let last = |x: &X| x.permute(&[0, 2, 3, 1]);
        let linear = || Linear::new(ones(&[5, 8]), None).unwrap();
        assert_eq!(photo(&|x| last(x).op(linear())), Some((1, 2)));
        assert_eq!(photo(&|x| last(x).matmul(&x.constant(ones(&[8, 5])))), Some((1, 2)));
        assert_eq!(photo(&|x| x.op(Linear::new(ones(&[5, 4]), None).unwrap())), None);
        assert_eq!(photo(&|x| x.matmul(&x.permute(&[0, 1, 3, 2]))), None);
    }

    #[test]
    fn borders_and_strides_are_no_mirrors() {
        let photo = |made: &dyn Fn(&X) -> X| image([2, 8, 6, 4], made);
        let along_rows = |places: &[usize]| photo(&|x: &X| x.index_select(2, places));
        assert_eq!([along_rows(&[0, 2, 4]), along_rows(&[0, 0, 1, 1])], [Some((2, 3)); 2]);
        assert_eq!(along_rows(&[2, 1, 0, 1, 2, 3, 4, 5, 4]), Some((2, 3)));
        assert_eq!([along_rows(&[5, 4, 3, 2, 1, 0]), along_rows(&[3, 4, 5, 0, 1, 2])], [None; 2]);
        assert_eq!(along_rows(&[0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]), None);
        assert_eq!(photo(&|x| x.index_select(1, &[3, 0])), Some((2, 3)));
        let part = |x: &X, start: usize, len: usize| x.narrow(2, start, len);
        assert_eq!(photo(&|x| part(x, 5, 1).concat(&[x, &part(x, 0, 1)], 2)), Some((2, 3)));
        assert_eq!(photo(&|x| part(x, 3, 3).concat(&[&part(x, 0, 3)], 2)), None);
    }
}
