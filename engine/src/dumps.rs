//! What the system keeps of a process that crashed: its memory, in which keys are. Called first of all, by both programs.
//! Other systems: see docs/PLATFORMS.md.

/// No memory of this process, nor of those that it starts, is written to a core file.
#[cfg(unix)]
pub fn off() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Where the system refuses, everything else works: nobody is kept from sending footage.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // That limit is not asked where cores go to a program, as on most desktops; this is.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/coredump_filter", "0");
}

#[cfg(not(unix))]
pub fn off() {}

/// Nor may another program of the same user read its memory or its environment. For a process without a window: a desktop's
/// portals look at who asks them, and turn away one that they cannot look at.
#[cfg(target_os = "linux")]
pub fn close() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(not(target_os = "linux"))]
pub fn close() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_this_process_goes_into_a_core() {
        off();
        let kept = std::fs::read_to_string("/proc/self/coredump_filter").unwrap();
        assert_eq!(u32::from_str_radix(kept.trim(), 16), Ok(0));
        assert_eq!(rustix::process::getrlimit(rustix::process::Resource::Core).current, Some(0));
    }
}
