//! From the command line to the pictures.

use std::time::Instant;

use xai::{AnalyzerInfo, Backend, Settings, files};
use xai_zoo::backend::Program;
use xai_zoo::command_line::{Noticed, Outcome, counted, print};
use xai_zoo::crop::trained;
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::imagenet;
use xai_zoo::labels::Names;
use xai_zoo::runner::{OfModel, Runner};

use crate::args::Args;

impl Program for Args {
    fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
        let runner = Runner::new(&self.photos, &self.out)?.program("folder").raw(self.raw).again(self.again);
        let runner = runner.batch(if self.one_by_one { 1 } else { self.batch }).queue(self.queue);
        let runner = runner.one_by_one(self.one_by_one);

        let network = EfficientNetLite0::<B>::load(&files::decode_weights(TRAINED, placement)?)?;
        let settings = Settings::marked(&network).n(self.n);
        let analyzer = AnalyzerInfo::find(&self.analyzer)?.build::<EfficientNetLite0<B>>(&settings)?;
        let names = Names::new(imagenet::names()?);
        let explains = OfModel::new(&network, &*analyzer, trained()).names(&names).softmax();
        let explains = explains.made_by(format!("EfficientNet-Lite0 on {}, n = {}", B::NAME, self.n));

        let start = Instant::now();
        let done = runner.run(&explains)?;
        let seconds = start.elapsed().as_secs_f64();
        #[allow(clippy::cast_precision_loss)] // fewer than 2⁵³
        let rate = done.explained as f64 / seconds;
        let before = if done.done_before == 0 { String::new() } else { format!(" ({} before)", done.done_before) };
        let (explained, table) = (counted(done.explained, "photo"), done.table.display());
        print(format!("{explained} in {seconds:.1} s{before}, {rate:.1} images per second: {table}\n"))?;
        match done.failed + done.unread.len() {
            0 => Ok(()),
            failed => {
                let have = if failed == 1 { "has" } else { "have" };
                Err(Noticed(format!("{} {have} no picture: see above", counted(failed, "photo"))).into())
            }
        }
    }
}
