//! Markdown tables.

/// A row of a Markdown table.
pub(crate) fn row(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().fold("|".to_owned(), |row, cell| row + " " + &cell + " |")
}

/// The head of a Markdown table, and its rule.
pub(crate) fn head(titles: &[String]) -> String {
    format!("{}\n|{}", row(titles.iter().cloned()), "---|".repeat(titles.len()))
}
