//! Sign-ins in the browser that are under way: asked for, waited for, and the choice of account and role that they open.
//! Their tokens are in memory until a profile is saved with them. How Identity Center is spoken to is in `credentials`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::api::{Account, BeginSignIn, DeviceSignIn, SignInState};
use crate::clock;
use crate::core::Core;
use crate::credentials::Tokens;
use crate::credentials::center::{self, Asked, Said};
use crate::error::{Code, Error, Result};
use crate::profile::{CredentialsFrom, IdentityCenter};

/// At a time: more is nobody's.
const MOST: usize = 8;
/// How much more seldom Identity Center is asked once it says so (RFC 8628).
const SLOWER: Duration = Duration::from_secs(5);
/// How long an answer to "has somebody said yes?" waits for that.
const WAITS: Duration = Duration::from_secs(25);

#[derive(Default)]
pub(crate) struct SignIns(Mutex<HashMap<String, Arc<One>>>);

struct One {
    state: watch::Receiver<State>,
    task: AbortHandle,
}

#[derive(Clone)]
enum State {
    Waiting,
    Yes(Arc<Tokens>, Vec<Account>),
    No(Error),
}

impl Drop for One {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SignIns {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<One>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Result<Arc<One>> {
        let gone = || Error::new(Code::NotFound, "That sign-in is over. Begin again.");
        self.all().get(id).cloned().ok_or_else(gone)
    }

    /// What somebody's yes brought; it is taken once.
    pub(crate) fn take(&self, id: &str) -> Result<Tokens> {
        let one = self.get(id)?;
        let State::Yes(tokens, _) = &*one.state.borrow() else {
            return Err(Error::new(Code::SignInNeeded, "Nobody has signed in in the browser yet."));
        };
        let tokens = Tokens::clone(tokens);
        self.all().remove(id);
        Ok(tokens)
    }

    pub(crate) fn put_back(&self, id: String, tokens: Tokens) {
        let (_told, state) = watch::channel(State::Yes(Arc::new(tokens), Vec::new()));
        let task = tokio::spawn(async {}).abort_handle();
        self.all().insert(id, Arc::new(One { state, task }));
    }

    pub(crate) fn give_up(&self, id: &str) {
        self.all().remove(id);
    }
}

impl Core {
    pub(crate) async fn begin_sign_in(&self, wanted: BeginSignIn) -> Result<DeviceSignIn> {
        let (start_url, region) = (wanted.start_url, wanted.region);
        let center = IdentityCenter { start_url, region, account: String::new(), role: String::new() };
        let CredentialsFrom::IdentityCenter(center) = CredentialsFrom::IdentityCenter(center).checked()? else {
            return Err(Error::internal("another way in came back"));
        };
        let common = self.purse.common().clone();
        let asked = center::ask(&common, &center.start_url, &center.region).await?;
        let begun = DeviceSignIn {
            id: format!("{:032x}", rand::random::<u128>()),
            code: asked.code.clone(),
            page: asked.page.clone(),
            until: asked.until,
        };
        let (tell, state) = watch::channel(State::Waiting);
        let task = tokio::spawn(async move {
            let state = wait(&common, asked).await.unwrap_or_else(State::No);
            let _ = tell.send(state);
            // Whoever asks later is told as well, for as long as the sign-in is kept.
            tell.closed().await;
        });
        let mut all = self.sign_ins.all();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(begun.id.clone(), Arc::new(One { state, task: task.abort_handle() }));
        Ok(begun)
    }

    /// Waits a while for somebody's yes.
    pub(crate) async fn sign_in_state(&self, id: &str) -> Result<SignInState> {
        let one = self.sign_ins.get(id)?;
        let mut state = one.state.clone();
        let changed = state.wait_for(|state| !matches!(state, State::Waiting));
        let state = match tokio::time::timeout(WAITS, changed).await {
            Ok(Ok(state)) => state.clone(),
            _ => State::Waiting,
        };
        match state {
            State::Waiting => Ok(SignInState::Waiting),
            State::Yes(_, accounts) => Ok(SignInState::SignedIn { accounts }),
            State::No(error) => {
                self.sign_ins.give_up(id);
                Err(error)
            }
        }
    }

    pub(crate) async fn sign_in_roles(&self, id: &str, account: &str) -> Result<Vec<String>> {
        let one = self.sign_ins.get(id)?;
        let state = one.state.borrow().clone();
        let State::Yes(tokens, accounts) = state else {
            return Err(Error::new(Code::SignInNeeded, "Nobody has signed in in the browser yet."));
        };
        if !accounts.iter().any(|known| known.id == account) {
            return Err(Error::new(Code::BadInput, "That is none of your accounts."));
        }
        center::roles(self.purse.common(), &tokens, account).await
    }
}

async fn wait(common: &crate::wire::Common, asked: Asked) -> Result<State> {
    let mut interval = asked.interval();
    loop {
        tokio::time::sleep(interval).await;
        match asked.look(common).await {
            Ok(Said::Yes(tokens)) => {
                let accounts = center::accounts(common, &tokens).await?;
                return Ok(State::Yes(Arc::new(*tokens), accounts));
            }
            Ok(Said::NotYet) => {}
            Ok(Said::Slower) => interval += SLOWER,
            // The network may come back before the time is over.
            Err(error) if error.code == Code::Offline && clock::now() < asked.until => {}
            Err(error) => return Err(error),
        }
        if clock::now() >= asked.until {
            return Err(Error::new(Code::SignInNeeded, "Nobody signed in in the browser in time. Begin again."));
        }
    }
}
