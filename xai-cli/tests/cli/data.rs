//! `xai explain` on tables, signals, bytes and tokens.

use ndarray::{Array3, Array4};
use ndarray_npy::WriteNpyExt;
use serde_json::{Value, json};
use xai::files;

use crate::command::Folder;

fn table(folder: &Folder) {
    std::fs::write(folder.at("rows.csv"), "age,income,debt,years\n0.5,1.0,0.2,0.1\n-1,0,2,1\n").unwrap();
}

fn features(report: &Value, method: &str) -> Vec<(String, f64)> {
    let features = report["methods"][method]["features"].as_array().unwrap().iter();
    features.map(|f| (f["name"].as_str().unwrap().to_owned(), f["value"].as_f64().unwrap())).collect()
}

#[test]
fn a_row_of_a_table_is_explained_by_its_columns() {
    let folder = Folder::new();
    table(&folder);
    let args = ["explain", "loan.onnx", "rows.csv", "--reference", "mean", "--row", "1"];
    let report = folder.json(&[&args[..], &["--json"]].concat());
    let found = features(&report, "integrated-gradients");
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["age", "income", "debt", "years"]);
    let gap = report["methods"]["integrated-gradients"]["completeness_gap"].as_f64().unwrap();
    assert!(gap.abs() < 1e-4, "{gap}");
    // Shares of the change from the mean of the rows: of a network of one hidden layer, by hand.
    let scores = |x: [f64; 4]| {
        let h = [(0.8 * x[0]).tanh(), (-1.2 * x[1] + 0.3 * x[3] + 0.1).tanh(), (0.5 * x[2] - 0.5 * x[3]).tanh()];
        [-h[0] + h[1] - 0.5 * h[2], h[0] - h[1] + 0.5 * h[2]]
    };
    let (row, mean) = ([-1.0, 0.0, 2.0, 1.0], [-0.25, 0.5, 1.1, 0.55]);
    let class = report["explained"]["index"][0].as_u64().unwrap() as usize;
    let sum: f64 = found.iter().map(|(_, value)| value).sum();
    assert!((sum - (scores(row)[class] - scores(mean)[class])).abs() < 1e-4, "{sum}");
    assert!(image::open(folder.at("explain.png")).is_ok());
    let text = folder.said(&args);
    assert!(text.contains("income = 0") && text.contains("debt = 2"), "{text}");
    let masked = folder.json(&[&args[..], &["--json", "--method", "exact-shapley"]].concat());
    let sum: f64 = features(&masked, "exact-shapley").iter().map(|(_, value)| value).sum();
    assert!((sum - (scores(row)[class] - scores(mean)[class])).abs() < 1e-4, "{sum}");
}

#[test]
fn columns_are_taken_by_name_and_what_is_wrong_with_a_table_is_said() {
    let folder = Folder::new();
    table(&folder);
    std::fs::write(folder.at("more.tsv"), "id\tdebt\tage\tincome\tyears\nx\t0.2\t0.5\t1.0\t0.1\n").unwrap();
    let values = |args: &[&str]| {
        folder.said(&[args, &["--raw", "o.safetensors", "--method", "gradient"]].concat());
        files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()["gradient"].clone()
    };
    let of_csv = values(&["explain", "loan.onnx", "rows.csv"]);
    let of_tsv = values(&["explain", "loan.onnx", "more.tsv", "--columns", "age,income,debt,years"]);
    assert_eq!(of_csv, of_tsv);
    std::fs::write(folder.at("words.csv"), "a,b,c,d\n1,2,cat,4\n").unwrap();
    std::fs::write(folder.at("ragged.csv"), "a,b,c,d\n1,2,3\n").unwrap();
    std::fs::write(folder.at("twice.csv"), "a,b,a,d\n1,2,3,4\n").unwrap();
    std::fs::write(folder.at("empty.csv"), "\n").unwrap();
    std::fs::write(folder.at("head.csv"), "a,b,c,d\n").unwrap();
    std::fs::write(folder.at("commas.csv"), "a;b;c;d\n0,5;1;2;3\n").unwrap();
    std::fs::write(folder.at("semicolons.csv"), "\u{feff}age;income;debt;years\r\n0.5;1.0;0.2;0.1\r\n").unwrap();
    assert_eq!(of_csv, values(&["explain", "loan.onnx", "semicolons.csv"]));
    let report = folder.json(&["explain", "loan.onnx", "twice.csv", "--method", "gradient", "--json"]);
    assert_eq!(features(&report, "gradient")[2].0, "a (column 2)");
    for (args, part) in [
        (&["explain", "loan.onnx", "more.tsv"][..], "--columns"),
        (&["explain", "loan.onnx", "rows.csv", "--columns", "age,height"], "`height`"),
        (&["explain", "loan.onnx", "rows.csv", "--columns", "age,incom,debt,years"], "did you mean `income`"),
        (&["explain", "loan.onnx", "twice.csv", "--columns", "a,b,c,d"], "2 of its columns are named `a`"),
        (&["explain", "loan.onnx", "empty.csv"], "it is empty"),
        (&["explain", "loan.onnx", "head.csv"], "and no row"),
        (&["explain", "loan.onnx", "commas.csv"], "write it as 0.5"),
        (&["explain", "loan.onnx", "rows.csv", "--row", "2"], "no row 2"),
        (&["explain", "loan.onnx", "words.csv"], "column c: `cat` is no number"),
        (&["explain", "loan.onnx", "ragged.csv"], "ragged.csv"),
        (&["explain", "colours.onnx", "rows.csv"], "which has not two axes"),
        (&["explain", "loan.onnx", "rows.csv", "--reference", "median"], "lowest, highest"),
        (&["explain", "loan.onnx", "rows.csv", "--reference", "mean", "--method", "gradient"], "takes --reference"),
        (&["explain", "colours.onnx", "red.png", "--reference", "mean"], "a table's rows"),
    ] {
        folder.refused(args, part);
    }
}

/// One head of attention, in which all look at the exclamation mark.
#[test]
fn attention_is_told_token_by_token() {
    let folder = Folder::new();
    std::fs::write(folder.at("cry.txt"), "so!ok").unwrap();
    let methods = ["raw-attention", "attention-rollout", "attention-relevance"];
    let mut args = vec!["explain", "attention.onnx", "cry.txt", "--json", "--raw", "o.safetensors", "--target", "1"];
    methods.iter().for_each(|name| args.extend(["--method", name]));
    let report = folder.json(&args);
    let found = files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap();
    // Scores of 8 / sqrt 1 for the mark and 0 for the others.
    let mark = 8f64.exp() / (8f64.exp() + 4.0);
    for method in methods {
        assert_eq!(found[method].shape(), [1, 5, 5], "{method}");
        let tokens = features(&report, method);
        let strongest = tokens.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert!(tokens.len() == 5 && strongest.0.contains('!'), "{method}: {tokens:?}");
    }
    let raw = features(&report, "raw-attention");
    assert!((raw[2].1 - mark).abs() < 1e-4 && (raw[0].1 - (1.0 - mark) / 4.0).abs() < 1e-4, "{raw:?}");
    // (A + 1) / 2, of which the mean of a column is (share + 1 / tokens) / 2.
    assert!((features(&report, "attention-rollout")[2].1 - (mark + 0.2) / 2.0).abs() < 1e-4);
    // A grid of five by five with the bytes at both sides: narrower than bars are.
    let only = ["explain", "attention.onnx", "cry.txt", "--method", "raw-attention"];
    folder.said(&[&only[..], &["--out", "grid.png"]].concat());
    let grid = image::open(folder.at("grid.png")).unwrap();
    assert!(grid.width() < 400, "{}", grid.width());
    folder.said(&[&only[..], &["--out", "grid.html"]].concat());
    assert!(std::fs::read_to_string(folder.at("grid.html")).unwrap().contains("data:image/png"));
    let one = folder.json(&[&args[..], &["--token", "0", "--at", "shares"]].concat());
    assert_eq!(one["methods"]["attention-rollout"]["shape"], json!([1, 1, 5]));
    assert_eq!(one["methods"]["attention-rollout"]["place"], "shares");
    assert!((features(&one, "attention-rollout")[0].1 - ((1.0 - mark) / 4.0 + 1.0) / 2.0).abs() < 1e-4);
}

/// A WAV file of 16 bits, with a pulse of nine samples in its middle.
pub(crate) fn sound(folder: &Folder, channels: u16) {
    let spec =
        hound::WavSpec { channels, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = hound::WavWriter::create(folder.at("pulse.wav"), spec).unwrap();
    let pulse = [-8000, -8000, 0, 8000, 16000, 8000, 0, -8000, -8000i16];
    for step in 0..400usize {
        let sample = step.checked_sub(200).and_then(|at| pulse.get(at)).copied().unwrap_or(0);
        (0..channels).for_each(|_| file.write_sample(sample).unwrap());
    }
    file.finalize().unwrap();
}

#[test]
fn a_sound_is_explained_step_by_step() {
    let folder = Folder::new();
    for channels in [1, 2] {
        sound(&folder, channels);
        let args = ["explain", "pulse.onnx", "pulse.wav", "--raw", "o.safetensors", "--json"];
        let report = folder.json(&[&args[..], &["--target", "1"]].concat());
        assert_eq!(report["methods"]["grad-cam"]["place"], "relu");
        let notes = report["notes"].to_string();
        assert!(
            notes.contains("its own 8000 Hz") && notes.contains("mean of its 2 channels") == (channels == 2),
            "{notes}"
        );
        let found = files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap();
        assert_eq!(found["input"].shape(), [1, 1, 400]);
        assert!((found["input"][[0, 0, 204]] - 16000.0 / 32768.0).abs() < 1e-6);
        for method in ["grad-cam", "integrated-gradients"] {
            let values = &found[method];
            let strongest = values.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap().0;
            assert!((196..=212).contains(&strongest), "{method}: {strongest}");
        }
        assert!(image::open(folder.at("explain.png")).unwrap().width() > 720);
    }
    sound(&folder, 1);
    // The states of an LSTM: one number for each step, not for each of its units.
    let report = folder.json(&["explain", "states.onnx", "pulse.wav", "--method", "grad-cam", "--json"]);
    assert_eq!(report["methods"]["grad-cam"]["shape"], serde_json::json!([1, 1, 400]));
    assert!(report["notes"].to_string().contains("--at lstm --channels-last"));
    folder.refused(&["explain", "loan.onnx", "pulse.wav"], "takes 4");
    std::fs::write(folder.at("no.wav"), b"RIFF").unwrap();
    folder.refused(&["explain", "pulse.onnx", "no.wav"], "no.wav");
}

#[test]
fn numbers_of_numpy_are_the_input_as_they_are() {
    let folder = Folder::new();
    let signal = Array3::from_shape_fn((1, 1, 50), |(_, _, t)| if (20..24).contains(&t) { 1.0f64 } else { 0.0 });
    signal.write_npy(std::fs::File::create(folder.at("signal.npy")).unwrap()).unwrap();
    let line = signal.iter().copied().collect::<ndarray::Array1<f64>>();
    line.write_npy(std::fs::File::create(folder.at("line.npy")).unwrap()).unwrap();
    for file in ["signal.npy", "line.npy"] {
        folder.said(&["explain", "pulse.onnx", file, "--raw", "o.safetensors", "--method", "gradient"]);
        let input = &files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()["input"];
        assert_eq!(input, signal.mapv(|v| v as f32).into_dyn());
    }
    let two = Array3::<f32>::zeros((2, 1, 50));
    two.write_npy(std::fs::File::create(folder.at("two.npy")).unwrap()).unwrap();
    folder.refused(&["explain", "pulse.onnx", "two.npy"], "not one sample");
    let stereo = Array3::<f32>::zeros((1, 2, 50));
    stereo.write_npy(std::fs::File::create(folder.at("stereo.npy")).unwrap()).unwrap();
    let why = "stereo.npy: [1, 2, 50] is no shape of input `signal` (?, 1, ?), where ? is any length";
    folder.refused(&["explain", "pulse.onnx", "stereo.npy"], why);
}

/// Wherever the channels are.
#[test]
fn an_image_of_numpy_is_drawn_as_an_image() {
    let folder = Folder::new();
    let image = |y: usize, x: usize, c: usize| if y < 16 && x >= 16 && c == 0 { 0.8f32 } else { 0.3 };
    let first = Array4::from_shape_fn((1, 3, 32, 32), |(_, c, y, x)| image(y, x, c));
    let last = Array4::from_shape_fn((1, 32, 32, 3), |(_, y, x, c)| image(y, x, c));
    let drawn = [("colours.onnx", first), ("colours-last.onnx", last)].map(|(network, image)| {
        image.write_npy(std::fs::File::create(folder.at("image.npy")).unwrap()).unwrap();
        folder.said(&["explain", network, "image.npy", "--method", "gradient"]);
        std::fs::read(folder.at("explain.png")).unwrap()
    });
    assert_eq!(drawn[0], drawn[1]);
}

#[test]
fn other_inputs_are_given() {
    let folder = Folder::new();
    std::fs::write(folder.at("two.csv"), "a,b\n0.5,-1\n").unwrap();
    folder.refused(&["explain", "state.onnx", "two.csv"], "--input state=NUMBER");
    ndarray::arr2(&[[0.5f32]]).write_npy(std::fs::File::create(folder.at("state.npy")).unwrap()).unwrap();
    let bent = |x: [f64; 3]| x.map(f64::tanh);
    for given in ["state=0.5", "state=state.npy"] {
        let report = folder.json(&["explain", "state.onnx", "two.csv", "--input", given, "--target", "0", "--json"]);
        let [a, b, c] = bent([0.5, -1.0, 0.5]);
        assert!((report["explained"]["score"].as_f64().unwrap() - (a - b + 2.0 * c)).abs() < 1e-5);
        // The copies of a path go through it one by one: the state is that of one sample.
        let found = features(&report, "integrated-gradients");
        assert!((found[0].1 - a).abs() < 1e-4 && (found[1].1 + b).abs() < 1e-4, "{found:?}");
    }
    folder.refused(&["explain", "state.onnx", "two.csv", "--input", "state=nan"], "no number");
    ndarray::arr1(&[0.5f32]).write_npy(std::fs::File::create(folder.at("flat.npy")).unwrap()).unwrap();
    let flat = ["explain", "state.onnx", "two.csv", "--input", "state=flat.npy"];
    for part in ["flat.npy: input `state` of shape [1]: the file takes state: f32 (", "or by --input state=NUMBER"] {
        folder.refused(&flat, part);
    }
    folder.refused(&["explain", "state.onnx", "two.csv", "--input", "state=two.csv"], "two.csv");
}

/// All of them, to be copied.
#[test]
fn all_inputs_without_a_value_are_named_at_once() {
    let folder = Folder::new();
    std::fs::write(folder.at("two.csv"), "a,b\n0.5,-1\n").unwrap();
    let args = ["explain", "several.onnx", "two.csv"];
    for part in
        ["state: f32 (1, 1); the gain: f32 (1, 1)", "For `row` that is --input state=NUMBER --input 'the gain=NUMBER'"]
    {
        folder.refused(&args, part);
    }
    folder.refused(&[&args[..], &["--input", "state=0.5"]].concat(), "For `row` that is --input 'the gain=NUMBER'");
    folder.said(&[&args[..], &["--input", "state=0.5", "--input", "the gain=0"]].concat());
}

/// Frames that look at those before them are one sample.
#[test]
fn an_input_without_a_batch_axis_is_one_sample() {
    let folder = Folder::new();
    let frames = ndarray::arr2(&[[0.5f32, 0.1], [0.25, -0.3], [1.0, 1.0]]);
    frames.write_npy(std::fs::File::create(folder.at("frames.npy")).unwrap()).unwrap();
    let args = ["explain", "frames.onnx", "frames.npy", "--target", "1", "--method", "integrated-gradients"];
    folder.refused(&args, "--no-batch");
    let report = folder.json(&[&args[..], &["--no-batch", "--json", "--raw", "o.safetensors"]].concat());
    let score = f64::from(0.75f32.tanh() - 2.0 * (-0.2f32).tanh());
    assert!((report["explained"]["score"].as_f64().unwrap() - score).abs() < 1e-5);
    let found = &files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()["integrated-gradients"];
    // Each frame up to the second has its share of what is added up; what comes later counts for nothing.
    let share = |part: f32, whole: f32, weight: f32| weight * whole.tanh() * part / whole;
    let right = [
        [share(0.5, 0.75, 1.0), share(0.1, -0.2, -2.0)],
        [share(0.25, 0.75, 1.0), share(-0.3, -0.2, -2.0)],
        [0.0, 0.0],
    ];
    assert_eq!(found.shape(), [1, 3, 2]);
    assert!(found.iter().zip(right.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-3), "{found} {right:?}");
    let inspected = folder.json(&["inspect", "frames.onnx", "--no-batch", "--shape", "1x4x2", "--json"]);
    assert_eq!(inspected["output_shape"], json!([1, 4]));
    folder
        .refused(&[&["explain", "frames.onnx", "frames.npy", "--no-batch"][..], &["--target", "3"]].concat(), "0 to 2");
}

/// Time, samples, labels: one sample is run, and a label is told by its step too.
#[test]
fn an_output_whose_batch_is_not_in_front_is_of_one_sample() {
    let folder = Folder::new();
    let pulse = [0.0f32, 0.0, -0.5, -0.5, 0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -0.5, 0.0];
    let signal = Array3::from_shape_vec((1, 1, 12), pulse.to_vec()).unwrap();
    signal.write_npy(std::fs::File::create(folder.at("a.npy")).unwrap()).unwrap();
    let call = ["explain", "steps.onnx", "a.npy", "--method", "gradient", "--method", "smooth-grad"];
    folder.refused(&call, "say --one-sample");
    folder.refused(&[&call[..], &["--one-sample", "--target", "12,0,0"]].concat(), "0 to 11, by 0 to 0, by 0 to 1");
    let of_step = ["--one-sample", "--target", "4,0,0", "--json", "--raw", "o.safetensors"];
    let report = folder.json(&[&call[..], &of_step].concat());
    assert_eq!(report["explained"]["index"], json!([4, 0, 0]));
    let found = &files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap();
    // tanh(x₃ + 2x₄ + x₅) at -0.5, 0, 0.5.
    assert_eq!(found["gradient"].iter().copied().collect::<Vec<_>>()[2..7], [0.0, 1.0, 2.0, 1.0, 0.0]);
    assert!((found["smooth-grad"][[0, 0, 4]] - 2.0).abs() < 0.3);
    folder.refused(&[&call[..], &["--one-sample", "--no-batch"]].concat(), "cannot be used with");
}

/// Copies of the input are no batch of it: what each has is what it has alone.
#[test]
fn samples_that_change_each_other_go_one_by_one() {
    let folder = Folder::new();
    ndarray::arr2(&[[0.5f32, -1.0]]).write_npy(std::fs::File::create(folder.at("a.npy")).unwrap()).unwrap();
    let call = ["explain", "together.onnx", "a.npy", "--method", "integrated-gradients", "--target", "1"];
    let call = [&call[..], &["--quadrature", "midpoint", "--raw", "o.safetensors", "--json"]].concat();
    let report = folder.json(&call);
    assert!(report["notes"].to_string().contains("change each other in this network: copies"), "{report}");
    // Of 2b² - a² at (0.5, -1); --chunk says how many there are at most.
    for more in [&[][..], &["--chunk", "3"]] {
        folder.json(&[&call[..], more].concat());
        let found = &files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()["integrated-gradients"];
        assert!(found.iter().zip([-0.25, 2.0]).all(|(found, right)| (found - right).abs() < 1e-4), "{found}");
    }
}

#[test]
fn values_that_are_all_zero_are_noticed() {
    let folder = Folder::new();
    std::fs::write(folder.at("calm.txt"), "so ok").unwrap();
    // Nothing but a bias speaks for it: no byte is an exclamation mark.
    let args = ["explain", "attention.onnx", "calm.txt", "--target", "0", "--method", "lrp-epsilon"];
    let (stdout, stderr) = folder.noticed(&[&args[..], &["--unknown", "gradient"]].concat());
    assert!(
        stdout.contains("relevance that arrived") && stdout.contains("that was kept") && stderr.lines().count() == 1,
        "{stdout} {stderr}"
    );
    assert!(stderr.contains("of the relevance +1.0000 nothing arrived there"), "{stderr}");
    assert!(stderr.contains("integrated-gradients"), "{stderr}");
    image::RgbImage::from_pixel(32, 32, image::Rgb([90; 3])).save(folder.at("grey.png")).unwrap();
    let args = ["explain", "colours.onnx", "grey.png", "--preprocess", "unit", "--method", "gradient", "--json"];
    let (stdout, stderr) = folder.noticed(&args);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert!(report["notes"][0].as_str().unwrap().contains("all values are 0"), "{report}");
    assert!(stderr.contains("Gradient: all values are 0"), "{stderr}");
}

#[test]
fn bytes_and_tokens_are_explained_where_they_become_numbers() {
    let folder = Folder::new();
    std::fs::write(folder.at("note.txt"), b"ab\x01").unwrap();
    let report = folder.json(&["explain", "text.onnx", "note.txt", "--json", "--target", "0"]);
    assert_eq!(report["methods"]["integrated-gradients"]["place"], "embedding");
    let found = features(&report, "integrated-gradients");
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "0x01"]);
    // Letters speak for text, by 2 tanh(1) / 3 each, and what is no letter against it, by tanh(2) / 3.
    let (letter, other) = (2.0 * 1f64.tanh() / 3.0, -(2f64.tanh()) / 3.0);
    for ((_, value), expected) in found.iter().zip([letter, letter, other]) {
        assert!((value - expected).abs() < 1e-4, "{value} {expected}");
    }
    // As a one-hot code: a comparison has no gradient, and what is behind it has.
    let hot = folder.json(&["explain", "one-hot.onnx", "note.txt", "--json", "--target", "0"]);
    assert_eq!(hot["methods"]["integrated-gradients"]["place"], "same");
    for (hot, found) in features(&hot, "integrated-gradients").iter().zip(&found) {
        assert!((hot.1 - found.1).abs() < 1e-4, "{hot:?} {found:?}");
    }
    // What masks hides a token as a whole: an absent one is a zero vector, of which the tanh is zero.
    let masked =
        folder.json(&["explain", "text.onnx", "note.txt", "--json", "--target", "0", "--method", "exact-shapley"]);
    let shares: f64 = features(&masked, "exact-shapley").iter().map(|(_, value)| value).sum();
    let score = masked["explained"]["score"].as_f64().unwrap();
    assert!((shares - score).abs() < 1e-4, "{shares} of {score}");
    assert_eq!(masked["methods"]["exact-shapley"]["evaluations"], 8);
    std::fs::write(folder.at("ids.json"), json!({"ids": [97, 98, 1], "tokens": ["A", "B", "?"]}).to_string()).unwrap();
    let report = folder.json(&["explain", "text.onnx", "ids.json", "--json", "--target", "0"]);
    let again = features(&report, "integrated-gradients");
    assert_eq!(again[2], ("?".to_owned(), found[2].1));
    assert!(folder.said(&["explain", "text.onnx", "ids.json"]).contains("  A at 0\n"));
    folder.said(&["explain", "text.onnx", "ids.json", "--out", "page.html"]);
    assert!(std::fs::read_to_string(folder.at("page.html")).unwrap().contains(">A</span>"));
    // Of several that are the same each is told by where it stands.
    std::fs::write(folder.at("lines.txt"), b"a\n\n").unwrap();
    let text = folder.said(&["explain", "text.onnx", "lines.txt", "--target", "0"]);
    assert!(text.contains("  \\n at 1\n") && text.contains("  \\n at 2\n"), "{text}");
    std::fs::write(folder.at("no.json"), b"{}").unwrap();
    std::fs::write(folder.at("empty.txt"), b"").unwrap();
    folder.refused(&["explain", "text.onnx", "no.json"], "`ids`");
    folder.refused(&["explain", "text.onnx", "empty.txt"], "nothing in it");
    std::fs::write(folder.at("high.json"), b"[256]").unwrap();
    folder.refused(&["explain", "text.onnx", "high.json"], "256");
}
