//! The table of what was found, which says what is done already.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use xai::disk::Draft;
use xai::files;
use xai::picture::read_photo;

use crate::classes::Class;
use crate::command_line::{Outcome, failure};
use crate::pipeline::Job;

/// The table's name, in the folder of the pictures.
pub(super) const NAME: &str = "results.csv";

/// The name of the file that says how the results were made.
const SETTINGS: &str = "settings.txt";

const HEAD: [&str; 6] = ["photo", "picture", "class", "name", "score", "probability"];

/// The table, and the photos that it had before.
pub(super) struct Results {
    done: HashMap<String, Vec<String>>,
    file: Mutex<File>,
}

impl Results {
    /// Opens the table of a folder, with the lines of what is done; makes it anew where that was asked for, or where
    /// there is none.
    ///
    /// # Errors
    /// Results that were made with other settings.
    pub(super) fn open(folder: &Path, settings: &str, again: bool) -> Outcome<Self> {
        let (table, made) = (folder.join(NAME), folder.join(SETTINGS));
        // A table without a line holds nothing that could be mixed up.
        let held = if table.exists() { lines(&xai::disk::read_file(&table)?) } else { Vec::new() };
        let is_there = made.exists() && !again && !held.is_empty();
        if is_there && String::from_utf8_lossy(&xai::disk::read_file(&made)?).trim_end() != settings {
            return Err(failure(format!(
                "{} holds results that were made in another way ({} says how): give another folder as --out, or \
                 --again to make all anew",
                folder.display(),
                made.display()
            )));
        }
        let lines = if is_there { held } else { Vec::new() };
        Draft::write(&made, format!("{settings}\n").as_bytes())?.publish()?;
        let mut text = line(&HEAD.map(str::to_owned))?;
        for fields in &lines {
            text.extend(line(fields)?);
        }
        Draft::write(&table, &text)?.publish()?;
        let opened = OpenOptions::new().append(true).open(&table);
        let file = opened.map_err(|error| failure(format!("cannot write {}: {error}", table.display())))?;
        let done = lines.into_iter().map(|fields| (fields[0].clone(), fields)).collect();
        Ok(Results { done, file: Mutex::new(file) })
    }

    /// Whether a photo is done: it has a line, a picture that is whole and not older than the photo, and so are its
    /// numbers where they are `raw` asked for.
    pub(super) fn has(&self, job: &Job, raw: bool) -> bool {
        let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        let photo = changed(&job.photo);
        let is_newer = |path: &Path| changed(path).zip(photo).is_some_and(|(file, photo)| file >= photo);
        let numbers = job.numbers();
        self.done.contains_key(&file_name(&job.photo))
            && is_newer(&job.picture)
            && read_photo(&job.picture).is_ok()
            && (!raw || is_newer(&numbers) && files::load::<f32>(&numbers).is_ok())
    }

    /// Takes the table back where it has no line: a mistake leaves nothing behind.
    pub(super) fn withdraw_empty(&self, folder: &Path) {
        let table = folder.join(NAME);
        if xai::disk::read_file(&table).is_ok_and(|bytes| lines(&bytes).is_empty()) {
            // What cannot be removed holds nothing.
            let _ = std::fs::remove_file(&table);
            let _ = std::fs::remove_file(folder.join(SETTINGS));
        }
    }

    /// Adds a photo, whole or not at all.
    pub(super) fn add(&self, job: &Job, class: &Class) -> Outcome<()> {
        let probability = class.probability.map_or_else(String::new, |probability| probability.to_string());
        let fields = [
            file_name(&job.photo),
            file_name(&job.picture),
            class.number(),
            class.name.clone().unwrap_or_default(),
            class.score.to_string(),
            probability,
        ];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(&line(&fields)?)?)
    }
}

/// The name of a file in its folder.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn line(fields: &[String]) -> Outcome<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields)?;
    Ok(writer.into_inner()?)
}

/// The whole lines of a table, of each photo the last one; a line that was cut off is as none.
fn lines(table: &[u8]) -> Vec<Vec<String>> {
    let whole = table.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&table[..whole]);
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for record in reader.records().flatten().filter(|record| record.len() == HEAD.len()) {
        let fields: Vec<String> = record.iter().map(str::to_owned).collect();
        match places.get(&fields[0]) {
            Some(&place) => lines[place] = fields,
            None => {
                places.insert(fields[0].clone(), lines.len());
                lines.push(fields);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn what_was_cut_off_is_not_done() {
        let table = b"photo,picture,class,name,score,probability\na.png,a.png,1,\"x, y\",2,\nb.png,b.pn";
        assert_eq!(lines(table), [["a.png", "a.png", "1", "x, y", "2", ""]]);
        assert!(lines(b"").is_empty() && lines(b"photo").is_empty());
    }

    #[test]
    fn the_last_line_of_a_photo_counts() {
        let table = b"h,h,h,h,h,h\na,a,1,,2,\nb,b,1,,2,\na,a,3,,4,\n";
        let lines = lines(table);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0][2], "3");
    }
}
