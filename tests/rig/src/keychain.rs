//! A private session bus with a keychain on it, which ends with the test and knows nothing of the user's own.
//! May not live here: what is kept in it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Scratch;
use crate::child::{Child, Streams};
use crate::env::Env;

const READY_WITHIN: Duration = Duration::from_secs(20);

/// No services are started by the bus itself: who is not there stays absent.
const BUS: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:path=BUS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A session bus, and gnome-keyring on it, or not. Its folders for a user's files are private as well, except the home
/// folder, where toolchains live.
#[derive(Debug)]
pub struct Keychain {
    env: Env,
    /// Ended in this order.
    _keyring: Option<Child>,
    _bus: Child,
}

impl Keychain {
    /// Takes and gives without asking, as after a login.
    pub async fn unlocked(scratch: &Scratch) -> Result<Keychain> {
        Keychain::start(scratch, true).await
    }

    /// Is there, but nobody has given its password, and nobody is there to be asked for it.
    pub async fn locked(scratch: &Scratch) -> Result<Keychain> {
        let keychain = Keychain::start(scratch, true).await?;
        keychain.lock()?;
        Ok(keychain)
    }

    /// As when a laptop wakes, or somebody locks it.
    pub fn lock(&self) -> Result<()> {
        let login = "array:objpath:/org/freedesktop/secrets/collection/login";
        self.call("org.freedesktop.secrets", "/org/freedesktop/secrets", &["Secret.Service.Lock", login]).map(|_| ())
    }

    /// How many entries it holds of a service, locked or not.
    pub fn entries(&self, service: &str) -> Result<usize> {
        let wanted = format!("dict:string:string:service,{service}");
        let asked = ["Secret.Service.SearchItems", wanted.as_str()];
        let found = self.call("org.freedesktop.secrets", "/org/freedesktop/secrets", &asked)?;
        Ok(found.matches("/org/freedesktop/secrets/collection/").count())
    }

    /// A session without one.
    pub async fn absent(scratch: &Scratch) -> Result<Keychain> {
        Keychain::start(scratch, false).await
    }

    /// What children need to find it.
    pub fn env(&self) -> &Env {
        &self.env
    }

    async fn start(scratch: &Scratch, with_keyring: bool) -> Result<Keychain> {
        let folder = scratch.fresh("session")?;
        let (mut bus, env) = start_bus(&folder)?;
        let socket = folder.join("bus");
        bus.ready("the session bus listens", READY_WITHIN, async || Ok(socket.exists().then_some(()))).await?;
        let mut keychain = Keychain { env, _keyring: None, _bus: bus };
        if with_keyring {
            keychain._keyring = Some(keychain.start_keyring(&folder).await?);
        }
        Ok(keychain)
    }

    async fn start_keyring(&self, folder: &Path) -> Result<Child> {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        let streams = Streams { asks: true, out: None };
        let mut keyring = Child::start_as("gnome-keyring-daemon", command, &self.env, folder, streams)?;
        // The password that a new keychain then has. It reads until the end of what it is given.
        keyring.stdin().context("its input")?.write_all(b"rushes-rig")?;
        keyring
            .ready("the keychain is open", READY_WITHIN, async || {
                let asked = ["Secret.Service.ReadAlias", "string:default"];
                let default = self.call("org.freedesktop.secrets", "/org/freedesktop/secrets", &asked);
                Ok(default.ok().filter(|path| path.contains("/collection/")))
            })
            .await?;
        Ok(keyring)
    }

    /// Calls a method of `org.freedesktop` on the bus and returns the answer as text.
    pub(crate) fn call(&self, whom: &str, path: &str, method_and_arguments: &[&str]) -> Result<String> {
        let (method, arguments) = method_and_arguments.split_first().context("a method")?;
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply=literal", "--reply-timeout=5000", &format!("--dest={whom}"), path]);
        command.arg(format!("org.freedesktop.{method}")).args(arguments);
        self.env.apply(&mut command);
        let output = command.output().context("dbus-send")?;
        ensure!(output.status.success(), "{method}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn start_bus(folder: &Path) -> Result<(Child, Env)> {
    let socket = folder.join("bus");
    let config = folder.join("bus.conf");
    fs::write(&config, BUS.replace("BUS", &socket.display().to_string()))?;
    let mut env = Env::new()
        .with("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()))
        // The user's own agent, if there is one.
        .without("GNOME_KEYRING_CONTROL");
    for (name, folder_name) in [
        ("XDG_RUNTIME_DIR", "run"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_STATE_HOME", "state"),
    ] {
        let private = folder.join(folder_name);
        fs::create_dir(&private)?;
        // Programs refuse a runtime folder that others can read.
        fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        env = env.with(name, private);
    }
    let mut command = Command::new("dbus-daemon");
    command.args(["--nofork", "--nopidfile"]).arg(format!("--config-file={}", config.display()));
    Ok((Child::start(command, &env, folder)?, env))
}
