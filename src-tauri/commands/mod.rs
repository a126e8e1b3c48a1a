//! What the window may call, and nothing else: each command hands its arguments to the engine and its answer back. All of
//! them may be a hostile page's. They are checked where the engine serves them, and paths here: see `handed`. A command is
//! named in `permissions/window.toml` too, or it is refused. No transfer logic lives here.

pub(crate) mod footage;
pub(crate) mod limits;
pub(crate) mod profiles;
pub(crate) mod routes;
pub(crate) mod sign_in;
pub(crate) mod support;
pub(crate) mod transfers;
pub(crate) mod watching;
pub(crate) mod window;

use rushes_engine::error::Error;
use tauri_specta::{Builder, collect_commands};

pub(crate) type Answer<T> = Result<T, Error>;

/// All commands, for the shell's handler and for the generated TypeScript alike.
pub fn builder() -> Builder<tauri::Wry> {
    Builder::new()
        .commands(collect_commands![
            transfers::add_files,
            transfers::fetch_clips,
            transfers::act,
            transfers::set_breaking,
            transfers::set_deadline,
            transfers::open_portal,
            transfers::drop_asks,
            transfers::reveal,
            watching::save_watch_folder,
            watching::remove_watch_folder,
            watching::watch_folders,
            limits::limits,
            limits::set_limits,
            routes::routes,
            routes::test_routes,
            routes::route_tests,
            footage::footage,
            footage::look_again,
            footage::clip_details,
            profiles::profiles,
            profiles::save_profile,
            profiles::use_profile,
            profiles::remove_profile,
            profiles::check_template,
            profiles::use_practice,
            profiles::rename_profile,
            sign_in::begin_sign_in,
            sign_in::open_sign_in,
            sign_in::sign_in_state,
            sign_in::sign_in_roles,
            sign_in::give_up_sign_in,
            sign_in::give_code,
            sign_in::sign_out,
            support::support,
            support::keep_support,
            profiles::preview_newsroom,
            profiles::accept_newsroom,
            profiles::export_newsroom,
            window::subscribe,
            window::pick_files,
            window::save_newsroom,
            window::about,
        ])
        // Sizes stay far under 2^53, times are milliseconds: a JavaScript number holds them.
        .dangerously_cast_bigints_to_number()
        // No type of ours is read otherwise than it is written.
        .disable_serde_phases()
}
