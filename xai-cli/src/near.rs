//! Names that there are, for who has asked for one that there is not.

/// A message lists no more of them.
const MOST: usize = 12;

/// More alike than this is what was meant, perhaps.
const ALIKE: f64 = 0.6;

/// What was meant, perhaps, and what there is: those that have it as one of their words, then those that are most like
/// it, and how many more.
pub(crate) fn names<S: AsRef<str>>(wanted: &str, there: &[S]) -> String {
    let mut order: Vec<(f64, &str)> = there.iter().map(|name| (alike(wanted, name.as_ref()), name.as_ref())).collect();
    // Equally like ones stay in their order.
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let meant: Vec<&str> =
        order.iter().take_while(|(alike, _)| *alike > ALIKE).take(3).map(|(_, name)| *name).collect();
    let meant = if meant.is_empty() { String::new() } else { format!("did you mean {}? ", quoted(&meant)) };
    match there {
        [] => "there are none".into(),
        _ if there.len() <= MOST => format!("{meant}there are {}", list(there)),
        _ => format!("{meant}there are {}", list(&order.iter().map(|(_, name)| *name).collect::<Vec<_>>())),
    }
}

/// How like a name is: more than 1 where it has all that is wanted, as whole words.
fn alike(wanted: &str, name: &str) -> f64 {
    let (wanted, name) = (folded(wanted), folded(name));
    let alike = strsim::normalized_damerau_levenshtein(&wanted, &name);
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (wanted, name) = (words(&wanted), words(&name));
    let has = !wanted.is_empty() && name.windows(wanted.len()).any(|part| part == wanted);
    if has { 1.0 + alike } else { alike }
}

/// As many names as one reads, and how many more.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    match names.get(..MOST).filter(|_| names.len() > MOST) {
        Some(first) => format!("{}, and {} more", quoted(first), names.len() - MOST),
        None => quoted(names),
    }
}

/// Upper and lower case are typed for each other.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn what_was_meant_comes_first_and_all_are_counted() {
        assert_eq!(names("Relu", &["conv", "relu"]), "did you mean `relu`? there are `conv`, `relu`");
        assert_eq!(names("xyz", &["conv", "relu"]), "there are `conv`, `relu`");
        assert_eq!(names::<&str>("xyz", &[]), "there are none");
        let cats = ["crate", "carton", "tiger cat, tabby", "catamaran"];
        assert!(names("cat", &cats).starts_with("did you mean `tiger cat, tabby`? "), "{}", names("cat", &cats));
        let many: Vec<String> = (0..40).map(|n| format!("layer{n}.conv")).collect();
        let text = names("layer39.convs", &many);
        assert!(text.starts_with("did you mean `layer39.conv`, ") && text.ends_with(", and 28 more"), "{text}");
    }
}
