//! What the terminal gets.

use std::fmt::Write;

use xai_zoo::command_line::plain;

use crate::alike::Side;

/// The cosine, and both sentences with what their words add to it.
pub(crate) fn text(cosine: f32, sides: &[Side<'_>], reference: &str, colored: bool) -> String {
    let strongest = sides.iter().flat_map(|side| &side.words).fold(0f32, |most, value| most.max(value.abs()));
    let mut text = format!("cosine {cosine:.3}\n");
    for side in sides {
        let sentence = if colored { painted(side, strongest) } else { plain(&side.sentence.text) };
        let total: f32 = side.words.iter().sum();
        let _ = writeln!(text, "\n{sentence}");
        let _ = writeln!(
            text,
            "with {reference} for every word {:.3}; its words add {total:+.3} (gap {:.4}):",
            side.without,
            side.gap.abs()
        );
        let mut ranked: Vec<_> = side.sentence.words.iter().zip(&side.words).collect();
        ranked.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        for (word, value) in ranked {
            let _ = writeln!(text, "  {value:+.3}  {}", plain(&side.sentence.text[word.text.clone()]));
        }
    }
    text
}

/// The sentence on the colours of its words: red where a word makes the two alike, blue where it makes them differ.
fn painted(side: &Side<'_>, strongest: f32) -> String {
    let text = &side.sentence.text;
    let (mut painted, mut done) = (String::new(), 0);
    for (word, value) in side.sentence.words.iter().zip(&side.words) {
        painted += &plain(&text[done..word.text.start]);
        let shown = plain(&text[word.text.clone()]);
        let _ = write!(painted, "\x1b[30;48;5;{}m{shown}\x1b[0m", color(value / strongest.max(f32::MIN_POSITIVE)));
        done = word.text.end;
    }
    painted + &plain(&text[done..])
}

/// Of the 6 × 6 × 6 colours of a terminal, those from white to red for 0 to 1, and from white to blue for 0 to -1.
fn color(value: f32) -> u8 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 5
    let less = 5 - (value.abs().min(1.0) * 5.0).round() as u8;
    let [red, green, blue] = if value < 0.0 { [less, less, 5] } else { [5, less, less] };
    16 + 36 * red + 6 * green + blue
}

#[cfg(test)]
mod tests {
    use super::color;

    #[test]
    fn colors_are_white_red_and_blue() {
        assert_eq!([0.0, 1.0, -1.0, 9.0].map(color), [231, 196, 21, 196]);
    }
}
