//! An agency's proxy, as programs are told of one in HTTPS_PROXY: proxy.py, which we did not write. It knows hosts that
//! nobody else does, so that what went around it would not have arrived.
//! May not live here: what a test sends through it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::authority::Certificate;
use crate::child::{Child, Streams};
use crate::env::Env;
use crate::ports::Port;
use crate::{Scratch, pypi};

const HOSTS: &str = include_str!("forward.py");
const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// How a proxy shall be.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// NAME:PASSWORD that it asks for.
    pub asks_for: Option<String>,
    /// Hosts that only it knows, at 127.0.0.1.
    pub knows: Vec<String>,
    /// Hosts that it lets nobody reach.
    pub forbids: Vec<String>,
    /// It is spoken to by TLS.
    pub certificate: Option<Certificate>,
}

/// Listens until dropped.
#[derive(Debug)]
pub struct Forward {
    port: Port,
    child: Child,
}

impl Forward {
    pub async fn start(scratch: &Scratch, wishes: Wishes) -> Result<Forward> {
        let environment = spawn_blocking(pypi::proxy).await??;
        let folder = scratch.fresh("forward")?;
        fs::write(folder.join("forward.py"), HOSTS)?;
        let port = Port::claim()?;
        let mut command = Command::new(environment.join("bin/python"));
        command.args(["-m", "proxy", "--hostname", "127.0.0.1", "--num-acceptors", "1", "--num-workers", "1"]);
        command.args(["--plugins", "forward.Hosts", "--port", &port.number().to_string()]);
        command.args(["--data-dir", &folder.display().to_string()]).current_dir(&folder);
        if let Some(asks_for) = &wishes.asks_for {
            command.args(["--basic-auth", asks_for]);
        }
        if let Some(shown) = &wishes.certificate {
            command.arg("--cert-file").arg(&shown.certificate).arg("--key-file").arg(&shown.key);
        }
        let known: serde_json::Map<_, _> =
            wishes.knows.into_iter().map(|host| (host, json!(Ipv4Addr::LOCALHOST))).collect();
        let env = Env::new()
            .with("PYTHONPATH", &folder)
            .with("RIG_KNOWN", json!(known).to_string())
            .with("RIG_FORBIDDEN", json!(wishes.forbids).to_string());
        let mut child = Child::start_as("proxy.py", command, &env, &folder, Streams::default())?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        let answers = async || Ok(TcpStream::connect(address).await.is_ok().then_some(()));
        child.ready("the proxy listens", STARTED_WITHIN, answers).await?;
        Ok(Forward { port, child })
    }

    /// `127.0.0.1:20123`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// Its log.
    pub fn said(&self) -> String {
        self.child.said()
    }
}
