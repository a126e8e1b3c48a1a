//! The practice newsroom as a profile like any other: its server started, its keys made once and kept in the keychain,
//! its profile saved. The one place that knows both the engine and the practice server; neither knows this.

use rushes_engine::api::{Keys, SaveProfile};
use rushes_engine::attach::Connection;
use rushes_engine::credentials;
use rushes_engine::error::{Code, Error, Result};
use rushes_engine::keys::NEWSROOM_TEMPLATE;
use rushes_engine::profile::{CredentialsFrom, Profile};
use rushes_practice::{BUCKET, REGION, Serving, Trouble, serve};

/// The profile's name.
pub const PROFILE: &str = "Practice newsroom";
const BUREAU: &str = "Practice";

/// The practice newsroom, open: served by this process for as long as this lives, or by another one.
#[derive(Debug)]
pub struct Practice {
    serving: Option<Serving>,
    endpoint: String,
    keys: Keys,
}

impl Practice {
    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// For `rushesctl practice --print-keys`, which is the one way to see them.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Whether it ends with this process.
    pub fn is_ours(&self) -> bool {
        self.serving.is_some()
    }

    pub async fn close(self) {
        if let Some(serving) = self.serving {
            serving.stop().await;
        }
    }
}

/// Serves the practice bucket of the connection's home, or finds who does, and has its profile point there.
pub async fn open(connection: &Connection) -> Result<Practice> {
    let home = connection.home();
    let account = credentials::account(home, PROFILE)?;
    let (keys, from) = match credentials::kept(account.clone()).await {
        Ok(Some(keys)) => (keys, CredentialsFrom::Keychain),
        Ok(None) => {
            let keys = fresh();
            credentials::keep(account, keys.clone()).await?;
            (keys, CredentialsFrom::Keychain)
        }
        // A bucket to practise on needs no keychain: keys for as long as this process lives.
        Err(error) if error.code == Code::KeychainUnavailable => {
            tracing::warn!(%error, "the practice newsroom's keys are kept in memory only");
            (fresh(), CredentialsFrom::Lent)
        }
        Err(error) => return Err(error),
    };
    let theirs = rushes_practice::Keys {
        access_key_id: keys.access_key_id.clone(),
        secret_access_key: keys.secret_access_key.clone(),
    };
    let (serving, endpoint) = match serve(&home.practice(), theirs, None).await {
        Ok(serving) => {
            serving.fill().await.map_err(failed)?;
            let endpoint = serving.endpoint();
            (Some(serving), endpoint)
        }
        Err(Trouble::ServedAlready { endpoint: Some(endpoint) }) if from == CredentialsFrom::Keychain => {
            (None, endpoint)
        }
        Err(trouble) => return Err(failed(trouble)),
    };
    save_profile(connection, &endpoint, from, &keys).await?;
    Ok(Practice { serving, endpoint, keys })
}

fn fresh() -> Keys {
    let made = rushes_practice::Keys::fresh();
    Keys {
        access_key_id: made.access_key_id,
        secret_access_key: made.secret_access_key,
        session_token: None,
        cloudfront_key: None,
    }
}

fn failed(trouble: Trouble) -> Error {
    Error::new(
        Code::DiskFailed,
        "The practice newsroom cannot be opened. Close other copies of Rushes, then try again.",
    )
    .because(trouble)
}

async fn save_profile(connection: &Connection, endpoint: &str, from: CredentialsFrom, keys: &Keys) -> Result<()> {
    let profile = Profile {
        name: PROFILE.to_owned(),
        bureau: BUREAU.to_owned(),
        bucket: BUCKET.to_owned(),
        region: REGION.to_owned(),
        endpoint: Some(endpoint.to_owned()),
        accelerate: false,
        key_template: NEWSROOM_TEMPLATE.to_owned(),
        credentials: from.clone(),
        zone: None,
        routes: Default::default(),
    };
    let known = connection.call((), async |engine, context, ()| engine.profiles(context).await).await?;
    if !known.iter().any(|row| row.profile == profile) {
        connection
            // Its address is another with every start, and these keys are for wherever it is.
            .call(
                SaveProfile { keys: (from != CredentialsFrom::Lent).then(|| keys.clone()), ..SaveProfile::of(profile) },
                async |engine, context, request| engine.save_profile(context, request).await,
            )
            .await??;
    }
    if from == CredentialsFrom::Lent {
        connection
            .call(keys.clone(), async |engine, context, keys| engine.lend_keys(context, PROFILE.to_owned(), keys).await)
            .await??;
    }
    Ok(())
}
