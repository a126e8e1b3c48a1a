//! The desktop shell: the window, the tray, notifications, and commands of a few lines each. It shows what the engine
//! says and passes on what the user does; how a transfer works is the engine's matter.

mod again;
mod awake;
mod browser;
pub mod commands;
mod handed;
mod log;
mod news;
mod newsroom_files;
mod practice;
mod shell;
mod tray;
mod window;

#[cfg(test)]
mod policy;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use rushes_engine::home::Home;
use rushes_engine::threads;
use tauri::{Manager, RunEvent, async_runtime};

use crate::shell::Shell;

/// Runs the app to its end.
pub fn run() {
    rushes_engine::dumps::off();
    let started = Home::of_this_user().and_then(|home| Ok((home, threads::runtime()?)));
    let (home, runtime) = match started {
        Ok(started) => started,
        Err(error) => {
            // There is no window yet, and nowhere to keep its state.
            eprintln!("Rushes cannot start: {error}");
            std::process::exit(1);
        }
    };
    let _log = log::start(&home);
    async_runtime::set(runtime.handle().clone());
    let mut context = tauri::generate_context!();
    if std::env::var_os("RUSHES_HOME").is_some() {
        // Each home is an app of its own: two of them may run side by side.
        let mut hasher = DefaultHasher::new();
        home.path().hash(&mut hasher);
        let identifier = format!("{}.h{:x}", context.config().identifier, hasher.finish());
        context.config_mut().identifier = identifier;
    }
    let commands = commands::builder();
    let place = home.window().join("place.json").display().to_string();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, folder| {
            window::show(app);
            window::given(app, &arguments, folder.as_ref());
        }))
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_window_state::Builder::new().with_filename(place).build())
        .invoke_handler(commands.invoke_handler())
        .setup(move |app| {
            app.manage(Shell::new(home.clone()));
            window::open(app, &home)?;
            tray::put(app.handle());
            news::begin(app.handle());
            practice::begin(app.handle());
            let arguments: Vec<String> = std::env::args().collect();
            window::given(app.handle(), &arguments, &std::env::current_dir().unwrap_or_default());
            Ok(())
        })
        .build(context);
    match app {
        Ok(app) => app.run(|app, event| {
            match event {
                RunEvent::Exit => app.state::<Shell>().close(),
                // What elsewhere are arguments.
                #[cfg(target_os = "macos")]
                RunEvent::Opened { urls } => {
                    let arguments: Vec<String> =
                        std::iter::once(String::new()).chain(urls.iter().map(|url| url.to_string())).collect();
                    window::given(app, &arguments, std::path::Path::new("/"));
                }
                _ => {}
            }
        }),
        Err(error) => {
            again::start(&error);
            eprintln!("Rushes cannot open its window: {error}");
            std::process::exit(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use specta_typescript::Typescript;

    /// The window's types are generated from ours. With UPDATE_BINDINGS=1 the file is written, otherwise compared.
    #[test]
    fn the_windows_types_are_those_of_the_engine() {
        let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/lib/bindings.ts");
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("bindings.ts");
        crate::commands::builder().export(Typescript::default(), &fresh).unwrap();
        let fresh = std::fs::read_to_string(fresh).unwrap();
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(kept, fresh).unwrap();
        } else {
            let kept = std::fs::read_to_string(kept).unwrap();
            assert!(kept == fresh, "ui/src/lib/bindings.ts is out of date; run `make bindings`");
        }
    }
}
