//! The names of the classes, out of a file.
//!
//! ```
//! use xai_cli::labels::Names;
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("config.json");
//! // `file`: as Hugging Face has it beside a network.
//! std::fs::write(&file, r#"{"id2label": {"0": "cat", "1": "dog"}}"#)?;
//! assert_eq!(Names::read(&file)?, Names::new(["cat", "dog"]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use crate::command_line::{Outcome, failure};
use serde_json::Value;

/// The names of the classes.
///
/// ```
/// use xai_cli::labels::Names;
///
/// let names = Names::new(["cat, tom", "dog", "crane", "crane"]);
/// assert_eq!((names.get(1), names.get(4), names.all().len()), (Some("dog"), None, 4));
/// assert_eq!((names.find("Tom"), names.find("crane")), (vec![0], vec![2, 3]));
/// // A batch of one, and four classes.
/// names.check(&[1, 4])?;
/// assert!(names.check(&[1, 1000]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(Vec<String>);

impl Names {
    /// These, in the order of the classes.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Names(names.into_iter().map(Into::into).collect())
    }

    /// One a line; a JSON list; or a JSON object by the classes' numbers, which may stand as `id2label` in another one,
    /// as Hugging Face writes it.
    ///
    /// # Errors
    /// A file that cannot be read, is in another form, or has no names.
    ///
    /// ```
    /// use xai_cli::labels::Names;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("names.txt");
    /// std::fs::write(&file, "cat\ndog\n")?;
    /// assert_eq!(Names::read(&file)?.all(), ["cat", "dog"]);
    /// std::fs::write(&file, "\n")?;
    /// assert!(Names::read(&file).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(path: &Path) -> Outcome<Self> {
        let refused = |why: String| failure(format!("{}: {why}", path.display()));
        let text =
            String::from_utf8(xai::disk::read_file(path)?).map_err(|_| refused("it is no text (UTF-8)".into()))?;
        let text = text.trim_start_matches('\u{feff}');
        let names = if text.trim_start().starts_with(['[', '{']) {
            let whole = serde_json::from_str(text).map_err(|error| refused(format!("it is no JSON: {error}")))?;
            listed(&whole).map_err(refused)?
        } else {
            text.lines().map(|line| line.trim().to_owned()).collect()
        };
        // What ends the last line, and empty lines behind it.
        let count = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        let names = names.into_iter().take(count).collect::<Vec<_>>();
        if names.is_empty() { Err(refused("it has no names".into())) } else { Ok(Names(names)) }
    }

    /// The name of a class.
    pub fn get(&self, class: usize) -> Option<&str> {
        self.0.get(class).map(String::as_str)
    }

    /// All names, in the order of the classes.
    pub fn all(&self) -> &[String] {
        &self.0
    }

    /// The classes of this name, whole; where there are none, those of which it is one of the names.
    pub fn find(&self, wanted: &str) -> Vec<usize> {
        let is = |name: &str| name.trim().eq_ignore_ascii_case(wanted.trim());
        let of = |fits: &dyn Fn(&str) -> bool| (0..self.0.len()).filter(|&class| fits(&self.0[class])).collect();
        let whole: Vec<usize> = of(&is);
        if whole.is_empty() { of(&|names| names.split(',').any(is)) } else { whole }
    }

    /// That there is one for each class, the first axis behind the batch's.
    ///
    /// # Errors
    /// Another number of them.
    pub fn check(&self, output: &[usize]) -> Outcome<()> {
        match output.get(1) {
            Some(&classes) if classes == self.0.len() => Ok(()),
            classes => {
                let classes = classes.copied().unwrap_or(1);
                Err(failure(format!("the list of names has {} names, and the network {classes} classes", self.0.len())))
            }
        }
    }
}

/// The names of a JSON file.
fn listed(whole: &Value) -> Result<Vec<String>, String> {
    const FORMS: &str = "it is a list of names, or an object of names by the classes' numbers, also as `id2label`";
    let name = |name: &Value| name.as_str().map(str::to_owned).ok_or(FORMS);
    if let Some(names) = whole.as_array() {
        return Ok(names.iter().map(name).collect::<Result<_, _>>()?);
    }
    let by_number = whole.get("id2label").unwrap_or(whole).as_object().ok_or(FORMS)?;
    let mut names = BTreeMap::new();
    for (number, value) in by_number {
        let number: usize = number.parse().map_err(|_| FORMS)?;
        if names.insert(number, name(value)?).is_some() {
            return Err(format!("class {number} has two names"));
        }
    }
    match (0..names.len()).find(|number| !names.contains_key(number)) {
        Some(missing) => Err(format!("class {missing} has no name, and there are {}, counted from 0", names.len())),
        None => Ok(names.into_values().collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Names, listed};

    #[test]
    fn names_stand_in_lists_and_by_numbers() {
        let names = Ok(vec!["cat".to_owned(), "dog".to_owned()]);
        for whole in [json!(["cat", "dog"]), json!({"1": "dog", "0": "cat"})] {
            assert_eq!(listed(&whole), names);
        }
        assert_eq!(listed(&json!({"model_type": "vit", "id2label": {"0": "cat", "1": "dog"}})), names);
        let ten: serde_json::Map<_, _> = (0..11).map(|n| (n.to_string(), json!(format!("c{n}")))).collect();
        assert_eq!(listed(&ten.into()).unwrap()[2], "c2", "numbers, not texts, are in order");
        for wrong in [json!([1]), json!({"cat": 0}), json!({"0": "cat", "2": "dog"}), json!({"0": "a", "00": "b"})] {
            assert!(listed(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn whole_names_come_first_and_all_of_a_name_are_found() {
        let names = Names::new(["green, meadow", "green", "crane", "crane"]);
        assert_eq!(names.find("Green"), [1]);
        assert_eq!(names.find("meadow"), [0]);
        assert_eq!(names.find("crane"), [2, 3]);
        assert!(names.find("cat").is_empty());
    }
}
