//! The one window: opening, hiding and showing it, what is dragged onto it, and the channel that it listens on.

use std::path::{Path, PathBuf};

use rushes_engine::home::Home;
use tauri::ipc::Channel;
use tauri::webview::NewWindowResponse;
use tauri::{
    App, AppHandle, DragDropEvent, Manager, PhysicalPosition, Url, WebviewUrl, WebviewWindowBuilder, WindowEvent,
};
use tauri_plugin_notification::NotificationExt;

use crate::commands::window::{Spot, Told};
use crate::news;
use crate::newsroom_files;
use crate::shell::Shell;

pub(crate) const LABEL: &str = "main";
const NO_NETWORK: &str = "http://127.0.0.1:1";

/// The window's ear: the newest channel, and what happened while there was none.
#[derive(Default)]
pub(crate) struct Listener {
    channel: Option<Channel<Told>>,
    /// Counts channels, so that what feeds an old one can end.
    pub(crate) generation: u64,
    unheard: Vec<Told>,
    /// Where files are being dragged, as the window was last told.
    dragged: Option<Spot>,
}

impl Listener {
    pub(crate) fn listen(&mut self, channel: Channel<Told>) -> u64 {
        self.generation += 1;
        for told in self.unheard.drain(..) {
            let _ = channel.send(told);
        }
        self.channel = Some(channel);
        self.generation
    }

    /// Whether somebody heard it.
    pub(crate) fn tell(&mut self, told: Told) -> bool {
        match &self.channel {
            Some(channel) => channel.send(told).is_ok(),
            None => {
                // Files that were dropped on the icon before the window was ready must not be lost; progress may.
                if matches!(told, Told::Dropped { .. } | Told::Newsroom { .. }) {
                    self.unheard.push(told);
                }
                false
            }
        }
    }
}

/// Opens it on the page that is built into the app. It goes nowhere else, opens no second one and downloads nothing.
pub(crate) fn open(app: &App, home: &Home) -> tauri::Result<()> {
    let developed = tauri::is_dev().then(|| app.config().build.dev_url.clone()).flatten();
    let stays = move |to: &Url| {
        let own = is_own(to, developed.as_ref());
        if !own {
            // Its path may be anybody's secret.
            tracing::warn!(scheme = to.scheme(), host = to.host_str(), "the page was kept from going elsewhere");
        }
        own
    };
    let mut window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default());
    if cfg!(target_os = "linux") && !tauri::is_dev() {
        // What a page may load is the policy's matter; what gets past that finds no network. Nobody listens there: that port
        // is the superuser's. The page itself and its calls come by schemes of the app's own.
        window = window.proxy_url(NO_NETWORK.parse().map_err(tauri::Error::InvalidUrl)?);
    }
    let window = window
        .on_navigation(stays)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .title("Rushes")
        .inner_size(1280.0, 800.0)
        .min_inner_size(920.0, 560.0)
        .data_directory(home.window())
        .build()?;
    let handle = app.handle().clone();
    window.on_window_event(move |event| match event {
        WindowEvent::DragDrop(dragged) => drag(&handle, dragged),
        WindowEvent::CloseRequested { api, .. } if news::bytes_move(&handle) => {
            api.prevent_close();
            hide(&handle);
        }
        _ => {}
    });
    Ok(())
}

/// Whether an address is of the app's own page: by its own scheme, on Windows by the host that stands for it there, and
/// from the development server only in what is built to be developed.
fn is_own(url: &Url, developed: Option<&Url>) -> bool {
    let own = if cfg!(windows) { ("http", "tauri.localhost") } else { ("tauri", "localhost") };
    let from = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    (url.scheme(), url.host_str().unwrap_or_default()) == own && url.port().is_none()
        || developed.is_some_and(|developed| from(developed) == from(url))
}

/// Closing the window does not stop what moves.
fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let _ = window.hide();
    }
    let said = app
        .notification()
        .builder()
        .title("Rushes goes on")
        .body("Transfers go on in the background. Open Rushes again to see them, or quit it from its tray icon.")
        .show();
    if let Err(error) = said {
        tracing::info!(%error, "no notification");
    }
}

pub(crate) fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

fn drag(app: &AppHandle, dragged: &DragDropEvent) {
    match dragged {
        DragDropEvent::Enter { position, .. } | DragDropEvent::Over { position } => {
            let at = spot(app, *position);
            let shell = app.state::<Shell>();
            let mut listener = shell.listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // The system says it again and again, also while the pointer rests.
            if listener.dragged.replace(at) != Some(at) {
                listener.tell(Told::DragOver { at });
            }
        }
        DragDropEvent::Leave => drag_ended(app),
        DragDropEvent::Drop { paths, position } => {
            drag_ended(app);
            dropped(app, paths.clone(), Some(spot(app, *position)));
        }
        _ => {}
    }
}

fn drag_ended(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let mut listener = shell.listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    listener.dragged = None;
    listener.tell(Told::DragLeft);
}

/// As the page counts.
fn spot(app: &AppHandle, position: PhysicalPosition<f64>) -> Spot {
    let scale = app.get_webview_window(LABEL).and_then(|window| window.scale_factor().ok()).unwrap_or(1.0);
    Spot { x: (position.x / scale) as i32, y: (position.y / scale) as i32 }
}

/// Hands files to the window, which asks what it must and adds them. A link that was dragged here is none.
pub(crate) fn dropped(app: &AppHandle, paths: Vec<PathBuf>, at: Option<Spot>) {
    if let Some(given) = newsroom_files::alone(&paths) {
        return tell(app, Told::Newsroom { given });
    }
    let paths = app.state::<Shell>().handed.over(paths.into_iter().filter(|path| path.is_absolute()));
    if !paths.is_empty() {
        tell(app, Told::Dropped { paths, at });
    }
}

fn tell(app: &AppHandle, told: Told) {
    let shell = app.state::<Shell>();
    let mut listener = shell.listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    listener.tell(told);
}

/// What a command line brings: newsrooms' links, files opened with Rushes or dropped on its icon.
pub(crate) fn given(app: &AppHandle, arguments: &[String], folder: &Path) {
    for given in newsroom_files::links(arguments) {
        tell(app, Told::Newsroom { given });
    }
    dropped(app, paths_among(arguments, folder), None);
}

/// Of a command line, what names something that is there: files opened with Rushes, or dropped on its icon.
fn paths_among(arguments: &[String], folder: &Path) -> Vec<PathBuf> {
    let named = arguments.iter().skip(1).filter(|argument| !argument.starts_with('-'));
    named.map(|argument| newsroom_files::named(argument, folder)).filter(|path| path.exists()).collect()
}

impl Shell {
    /// Feeds the channel from the first update on, until it is closed or another one takes its place.
    pub(crate) fn listen(app: &AppHandle, channel: Channel<Told>) {
        let shell = app.state::<Shell>();
        let generation = shell.listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner).listen(channel);
        news::feed(app, generation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apps_own_page_is_gone_to() {
        let url = |text: &str| Url::parse(text).unwrap();
        let own = if cfg!(windows) { "http://tauri.localhost/" } else { "tauri://localhost/" };
        assert!(is_own(&url(own), None) && is_own(&url(&format!("{own}index.html?x#y")), None));
        let developed = url("http://localhost:1420");
        assert!(is_own(&url("http://localhost:1420/src/main.ts"), Some(&developed)));
        for other in [
            "http://localhost:1420/",
            "https://tauri.localhost.example.com/",
            "tauri://localhost.example.com/",
            "tauri://localhost:81/",
            "tauri://x@evil/",
            "about:blank",
            "data:text/html,x",
            "file:///etc/passwd",
            "ipc://localhost/act",
            "javascript:alert(1)",
            "blob:tauri://localhost/1",
        ] {
            assert!(!is_own(&url(other), None), "{other}");
        }
        assert!(!is_own(&url("http://localhost:1421/"), Some(&developed)));
    }
}
