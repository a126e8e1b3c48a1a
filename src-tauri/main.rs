//! The desktop app's process. Everything is in the library, so that the bindings' generator can use it too.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    rushes_shell::run();
}
