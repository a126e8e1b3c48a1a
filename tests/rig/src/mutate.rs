//! Inputs that nobody would write, made from some that somebody did: for fuzzers. The same seed makes the same ones.
//! May not live here: what is done with them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// The longest that is made, unless something longer was given.
const LONGEST: usize = 8 << 10;
/// How many changes one input has at most.
const MOST_CHANGES: u32 = 8;

/// Words that parsers stumble over.
const WORDS: &[&str] = &[
    "",
    "/",
    "..",
    "../",
    "\\",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "%00",
    "%2e%2e%2f",
    "{",
    "}",
    "{}",
    "{name}",
    "{{",
    "[[",
    "]]",
    "\"",
    "\\u202e",
    "\\U0001F4A9",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{130}",
    "\u{fb01}",
    "é",
    "ß",
    "ﷺ",
    "👩‍👩‍👧‍👦",
    "'",
    "\"\"\"",
    "#",
    "=",
    "null",
    "true",
    "NaN",
    "-inf",
    "1e999",
    "0x7f",
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1979-05-27T07:32:00Z",
    "CON",
    "NUL.txt",
    "a:b",
    "C:\\",
    "<",
    ">",
    "&",
    "&amp;",
    "&#0;",
    "&#x202e;",
    "<![CDATA[",
    "]]>",
    "<?xml",
    "<!DOCTYPE a [<!ENTITY a \"&a;&a;\">]>",
    "https://127.0.0.1",
    "localhost",
    "[::1]",
    "@",
    ":80",
    "?x",
    "*",
    "$(id)",
    "`id`",
];

#[derive(Debug)]
pub struct Mutator {
    random: StdRng,
    corpus: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64, corpus: Vec<Vec<u8>>) -> Mutator {
        Mutator { random: StdRng::seed_from_u64(seed), corpus }
    }

    /// The next one.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.one().to_vec();
        let longest = LONGEST.max(input.len());
        for _ in 0..self.random.random_range(1..=MOST_CHANGES) {
            self.change(&mut input);
        }
        input.truncate(longest);
        input
    }

    fn one(&mut self) -> &[u8] {
        self.corpus.choose(&mut self.random).map_or(&[], Vec::as_slice)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input.len());
        match self.random.random_range(0..11) {
            0 if from < input.len() => input[from] ^= 1 << self.random.random_range(0..8),
            1 if from < input.len() => input[from] = self.random.random(),
            2 => drop(input.drain(from..to)),
            3 => {
                let again = input[from..to].to_vec();
                let times = if again.len() < 16 { self.random.random_range(1..64) } else { 1 };
                input.splice(to..to, again.repeat(times));
            }
            4 => {
                // Part of another one in the place of a part of this one.
                let other = self.one().to_vec();
                let (start, end) = self.range(other.len());
                input.splice(from..to, other[start..end].iter().copied());
            }
            5 => drop(input.splice(from..to, self.noise())),
            6 => self.refigure(input),
            7 => input.truncate(to),
            8 => input[from..to].reverse(),
            _ => {
                let word = WORDS.choose(&mut self.random).copied().unwrap_or_default();
                let end = if self.random.random() { to } else { from };
                input.splice(from..end, word.bytes());
            }
        }
    }

    /// Mostly short: what is left still looks like something.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.random.random_range(0..=length);
        let most = if self.random.random_ratio(1, 8) { length - from } else { (length - from).min(12) };
        (from, from + self.random.random_range(0..=most))
    }

    fn noise(&mut self) -> Vec<u8> {
        let length = self.random.random_range(1..32);
        let plain: bool = self.random.random();
        (0..length).map(|_| if plain { self.random.random_range(b' '..=b'~') } else { self.random.random() }).collect()
    }

    /// Another figure in the place of one.
    fn refigure(&mut self, input: &mut Vec<u8>) {
        let starts: Vec<usize> = (0..input.len())
            .filter(|i| input[*i].is_ascii_digit() && (*i == 0 || !input[*i - 1].is_ascii_digit()))
            .collect();
        let Some(from) = starts.choose(&mut self.random).copied() else { return };
        let to = (from..input.len()).find(|i| !input[*i].is_ascii_digit()).unwrap_or(input.len());
        let figures: Vec<&&str> = WORDS.iter().filter(|word| word.parse::<i128>().is_ok()).collect();
        let figure = figures.choose(&mut self.random).map_or("0", |figure| **figure);
        input.splice(from..to, figure.bytes());
    }
}

/// What is in a folder, in the order of its names.
pub fn corpus(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let listed = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<_> = listed.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    ensure!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| fs::read(path).with_context(|| path.display().to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_and_another_one_others() {
        let corpus = vec![b"rushes = 1".to_vec(), b"size = 123".to_vec()];
        let made = |seed| {
            let mut mutator = Mutator::new(seed, corpus.clone());
            (0..500).map(|_| mutator.input()).collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        let different: std::collections::HashSet<_> = made(3).into_iter().collect();
        assert!(different.len() > 450 && different.iter().all(|input| input.len() <= LONGEST));
    }
}
