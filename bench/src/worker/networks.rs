//! The networks as this library's models.

use measured::names::Source;
use xai::{Backend, BoxModel, files};
use xai_zoo::command_line::Outcome;
use xai_zoo::efficientnet::EfficientNetLite0;
use xai_zoo::networks;

use crate::args::Job;
use crate::bare::weights_file;

/// The network of a job, of the library's layers or out of a file.
pub(super) fn load<B: Backend<Elem = f32>>(
    job: &Job,
    source: Source,
    placement: B::Placement,
) -> Outcome<BoxModel<'static, B>> {
    if source == Source::File {
        let file = job.data.join(format!("{}.onnx", job.network));
        return Ok(Box::new(xai_onnx::Reader::<B>::new().at(placement).read(file)?));
    }
    let weights = files::read_weights::<B>(weights_file(job), placement)?;
    if job.network.is_bundled() {
        return Ok(Box::new(EfficientNetLite0::load(&weights)?));
    }
    Ok(Box::new(networks::build(job.network.name, &weights)?))
}
