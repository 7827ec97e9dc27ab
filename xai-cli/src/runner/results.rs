//! The table of what was found, which says what is done already.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use xai::disk::Draft;

use super::explains::mark;
use crate::classes::Class;
use crate::command_line::{Outcome, failure};
use crate::pipeline::Job;

/// The table's name, in the folder of the pictures.
pub(super) const NAME: &str = "results.csv";

/// The name of the file that says how the results were made.
const SETTINGS: &str = "settings.txt";

/// The marks are those of the files' bytes: whether they are what they were.
const HEAD: [&str; 9] =
    ["photo", "picture", "class", "name", "score", "probability", "photo_mark", "picture_mark", "numbers_mark"];
/// Where the picture's name stands.
const PICTURE: usize = 1;
/// Where the marks stand.
const MARKS: usize = 6;

/// The marks of a photo and of what was made of it; none of a picture that it has not, and of numbers that were not
/// kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) photo: String,
    pub(super) picture: Option<String>,
    pub(super) numbers: Option<String>,
}

/// The length of a file and a mark of its bytes, as the table has it.
pub(super) fn mark_of(bytes: &[u8]) -> String {
    format!("{}-{:016x}", bytes.len(), mark(bytes))
}

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
        // The table first: stopped in between, new settings must not stand beside old lines.
        let file = begin(&table, &lines)?;
        Draft::write(&made, format!("{settings}\n").as_bytes())?.publish()?;
        let done = lines.into_iter().map(|fields| (fields[0].clone(), fields)).collect();
        Ok(Results { done, file: Mutex::new(file) })
    }

    /// Whether a photo is done: it has a line, and photo, picture, and the numbers where they are `raw` asked for, are
    /// byte for byte what they were when it was written.
    pub(super) fn has(&self, job: &Job, raw: bool) -> bool {
        let Some(line) = self.done.get(&file_name(&job.photo)) else { return false };
        let Some([photo, picture, numbers]) = line.get(MARKS..) else { return false };
        let has_none = line.get(PICTURE).is_some_and(String::is_empty);
        is_as_marked(&job.photo, photo)
            && (has_none || is_as_marked(&job.picture, picture))
            && (!raw || is_as_marked(&job.numbers(), numbers))
    }

    /// Takes the lines of photos that are to be done out of the table: they say what was made of other bytes, or of
    /// files that are gone.
    pub(super) fn forget(&self, folder: &Path, left: &[&Job]) -> Outcome<()> {
        let left: HashSet<String> = left.iter().map(|job| file_name(&job.photo)).collect();
        if !left.iter().any(|photo| self.done.contains_key(photo)) {
            return Ok(());
        }
        let table = folder.join(NAME);
        let held = lines(&xai::disk::read_file(&table)?);
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) =
            begin(&table, held.iter().filter(|fields| !left.contains(&fields[0])))?;
        Ok(())
    }

    /// Removes what was made of a photo that is not what it was, and that could not be explained as it is now.
    pub(super) fn discard(&self, job: &Job) {
        let Some([photo, picture, numbers]) = self.done.get(&file_name(&job.photo)).and_then(|line| line.get(MARKS..))
        else {
            return;
        };
        if is_as_marked(&job.photo, photo) {
            return;
        }
        for (path, marked) in [(job.picture.clone(), picture), (job.numbers(), numbers)] {
            // Nobody else's file; and what cannot be removed has no line.
            if is_as_marked(&path, marked) {
                let _ = std::fs::remove_file(path);
            }
        }
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
    pub(super) fn add(&self, job: &Job, class: &Class, marks: Marks) -> Outcome<()> {
        let probability = class.probability.map_or_else(String::new, |probability| probability.to_string());
        let fields = [
            file_name(&job.photo),
            marks.picture.as_ref().map(|_| file_name(&job.picture)).unwrap_or_default(),
            class.number(),
            class.name.clone().unwrap_or_default(),
            class.score.to_string(),
            probability,
            marks.photo,
            marks.picture.unwrap_or_default(),
            marks.numbers.unwrap_or_default(),
        ];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(&line(&fields)?)?)
    }
}

fn is_as_marked(path: &Path, marked: &str) -> bool {
    xai::disk::read_file(path).is_ok_and(|bytes| mark_of(&bytes) == marked)
}

/// Writes a table anew, and opens it for more.
fn begin<'a>(table: &Path, lines: impl IntoIterator<Item = &'a Vec<String>>) -> Outcome<File> {
    let mut text = line(&HEAD.map(str::to_owned))?;
    for fields in lines {
        text.extend(line(fields)?);
    }
    Draft::write(table, &text)?.publish()?;
    let opened = OpenOptions::new().append(true).open(table);
    opened.map_err(|error| failure(format!("cannot write {}: {error}", table.display())))
}

/// The name of a file in its folder; bytes that are no text are written out, so that two names stay two.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_str().map_or_else(|| name.as_encoded_bytes().escape_ascii().to_string(), str::to_owned)
}

fn line(fields: &[String]) -> Outcome<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields)?;
    Ok(writer.into_inner()?)
}

/// The whole lines of a table, of each photo the last one; a line that was cut off is as none. One from before there
/// were marks has empty ones, which nothing is like.
fn lines(table: &[u8]) -> Vec<Vec<String>> {
    let whole = table.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&table[..whole]);
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for record in reader.records().flatten().filter(|record| [MARKS, HEAD.len()].contains(&record.len())) {
        let mut fields: Vec<String> = record.iter().map(str::to_owned).collect();
        fields.resize(HEAD.len(), String::new());
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
        let table = b"p,p,c,n,s,p,m,m,m\na.png,a.png,1,\"x, y\",2,,3-a,4-b,\nb.png,b.pn";
        assert_eq!(lines(table), [["a.png", "a.png", "1", "x, y", "2", "", "3-a", "4-b", ""]]);
        assert!(lines(b"").is_empty() && lines(b"photo").is_empty());
    }

    #[test]
    fn lines_without_marks_are_lines_of_what_is_not_done() {
        assert_eq!(lines(b"p,p,c,n,s,p\na.png,a.png,1,x,2,3\n"), [["a.png", "a.png", "1", "x", "2", "3", "", "", ""]]);
    }

    #[test]
    fn the_last_line_of_a_photo_counts() {
        let table = b"h,h,h,h,h,h,h,h,h\na,a,1,,2,,,,\nb,b,1,,2,,,,\na,a,3,,4,,,,\n";
        let lines = lines(table);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0][2], "3");
    }
}
