//! What a shell wants to know of the command: completions, and a page of the manual.

use std::io::Write;

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use xai_cli::command_line::{Outcome, print};

use crate::args::Args;

/// Prints the script with which a shell completes the command.
pub(crate) fn completions(shell: Shell) -> Outcome<()> {
    let mut script = Vec::new();
    generate(shell, &mut Args::command(), "xai", &mut script);
    print(script)
}

/// Prints the manual: the command, and each of its parts, one page.
pub(crate) fn man() -> Outcome<()> {
    let command = Args::command();
    let mut page = Vec::new();
    let whole = Man::new(command.clone());
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    for part in command.get_subcommands().filter(|part| part.get_name() != "help") {
        let name = part.get_name().to_owned();
        writeln!(page, ".SH \"XAI {}\"", name.to_uppercase())?;
        options(&part.clone().bin_name(format!("xai {name}")), &mut page)?;
    }
    let mut exits = Vec::new();
    whole.render_extra_section(&mut exits)?;
    // Where man pages have it.
    page.extend(String::from_utf8_lossy(&exits).replace(".SH EXTRA", ".SH \"EXIT STATUS\"").into_bytes());
    print(page)
}

/// Synopsis, description and options of a part, under its own heading.
fn options(part: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(part.clone());
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    // Sections of a part are below its own.
    let text = String::from_utf8_lossy(&text).replace(".SH ", ".SS ");
    page.write_all(text.as_bytes())
}
