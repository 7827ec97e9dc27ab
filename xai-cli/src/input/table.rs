//! A row of a table as the network's input.

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use xai_cli::command_line::{Outcome, failure};

use super::given::{Given, Shown};
use crate::args::DataArgs;
use crate::model::Wanted;
use crate::near;

/// Reads a row of a table with a line of names, and the mean of all rows. Without a delimiter it is the one of comma,
/// semicolon and tab that stands in the line of names most often.
pub(super) fn read(path: &Path, wanted: &Wanted, args: &DataArgs, delimiter: Option<u8>) -> Outcome<Given> {
    let refused = |why: String| failure(format!("{}: {why}", path.display()));
    let bytes = xai::disk::read_file(path)?;
    // What spreadsheets write in front of their text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(refused("it is empty: a table has a line of names, and rows".into()));
    }
    let delimiter = delimiter.unwrap_or_else(|| usual_delimiter(bytes));
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
    let head: Vec<String> = reader.headers().map_err(|e| refused(e.to_string()))?.iter().map(str::to_owned).collect();
    let places = places(&head, &args.columns).map_err(refused)?;
    let names: Vec<String> = places.iter().map(|&place| column(&head, place)).collect();
    let mut notes = Vec::new();
    if head.iter().all(|name| name.parse::<f64>().is_ok()) {
        notes.push(format!("the first line, {}, is taken for the columns' names", near::list(&head)));
    }
    match wanted.shape.as_deref() {
        None | Some([_, None]) => {}
        Some(&[_, Some(columns)]) if columns == names.len() => {}
        Some(&[_, Some(columns)]) => {
            return Err(refused(format!(
                "it has {} columns ({}), and the network takes {columns}: say which by --columns",
                names.len(),
                near::list(&names)
            )));
        }
        Some(_) => return Err(refused(format!("a table is no {wanted}, which has not two axes"))),
    }
    let wanted_row = args.row.unwrap_or(0);
    let (mut sums, mut rows, mut chosen) = (vec![0.0f64; names.len()], 0usize, None);
    for record in reader.records() {
        let record = record.map_err(|error| refused(error.to_string()))?;
        let mut row = Vec::with_capacity(places.len());
        for (&place, name) in places.iter().zip(&names) {
            let text = record.get(place).unwrap_or_default();
            let number = text.parse().ok().filter(|number: &f32| number.is_finite());
            row.push(number.ok_or_else(|| refused(format!("row {rows}, column {name}: {}", no_number(text))))?);
        }
        sums.iter_mut().zip(&row).for_each(|(sum, number)| *sum += f64::from(*number));
        if rows == wanted_row {
            chosen = Some(row);
        }
        rows += 1;
    }
    let row = chosen.ok_or_else(|| match rows {
        0 => refused("it has a line of names, and no row".into()),
        _ => refused(format!("there is no row {wanted_row}: it has {rows}, counted from 0")),
    })?;
    // As many rows as a file holds; means are single precision as the input is.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let means: Vec<f32> = sums.iter().map(|sum| (sum / rows as f64) as f32).collect();
    if rows > 1 && args.row.is_none() {
        notes.push(format!("row 0 of {rows} is explained, and --row says another"));
    }
    let count = names.len();
    Ok(Given {
        numbers: Arc::new(ArrayD::from_shape_vec(IxDyn(&[1, count]), row)?),
        mean: Some(ArrayD::from_shape_vec(IxDyn(&[count]), means)?),
        shown: Shown::Columns(names),
        channels_last: false,
        assumed: false,
        how: format!("row {wanted_row} of {rows}"),
        notes,
    })
}

/// What stands between the columns.
fn usual_delimiter(table: &[u8]) -> u8 {
    let head = table.split(|&byte| byte == b'\n').next().unwrap_or_default();
    // Between quotes it is part of a name.
    let unquoted = head.split(|&byte| byte == b'"').step_by(2);
    let count = |delimiter| unquoted.clone().flatten().filter(|&&byte| byte == delimiter).count();
    // Of as many the first.
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

/// Where the columns stand.
fn places(head: &[String], wanted: &[String]) -> Result<Vec<usize>, String> {
    if wanted.is_empty() {
        return Ok((0..head.len()).collect());
    }
    let place = |name: &String| {
        let found: Vec<usize> = (0..head.len()).filter(|&place| head[place] == name.trim()).collect();
        match found[..] {
            [place] => Ok(place),
            [] => Err(format!("it has no column `{name}`: {}", near::names(name, head))),
            _ => Err(format!("{} of its columns are named `{name}`: give each a name of its own", found.len())),
        }
    };
    wanted.iter().map(place).collect()
}

/// A column's name; with its number, from 0, where others have the same name, or it has none.
fn column(head: &[String], place: usize) -> String {
    let name = &head[place];
    let same = head.iter().filter(|other| *other == name).count();
    if same > 1 || name.is_empty() { format!("{name} (column {place})").trim_start().to_owned() } else { name.clone() }
}

/// Why a text is no number.
fn no_number(text: &str) -> String {
    let pointed = text.replace(',', ".");
    let hint = match pointed.parse::<f64>() {
        Ok(_) if pointed != text => format!(", write it as {pointed}"),
        _ => String::new(),
    };
    format!("`{text}` is no number{hint}")
}

#[cfg(test)]
mod tests {
    use super::{column, no_number, places, usual_delimiter};

    #[test]
    fn columns_are_found_by_their_names() {
        let head = ["age", "income", "debt"].map(str::to_owned);
        assert_eq!(places(&head, &[]), Ok(vec![0, 1, 2]));
        assert_eq!(places(&head, &["debt".into(), "age".into()]), Ok(vec![2, 0]));
        assert!(places(&head, &["dept".into()]).unwrap_err().contains("did you mean `debt`?"));
    }

    #[test]
    fn columns_of_one_name_are_told_apart_by_their_places() {
        let head = ["age", "age", "debt", ""].map(str::to_owned);
        assert!(places(&head, &["age".into()]).unwrap_err().contains("2 of its columns are named `age`"));
        let names: Vec<String> = (0..4).map(|place| column(&head, place)).collect();
        assert_eq!(names, ["age (column 0)", "age (column 1)", "debt", "(column 3)"]);
    }

    #[test]
    fn what_stands_between_columns_is_seen() {
        for (table, delimiter) in [
            (&b"a,b;c,d\n1;2"[..], b','),
            (b"a;b;c\n1,5;2;3", b';'),
            (b"a\tb\n", b'\t'),
            (b"\"a;b;c\",d\n", b','),
            (b"a", b','),
        ] {
            assert_eq!(usual_delimiter(table), delimiter, "{}", String::from_utf8_lossy(table));
        }
        assert_eq!(no_number("1,5"), "`1,5` is no number, write it as 1.5");
        assert_eq!(no_number("cat"), "`cat` is no number");
    }
}
