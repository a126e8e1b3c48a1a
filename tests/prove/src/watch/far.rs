//! A network drive on loopback: a folder served by sshd and mounted by sshfs. What is written into the folder itself is written
//! on the far side, and no event of it comes here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::child::Child;
use rushes_rig::env::Env;
use rushes_rig::ports::Port;
use rushes_rig::{Scratch, until};

pub(super) struct Far {
    /// Where other computers write.
    pub there: PathBuf,
    /// Where it is seen here.
    pub here: PathBuf,
    _server: Child,
    _port: Port,
}

impl Far {
    pub(super) async fn mount(scratch: &Scratch) -> Result<Far> {
        let folder = scratch.fresh("far")?;
        let [there, here] = ["there", "here"].map(|name| folder.join(name));
        fs::create_dir(&there)?;
        fs::create_dir(&here)?;
        for key in ["host", "user"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)))?;
        }
        fs::copy(folder.join("user.pub"), folder.join("authorized"))?;
        let claimed = Port::claim()?;
        let port = claimed.number();
        let config = folder.join("sshd_config");
        let said = |name: &str| folder.join(name).display().to_string();
        fs::write(
            &config,
            format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile {}\nStrictModes no\n\
                 PermitRootLogin yes\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n",
                said("host"),
                said("authorized"),
                said("pid")
            ),
        )?;
        fs::create_dir_all("/run/sshd").ok();
        let mut sshd = Command::new("/usr/sbin/sshd");
        sshd.args(["-D", "-e", "-f"]).arg(&config);
        let mut server = Child::start(sshd, &Env::new(), &folder)?;
        let open = async || Ok(std::net::TcpStream::connect(("127.0.0.1", port)).ok().map(drop));
        server.ready("sshd listens", Duration::from_secs(20), open).await?;
        let user = String::from_utf8(Command::new("id").arg("-un").output()?.stdout)?;
        let mut mount = Command::new("sshfs");
        mount.arg(format!("{}@127.0.0.1:{}", user.trim(), there.display())).arg(&here);
        mount.args(["-p", &port.to_string(), "-o", "StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,reconnect"]);
        mount.arg("-o").arg(format!("IdentityFile={}", said("user")));
        run(&mut mount)?;
        let far = Far { there, here, _server: server, _port: claimed };
        fs::write(far.there.join(".is-there"), "x")?;
        until("the drive is mounted", Duration::from_secs(20), async || {
            Ok(far.here.join(".is-there").exists().then_some(()))
        })
        .await?;
        Ok(far)
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // Before its server goes, or whoever looks waits for it.
        for how in [["fusermount3", "-uz"], ["fusermount", "-uz"], ["umount", "-l"]] {
            if Command::new(how[0]).arg(how[1]).arg(&self.here).status().is_ok_and(|status| status.success()) {
                return;
            }
        }
        eprintln!("{} could not be unmounted", Path::new(&self.here).display());
    }
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let done = command.output().with_context(|| format!("{name}: is it installed?"))?;
    ensure!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
