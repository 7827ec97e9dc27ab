//! Results on stdout, for people and for programs.

use serde_json::Value;
use xai_cli::command_line::{Outcome, plain, print};

/// Prints lines for people, in which no name from a file gives the terminal orders.
pub(crate) fn print_text(text: &str) -> Outcome<()> {
    print(text.split('\n').map(plain).collect::<Vec<_>>().join("\n"))
}

/// Prints an object for programs, in one line.
pub(crate) fn print_json(object: &Value) -> Outcome<()> {
    print(format!("{}\n", inert(&object.to_string())))
}

/// Only texts hold control characters, and JSON has another spelling for each.
fn inert(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut inert, c| {
        if c.is_control() {
            inert += &format!("\\u{:04x}", u32::from(c))
        } else {
            inert.push(c)
        }
        inert
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::inert;

    #[test]
    fn what_is_printed_is_read_as_what_was_meant() {
        let object = json!({"name": "a\u{1b}[31m\u{9b}2J\u{7f}\n"});
        let text = inert(&object.to_string());
        assert!(text.chars().all(|c| !c.is_control()), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), object);
    }
}
