//! What the shell holds: the way to the engine, what the window listens on, and what was put into its hands.

use std::sync::Mutex;

use rushes_engine::Scope;
use rushes_engine::api::{RushesClient, Support};
use rushes_engine::attach::Connection;
use rushes_engine::error::{Error, Result};
use rushes_engine::home::Home;
use rushes_newsroom::Practice;
use tarpc::client::RpcError;
use tarpc::context::Context;
use tauri::async_runtime;
use tokio::sync::{Mutex as AsyncMutex, OnceCell};

use crate::handed::Handed;
use crate::window::Listener;

pub(crate) struct Shell {
    home: Home,
    connection: OnceCell<Connection>,
    pub(crate) listener: Mutex<Listener>,
    /// The page of the last sign-in that was begun, by the sign-in's ID: the window names no addresses.
    pub(crate) sign_in: Mutex<Option<(String, String)>>,
    /// What the window may name.
    pub(crate) handed: Handed,
    /// The support bundle as the window was last shown it: that one is kept, whatever the page has made of it.
    pub(crate) support: Mutex<Option<Support>>,
    /// The practice newsroom's server, while this process runs it.
    pub(crate) practice: AsyncMutex<Option<Practice>>,
}

impl Shell {
    pub(crate) fn new(home: Home) -> Shell {
        Shell {
            home,
            connection: OnceCell::new(),
            listener: Mutex::default(),
            sign_in: Mutex::default(),
            handed: Handed::default(),
            support: Mutex::default(),
            practice: AsyncMutex::default(),
        }
    }

    /// The way to the engine, opened at the first call. An error is not kept: the next call tries again.
    pub(crate) async fn connection(&self) -> Result<&Connection> {
        self.connection.get_or_try_init(|| Connection::open(self.home.clone(), Scope::All)).await
    }

    /// Asks the engine.
    pub(crate) async fn call<A: Clone, T, F>(&self, what: A, ask: impl Fn(RushesClient, Context, A) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, RpcError>>,
    {
        self.connection().await?.call(what, ask).await
    }

    /// Serves the practice newsroom from here and makes it the one in use.
    pub(crate) async fn use_practice(&self) -> Result<()> {
        self.serve_practice().await?;
        let name = rushes_newsroom::PROFILE.to_owned();
        self.call(name, async |engine, context, name| engine.use_profile(context, name).await).await?
    }

    /// Serves the practice newsroom, unless this process does so already.
    pub(crate) async fn serve_practice(&self) -> Result<()> {
        let mut practice = self.practice.lock().await;
        if practice.as_ref().is_some_and(Practice::is_ours) {
            return Ok(());
        }
        *practice = Some(rushes_newsroom::open(self.connection().await?).await?);
        Ok(())
    }

    /// Leaves everything as it can be taken up again. Blocks, briefly: the process ends after it.
    pub(crate) fn close(&self) {
        async_runtime::block_on(async {
            if let Some(connection) = self.connection.get() {
                connection.close().await;
            }
            if let Some(practice) = self.practice.lock().await.take() {
                practice.close().await;
            }
        });
    }
}

/// For what the system refuses to a window: a dialog, a file manager.
pub(crate) fn refused(sentence: &str, cause: impl std::fmt::Display) -> Error {
    Error::new(rushes_engine::error::Code::Internal, sentence).because(cause)
}
