pub mod commands;
mod shell;
#[test]
fn export() {
    commands::builder().export(specta_typescript::Typescript::default(), "/tmp/bindings.ts").unwrap();
}
