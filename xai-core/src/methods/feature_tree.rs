//! Which features belong together: [`FeatureTree`].

use crate::{Error, Result};

/// Which features belong together, and which of those groups: a tree of your own for [`Owen`](crate::Owen).
///
/// Its leaves are features by their numbers, from 0, in the order in which [`Features`](crate::Features) counts them;
/// each has to stand in the tree once. What stands side by side in a region comes and goes as a whole while something
/// outside of the region is looked at.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, Axis, array};
/// use xai::{Analyzer, BlackBox, FeatureTree, Owen};
///
/// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] * row[2]).insert_axis(Axis(1)))
/// });
/// // Two columns of one source, and one of another: the sources share the output, and each its half among its columns.
/// let sources = FeatureTree::groups([vec![0, 1], vec![2]]);
/// let why = Owen::new().tree(sources).analyze(&model, &array![[1.0, 1.0, 1.0]], 0)?;
/// assert_eq!(why.values, array![[0.25, 0.25, 0.5]]);
/// # Ok::<(), xai::Error>(())
/// ```
///
/// Trees are equal that were put together in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias("linkage", "hierarchy", "unions"))]
pub struct FeatureTree {
    /// What a region is made of stands before it; the last node is the whole.
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Feature(usize),
    /// Numbers of nodes.
    Region(Vec<usize>),
}

/// At most so many parts side by side: the output of all their subsets is asked for.
const MOST_PARTS: usize = 16;

impl From<usize> for FeatureTree {
    fn from(feature: usize) -> Self {
        FeatureTree { nodes: vec![Node::Feature(feature)] }
    }
}

impl FeatureTree {
    /// A region of these parts, which are features or trees: at most 16 side by side, whose values are Shapley's among
    /// them.
    pub fn new<T: Into<FeatureTree>>(parts: impl IntoIterator<Item = T>) -> Self {
        let (mut nodes, mut roots) = (Vec::new(), Vec::new());
        for part in parts {
            let before = nodes.len();
            nodes.extend(part.into().nodes.into_iter().map(|node| match node {
                Node::Region(parts) => Node::Region(parts.into_iter().map(|part| part + before).collect()),
                feature => feature,
            }));
            roots.push(nodes.len() - 1);
        }
        nodes.push(Node::Region(roots));
        FeatureTree { nodes }
    }

    /// Groups of features, as Owen's own unions: a tree of two levels.
    pub fn groups<G: IntoIterator<Item = usize>>(groups: impl IntoIterator<Item = G>) -> Self {
        FeatureTree::new(groups.into_iter().map(FeatureTree::new))
    }

    /// What a hierarchical clustering of D features merged, in D - 1 steps, as the first two columns of SciPy's
    /// `linkage` tell it: numbers below D are features, D + i is what step i made.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, Axis, array};
    /// use xai::{Analyzer, BlackBox, FeatureTree, Owen};
    ///
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] * row[2]).insert_axis(Axis(1)))
    /// });
    /// // Columns 1 and 2 were merged first, to number 3, and that with column 0.
    /// let tree = FeatureTree::merged([[1, 2], [0, 3]]);
    /// let why = Owen::new().tree(tree).analyze(&model, &array![[1.0, 1.0, 1.0]], 0)?;
    /// assert_eq!(why.values, array![[0.5, 0.25, 0.25]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn merged(steps: impl IntoIterator<Item = [usize; 2]>) -> Self {
        let steps: Vec<[usize; 2]> = steps.into_iter().collect();
        let features = (0..=steps.len()).map(Node::Feature);
        FeatureTree { nodes: features.chain(steps.into_iter().map(|pair| Node::Region(pair.to_vec()))).collect() }
    }

    /// That each of so many features stands in it once.
    pub(super) fn check(&self, features: usize) -> Result<()> {
        let refused = |value: String, reason: String| Err(Error::InvalidParameter { name: "tree", value, reason });
        let mut seen = vec![false; features];
        let mut taken = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = self.nodes.len().checked_sub(1).into_iter().collect();
        while let Some(number) = open.pop() {
            if std::mem::replace(&mut taken[number], true) {
                return refused(format!("merge {number}"), "it is a part of two regions".into());
            }
            match &self.nodes[number] {
                &Node::Feature(feature) => match seen.get_mut(feature) {
                    Some(seen) if *seen => {
                        return refused(format!("feature {feature}"), "it stands in the tree twice".into());
                    }
                    Some(seen) => *seen = true,
                    None => {
                        let reason = format!("there are {features} features, counted from 0");
                        return refused(format!("feature {feature}"), reason);
                    }
                },
                Node::Region(parts) if parts.is_empty() => {
                    return refused("a region of nothing".into(), "every region needs a feature".into());
                }
                Node::Region(parts) if parts.len() > MOST_PARTS => {
                    let reason = format!(
                        "at most {MOST_PARTS} may stand side by side, as the output of all their subsets is asked \
                         for: put some of them into regions of their own"
                    );
                    return refused(format!("a region of {} parts", parts.len()), reason);
                }
                Node::Region(parts) => match parts.iter().find(|&&part| part >= number) {
                    Some(part) => {
                        return refused(format!("merge {part}"), "nothing of that number was made before".into());
                    }
                    None => open.extend(parts),
                },
            }
        }
        match seen.iter().position(|seen| !seen) {
            Some(feature) => refused(format!("without feature {feature}"), "every feature needs a place".into()),
            None => Ok(()),
        }
    }

    /// The features in an order in which every region is a part of the list; and the regions, the whole first: where
    /// each begins and ends in that list, and which regions it is made of. Of a tree that was checked.
    pub(super) fn laid_out(&self) -> (Vec<usize>, Vec<(usize, usize, Vec<usize>)>) {
        let mut sizes = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            sizes.push(match node {
                Node::Feature(_) => 1,
                Node::Region(parts) => parts.iter().map(|&part| sizes[part]).sum::<usize>(),
            });
        }
        let all = sizes.last().copied().unwrap_or(0);
        let (mut order, mut regions) = (vec![0; all], vec![(0, all, Vec::new())]);
        let (mut nodes, mut next) = (vec![self.nodes.len().saturating_sub(1)], 0);
        while let Some(&node) = nodes.get(next) {
            let mut at = regions[next].0;
            match &self.nodes[node] {
                &Node::Feature(feature) => order[at] = feature,
                Node::Region(parts) => {
                    // A region of one part is that part.
                    if let &[only] = parts.as_slice() {
                        nodes[next] = only;
                        continue;
                    }
                    for &part in parts {
                        let place = regions.len();
                        regions[next].2.push(place);
                        regions.push((at, at + sizes[part], Vec::new()));
                        nodes.push(part);
                        at += sizes[part];
                    }
                }
            }
            next += 1;
        }
        (order, regions)
    }
}

#[cfg(test)]
mod tests {
    use super::FeatureTree;

    #[test]
    fn regions_are_parts_of_a_list() {
        let tree = FeatureTree::new([
            FeatureTree::new([3, 0]),
            FeatureTree::new([FeatureTree::from(1)]),
            FeatureTree::from(2),
        ]);
        tree.check(4).unwrap();
        let (order, regions) = tree.laid_out();
        assert_eq!(order, [3, 0, 1, 2]);
        assert_eq!(regions[0], (0, 4, vec![1, 2, 3]));
        assert_eq!(regions[1], (0, 2, vec![4, 5]));
        assert_eq!((&regions[2], &regions[3]), (&(2, 3, vec![]), &(3, 4, vec![])));
        // ((0 2) 1) 3, as SciPy tells it.
        let merged = FeatureTree::merged([[0, 2], [4, 1], [5, 3]]);
        merged.check(4).unwrap();
        assert_eq!(merged.laid_out().0, [0, 2, 1, 3]);
        let nested = FeatureTree::new([
            FeatureTree::new([FeatureTree::new([0, 2]), FeatureTree::from(1)]),
            FeatureTree::from(3),
        ]);
        assert_eq!(merged.laid_out(), nested.laid_out());
    }

    #[test]
    fn what_is_no_tree_of_the_features_is_named() {
        let says = |tree: FeatureTree, part: &str| {
            let error = tree.check(3).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        says(FeatureTree::new([0, 1]), "without feature 2");
        says(FeatureTree::new([0, 1, 2, 1]), "feature 1 is not possible: it stands in the tree twice");
        says(FeatureTree::new([0, 1, 3]), "feature 3 is not possible: there are 3 features");
        says(FeatureTree::groups([vec![0, 1, 2], vec![]]), "a region of nothing");
        says(FeatureTree::new(0..17), "a region of 17 parts");
        says(FeatureTree::merged([[0, 1], [4, 2]]), "nothing of that number");
        says(FeatureTree::merged([[0, 1], [3, 3]]), "a part of two regions");
        FeatureTree::from(0).check(1).unwrap();
        assert!(FeatureTree::new(Vec::<usize>::new()).check(0).is_err());
        assert!(FeatureTree::merged([]).check(1).is_ok());
    }
}
