//! Numbers that stand in other files, beside the model's.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use prost::bytes::Bytes;

use super::proto::TensorProto;
use crate::Fault;

/// The folder of a model's file; what is read of it is read once.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// None when the model did not come from a file.
    path: Option<PathBuf>,
    files: RefCell<HashMap<PathBuf, Bytes>>,
}

impl Folder {
    pub(crate) fn of(model: &Path) -> Self {
        let folder = model.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        Folder { path: folder.map(Path::to_path_buf), files: RefCell::default() }
    }

    /// How many bytes the files have that were read.
    pub(crate) fn bytes_read(&self) -> usize {
        self.files.borrow().values().map(Bytes::len).sum()
    }

    /// The bytes that a tensor says are its own.
    pub(crate) fn bytes(&self, tensor: &TensorProto) -> Result<Bytes, Fault> {
        let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let location = entry("location").cloned().unwrap_or_default();
        let refused =
            |reason: String| Fault::External { tensor: tensor.name.clone(), location: location.clone(), reason };
        let number = |key: &str| {
            let value = entry(key).map(|value| value.trim().parse::<usize>());
            value.transpose().map_err(|_| refused(format!("its {key} is no number")))
        };
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        let all = self.file(&location, &refused)?;
        let end = length.map_or(Some(all.len()), |length| offset.checked_add(length));
        match end.filter(|&end| offset <= end && end <= all.len()) {
            Some(end) => Ok(all.slice(offset..end)),
            None => Err(refused(format!(
                "bytes {offset} and {} more are not in it, which has {}",
                length.unwrap_or(0),
                all.len()
            ))),
        }
    }

    fn file(&self, location: &str, refused: &dyn Fn(String) -> Fault) -> Result<Bytes, Fault> {
        let Some(folder) = &self.path else {
            return Err(refused("the model was read from memory, beside which there are no files".into()));
        };
        let is_inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let inside = Path::new(location).components().all(is_inside);
        if location.is_empty() || !inside {
            return Err(refused("only files in the model's own folder are read".into()));
        }
        // A link may lead out of the folder too.
        let place = |path: &Path| path.canonicalize().map_err(|error| refused(error.to_string()));
        let (folder, path) = (place(folder)?, place(&folder.join(location))?);
        if !path.starts_with(&folder) || !path.is_file() {
            return Err(refused("only files in the model's own folder are read".into()));
        }
        // One file, however it is spelled.
        if let Some(bytes) = self.files.borrow().get(&path) {
            return Ok(bytes.clone());
        }
        let bytes = Bytes::from(std::fs::read(&path).map_err(|error| refused(error.to_string()))?);
        self.files.borrow_mut().insert(path, bytes.clone());
        Ok(bytes)
    }
}
