//! Lets Tauri read the configuration and the capabilities, which stand in `src-tauri/`.

fn main() {
    tauri_build::try_build(tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*"))
        .expect("tauri-build failed");
}
