//! Words in lines.

/// Lines that end at this column, as in all files.
const COLUMNS: usize = 120;

/// Words in lines.
pub(super) fn wrapped(text: &str) -> String {
    let (mut lines, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > COLUMNS {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines += word;
        column += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_end_where_a_word_would_go_beyond() {
        let word = "w".repeat(59);
        assert_eq!(wrapped(&format!("{word} {word} a b")), format!("{word} {word}\na b"));
        assert_eq!(wrapped(&format!("{word} {word}a b")), format!("{word} {word}a\nb"));
    }
}
