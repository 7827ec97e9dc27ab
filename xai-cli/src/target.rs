//! Which output is explained.

use ndarray::{ArrayD, IxDyn};
use xai::Backend;
use xai_cli::classes::{Class, Scores, told};
use xai_cli::command_line::{Outcome, failure};
use xai_cli::labels::Names;

use crate::model::Model;
use crate::near;

/// The output that `--target` says: a number, one for each axis, or a name.
pub(crate) fn found(scores: &Scores<'_>, target: &str) -> Outcome<Class> {
    let index = find(target, scores.axes(), scores.names())?;
    scores.at(&index).ok_or_else(|| failure(format!("--target {target}: the network has no such output")))
}

/// Where what `--target` says stands, in outputs of these axes.
pub(crate) fn find(target: &str, axes: &[usize], names: Option<&Names>) -> Outcome<Vec<usize>> {
    let refused = |why: String| Err(failure(format!("--target {target}: {why}")));
    let numbers: Option<Vec<i128>> = target.split(',').map(|number| number.trim().parse().ok()).collect();
    let fits = |numbers: &Vec<i128>| -> Option<Vec<usize>> {
        let inside = |(at, &length): (&i128, &usize)| usize::try_from(*at).ok().filter(|at| *at < length);
        let all = numbers.iter().zip(axes).map(inside).collect();
        if numbers.len() == axes.len() { all } else { None }
    };
    let index = numbers.as_ref().and_then(fits);
    let named = names.filter(|_| axes.len() == 1).map(|names| names.find(target)).unwrap_or_default();
    match (named[..].split_first(), index) {
        (None, Some(index)) => Ok(index),
        (Some((&class, [])), index) if index.as_ref().is_none_or(|index| index[..] == [class]) => Ok(vec![class]),
        (Some((class, [])), Some(index)) => {
            refused(format!("it is the name of class {class}, and the number of class {}: say another name", index[0]))
        }
        (Some(_), _) => {
            let classes: Vec<String> = named.iter().map(usize::to_string).collect();
            refused(format!("{} classes have this name: say one by its number, {}", classes.len(), classes.join(", ")))
        }
        (None, None) if axes.is_empty() => refused("the network has one output: leave it out".into()),
        (None, None) if numbers.is_some() => {
            let ranges: Vec<String> = axes.iter().map(|length| format!("0 to {}", length.saturating_sub(1))).collect();
            refused(format!("the network's outputs are {}", ranges.join(", by ")))
        }
        (None, None) => match names {
            Some(names) => {
                refused(format!("it is no number, and no name of --labels: {}", near::names(target, names.all())))
            }
            None => refused("it is no number, --labels says the classes' names".into()),
        },
    }
}

/// That the names and the target fit the network, before any input is looked at; and where the target stands, with a
/// number for each axis.
pub(crate) fn check_classes<B: Backend>(
    model: &Model<B>,
    shape: &[usize],
    names: Option<&Names>,
    target: Option<&str>,
) -> Outcome<Option<Vec<usize>>> {
    let output = output_shape(model, shape)?;
    if let Some(names) = names {
        names.check(&output)?;
    }
    let Some(target) = target else { return Ok(None) };
    let mut index = find(target, told(&output), names)?;
    index.resize(output.len().saturating_sub(1), 0);
    Ok(Some(index))
}

/// The shape of the output for inputs of a shape.
pub(crate) fn output_shape<B: Backend>(model: &Model<B>, shape: &[usize]) -> Outcome<Vec<usize>> {
    let seen = model.network.graph(&[shape.to_vec()])?.output_shape().map(<[usize]>::to_vec);
    Ok(match seen {
        Some(output) => output,
        None => model.network.predict(ArrayD::zeros(IxDyn(shape)).view())?.shape().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, array};
    use xai_cli::classes::{Ending, Scores};
    use xai_cli::labels::Names;

    use super::{find, found};

    #[test]
    fn targets_have_a_number_for_each_axis_or_a_name() {
        let maps: ArrayD<f32> = array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]].into_dyn();
        let scores = Scores::new(&maps, Ending::Scores, None).unwrap();
        assert_eq!(found(&scores, "1, 2").unwrap().score, 6.0);
        for wrong in ["1", "2,0", "-1,0", "cat", "", "9999999999999999999999,0"] {
            assert!(found(&scores, wrong).is_err());
        }
        let names = Names::new(["cat, tom", "dog"]);
        let output: ArrayD<f32> = array![[0.0, 1.0]].into_dyn();
        let scores = Scores::new(&output, Ending::Sigmoid, Some(&names)).unwrap();
        assert_eq!(found(&scores, "TOM").unwrap().index, [0]);
        assert_eq!(found(&scores, "1").unwrap().short(), "1 dog");
        let refused = found(&scores, "doc").unwrap_err().to_string();
        assert!(refused.contains("did you mean `dog`?"), "{refused}");
        let refused = found(&scores, "-1").unwrap_err().to_string();
        assert!(refused.contains("0 to 1"), "{refused}");
    }

    #[test]
    fn a_name_of_two_classes_is_said_with_both() {
        let find = |names: Names, target: &str| find(target, &[3], Some(&names)).map(|index| index[0]);
        let refused = find(Names::new(["crane", "cat", "crane"]), "crane").unwrap_err().to_string();
        assert!(refused.contains("2 classes have this name") && refused.contains("0, 2"), "{refused}");
        // A number that is a name as well.
        let digits = || Names::new(["2", "1", "0"]);
        assert_eq!(find(digits(), "1").unwrap(), 1);
        assert!(find(digits(), "0").unwrap_err().to_string().contains("name of class 2"));
    }
}
