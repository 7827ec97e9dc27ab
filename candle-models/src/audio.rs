//! Models of sound.

use candle_core::{Module, Result};
use candle_transformers::models::{dac, encodec, whisper};
use serde_json::{from_value, json};

use crate::entry::{Builds, Entry, Net, only};

fn net(model: impl Module + 'static) -> Result<Net> {
    Ok(Box::new(move |x| model.forward(x)))
}

fn small_encodec() -> encodec::Config {
    encodec::Config { hidden_size: 16, num_filters: 4, upsampling_ratios: vec![4, 2], ..encodec::Config::default() }
}

pub fn entries() -> Vec<Entry> {
    let sound = |name, shape, builds: Builds| Entry::numbers("audio", name, shape, builds);
    vec![
        sound(
            "Whisper, encoder",
            &[1, 16, 40],
            only(|vb| {
                let config: whisper::Config = from_value(json!({
                    "num_mel_bins": 16, "max_source_positions": 20, "d_model": 32, "encoder_attention_heads": 2,
                    "encoder_layers": 2, "vocab_size": 50, "max_target_positions": 8, "decoder_attention_heads": 2,
                    "decoder_layers": 1,
                }))
                .map_err(candle_core::Error::wrap)?;
                let mut model = whisper::model::Whisper::load(&vb, config)?;
                Ok(Box::new(move |x| model.encoder.forward(x, true)))
            }),
        ),
        sound("EnCodec, encoder", &[1, 1, 64], only(|vb| net(encodec::Encoder::new(&small_encodec(), vb)?))),
        sound("EnCodec, decoder", &[1, 16, 8], only(|vb| net(encodec::Decoder::new(&small_encodec(), vb)?))),
        sound("DAC, encoder", &[1, 1, 512], only(|vb| net(dac::Encoder::new(4, &[2, 4], 16, vb)?))),
        sound("DAC, decoder", &[1, 16, 64], only(|vb| net(dac::Decoder::new(16, 16, &[4, 2], 1, vb)?))),
    ]
}
