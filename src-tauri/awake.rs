//! Keeps the machine from falling asleep by itself while bytes move. Closing the lid still lets it sleep: a transfer
//! goes on where it was.

use keepawake::{Builder, KeepAwake};

/// Held while bytes move.
#[derive(Default)]
pub(crate) struct Awake {
    moving: bool,
    held: Option<KeepAwake>,
}

impl Awake {
    pub(crate) fn set(&mut self, moving: bool) {
        if moving == self.moving {
            return;
        }
        self.moving = moving;
        self.held = moving.then(hold).flatten();
    }
}

/// The system's calls block, and some wait for an answer over D-Bus, which must not hold up the async threads.
fn hold() -> Option<KeepAwake> {
    let held = std::thread::spawn(|| {
        Builder::default()
            .idle(true)
            .reason("Footage is being transferred")
            .app_name("Rushes")
            .app_reverse_domain("dev.rushes.desktop")
            .create()
    });
    match held.join() {
        Ok(Ok(held)) => Some(held),
        Ok(Err(error)) => {
            tracing::info!(%error, "this computer may fall asleep during transfers");
            None
        }
        Err(_) => None,
    }
}
