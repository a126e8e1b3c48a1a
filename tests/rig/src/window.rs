//! The app's window under WebDriver: what a user reads, clicks and types in it, and its sudden end.
//! May not live here: what the window should show, or any word of its page but `data-testid`.

use std::fmt::Display;
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::child::{Child, pid};
use crate::desktop::Desktop;
use crate::env::Env;
use crate::ports::Port;
use crate::until;

/// For the app to start, on a machine that builds something at the same time.
const OPENED_WITHIN: Duration = Duration::from_secs(60);
/// For any one command. A driver whose app is gone may never answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// For something to be there that should be there, where no time is given.
const FOUND_WITHIN: Duration = Duration::from_secs(15);

/// What is opened, and how.
#[derive(Clone, Debug)]
pub struct App {
    pub binary: PathBuf,
    pub args: Vec<String>,
    /// Over the desktop's: `RUSHES_HOME` and the like.
    pub env: Env,
}

/// A window of the app, killed with all that it started when dropped.
///
/// Elements are named by their `data-testid`. Of several, the first is meant, unless it is said more narrowly:
/// `transfer-row[data-id="3"] row-menu` is the `row-menu` within that `transfer-row`.
#[derive(Debug)]
pub struct Window {
    client: Client,
    driver: Child,
    app: u32,
    _port: Port,
}

impl Window {
    /// Starts the app on the desktop and waits for its window.
    pub async fn open(desktop: &Desktop, app: &App) -> Result<Window> {
        let port = Port::claim()?;
        let mut command = Command::new("WebKitWebDriver");
        command.arg(format!("--port={}", port.number()));
        let env = app.env.clone().with("TAURI_AUTOMATION", "true").with("TAURI_WEBVIEW_AUTOMATION", "true");
        let mut driver = desktop.launch(command, &env)?;
        let address = (Ipv4Addr::LOCALHOST, port.number());
        let listens = || TcpStream::connect(address).ok().map(|_| ());
        driver.ready("the driver listens", ANSWERED_WITHIN, async || Ok(listens())).await?;

        let wanted = json!({ "webkitgtk:browserOptions": { "binary": app.binary, "args": app.args } });
        let wanted = wanted.as_object().cloned().context("an object")?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted);
        let endpoint = format!("http://127.0.0.1:{}", port.number());
        let client = match tokio::time::timeout(OPENED_WITHIN, builder.connect(&endpoint)).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(driver.explain(anyhow::Error::new(error).context("no window was opened"))),
            Err(_) => return Err(driver.explain(anyhow::anyhow!("no window was opened within {OPENED_WITHIN:?}"))),
        };
        let app = child_of(driver.id())?.context("the driver started no app")?;
        Ok(Window { client, driver, app, _port: port })
    }

    /// The WebDriver client itself, for what only one test does.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The app's process.
    pub fn app(&self) -> u32 {
        self.app
    }

    /// What the app and the driver wrote so far.
    pub fn said(&self) -> String {
        self.driver.said()
    }

    /// The element, once it is there.
    pub async fn find(&self, testid: &str) -> Result<Element> {
        self.wait(testid, "is there", FOUND_WITHIN, async |element| Ok(Some(element))).await
    }

    /// How many elements have it, now.
    pub async fn count(&self, testid: &str) -> Result<usize> {
        // Counted in the page: an element that leaves while the driver fetches it would be an error.
        let script = "return document.querySelectorAll(arguments[0]).length";
        Ok(serde_json::from_value(self.script(script, vec![json!(selector(testid))]).await?)?)
    }

    /// Their texts, now.
    pub async fn texts(&self, testid: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())";
        let texts = self.script(script, vec![json!(selector(testid))]).await?;
        Ok(serde_json::from_value(texts)?)
    }

    /// The text as it is shown, once it is as wanted.
    pub async fn text(&self, testid: &str, within: Duration, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let mut last = None;
        let text = self.wait(testid, "says what it should", within, async |element| {
            // Not the driver's own idea of visible text: WebKit's says nothing of what is cut off by an ellipsis.
            let text = element.prop("innerText").await?.unwrap_or_default().trim().to_owned();
            last = Some(text.clone());
            Ok(wanted(&text).then_some(text))
        });
        text.await.with_context(|| format!("it said {last:?}"))
    }

    /// An attribute, once it is as wanted; None is an attribute that is not there.
    pub async fn attribute(
        &self,
        testid: &str,
        name: &str,
        within: Duration,
        wanted: impl Fn(Option<&str>) -> bool,
    ) -> Result<Option<String>> {
        let mut last = None;
        let value = self.wait(testid, format!("has the right {name:?}"), within, async |element| {
            let value = element.attr(name).await?;
            last = Some(value.clone());
            Ok(wanted(value.as_deref()).then_some(value))
        });
        value.await.with_context(|| format!("it was {last:?}"))
    }

    /// Waits until no element has it.
    pub async fn gone(&self, testid: &str, within: Duration) -> Result<()> {
        let gone = async || Ok((self.count(testid).await? == 0).then_some(()));
        until(format!("{testid:?} is gone"), within, gone).await
    }

    /// Clicks it, once it can be clicked.
    pub async fn click(&self, testid: &str) -> Result<()> {
        self.wait(testid, "can be clicked", FOUND_WITHIN, async |element| element.click().await.map(Some)).await
    }

    /// Types into it in place of what is there.
    pub async fn fill(&self, testid: &str, text: &str) -> Result<()> {
        self.wait(testid, "can be typed into", FOUND_WITHIN, async |element| {
            element.clear().await?;
            element.send_keys(text).await.map(Some)
        })
        .await
    }

    /// Chooses from a list, by value.
    pub async fn choose(&self, testid: &str, value: &str) -> Result<()> {
        self.find(testid).await?;
        // As a person's choice does: the driver's own way through the options depends on how the list is drawn.
        let script = "const list = document.querySelector(arguments[0]); list.value = arguments[1];
            list.dispatchEvent(new Event('change', { bubbles: true })); return list.value";
        let chosen = self.script(script, vec![json!(selector(testid)), json!(value)]).await?;
        ensure!(chosen == value, "{testid} has no {value}");
        Ok(())
    }

    /// Types into it, after what is there. Keys without letters are in [`fantoccini::key`].
    pub async fn press(&self, testid: &str, keys: &str) -> Result<()> {
        let typed = async |element: Element| element.send_keys(keys).await.map(Some);
        self.wait(testid, "can be typed into", FOUND_WITHIN, typed).await
    }

    /// Runs a script in the page, as a function's body, and returns what it returns.
    pub async fn script(&self, body: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(answered(self.client.execute(body, arguments)).await??)
    }

    /// Where an element is in the page: its middle, in the page's pixels.
    pub async fn middle(&self, testid: &str) -> Result<(i32, i32)> {
        self.find(testid).await?;
        let script = "const r = document.querySelector(arguments[0]).getBoundingClientRect();
            return [Math.round(r.x + r.width / 2), Math.round(r.y + r.height / 2)]";
        Ok(serde_json::from_value(self.script(script, vec![json!(selector(testid))]).await?)?)
    }

    /// The page as a picture (PNG), as it is now: what was last drawn may be of a moment ago, on a busy machine of another
    /// view. The second frame from now has everything that the page holds; it is given a moment to reach the screen.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let frames = "const done = arguments[0];
            requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true), 500)));";
        answered(self.client.execute_async(frames, vec![])).await??;
        let picture = answered(self.client.screenshot()).await??;
        fs::write(path, picture).with_context(|| path.display().to_string())
    }

    /// Kills the app, as a crash would. What it started, it leaves behind until this is dropped.
    pub async fn kill_app(&self) -> Result<()> {
        kill_process(pid(self.app), Signal::KILL)?;
        self.app_ended(ANSWERED_WITHIN).await
    }

    /// Waits for the app to end by itself.
    pub async fn app_ended(&self, within: Duration) -> Result<()> {
        until("the app has ended", within, async || Ok((!is_running(self.app)).then_some(()))).await
    }

    /// Ends the session, with which the driver ends the app.
    pub async fn close(self) -> Result<()> {
        let Window { client, app, mut driver, .. } = self;
        answered(client.close()).await??;
        let ended = until("the app has ended", ANSWERED_WITHIN, async || Ok((!is_running(app)).then_some(()))).await;
        driver.kill_all();
        ended
    }

    /// Asks `held` about the element until it gives something. Pages change under the asker: an element that is not
    /// there, or not any more, or not ready, is asked for again.
    async fn wait<T>(
        &self,
        testid: &str,
        what: impl Display,
        within: Duration,
        mut held: impl AsyncFnMut(Element) -> Result<Option<T>, CmdError>,
    ) -> Result<T> {
        let selector = selector(testid);
        let mut last = None;
        let got = until(format!("{testid:?} {what}"), within, async || {
            let asked = async {
                let element = self.client.find(Locator::Css(&selector)).await?;
                held(element).await
            };
            match answered(asked).await? {
                Ok(got) => Ok(got),
                Err(error) if is_passing(&error) => {
                    last = Some(error);
                    Ok(None)
                }
                Err(error) => Err(error.into()),
            }
        });
        match (got.await, last) {
            (Err(error), Some(last)) => Err(error.context(format!("the driver said: {last}"))),
            (got, _) => got,
        }
    }
}

fn selector(testid: &str) -> String {
    let words = testid.split(' ').map(|word| {
        let (id, narrower) = word.split_at(word.find(['[', ':']).unwrap_or(word.len()));
        format!("[data-testid={}]{narrower}", Value::from(id))
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_passing(error: &CmdError) -> bool {
    error.is_no_such_element()
        || error.is_stale_element_reference()
        || error.is_element_not_interactable()
        || error.is_invalid_element_state()
        || matches!(error, CmdError::Standard(error) if error.error == ErrorStatus::ElementClickIntercepted)
}

async fn answered<T>(command: impl Future<Output = T>) -> Result<T> {
    match tokio::time::timeout(ANSWERED_WITHIN, command).await {
        Ok(answer) => Ok(answer),
        Err(_) => bail!("the driver did not answer within {ANSWERED_WITHIN:?}"),
    }
}

/// The parent and the state of a process.
fn status(process: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may hold anything, brackets too.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let state = words.next()?.chars().next()?;
    Some((words.next()?.parse().ok()?, state))
}

fn is_running(process: u32) -> bool {
    // A zombie has ended; its parent has not looked yet.
    status(process).is_some_and(|(_, state)| state != 'Z')
}

fn child_of(parent: u32) -> Result<Option<u32>> {
    let processes = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(processes.into_iter().find(|process| status(*process).is_some_and(|(of, _)| of == parent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_named_by_testid_and_can_be_narrowed() {
        assert_eq!(selector("eta"), r#"[data-testid="eta"]"#);
        let menu = r#"[data-testid="row"][data-id="3"] [data-testid="menu"]"#;
        assert_eq!(selector(r#"row[data-id="3"] menu"#), menu);
    }
}
