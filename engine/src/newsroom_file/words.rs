//! The words of a newsroom file: which characters and lengths are taken, and whether all that is said is known. Pure.

use toml::{Table, Value};

use super::bad;
use crate::error::{Error, Result};

/// Of one word, in bytes. The longest that means anything is a grant function's address.
const LONGEST_WORD: usize = 1024;
/// How far tables may be within tables: what is taken apart again takes a level of the stack for each.
const DEEPEST: usize = 16;
/// What people named themselves; all else is an address or a name of AWS's, and those are ASCII.
const IN_ANY_SCRIPT: [&str; 3] = ["name", "bureau", "keyTemplate"];
/// How much of a hostile word is repeated.
const SHORT: usize = 120;

/// Characters that are not seen, or turn the order of those that are: what is shown would not be what is taken.
pub(super) fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Where `lines` are allowed, those of a text file are.
pub(super) fn refuse_tricks(text: &str, lines: bool) -> Result<()> {
    let is_plain = |c: char| lines && matches!(c, '\n' | '\r' | '\t');
    match text.chars().find(|c| is_trick(*c) && !is_plain(*c)) {
        Some(c) => {
            let sentence = "This newsroom file holds hidden characters, which could make it look like another one. Do not \
                            trust it; ask your IT.";
            Err(bad(sentence).because(format!("U+{:04X}", u32::from(c))))
        }
        None => Ok(()),
    }
}

/// Before it is parsed: names such as `a.a.a.a` are tables within tables, and there is room for thousands in a file.
pub(super) fn refuse_depth(text: &str) -> Result<()> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.\"' \t".contains(c);
    let deep = |line: &str| {
        // What stands before the value; in a value no more than this is of use either.
        line.split(|c: char| !is_name(c)).any(|name| name.matches('.').count() > DEEPEST * 4)
            || line.matches(['[', '{']).count() > DEEPEST * 4
    };
    if text.lines().any(deep) { Err(super::unreadable("tables within tables")) } else { Ok(()) }
}

/// Every word that is said, as it is after unescaping.
pub(super) fn check(said: &Table) -> Result<()> {
    said.iter().try_for_each(|(name, value)| {
        let in_any_script = IN_ANY_SCRIPT.contains(&name.as_str());
        refuse_tricks(name, false)?;
        check_value(value, in_any_script, 1)
    })
}

fn check_value(value: &Value, in_any_script: bool, depth: usize) -> Result<()> {
    if depth > DEEPEST {
        return Err(super::unreadable("tables within tables"));
    }
    match value {
        Value::String(word) => check_word(word, in_any_script),
        Value::Table(table) => table.iter().try_for_each(|(name, value)| {
            refuse_tricks(name, false)?;
            check_value(value, false, depth + 1)
        }),
        Value::Array(values) => values.iter().try_for_each(|value| check_value(value, false, depth + 1)),
        _ => Ok(()),
    }
}

fn check_word(word: &str, in_any_script: bool) -> Result<()> {
    refuse_tricks(word, false)?;
    if word.len() > LONGEST_WORD {
        return Err(bad("This newsroom file holds a word that is too long. Ask whoever made it for another."));
    }
    if !in_any_script && !word.is_ascii() {
        return Err(mixed(word));
    }
    Ok(())
}

fn mixed(word: &str) -> Error {
    let sentence = "An address in this newsroom file has letters of another script, which may look like other letters. Ask \
                    your IT for the address as the network writes it.";
    bad(sentence).because(short(&word.escape_unicode().to_string()))
}

/// The first thing in `said` that is not in `known`, by its path.
pub(super) fn not_in(said: &Value, known: &Value) -> Option<String> {
    let (Value::Table(said), Value::Table(known)) = (said, known) else { return None };
    said.iter().find_map(|(name, value)| match known.get(name) {
        None => Some(name.clone()),
        Some(known) => not_in(value, known).map(|path| format!("{name}.{path}")),
    })
}

/// As much of it as a line holds.
pub(super) fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if is_trick(c) { '\u{fffd}' } else { c }).take(SHORT).collect();
    if line.len() < text.len() && text.chars().nth(SHORT).is_some() { format!("{line}…") } else { line }
}
