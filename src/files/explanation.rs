//! Explanations in files.

use std::collections::HashMap;
use std::path::Path;

use ndarray::IxDyn;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::entries::{
    ARRIVED, COUNTS, ERROR, EVALUATIONS, FEATURES, GAP, INPUTS, KEPT, LARGE_GAP, NAMES, ONE_BY_ONE, OWN, SCALE,
    STANDARD, WEIGHTS, WITHIN, check_batch, large_gap, list, name_of, of_features, read_values, short,
};
use super::number;
use super::reading::{bad_format, read};
use crate::disk::Draft;
use crate::{Dims, Element, Explanation, Extras, Note, OutputScale, Result, Selection, Several};

/// Marks a file as an explanation, and says how it is laid out.
const LAYOUT: (&str, &str) = ("xai", "explanation 1");

/// Saves an explanation as a safetensors file, whole or not at all.
///
/// Tensors: `values` (of several explained inputs `values.0`, `values.1` and so on, and a header `inputs` that says how
/// many) and `output`, each in its own number type (F32 or F64), `selection_weights` (F64) where weighted sums of
/// outputs are explained, and, where numbers are explained in groups, `feature_values` and `standard_error` (F64):
/// those of one sample after another, of which the header's `feature_values_features` and `standard_error_features` say
/// how many each has. Header: `analyzer`, `kind`, `selection` (as `[[285], [967]]`, one index per sample),
/// `output_scale` (`probability` or `log-probability`) unless it is the output itself, and, where there are any,
/// `completeness_gap`, `evaluations`, `estimated_error`, `within_tolerance`, `relevance_arrived` and `relevance_kept`
/// (as `[0.01, -0.02]` or `[true, false]`, one per sample), `names` (a JSON list of the samples' names),
/// `note.one_by_one` and `note.large_gap` (what those notes hold), and your own entries, `metadata.KEY`.
///
/// # Errors
/// [`Error::File`](crate::Error::File) when the file cannot be written; of a framework's tensors its own.
///
/// ```
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{NdArray, Net, files, prelude::*};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("why.safetensors");
/// let net = Net::<NdArray, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, -1.0]], MaxActivation)?;
/// let why = why.named(["cat.jpg"])?.with("network", "a relu");
/// files::save(&path, &why)?;
///
/// // Any reader of safetensors finds the numbers, and this one what they mean.
/// assert_eq!(files::read_arrays::<f32>(&path)?["values"], array![[1.0, 0.0]].into_dyn());
/// let loaded = files::load::<f32>(&path)?;
/// assert_eq!((loaded.names[0].as_str(), loaded.metadata["network"].as_str()), ("cat.jpg", "a relu"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save<E: Element, D: Dims<E>>(path: impl AsRef<Path>, explanation: &Explanation<E, D>) -> Result<()> {
    Draft::write(path, &encode(explanation)?)?.publish()
}

/// Loads an explanation of one input that [`save`] wrote: see [`load_several`] for one of more.
///
/// An explanation in F32 may be loaded as `f64`, which loses nothing; one in F64 as `f32` is refused.
///
/// # Errors
/// [`Error::File`](crate::Error::File) when the file cannot be read, is not an explanation, is one of several inputs,
/// or is in F64 and is to be loaded as `f32`.
///
/// ```
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{NdArray, Net, files, prelude::*};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("why.safetensors");
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// files::save(&path, &Gradient.analyze(&net, &array![[3.0, -1.0]], MaxActivation)?)?;
/// let why = files::load::<f64>(&path)?;
/// assert_eq!((why.analyzer.as_str(), &why.values), ("Gradient", &array![[1.0, 0.0]].into_dyn()));
/// assert_eq!(why.top(1)[0], [(0, 3.0)]);
/// assert!(files::load::<f32>(&path).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load<E: Element>(path: impl AsRef<Path>) -> Result<Explanation<E, IxDyn>> {
    read(path.as_ref(), decode)
}

/// Loads an explanation of any number of inputs that [`save`] wrote, otherwise as [`load`].
///
/// Its values are a list, in the order of the explained inputs; [`part`](Explanation::part) gives one of them as an
/// explanation of its own.
///
/// # Errors
/// As [`load`].
///
/// ```
/// use ndarray::{Array4, array};
/// use xai::picture::Heatmap;
/// use xai::{NdArray, Var, files, prelude::*};
///
/// struct Product;
/// impl Differentiable for Product {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> xai::Result<Var<'m, NdArray<f64>>> {
///         Ok(x[0].sum(&[2, 3]).reshape(&[1, 1]) * &x[1])
///     }
/// }
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("why.safetensors");
/// let photo = Array4::ones((1, 1, 8, 8));
/// files::save(&path, &Gradient.analyze(&Product, (&photo, &array![[3.0]]), 0)?)?;
/// let why = files::load_several::<f64>(&path)?;
/// assert_eq!(why.values[1], array![[64.0]].into_dyn());
/// let map = &Heatmap::of(&why.part(0)?)?[0];
/// assert_eq!(map.scale(), 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load_several<E: Element>(path: impl AsRef<Path>) -> Result<Explanation<E, Several<Vec<IxDyn>>>> {
    read(path.as_ref(), decode_several)
}

/// The bytes of the file that [`save`] writes.
///
/// # Errors
/// [`Error::Backend`](crate::Error::Backend) when the header would be too large; of a framework's tensors its own.
///
/// ```
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{NdArray, Net, files, prelude::*};
///
/// let net = Net::<NdArray, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, -1.0]], MaxActivation)?;
/// let bytes = files::encode(&why)?; // for a database, or a reply
/// assert_eq!(files::decode::<f32>(&bytes)?, why.into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub fn encode<E: Element, D: Dims<E>>(explanation: &Explanation<E, D>) -> Result<Vec<u8>> {
    let mut header = HashMap::from([
        (LAYOUT.0.to_owned(), LAYOUT.1.to_owned()),
        ("analyzer".to_owned(), explanation.analyzer.clone()),
        ("kind".to_owned(), explanation.kind.to_string()),
        ("selection".to_owned(), format!("{:?}", explanation.selection.indices())),
    ]);
    let scale = explanation.selection.scale();
    if scale != OutputScale::AsIs {
        header.insert(SCALE.to_owned(), scale.to_string());
    }
    let Extras { completeness_gap, evaluations, estimated_error, within_tolerance, .. } = &explanation.extras;
    let grouped = [(FEATURES, &explanation.extras.feature_values), (STANDARD, &explanation.extras.standard_error)];
    let mut flat: Vec<(&str, usize, Vec<u8>)> = Vec::new();
    for (key, rows) in grouped.iter().filter_map(|(key, rows)| Some((*key, rows.as_ref()?))) {
        let counts = format!("{:?}", rows.iter().map(Vec::len).collect::<Vec<_>>());
        header.insert(format!("{key}_{COUNTS}"), counts);
        let numbers = ndarray::Array1::from(rows.concat());
        flat.push((key, numbers.len(), number::bytes(numbers.view())));
    }
    let mut extra = |key: &str, list: Option<String>| {
        if let Some(list) = list {
            header.insert(key.to_owned(), list);
        }
    };
    extra(GAP, completeness_gap.as_ref().map(|list| format!("{list:?}")));
    extra(EVALUATIONS, evaluations.as_ref().map(|list| format!("{list:?}")));
    extra(ERROR, estimated_error.as_ref().map(|list| format!("{list:?}")));
    extra(WITHIN, within_tolerance.as_ref().map(|list| format!("{list:?}")));
    extra(ARRIVED, explanation.extras.relevance_arrived.as_ref().map(|list| format!("{list:?}")));
    extra(KEPT, explanation.extras.relevance_kept.as_ref().map(|list| format!("{list:?}")));
    for note in &explanation.extras.notes {
        match note {
            Note::OneByOne { error } => header.insert(ONE_BY_ONE.to_owned(), error.clone()),
            Note::LargeGap { sample, gap, change } => {
                header.insert(LARGE_GAP.to_owned(), format!("{sample} {gap:?} {change:?}"))
            }
            // A note that is not known here is none of a file's.
            _ => None,
        };
    }
    if !explanation.names.is_empty() {
        header.insert(NAMES.to_owned(), serde_json::to_string(&explanation.names).map_err(bad_format)?);
    }
    let own = explanation.metadata.iter().map(|(key, value)| (format!("{OWN}{key}"), value.clone()));
    header.extend(own);
    let parts = explanation.parts()?;
    if parts.len() != 1 {
        header.insert(INPUTS.to_owned(), parts.len().to_string());
    }
    let values: Vec<(String, &[usize], Vec<u8>)> = parts
        .iter()
        .enumerate()
        .map(|(part, values)| (name_of(part, parts.len()), values.shape(), number::bytes(values.view())))
        .collect();
    let output = number::bytes(explanation.output.view());
    let view = |shape: &[usize], bytes| TensorView::new(number::dtype::<E>(), shape.to_vec(), bytes);
    let mut tensors = vec![("output", view(explanation.output.shape(), &output).map_err(bad_format)?)];
    for (name, shape, bytes) in &values {
        tensors.push((name, view(shape, bytes).map_err(bad_format)?));
    }
    let sums = explanation.selection.weights_of_sums();
    let weights = sums.as_ref().map(|weights| (weights.shape().to_vec(), number::bytes(weights.view())));
    if let Some((shape, weights)) = &weights {
        tensors.push((WEIGHTS, TensorView::new(Dtype::F64, shape.clone(), weights).map_err(bad_format)?));
    }
    for (key, count, numbers) in &flat {
        tensors.push((key, TensorView::new(Dtype::F64, vec![*count], numbers).map_err(bad_format)?));
    }
    safetensors::serialize(tensors, Some(header)).map_err(bad_format)
}

/// As [`load`], from the file's bytes.
///
/// # Errors
/// [`Error::Backend`](crate::Error::Backend) as [`load`] says, and those of [`Selection::new`].
///
/// ```
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Kind, NdArray, Net, files, prelude::*};
///
/// let net = Net::<NdArray, _>::new(Activation::Relu);
/// let bytes = files::encode(&Gradient.analyze(&net, &array![[3.0, -1.0]], MaxActivation)?)?;
/// assert_eq!(files::decode::<f32>(&bytes)?.kind, Kind::Sensitivity);
/// assert!(files::decode::<f32>(&bytes[..20]).is_err());
/// # Ok::<(), xai::Error>(())
/// ```
pub fn decode<E: Element>(bytes: &[u8]) -> Result<Explanation<E, IxDyn>> {
    let several = decode_several(bytes)?;
    match several.values.len() {
        1 => several.part(0),
        count => Err(bad_format(format!("it has the values of {count} inputs: load it by `load_several`"))),
    }
}

/// As [`load_several`], from the file's bytes.
///
/// # Errors
/// As [`decode`].
///
/// ```
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{NdArray, Net, files, prelude::*};
///
/// let net = Net::<NdArray, _>::new(Activation::Relu);
/// let bytes = files::encode(&Gradient.analyze(&net, &array![[3.0, -1.0]], MaxActivation)?)?;
/// assert_eq!(files::decode_several::<f32>(&bytes)?.values, [array![[1.0, 0.0]].into_dyn()]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn decode_several<E: Element>(bytes: &[u8]) -> Result<Explanation<E, Several<Vec<IxDyn>>>> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(bad_format)?;
    let file = SafeTensors::deserialize(bytes).map_err(bad_format)?;
    let entries = metadata.metadata().clone().unwrap_or_default();
    if entries.get(LAYOUT.0).map(String::as_str) != Some(LAYOUT.1) {
        return Err(bad_format("it is a safetensors file, but not an explanation that this version wrote"));
    }
    let entry = |key: &str| entries.get(key).ok_or_else(|| bad_format(format!("its header lacks `{key}`")));
    let array = |name: &str| {
        let tensor = file.tensor(name).map_err(bad_format)?;
        if tensor.dtype() == Dtype::F64 && number::dtype::<E>() == Dtype::F32 {
            return Err(bad_format("it was saved in 64 bits: load it as `f64`, which loses nothing"));
        }
        number::array::<E>(name, &tensor)
    };
    let output = array("output")?;
    let selected = entry("selection")?;
    let indices =
        serde_json::from_str(selected).map_err(|e| bad_format(format!("selection `{}`: {e}", short(selected))))?;
    let selection = match file.tensor(WEIGHTS) {
        Ok(weights) => {
            let weights = number::array::<f64>(WEIGHTS, &weights)?;
            crate::Error::check_shape("weights of the outputs", output.shape(), weights.shape())?;
            Selection::weights(&weights)
        }
        Err(_) => Selection::new(indices, output.shape())?,
    };
    let scale = entries.get(SCALE).map_or(Ok(OutputScale::AsIs), |scale| scale.parse())?;
    let mut extras = Extras::default();
    extras.completeness_gap = list(&entries, GAP)?;
    extras.evaluations = list(&entries, EVALUATIONS)?;
    extras.estimated_error = list(&entries, ERROR)?;
    extras.within_tolerance = list(&entries, WITHIN)?;
    extras.relevance_arrived = list(&entries, ARRIVED)?;
    extras.relevance_kept = list(&entries, KEPT)?;
    extras.feature_values = of_features(&file, &entries, FEATURES)?;
    extras.standard_error = of_features(&file, &entries, STANDARD)?;
    let one_by_one = entries.get(ONE_BY_ONE).map(|error| Note::OneByOne { error: error.clone() });
    extras.notes = one_by_one.into_iter().chain(large_gap(&entries)?).collect();
    let values = read_values(&entries, array)?;
    for values in &values {
        check_batch(values.shape(), output.shape(), &extras)?;
    }
    let (analyzer, kind) = (entry("analyzer")?.as_str(), entry("kind")?.parse()?);
    let mut why = Explanation::of_parts(values, output, selection.at_scale(scale), analyzer, kind, extras);
    if let Some(names) = entries.get(NAMES) {
        let names: Vec<String> =
            serde_json::from_str(names).map_err(|e| bad_format(format!("names `{}`: {e}", short(names))))?;
        why = why.named(names)?;
    }
    let own = entries.iter().filter_map(|(key, value)| Some((key.strip_prefix(OWN)?.to_owned(), value.clone())));
    why.metadata = own.collect();
    Ok(why)
}
