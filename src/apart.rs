//! No output over an input, and none over another.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Refuses outputs that would be written over an input, or over each other: by another spelling of the same path, or
/// through a link. Ask it before any work.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (photo, other) = (folder.path().join("cat.png"), folder.path().join("./cat.png"));
/// # std::fs::write(&photo, b"")?;
/// assert!(xai::disk::check_apart([&photo], [&other]).is_err());
/// assert!(xai::disk::check_apart([&photo], [&folder.path().join("why.png")]).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::File`], which names both.
pub fn check_apart<I, O>(inputs: impl IntoIterator<Item = I>, outputs: impl IntoIterator<Item = O>) -> Result<()>
where
    I: AsRef<Path>,
    O: AsRef<Path>,
{
    let mut taken: HashMap<PathBuf, (PathBuf, &str)> = HashMap::new();
    for input in inputs {
        let input = input.as_ref();
        taken.insert(place_of(input), (input.to_owned(), "is read"));
    }
    for output in outputs {
        let output = output.as_ref();
        if let Some((other, how)) = taken.insert(place_of(output), (output.to_owned(), "is written too")) {
            let same = if other == output {
                String::new()
            } else {
                format!(" is the same file as {}, which", other.display())
            };
            let source = format!("it{same} {how}: give another name");
            return Err(Error::File { action: "write", path: output.to_owned(), source: source.into() });
        }
    }
    Ok(())
}

/// Where a file is or would be, without links and detours.
fn place_of(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent().and_then(|folder| folder.canonicalize().ok()), absolute.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::check_apart;

    #[test]
    fn one_file_by_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("cat.png"), b"").unwrap();
        for other in ["cat.png", "./cat.png", "sub/../cat.png"] {
            let refused = check_apart([at("cat.png")], [at(other)]).unwrap_err().to_string();
            assert!(refused.contains("which is read") || refused.contains("it is read"), "{refused}");
        }
        let refused = check_apart([at("cat.png")], [at("q.png"), at("./q.png")]).unwrap_err().to_string();
        assert!(refused.contains("is written too"), "{refused}");
        check_apart([at("cat.png"), at("cat.png")], [at("q.png"), at("sub/q.png")]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("orig")).unwrap();
        std::fs::create_dir(at("lk")).unwrap();
        std::fs::write(at("orig/cat.png"), b"photo").unwrap();
        symlink(at("orig/cat.png"), at("lk/cat.png")).unwrap();
        symlink(at("orig"), at("same")).unwrap();
        assert!(check_apart([at("lk/cat.png")], [at("orig/cat.png")]).is_err());
        assert!(check_apart([at("orig/cat.png")], [at("lk/cat.png")]).is_err());
        assert!(check_apart([at("orig/new.png")], [at("same/new.png")]).is_err());
    }
}
