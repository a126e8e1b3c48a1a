//! The link where the kernel cannot make one: a process of ours between two TUN devices, and its other end, which
//! starts it and gives it orders through a pipe. When the pipe closes, whatever the reason, it ends.
//! May not live here: how packets are carried.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::setpriority_process;
use rustix::time::{ClockId, clock_gettime};
use tun_rs::{DeviceBuilder, SyncDevice};

use super::End;
use super::namespace::Namespace;
use super::order::{Order, Stats};
use super::profile::Terms;
use super::pump::{Pump, Shared, Weather};

/// Before all that is being measured: a link that waits for a processor is a slower link.
const PRIORITY: i32 = -10;
/// The hidden verb of `rushes-bench`.
pub const VERB: &str = "emulate";
const READY: &str = "ready";

/// Its other end. Killed when dropped.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Emulator {
    /// With its devices in the namespaces when it returns.
    pub fn start(here: End<'_>, there: End<'_>, terms: &Terms) -> Result<Emulator> {
        let program = program()?;
        let mut child = Command::new(&program)
            .args([VERB, here.namespace.name(), here.device, there.namespace.name(), there.device])
            .arg(serde_json::to_string(terms)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let (stdin, stdout) = (child.stdin.take().context("a pipe")?, child.stdout.take().context("a pipe")?);
        let mut emulator = Emulator { child, pipes: Mutex::new((stdin, BufReader::new(stdout))) };
        let pipes = emulator.pipes.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut said = String::new();
        pipes.1.read_line(&mut said)?;
        ensure!(said.trim() == READY, "the link did not come up: {said}");
        Ok(emulator)
    }

    /// What it answers: figures, if it was asked for any.
    pub fn order(&self, order: &Order) -> Result<Option<Stats>> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let (stdin, stdout) = &mut *pipes;
        writeln!(stdin, "{order}").context("the link is down")?;
        let mut said = String::new();
        stdout.read_line(&mut said)?;
        match said.trim() {
            "ok" => Ok(None),
            figures if figures.starts_with('{') => Ok(Some(serde_json::from_str(figures)?)),
            other => bail!("{order}: {other}"),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `rushes-bench`, beside this program if it is not this one.
fn program() -> Result<PathBuf> {
    let name = "rushes-bench";
    let here = std::env::current_exe()?;
    // Tests are one folder further down.
    let found = here.ancestors().skip(1).take(2).map(|folder: &Path| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not built beside {}: cargo build -p {name}", here.display()))
}

/// The process itself, until the pipe that orders come from closes.
pub fn emulate(ends: [(&str, &str); 2], terms: Terms) -> Result<()> {
    // Only a luxury.
    let _ = setpriority_process(None, PRIORITY);
    let [here, there] = ends.map(|(namespace, name)| Namespace::enter_named(namespace, || device(name)));
    let devices = [here??, there??];
    let weather = Weather { terms, outage_until: Duration::ZERO, reset_until: Duration::ZERO };
    let shared = Shared { began: Instant::now(), weather: Mutex::new(weather), flows: Default::default() };
    std::thread::scope(|scope| {
        let [here, there] = &devices;
        let shared = &shared;
        for pump in [Pump::new(shared, 0, here, there), Pump::new(shared, 1, there, here)] {
            scope.spawn(move || {
                let Err(error) = pump.run() else { return };
                eprintln!("the link broke: {error:#}");
                std::process::exit(1);
            });
        }
        println!("{READY}");
        for line in std::io::stdin().lines().map_while(Result::ok) {
            match line.parse::<Order>() {
                Ok(Order::Stats) => println!("{}", serde_json::to_string(&stats(shared)).unwrap_or_default()),
                Ok(order) => {
                    obey(shared, &order);
                    println!("ok");
                }
                Err(error) => println!("{error:#}"),
            }
        }
        std::process::exit(0)
    })
}

fn device(name: &str) -> Result<SyncDevice> {
    let device = DeviceBuilder::new().name(name).with(|options| {
        options.offload(true);
    });
    let device = device.build_sync().context("a TUN device")?;
    device.set_nonblocking(true)?;
    Ok(device)
}

fn obey(shared: &Shared, order: &Order) {
    let mut weather = shared.weather.lock().unwrap_or_else(PoisonError::into_inner);
    let now = shared.began.elapsed();
    match *order {
        Order::Outage(length) => weather.outage_until = now.saturating_add(length),
        Order::Reset(length) => weather.reset_until = now.saturating_add(length),
        Order::Loss(percent) => weather.terms.loss_percent = percent,
        Order::Rate(mbit) => weather.terms.rate_mbit = (mbit > 0.0).then_some(mbit),
        Order::Delay(ms) => weather.terms.delay_ms = ms,
        Order::Stats => {}
    }
}

fn stats(shared: &Shared) -> Stats {
    let [up, down] = [0, 1].map(|direction| {
        let mut flow = shared.flows[direction].lock().unwrap_or_else(PoisonError::into_inner);
        let seen = *flow;
        flow.late_us = 0;
        seen
    });
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Stats { up, down, cpu_seconds: spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9 }
}
