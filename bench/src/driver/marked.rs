//! A part of a text file between two marks, which is written anew.

use std::fs;
use std::path::Path;

use xai_zoo::command_line::Outcome;

/// Puts texts between the marks of their names in a file; one that does not exist yet begins with them.
pub(super) fn write(path: &Path, texts: &[(String, String)]) -> Outcome<()> {
    let is_new = !path.exists();
    let mut text = if is_new { String::new() } else { fs::read_to_string(path)? };
    for (name, new) in texts {
        let [begin, end] = marks(name);
        if is_new {
            text += &format!("{begin}{end}");
        }
        text = replaced(&text, [&begin, &end], new)
            .ok_or_else(|| format!("{} has no lines {} and {}", path.display(), begin.trim(), end.trim()))?;
    }
    Ok(fs::write(path, text)?)
}

fn marks(name: &str) -> [String; 2] {
    [format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n")]
}

fn replaced(old: &str, [begin, end]: [&str; 2], text: &str) -> Option<String> {
    let (before, rest) = old.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{marks, replaced};

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let ([begin, end], [others, and]) = (marks("bench"), marks("bench files"));
        let marks = [begin.as_str(), end.as_str()];
        let old = format!("# Title\n{others}kept\n{and}{begin}old\n{end}the rest\n");
        let new = format!("# Title\n{others}kept\n{and}{begin}new\n{end}the rest\n");
        assert_eq!(replaced(&old, marks, "new\n"), Some(new));
        assert_eq!(replaced("no marks\n", marks, "new\n"), None);
        assert_eq!(replaced(&format!("{end}{begin}"), marks, "new\n"), None);
    }
}
