//! The network and its method: the stage in the middle.

use std::cell::Cell;
use std::path::Path;

use ndarray::{ArrayD, Axis};
use xai::{Analyzer, AnyAnalyzer, Backend, Note, PerSample};
use xai_cli::classes::{Class, Scores};
use xai_cli::command_line::{Outcome, counted, failure};
use xai_cli::labels::Names;
use xai_cli::pipeline::Sort;
use xai_cli::runner::{Explained, Explains, Runner, mark};

use super::files::Files;
use crate::args::{DataArgs, FolderArgs};
use crate::input::{First, check_assumed};
use crate::methods::{
    Asked, Chosen, Suited, advice, advice_for_noise, advice_for_nothing, check_options, hardly_arrived, is_nothing,
    noise, suited,
};
use crate::model::Model;
use crate::notes::Notes;
use crate::target::{self, check_classes};
use crate::words;

/// The network, and the method that explains it.
pub(super) struct Explainer<'a, B: Backend> {
    args: &'a FolderArgs,
    model: Model<B>,
    names: Option<&'a Names>,
    sort: Sort,
    /// How many files go through the network at once.
    pub(super) batch: usize,
    files: Files<'a>,
    chosen: Chosen,
    analyzer: Box<dyn AnyAnalyzer<B>>,
    notes: Notes,
    /// How many files had values that do not add up.
    missed: Cell<usize>,
    /// How many files had values that are all 0.
    nothing: Cell<usize>,
    /// How many files had values that are more noise than anything else.
    noisy: Cell<usize>,
    /// For how many files relevance hardly arrived.
    kept: Cell<usize>,
}

/// That what is explained at a place has a picture.
fn check_map<B: Backend>(model: &Model<B>, chosen: &Chosen, shape: &[usize]) -> Outcome<()> {
    let Some(at) = chosen.in_place_of_input() else { return Ok(()) };
    let places = model.network.places(&[shape.to_vec()])?;
    match places.iter().find(|place| place.name == at).and_then(|place| place.shape.as_ref()) {
        Some(there) if there.len() != 4 => {
            Err(failure(format!("--at {at}: what is there has shape {there:?}, which is no map that can be drawn")))
        }
        _ => Ok(()),
    }
}

impl<'a, B: Backend<Elem = f32>> Explainer<'a, B> {
    /// All that was asked for is checked, for a batch of inputs, before any file is explained.
    pub(super) fn new(
        args: &'a FolderArgs,
        model: Model<B>,
        names: Option<&'a Names>,
        sort: Sort,
        runner: &Runner,
    ) -> Outcome<Self> {
        let how = (&args.photo, &args.data);
        let First { mut shape, channels_last, assumed, notes: said, .. } =
            First::look(how, &model, sort, runner.files())?;
        let model = model.channels_first(channels_last);
        check_assumed(&model, &shape, assumed)?;
        check_classes(&model, &shape, names, args.target.as_deref())?;
        let notes = model.notes.clone();
        notes.extend(&said);
        let methods: Vec<_> = args.method.into_iter().collect();
        let asked = Asked { methods: &methods, at: args.at.as_deref(), start: None, options: &args.options };
        let Suited { chosen, batch } = suited(asked, &model, &shape, args.batch, &notes)?;
        shape[0] = batch;
        let chosen: Vec<Chosen> = chosen.into_iter().take(1).collect();
        check_options(&args.options, &chosen)?;
        let chosen = chosen.into_iter().next();
        let chosen = chosen.ok_or_else(|| failure("there is no method to explain with"))?;
        let analyzer = chosen.build(&model, &shape)?;
        if sort == Sort::PHOTOS {
            check_map(&model, &chosen, &shape)?;
        }
        let files = Files::new(args, model.input.clone(), chosen.info, sort);
        Ok(Explainer {
            args,
            model,
            names,
            sort,
            batch,
            files,
            chosen,
            analyzer,
            notes,
            missed: Cell::new(0),
            nothing: Cell::new(0),
            noisy: Cell::new(0),
            kept: Cell::new(0),
        })
    }

    /// What has to be known of the results, once they are there.
    pub(super) fn notes(&self) -> &Notes {
        if self.kept.get() > 0 {
            let (title, photos) = (self.chosen.info.title, counted(self.kept.get(), self.sort.noun));
            self.notes.add(format!(
                "{title}: for {photos} less than a tenth of the relevance arrived, or more than ten times as \
                 much: the rules keep it on the way, at biases, norms and units without a positive part"
            ));
        }
        self.files.tell(&self.notes);
        &self.notes
    }

    /// What should be looked at of the values that were found.
    pub(super) fn noticed(&self) -> Option<String> {
        let (missed, nothing, info) = (self.missed.get(), self.nothing.get(), self.chosen.info);
        let title = info.title;
        let photos = |number| counted(number, self.sort.noun);
        let all_zero = format!("{title} has nothing but zeros for {}", photos(nothing));
        let apart = format!("{title} does not add up to the change of the output for {}", photos(missed));
        let all_zero = (nothing > 0).then(|| format!("{all_zero}: {}", advice_for_nothing(info.settings)));
        let apart = (missed > 0).then(|| format!("{apart}: {}", advice(info.settings)));
        let noisy = match self.noisy.get() {
            0 => None,
            noisy => Some(format!(
                "{title} has values for {} whose error is estimated as more than they are: {}",
                photos(noisy),
                advice_for_noise(info.settings)
            )),
        };
        let all: Vec<String> = all_zero.into_iter().chain(apart).chain(noisy).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn class(&self, output: &ArrayD<f32>) -> Outcome<Class> {
        let scores = Scores::new(output, self.model.ending, self.names)?;
        match &self.args.target {
            Some(target) => target::found(&scores, target),
            None => scores.top(1).pop().ok_or_else(|| failure("the network's output is empty")),
        }
    }
}

impl<'a, B: Backend<Elem = f32>> Explains for Explainer<'a, B> {
    type Sees = Files<'a>;

    /// What the command line says, and what is in the files that it names.
    fn settings(&self) -> Outcome<String> {
        let FolderArgs { network, target, labels, options, photo, data, .. } = self.args;
        let file = network.file.canonicalize().unwrap_or_else(|_| network.file.clone());
        let (size, mark) = fingerprint(&file)?;
        let named = labels.as_deref().map(fingerprint).transpose()?;
        let (output, others, softmax) = (&network.output, &network.others, network.after_softmax);
        let what = format!("output {output:?}, after softmax {softmax}, inputs {others:?}, target {target:?}");
        let what = if network.no_batch { format!("{what}, no batch") } else { what };
        let what = if network.one_sample { format!("{what}, one sample") } else { what };
        let how = format!("{}, {options:?}, {photo:?}, names {named:?}", self.chosen.title());
        let how = if *data == DataArgs::default() { how } else { format!("{how}, {data:?}") };
        Ok(format!("{} of {size} bytes, {mark:016x}, {what}, {how}", file.display()))
    }

    fn title(&self) -> String {
        self.chosen.title()
    }

    fn sees(&self) -> &Files<'a> {
        &self.files
    }

    /// Each file for its own highest class, unless a target was asked for.
    fn explain(&self, input: ArrayD<f32>) -> Outcome<Vec<Explained>> {
        let network = &*self.model.network;
        let output = network.predict(input.view())?;
        let rows = output.axis_chunks_iter(Axis(0), 1);
        let classes: Vec<Class> = rows.map(|row| self.class(&row.to_owned())).collect::<Outcome<_>>()?;
        let targets: Vec<Vec<usize>> = classes.iter().map(|class| class.index.clone()).collect();
        let found = self.analyzer.analyze(network, &input, PerSample(targets))?;
        // A gap is counted below.
        let notes = found.extras.notes.iter().filter(|note| !matches!(note, Note::LargeGap { .. }));
        notes.for_each(|note| self.notes.add(note.to_string()));
        if self.sort == Sort::PHOTOS && found.values.ndim() != 4 {
            let (title, shape) = (self.chosen.title(), found.values.shape());
            return Err(failure(format!("{title} gives values of shape {shape:?}, which are no map")));
        }
        let nothing: Vec<bool> = found.values.axis_iter(Axis(0)).map(|values| is_nothing(values.view())).collect();
        let apart = found.values.axis_iter(Axis(0)).enumerate();
        let apart = apart.filter(|(sample, values)| {
            found.extras.missed_change(*sample, values.iter().copied().map(f64::from)).is_some()
        });
        let apart = apart.filter(|(sample, _)| !nothing[*sample]).count();
        let count = |is: &dyn Fn(usize) -> bool| (0..classes.len()).filter(|&photo| is(photo)).count();
        self.noisy.set(self.noisy.get() + count(&|photo| noise(&found.extras, photo).is_some() && !nothing[photo]));
        self.kept.set(self.kept.get() + count(&|photo| hardly_arrived(&found.extras, photo).is_some()));
        self.missed.set(self.missed.get() + apart);
        self.nothing.set(self.nothing.get() + count(&|photo| nothing[photo]));
        let explained = |(photo, class)| Ok(Explained { explanation: found.sample(photo)?, class });
        classes.into_iter().enumerate().map(explained).collect()
    }

    fn words(&self, error: &(dyn std::error::Error + 'static)) -> String {
        words::of(error)
    }
}

/// The length of a file, and a mark of its bytes: whether it is the one of last time.
fn fingerprint(path: &Path) -> Outcome<(usize, u64)> {
    let bytes = xai::disk::read_file(path)?;
    Ok((bytes.len(), mark(&bytes)))
}
