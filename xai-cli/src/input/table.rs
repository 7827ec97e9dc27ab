//! A row of a table as the network's input.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use xai_cli::command_line::{Outcome, failure};

use super::given::{Given, Shown};
use crate::args::DataArgs;
use crate::model::Wanted;

/// Reads a row of a table with a line of names, and the mean of all rows.
pub(super) fn read(path: &Path, wanted: &Wanted, args: &DataArgs, delimiter: u8) -> Outcome<Given> {
    let refused = |why: String| failure(format!("{}: {why}", path.display()));
    let bytes = xai::disk::read_file(path)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(&bytes[..]);
    let head: Vec<String> = reader.headers().map_err(|e| refused(e.to_string()))?.iter().map(str::to_owned).collect();
    let places = places(&head, &args.columns).map_err(refused)?;
    let names: Vec<String> = places.iter().map(|&place| head[place].clone()).collect();
    match wanted.shape.as_deref() {
        None | Some([_, None]) => {}
        Some(&[_, Some(columns)]) if columns == names.len() => {}
        Some(&[_, Some(columns)]) => {
            return Err(refused(format!(
                "it has {} columns ({}), and the network takes {columns}: say which by --columns",
                names.len(),
                names.join(", ")
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
            row.push(number.ok_or_else(|| refused(format!("row {rows}, column {name}: `{text}` is no number")))?);
        }
        sums.iter_mut().zip(&row).for_each(|(sum, number)| *sum += f64::from(*number));
        if rows == wanted_row {
            chosen = Some(row);
        }
        rows += 1;
    }
    let row = chosen.ok_or_else(|| refused(format!("there is no row {wanted_row}: it has {rows}, counted from 0")))?;
    // As many rows as a file holds; means are single precision as the input is.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let means: Vec<f32> = sums.iter().map(|sum| (sum / rows as f64) as f32).collect();
    let mut notes = Vec::new();
    if rows > 1 && args.row.is_none() {
        notes.push(format!("row 0 of {rows} is explained, and --row says another"));
    }
    let count = names.len();
    Ok(Given {
        numbers: ArrayD::from_shape_vec(IxDyn(&[1, count]), row)?,
        mean: Some(ArrayD::from_shape_vec(IxDyn(&[count]), means)?),
        shown: Shown::Columns(names),
        channels_last: false,
        how: format!("row {wanted_row} of {rows}"),
        notes,
    })
}

/// Where the columns stand.
fn places(head: &[String], wanted: &[String]) -> Result<Vec<usize>, String> {
    if wanted.is_empty() {
        return Ok((0..head.len()).collect());
    }
    let place = |name: &String| head.iter().position(|column| column == name.trim());
    let missing = |name: &String| format!("it has no column `{name}`: there are {}", head.join(", "));
    wanted.iter().map(|name| place(name).ok_or_else(|| missing(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn columns_are_found_by_their_names() {
        let head = ["age", "income", "debt"].map(str::to_owned);
        assert_eq!(places(&head, &[]), Ok(vec![0, 1, 2]));
        assert_eq!(places(&head, &["debt".into(), "age".into()]), Ok(vec![2, 0]));
        assert!(places(&head, &["height".into()]).unwrap_err().contains("age, income, debt"));
    }
}
