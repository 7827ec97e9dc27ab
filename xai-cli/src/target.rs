//! Which output is explained.

use ndarray::{ArrayD, IxDyn};
use xai::Backend;
use xai_cli::command_line::{Outcome, failure};

use crate::labels::Names;
use crate::model::Model;
use crate::near;

/// The axes of a sample, without those of length 1 at the end.
pub(crate) fn told(output: &[usize]) -> &[usize] {
    let axes = output.get(1..).unwrap_or_default();
    let told = axes.iter().rposition(|&length| length > 1).map_or(axes.len().min(1), |last| last + 1);
    &axes[..told]
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
    let seen = model.network.graph(&[shape.to_vec()])?.output_shape().map(<[usize]>::to_vec);
    let output = match seen {
        Some(output) => output,
        None => model.network.predict(ArrayD::zeros(IxDyn(shape)).view())?.shape().to_vec(),
    };
    if let Some(names) = names {
        names.check(&output)?;
    }
    let Some(target) = target else { return Ok(None) };
    let mut index = find(target, told(&output), names)?;
    index.resize(output.len().saturating_sub(1), 0);
    Ok(Some(index))
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::labels::Names;

    #[test]
    fn a_name_of_two_classes_is_said_with_both() {
        let found = |names: Names, target: &str| find(target, &[3], Some(&names)).map(|index| index[0]);
        let refused = found(Names::from(["crane", "cat", "crane"]), "crane").unwrap_err().to_string();
        assert!(refused.contains("2 classes have this name") && refused.contains("0, 2"), "{refused}");
        // A number that is a name as well.
        let digits = || Names::from(["2", "1", "0"]);
        assert_eq!(found(digits(), "1").unwrap(), 1);
        assert!(found(digits(), "0").unwrap_err().to_string().contains("name of class 2"));
    }
}
