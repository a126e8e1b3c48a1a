//! nginx in front of what the region and the edge have: TLS under AWS's names, a kept-alive way to the region, and the few
//! answers that the store behind cannot give: what a bucket says of its acceleration, and that it is in another region.
//! Those are canned, in AWS's published words.
//! May not live here: which names there are, and where they lead.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use rushes_bench::link::Namespace;
use rushes_rig::Scratch;
use rushes_rig::authority::Certificate;
use rushes_rig::child::Child;
use rushes_rig::env::Env;

/// For nginx to begin.
const STARTED_WITHIN: Duration = Duration::from_secs(10);

/// One name, or several, and what is done for them.
pub struct Server {
    /// As nginx has them; `*.` at the beginning stands for any first label.
    pub names: Vec<String>,
    /// `10.88.4.2:443 ssl`.
    pub listen: Vec<String>,
    /// What stands in its `server` block beside names and certificates.
    pub body: String,
}

/// Serves until dropped.
#[derive(Debug)]
pub struct Front {
    folder: PathBuf,
    network: String,
    _child: Child,
}

impl Front {
    /// Ready when it returns.
    pub fn start(
        scratch: &Scratch,
        what: &str,
        network: &Namespace,
        tls: &Certificate,
        http: &str,
        servers: &[Server],
    ) -> Result<Front> {
        let folder = scratch.fresh(&format!("nginx-{what}"))?;
        let conf = folder.join("nginx.conf");
        fs::write(&conf, config(&folder, tls, http, servers)?)?;
        let mut command = network.command("nginx");
        command.arg("-c").arg(&conf).arg("-e").arg(folder.join("error.log"));
        let child = Child::start(command, &Env::new(), &folder)?;
        let front = Front { folder, network: network.name().to_owned(), _child: child };
        let begun = std::time::Instant::now();
        while !front.folder.join("nginx.pid").is_file() {
            ensure!(begun.elapsed() < STARTED_WITHIN, "nginx did not begin: {}", front.errors());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(front)
    }

    /// From now on it serves these instead. What is under way ends as it began.
    pub fn change(&self, tls: &Certificate, http: &str, servers: &[Server]) -> Result<()> {
        let conf = self.folder.join("nginx.conf");
        fs::write(&conf, config(&self.folder, tls, http, servers)?)?;
        let mut reload = Command::new("ip");
        reload.args(["netns", "exec", &self.network, "nginx", "-s", "reload", "-c"]).arg(&conf);
        let output = reload.arg("-e").arg(self.folder.join("error.log")).output()?;
        ensure!(output.status.success(), "nginx: {}", String::from_utf8_lossy(&output.stderr));
        // Workers of before take nothing new from here on.
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    }

    /// What was asked for, a line each: host, method, address, status, bytes of the answer's body and of the question, and when it was over.
    pub fn asked(&self) -> Result<Vec<Asked>> {
        let log = fs::read_to_string(self.folder.join("access.log")).unwrap_or_default();
        Ok(log.lines().filter_map(Asked::parse).collect())
    }

    pub fn errors(&self) -> String {
        fs::read_to_string(self.folder.join("error.log")).unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub host: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub sent: u64,
    pub received: u64,
    /// When it was over, in seconds since 1970.
    pub at: f64,
}

impl Asked {
    fn parse(line: &str) -> Option<Asked> {
        let mut words = line.split(' ');
        let mut next = || words.next();
        Some(Asked {
            host: next()?.to_owned(),
            method: next()?.to_owned(),
            path: next()?.to_owned(),
            status: next()?.parse().ok()?,
            sent: next()?.parse().ok()?,
            received: next()?.parse().ok()?,
            at: next()?.parse().ok()?,
        })
    }
}

fn config(folder: &Path, tls: &Certificate, http: &str, servers: &[Server]) -> Result<String> {
    let place = folder.display();
    let mut conf = String::new();
    writeln!(conf, "daemon off; master_process on; worker_processes 1; user root; pid {place}/nginx.pid;")?;
    writeln!(conf, "error_log {place}/error.log warn; worker_rlimit_nofile 8192;")?;
    writeln!(conf, "events {{ worker_connections 4096; }}\nhttp {{")?;
    writeln!(
        conf,
        "log_format asked '$host $request_method $request_uri $status $body_bytes_sent $request_length $msec';"
    )?;
    writeln!(conf, "access_log {place}/access.log asked;")?;
    for temporary in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(conf, "{temporary}_temp_path {place}/{temporary};")?;
    }
    // As AWS's endpoints have it; this server would keep to 1.2.
    writeln!(conf, "ssl_protocols TLSv1.2 TLSv1.3;")?;
    writeln!(conf, "ssl_certificate {}; ssl_certificate_key {};", tls.certificate.display(), tls.key.display())?;
    // S3 speaks HTTP/1.1, takes parts of any size, and closes a connection after twenty idle seconds.
    writeln!(conf, "client_max_body_size 0; keepalive_timeout 20; keepalive_requests 100000; tcp_nodelay on;")?;
    writeln!(
        conf,
        "proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off; proxy_read_timeout 300;"
    )?;
    writeln!(conf, "proxy_set_header Host $http_host; proxy_set_header Connection \"\"; merge_slashes off;")?;
    writeln!(conf, "{http}")?;
    for Server { names, listen, body } in servers {
        let listen: String = listen.iter().map(|listen| format!("listen {listen}; ")).collect();
        writeln!(conf, "server {{ {listen}server_name {}; {body} }}", names.join(" "))?;
    }
    conf.push_str("}\n");
    Ok(conf)
}
