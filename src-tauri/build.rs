//! Lets Tauri read the configuration, the capabilities and our own permissions, which stand in `src-tauri/`. With
//! permissions of its own the app lets the page call nothing that they do not name.

use tauri_build::{AppManifest, Attributes};

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    let attributes = Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*"));
    tauri_build::try_build(attributes).expect("tauri-build failed");
}
