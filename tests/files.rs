//! Explanations and arrays survive the way to a file and back; what is no such file is refused by name.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use half::{bf16, f16};
use ndarray::{Array4, ArrayD, IxDyn, array};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use xai::{Element, Error, Explanation, Extras, Kind, Note, Selection, files};

fn explanation<E: Element>(gap: Option<Vec<f64>>) -> Explanation<E, ndarray::Ix4> {
    let values = Array4::from_shape_fn((2, 3, 4, 5), |(b, c, i, j)| E::of(0.1) * E::of((b + c * i + j) as f64));
    let output = array![[0.1, 0.7], [1.0 / 3.0, -2.0]].mapv(E::of).into_dyn();
    let selection = Selection::new(vec![vec![1], vec![0]], output.shape()).unwrap();
    let mut extras = Extras::default();
    extras.completeness_gap = gap;
    Explanation::new(values, output, selection, "NoiseAugmentation(Gradient)", Kind::Attribution, extras)
}

fn file_of(name: &str, dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    safetensors::serialize([(name, TensorView::new(dtype, shape.to_vec(), bytes).unwrap())], None).unwrap()
}

#[test]
fn an_explanation_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("why.safetensors");
    let single = explanation::<f32>(Some(vec![0.1, -1e-300]));
    files::save(&path, &single).unwrap();
    assert_eq!(files::load::<f32>(&path).unwrap(), single.into_dyn());
    let double = explanation::<f64>(None);
    files::save(&path, &double).unwrap();
    assert_eq!(files::load::<f64>(&path).unwrap(), double.into_dyn());
}

#[test]
fn names_and_own_entries_come_back() {
    let why =
        explanation::<f32>(None).named(["a \"cat\".jpg", "dög.png"]).unwrap().with("model", "ResNet-18").with("", "");
    let bytes = files::encode(&why).unwrap();
    assert_eq!(files::decode::<f32>(&bytes).unwrap(), why.clone().into_dyn());
    let error = why.named(["one"]).unwrap_err().to_string();
    assert!(error.contains("2 sample(s)"), "{error}");
}

#[test]
fn a_file_with_a_name_too_few_is_refused() {
    let mut bytes = files::encode(&explanation::<f32>(None).named(["a", "b"]).unwrap()).unwrap();
    let (two, one) = (br#"[\"a\",\"b\"]"#, br#"[\"a_____b\"]"#);
    let at = bytes.windows(two.len()).position(|part| part == two).unwrap();
    bytes[at..at + two.len()].copy_from_slice(one);
    let error = files::decode::<f32>(&bytes).unwrap_err().to_string();
    assert!(error.contains("names"), "{error}");
}

#[test]
fn what_a_tolerance_took_comes_back() {
    let mut why = explanation::<f32>(Some(vec![0.5, 0.25]));
    why.extras.evaluations = Some(vec![49, 1000]);
    why.extras.estimated_error = Some(vec![0.048, f64::INFINITY]);
    why.extras.within_tolerance = Some(vec![true, false]);
    let bytes = files::encode(&why).unwrap();
    assert_eq!(files::decode::<f32>(&bytes).unwrap(), why.into_dyn());
    // Numbers that are none are refused by the name of their list.
    let (at, list) = (b"[49, 1000]", b"[49, -1.0]");
    let at = bytes.windows(at.len()).position(|part| part == at).unwrap();
    let mut broken = bytes.clone();
    broken[at..at + list.len()].copy_from_slice(list);
    let error = files::decode::<f32>(&broken).unwrap_err().to_string();
    assert!(error.contains("`evaluations` has ` -1.0`"), "{error}");
}

#[test]
fn what_became_of_relevance_comes_back() {
    let mut why = explanation::<f32>(None);
    why.extras.relevance_arrived = Some(vec![4.25, -1e-300]);
    why.extras.relevance_kept = Some(vec![f64::NEG_INFINITY, 0.5]);
    let bytes = files::encode(&why).unwrap();
    assert_eq!(files::decode::<f32>(&bytes).unwrap(), why.into_dyn());
}

#[test]
fn what_was_found_for_features_comes_back() {
    let mut why = explanation::<f32>(None);
    why.extras.feature_values = Some(vec![vec![0.1, -2.0, f64::MIN_POSITIVE], vec![7.5]]);
    why.extras.standard_error = Some(vec![vec![0.01, f64::INFINITY, 0.0], vec![]]);
    let bytes = files::encode(&why).unwrap();
    assert_eq!(files::decode::<f32>(&bytes).unwrap(), why.into_dyn());
    let (at, list) = (b"[3, 1]", b"[3, 2]");
    let at = bytes.windows(at.len()).position(|part| part == at).unwrap();
    let mut broken = bytes;
    broken[at..at + list.len()].copy_from_slice(list);
    let error = files::decode::<f32>(&broken).unwrap_err().to_string();
    assert!(error.contains("`feature_values` has 4 numbers, for [3, 2] features"), "{error}");
}

#[test]
fn notes_come_back() {
    let mut why = explanation::<f32>(None);
    let gap = Note::LargeGap { sample: 1, gap: 1.3e11, change: -2.2 };
    why.extras.notes = vec![Note::OneByOne { error: "of \"two\"\nlines".into() }, gap];
    let bytes = files::encode(&why).unwrap();
    assert_eq!(files::decode::<f32>(&bytes).unwrap(), why.into_dyn());
}

#[test]
fn a_gap_that_is_not_finite_comes_back() {
    let bytes = files::encode(&explanation::<f64>(Some(vec![f64::NAN, f64::NEG_INFINITY]))).unwrap();
    let gap = files::decode::<f64>(&bytes).unwrap().extras.completeness_gap.unwrap();
    assert!(gap[0].is_nan() && gap[1] == f64::NEG_INFINITY);
}

#[test]
fn an_output_with_no_axis_but_the_batch_comes_back() {
    let output = array![1.0f64, 2.0].into_dyn();
    let selection = Selection::new(vec![vec![], vec![]], output.shape()).unwrap();
    let values = array![[1.0, 2.0], [3.0, 4.0]];
    let why = Explanation::new(values, output, selection, "Gradient", Kind::Sensitivity, Extras::default());
    assert_eq!(files::decode::<f64>(&files::encode(&why).unwrap()).unwrap(), why.into_dyn());
}

#[test]
fn columns_first_arrays_are_stored_row_by_row() {
    let values = array![[1.0f32, 2.0], [3.0, 4.0]].reversed_axes();
    let arrays = BTreeMap::from([("t".to_owned(), values.clone().into_dyn())]);
    let back = files::decode_arrays::<f32>(&files::encode_arrays(&arrays).unwrap()).unwrap();
    assert_eq!(back["t"], values.into_dyn());
}

#[test]
fn sixty_four_bits_are_not_cut_in_silence() {
    let bytes = files::encode(&explanation::<f64>(None)).unwrap();
    let refused = files::decode::<f32>(&bytes).unwrap_err().to_string();
    assert!(refused.contains("load it as `f64`"), "{refused}");
    let wide = files::decode::<f64>(&files::encode(&explanation::<f32>(None)).unwrap()).unwrap();
    assert_eq!(wide.values[[0, 0, 0, 1]], f64::from(0.1f32));
}

#[test]
fn weights_of_any_number_type_are_read() {
    let numbers = [1.5, -0.25, 1024.0];
    let narrow = numbers.map(|v| v as f32);
    let cases: [(Dtype, Vec<u8>); 6] = [
        (Dtype::F16, numbers.iter().flat_map(|&v| f16::from_f64(v).to_le_bytes()).collect()),
        (Dtype::BF16, numbers.iter().flat_map(|&v| bf16::from_f64(v).to_le_bytes()).collect()),
        (Dtype::F32, narrow.iter().flat_map(|v| v.to_le_bytes()).collect()),
        (Dtype::F64, numbers.iter().flat_map(|v| v.to_le_bytes()).collect()),
        (Dtype::I64, [7i64, -8, 9].iter().flat_map(|v| v.to_le_bytes()).collect()),
        (Dtype::U8, vec![7, 248, 9]),
    ];
    for (dtype, bytes) in cases {
        let expected: Vec<f32> = match dtype {
            Dtype::I64 => vec![7.0, -8.0, 9.0],
            Dtype::U8 => vec![7.0, 248.0, 9.0],
            _ => narrow.to_vec(),
        };
        let read = files::decode_arrays::<f32>(&file_of("w", dtype, &[3, 1], &bytes)).unwrap();
        assert_eq!(read["w"], ArrayD::from_shape_vec(IxDyn(&[3, 1]), expected).unwrap(), "{dtype:?}");
    }
}

#[test]
fn numbers_that_are_no_numbers_are_refused_by_name() {
    let refused = files::decode_arrays::<f32>(&file_of("mask", Dtype::BOOL, &[2], &[0, 1])).unwrap_err().to_string();
    assert!(refused.contains("`mask`") && refused.contains("BOOL"), "{refused}");
}

#[test]
fn half_a_file_is_refused_at_every_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    let whole = files::encode(&explanation::<f32>(None)).unwrap();
    for length in [0, 4, 8, 60, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = files::load::<f32>(&path).unwrap_err();
        assert!(matches!(&error, Error::File { action: "read", path: p, .. } if p == &path), "{length}: {error}");
        assert!(files::read_arrays::<f32>(&path).is_err(), "{length}");
    }
}

#[test]
fn what_is_no_explanation_is_refused() {
    let weights = file_of("w", Dtype::F32, &[1], &1f32.to_le_bytes());
    let refused = files::decode::<f32>(&weights).unwrap_err().to_string();
    assert!(refused.contains("not an explanation"), "{refused}");
    let missing = files::load::<f32>("no/such.safetensors").unwrap_err().to_string();
    assert!(missing.contains("cannot read no/such.safetensors"), "{missing}");
}

#[test]
fn a_header_that_contradicts_the_output_is_refused() {
    let bytes = files::encode(&explanation::<f32>(None)).unwrap();
    let text = b"[[1], [0]]";
    let place = bytes.windows(text.len()).position(|window| window == text).unwrap();
    let mut forged = bytes.clone();
    forged[place..place + text.len()].copy_from_slice(b"[[9], [0]]");
    assert!(matches!(files::decode::<f32>(&forged), Err(Error::OutputIndex { .. })));
}

#[test]
fn several_inputs_come_back_each_by_its_number() {
    use xai::{Analyzer, Differentiable, Given, Gradient, NdArray, Result, Var};

    /// x · y · z of a row each.
    struct Product;
    impl Differentiable for Product {
        type Backend = NdArray<f64>;
        fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
            Ok(x[0].sum(&[2, 3]).reshape(&[2, 1]) * &x[1] * &x[2])
        }
    }
    let photos = Array4::from_shape_fn((2, 1, 2, 2), |(b, _, i, j)| (b + i + j) as f64);
    let (rows, scale) = (array![[3.0], [5.0]], array![[2.0], [1.0]]);
    let why = Gradient.analyze(&Product, (&photos, Given(&scale), &rows), 0).unwrap();
    let why = why.named(["a", "b"]).unwrap().with("model", "a product");
    let bytes = files::encode(&why).unwrap();
    // Of d/dphoto it is y · z, of d/drow Σ photo · z.
    let arrays = files::decode_arrays::<f64>(&bytes).unwrap();
    assert_eq!(arrays["values.0"], why.values.0.clone().into_dyn());
    assert_eq!(arrays["values.1"], array![[4.0 * 2.0], [8.0]].into_dyn());
    let back = files::decode_several::<f64>(&bytes).unwrap();
    assert_eq!(back.values, [why.values.0.clone().into_dyn(), why.values.2.clone().into_dyn()]);
    assert_eq!((&back.output, &back.selection, &back.extras), (&why.output, &why.selection, &why.extras));
    assert_eq!((&back.names, &back.metadata, back.kind), (&why.names, &why.metadata, why.kind));
    assert_eq!(back.part(1).unwrap(), why.part(1).unwrap());
    assert_eq!(back.sample(1).unwrap().values[1], array![[8.0]].into_dyn());
    // What is saved again is the same file's content.
    assert_eq!(files::decode_several::<f64>(&files::encode(&back).unwrap()).unwrap(), back);
    let error = files::decode::<f64>(&bytes).unwrap_err().to_string();
    assert!(error.contains("2 inputs") && error.contains("load_several"), "{error}");
    let error = why.part(2).unwrap_err().to_string();
    assert!(error.contains("part = 2") && error.contains("2 input(s)"), "{error}");
    // One of several that is explained is saved as one input is.
    let one = Gradient.analyze(&Product, (&photos, Given(&scale), Given(&rows)), 0).unwrap();
    assert_eq!(files::decode::<f64>(&files::encode(&one).unwrap()).unwrap(), one.part(0).unwrap());
}

#[test]
fn a_file_that_lacks_an_input_is_refused_by_its_number() {
    let values = vec![array![[1f32]].into_dyn(), array![[2f32]].into_dyn()];
    let (output, selection) = (array![[0f32]].into_dyn(), Selection::from(vec![vec![0]]));
    let why = Explanation::of_parts(values, output, selection, "Theirs", Kind::Attribution, Extras::default());
    let mut bytes = files::encode(&why).unwrap();
    let had = br#""inputs":"2""#;
    let at = bytes.windows(had.len()).position(|part| part == had).unwrap();
    for (forged, lacks) in [(br#""inputs":"9""#, "values.2"), (br#""inputs":"0""#, "`inputs` is 0")] {
        bytes[at..at + had.len()].copy_from_slice(forged);
        let error = files::decode_several::<f32>(&bytes).unwrap_err().to_string();
        assert!(error.contains(lacks), "{error}");
    }
}
