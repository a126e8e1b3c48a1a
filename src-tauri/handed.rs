//! The files and folders that somebody put into the window's hands: by a drop, in the system's dialog, as arguments of a
//! start. The page may name these and no others, so that a page gone wrong sends nobody's private files away, and writes
//! nowhere. One that was sent is let go: to send it again it must be dropped again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rushes_engine::error::{Code, Error, Result};

/// Each with how often it was handed over.
#[derive(Debug, Default)]
pub(crate) struct Handed(Mutex<HashMap<String, u32>>);

impl Handed {
    /// From now on these may be named, as they are written in the answer.
    pub(crate) fn over(&self, paths: impl Iterator<Item = PathBuf>) -> Vec<String> {
        let paths: Vec<String> = paths.map(|path| path.display().to_string()).collect();
        let mut held = self.locked();
        for path in &paths {
            *held.entry(path.clone()).or_default() += 1;
        }
        paths
    }

    /// That all of these were handed over, each as it is written.
    pub(crate) fn check<'a>(&self, paths: impl IntoIterator<Item = &'a String>) -> Result<()> {
        let held = self.locked();
        match paths.into_iter().find(|path| !held.contains_key(*path)) {
            // What else it says is the page's own word.
            Some(_) => Err(Error::new(
                Code::BadInput,
                "Rushes was not given this file or folder. Drop it, or choose it again.",
            )),
            None => Ok(()),
        }
    }

    pub(crate) fn used(&self, paths: &[String]) {
        let mut held = self.locked();
        for path in paths {
            if let Some(times) = held.get_mut(path) {
                *times -= 1;
                if *times == 0 {
                    held.remove(path);
                }
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_may_be_named_as_it_is_until_it_is_sent() {
        let handed = Handed::default();
        let card = handed.over([PathBuf::from("/media/CARD")].into_iter());
        handed.check(&card).unwrap();
        for other in ["/media", "/media/CARD/", "/media/CARD/../x", "/media/CARD/A001.mxf", "/MEDIA/CARD", ""] {
            let both = [card[0].clone(), other.to_owned()];
            assert_eq!(handed.check(&both).unwrap_err().code, Code::BadInput, "{other}");
        }
        // Dropped a second time before the first was sent.
        handed.over([PathBuf::from("/media/CARD")].into_iter());
        handed.used(&card);
        handed.check(&card).unwrap();
        handed.used(&card);
        assert!(handed.check(&card).is_err());
        handed.used(&card);
    }
}
