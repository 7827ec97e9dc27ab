//! A part of a text file between two marks, which is written anew.

use std::fs;
use std::path::Path;

use xai_zoo::command_line::Outcome;

const BEGIN: &str = "<!-- bench -->\n";
const END: &str = "<!-- /bench -->\n";

/// Puts the text between the marks of a file; one that does not exist yet begins with them.
pub(super) fn write(path: &Path, text: &str) -> Outcome<()> {
    let old = if path.exists() { fs::read_to_string(path)? } else { format!("{BEGIN}{END}") };
    let new = replaced(&old, text)
        .ok_or_else(|| format!("{} has no lines {} and {}", path.display(), BEGIN.trim(), END.trim()))?;
    Ok(fs::write(path, new)?)
}

fn replaced(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, replaced};

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let old = format!("# Title\n{BEGIN}old\n{END}the rest\n");
        assert_eq!(replaced(&old, "new\n"), Some(format!("# Title\n{BEGIN}new\n{END}the rest\n")));
        assert_eq!(replaced("no marks\n", "new\n"), None);
        assert_eq!(replaced(&format!("{END}{BEGIN}"), "new\n"), None);
    }
}
