//! Whether some program has a file open for writing, as far as the system tells. One small file for each system. Asks only;
//! what follows from the answer is decided where it is asked. May block for a moment: call it off the async threads.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(windows)]
mod windows;

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod other {
    pub(super) fn has_writer(_: &std::path::Path) -> Option<bool> {
        None
    }
}

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use other as system;
#[cfg(windows)]
use windows as system;

use std::path::Path;

/// `None`: the system cannot tell.
pub(crate) fn has_writer(path: &Path) -> Option<bool> {
    system::has_writer(path)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_writer_is_seen_until_it_leaves_and_readers_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.mxf");
        let writer = File::create(&path).unwrap();
        let _reader = File::open(&path).unwrap();
        assert_eq!(has_writer(&path), Some(true));
        drop(writer);
        assert_eq!(has_writer(&path), Some(false));
        let _appends = File::options().append(true).open(&path).unwrap();
        assert_eq!(has_writer(&path), Some(true));
        assert_eq!(has_writer(&folder.path().join("gone.mxf")), None);
    }

    #[test]
    fn writers_among_ones_own_programs_are_found_where_no_lease_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.mxf");
        let writer = File::create(&path).unwrap();
        let looked_for = || linux::is_open_for_writing(&std::fs::metadata(&path).unwrap());
        assert!(looked_for());
        drop(writer);
        let _reader = File::open(&path).unwrap();
        assert!(!looked_for());
    }

    /// Asking in the very moment in which somebody opens the file must harm neither.
    #[test]
    fn whoever_opens_the_file_while_it_is_asked_about_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.mxf");
        File::create(&path).unwrap();
        let opening = std::thread::spawn({
            let path = path.clone();
            move || (0..3_000).for_each(|_| drop(File::options().append(true).open(&path).unwrap()))
        });
        let mut asked = 0;
        while !opening.is_finished() {
            asked += usize::from(has_writer(&path).is_some());
        }
        opening.join().unwrap();
        assert!(asked > 100, "{asked}");
        assert_eq!(has_writer(&path), Some(false));
    }
}
