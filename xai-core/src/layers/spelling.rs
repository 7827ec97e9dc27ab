//! Names that a missing one may have been meant to be.

/// The up to three names most similar to `wanted`, the most similar first; none when all are far from it.
pub(super) fn most_similar<'a>(wanted: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let limit = (wanted.chars().count() / 3).max(2);
    let mut near: Vec<_> = names.map(|name| (distance(wanted, name), name)).filter(|(d, _)| *d <= limit).collect();
    near.sort();
    near.into_iter().take(3).map(|(_, name)| name.clone()).collect()
}

/// Levenshtein's distance: how many characters have to be inserted, removed or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn names_the_nearest_first_and_nothing_far() {
        let names = ["conv1.weight", "conv2.weight", "bn1.weight", "head.bias"].map(String::from);
        assert_eq!(most_similar("conv1.wieght", names.iter()), ["conv1.weight", "conv2.weight"]);
        assert_eq!(most_similar("stem", names.iter()), Vec::<String>::new());
    }
}
