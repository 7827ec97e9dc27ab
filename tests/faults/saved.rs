//! Files that do not fit together are refused.

use ndarray::{ArrayD, IxDyn};
use xai::{Explanation, Extras, Kind, Selection, files};

fn encoded(values: &[usize], output: &[usize], extras: Extras) -> Vec<u8> {
    let rows = output.first().copied().unwrap_or(0);
    let selection = Selection::from(vec![vec![0]; rows]);
    let (values, output) = (ArrayD::<f32>::zeros(IxDyn(values)), ArrayD::zeros(IxDyn(output)));
    files::encode(&Explanation::new(values, output, selection, "Gradient", Kind::Sensitivity, extras)).unwrap()
}

#[test]
fn batches_must_agree() {
    files::decode::<f32>(&encoded(&[2, 3], &[2, 4], Extras::default())).unwrap();
    for (values, output) in [(&[3, 3][..], [2, 4]), (&[], [2, 4]), (&[2, 0], [2, 4]), (&[1, 3], [2, 4])] {
        let error = files::decode::<f32>(&encoded(values, &output, Extras::default())).unwrap_err().to_string();
        assert!(error.contains("a row for each sample"), "{error}");
    }
    for n in [0, 1, 3] {
        let mut extras = Extras::default();
        extras.completeness_gap = Some(vec![0.5; n]);
        let error = files::decode::<f32>(&encoded(&[2, 3], &[2, 4], extras)).unwrap_err().to_string();
        assert!(error.contains(&format!("`completeness_gap` has {n} entries for 2")), "{error}");
    }
}

#[test]
fn other_formats_are_told_by_their_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    for (bytes, word) in [
        (&b"\x89PNG\r\n\x1a\n0000"[..], "PNG"),
        (b"PK\x03\x04 and more of it", "PyTorch"),
        (b"\x80\x02}q\x00 and more of it", "pickle"),
        (b"text", "safetensors"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = files::read_arrays::<f32>(&path).unwrap_err().to_string();
        assert!(error.contains("no safetensors file") && error.contains(word), "{error}");
    }
}

#[test]
fn no_error_is_as_long_as_the_file() {
    let whole = encoded(&[1, 1], &[1, 1], Extras::default());
    let (length, rest) = whole.split_first_chunk::<8>().unwrap();
    let header = &rest[..usize::try_from(u64::from_le_bytes(*length)).unwrap()];
    let header = std::str::from_utf8(header).unwrap();
    assert!(header.contains("[[0]]"));
    let header = header.replace("[[0]]", &"9".repeat(1_000_000));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0; 8]);
    let error = files::decode::<f32>(&bytes).unwrap_err().to_string();
    assert!(error.len() < 400 && error.contains("selection"), "{}", &error[..error.len().min(500)]);
}
