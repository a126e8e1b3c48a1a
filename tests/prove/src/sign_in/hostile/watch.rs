//! Folders that must stay as they are: everything in them, before and after.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

/// What was where, and when it was last written.
#[derive(Debug)]
pub(super) struct Watched {
    /// Each with how deep it is looked into.
    roots: Vec<(PathBuf, usize)>,
    before: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
}

impl Watched {
    /// These with all that is in them, and those places of the system that hostile names aim at.
    pub(super) fn from_now(whole: &[&Path]) -> Watched {
        let aims = ["/", "/etc", "/etc/cron.d", "/root", "/root/.ssh", "/home", "/windows", "/c:"];
        let mut roots: Vec<(PathBuf, usize)> = aims.into_iter().map(|aim| (PathBuf::from(aim), 1)).collect();
        roots.extend(whole.iter().map(|path| ((*path).to_owned(), usize::MAX)));
        let before = listed(&roots);
        Watched { roots, before }
    }

    /// What is new, or another, since then.
    pub(super) fn changed(&self) -> Vec<PathBuf> {
        let after = listed(&self.roots);
        after.into_iter().filter(|(path, look)| self.before.get(path) != Some(look)).map(|(path, _)| path).collect()
    }
}

fn listed(roots: &[(PathBuf, usize)]) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let mut all = BTreeMap::new();
    for (root, deep) in roots {
        for entry in WalkDir::new(root).min_depth(1).max_depth(*deep).into_iter().flatten() {
            let Ok(looked) = entry.metadata() else { continue };
            // Folders change with what others do in them; what is new in one is listed itself.
            let look = if looked.is_dir() { (0, None) } else { (looked.len(), looked.modified().ok()) };
            all.insert(entry.into_path(), look);
        }
    }
    all
}
