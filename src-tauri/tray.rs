//! The tray icon: whether bytes move, and a way back to the window or out.

use rushes_engine::api::{Action, Totals};
use rushes_engine::transfer::{Status, TransferId};
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, async_runtime};

use crate::shell::Shell;
use crate::window;

const ID: &str = "main";
const STILL: Image<'_> = tauri::include_image!("icons/tray.png");
const MOVING: Image<'_> = tauri::include_image!("icons/tray-moving.png");

/// Without a tray (some Linux desktops have none) the app works as well: starting it again shows its window.
pub(crate) fn put(app: &AppHandle) {
    let app = app.clone();
    // The library that draws it on Linux panics where a shared object is missing.
    let put = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| build(&app)));
    match put {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(%error, "no tray icon"),
        Err(_) => tracing::info!("no tray icon: this desktop's tray library is missing"),
    }
}

fn build(app: &AppHandle) -> tauri::Result<()> {
    let entry = |id: &str, text: &str| MenuItem::with_id(app, id, text, true, None::<&str>);
    let menu = Menu::with_items(
        app,
        &[
            &entry("show", "Open Rushes")?,
            &PredefinedMenuItem::separator(app)?,
            &entry("pause", "Pause all")?,
            &entry("resume", "Resume all")?,
            &PredefinedMenuItem::separator(app)?,
            &entry("quit", "Quit")?,
        ],
    )?;
    TrayIconBuilder::with_id(ID)
        .icon(STILL)
        .tooltip("Rushes")
        .menu(&menu)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| match event.id().as_ref() {
            "show" => window::show(app),
            "pause" => all(app, Action::Pause),
            "resume" => all(app, Action::Resume),
            "quit" => app.exit(0),
            _ => {}
        })
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click { button_state: tauri::tray::MouseButtonState::Up, .. } = event {
                window::show(tray.app_handle());
            }
        })
        .build(app)?;
    Ok(())
}

/// Icon and tooltip say what moves. Only where that changed: every change is a message to the desktop.
pub(crate) fn draw(app: &AppHandle, totals: &Totals) {
    let Some(tray) = app.tray_by_id(ID) else { return };
    let moving = totals.going_up + totals.coming_down;
    let tooltip = match (totals.needs_you, moving) {
        (0, 0) => "Rushes".to_owned(),
        (0, n) => format!("Rushes: {n} under way"),
        (needs, _) => format!("Rushes: {needs} need you"),
    };
    let state = (moving > 0, tooltip);
    let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *last == state {
        return;
    }
    let _ = tray.set_icon(Some(if state.0 { MOVING } else { STILL }));
    let _ = tray.set_tooltip(Some(&state.1));
    *last = state;
}

static LAST: std::sync::Mutex<(bool, String)> = std::sync::Mutex::new((false, String::new()));

/// Everything that can be, is.
fn all(app: &AppHandle, action: Action) {
    let app = app.clone();
    async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        let Ok(update) = shell.call((), async |engine, context, ()| engine.updates(context, 0).await).await else {
            return;
        };
        let fits = |status: &Status, pause: bool, resume: bool| match action {
            Action::Pause => pause && !matches!(status, Status::Finishing),
            _ => resume,
        };
        let ids: Vec<TransferId> = update
            .rows
            .iter()
            .filter(|row| fits(&row.status, row.can.pause, row.can.resume))
            .map(|row| row.id)
            .collect();
        for id in ids {
            // One that changed meanwhile is no reason to leave out the others.
            let _ = shell
                .call((action, vec![id]), async |engine, context, (action, ids)| engine.act(context, action, ids).await)
                .await;
        }
    });
}
