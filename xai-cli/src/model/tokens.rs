//! Where a network that sees an image as tokens can be looked into.

use xai::{Backend, Graph, Op, Value};
use xai_cli::options::Tokens;

use super::map::Map;

/// So many tokens in front are no part of the image, at most: one for the class, and four registers.
const SKIPPED: usize = 5;

/// The tokens of an image before the last attention: the last place (samples, tokens, channels) at which the network
/// can be cut, and how they are the image. Behind that attention the class token alone may be read, and then no other
/// token has a gradient.
pub(super) fn tokens<B: Backend>(graph: &Graph<'_, B>, input: &[usize], maps: &[(Map, Value)]) -> Option<(Map, Value)> {
    let &[samples, _, _, _] = input else { return None };
    let places: Vec<(Value, String, Vec<usize>)> = graph
        .places()
        .into_iter()
        .filter_map(|place| Some((graph.place(&place.name).ok()?, place.name, place.shape?)))
        .collect();
    let attention = |(value, _, shape): &&(Value, String, Vec<usize>)| is_attention(graph, *value, shape);
    let (last, _, matrix) = places.iter().filter(attention).max_by_key(|(value, ..)| *value)?;
    let count = *matrix.last()?;
    let fits = |(value, _, shape): &&(Value, String, Vec<usize>)| {
        matches!(shape[..], [rows, tokens, channels] if rows == samples && tokens == count && channels > 1)
            && value < last
            && graph.is_cut(*value)
    };
    let at = places.iter().filter(fits).map(|(value, ..)| *value).max()?;
    // A node and its output have the same value: the node's name is the first.
    let (value, name, shape) = places.iter().find(|(value, ..)| *value == at)?;
    let tokens = Some(image(count, maps)?);
    Some((Map { name: name.clone(), shape: shape.clone(), tokens, channels_last: false }, *value))
}

/// Whether a value says for each token how much it looks at each of them.
fn is_attention<B: Backend>(graph: &Graph<'_, B>, value: Value, shape: &[usize]) -> bool {
    let is_square = matches!(shape, [_, rows, columns] | [_, _, rows, columns] if rows == columns && *rows > 1);
    is_square
        && match graph.nodes().get(value.index()).and_then(|node| node.op()) {
            Some(Op::Softmax(softmax)) => softmax.axis_of(shape.len()).is_ok_and(|axis| axis + 1 == shape.len()),
            _ => false,
        }
}

/// How so many tokens are an image: its patches are maps before they are tokens, or else they are as many as a square
/// has, behind none or one for the class.
fn image(count: usize, maps: &[(Map, Value)]) -> Option<Tokens> {
    let of_map = |(map, _): &(Map, Value)| match *map.sides() {
        [rows, columns] => {
            let skip = count.checked_sub(rows.checked_mul(columns)?)?;
            (skip <= SKIPPED).then_some(Tokens([skip, rows, columns]))
        }
        _ => None,
    };
    let of_square = |skip: usize| {
        let side = count.checked_sub(skip)?.isqrt();
        (side > 0 && side * side + skip == count).then_some(Tokens([skip, side, side]))
    };
    maps.iter().rev().find_map(of_map).or_else(|| [0, 1].into_iter().find_map(of_square))
}

#[cfg(test)]
mod tests {
    use xai_cli::options::Tokens;

    use super::image;

    #[test]
    fn tokens_are_a_square_with_or_without_one_for_the_class() {
        assert_eq!(image(197, &[]), Some(Tokens([1, 14, 14])));
        assert_eq!(image(196, &[]), Some(Tokens([0, 14, 14])));
        assert_eq!(image(2, &[]), Some(Tokens([1, 1, 1])));
        assert_eq!(image(198, &[]), None);
    }
}
