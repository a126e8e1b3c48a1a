//! What a page tries in its own document: to go elsewhere, to run text as a script, to reach somebody. WebDriver's scripts
//! stand for a page's own code that went wrong; what they put into the document is held to the page's policy.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::window::Window;
use serde_json::{Value, json};

use super::outward::Listener;

/// For whatever was begun to arrive or to run.
const MOMENT: Duration = Duration::from_millis(700);

/// Each a body with the address `to`. Clicks are real ones, which a browser lets do more than scripts.
const WAYS_OUT: [(&str, &str); 13] = [
    ("location", "location = to"),
    ("location.assign", "location.assign(to)"),
    ("location.replace", "location.replace(to)"),
    ("window.open", "window.open(to)"),
    ("window.open _self", "window.open(to, '_self')"),
    (
        "meta refresh",
        "const m = document.createElement('meta'); m.httpEquiv = 'refresh'; m.content = '0;url=' + to; document.head.append(m)",
    ),
    (
        "form",
        "const f = document.createElement('form'); f.action = to; f.method = 'post'; document.body.append(f); f.submit()",
    ),
    ("form get", "const f = document.createElement('form'); f.action = to; document.body.append(f); f.submit()"),
    ("frame", "const f = document.createElement('iframe'); f.src = to; document.body.append(f)"),
    (
        "frame of text",
        "const f = document.createElement('iframe'); f.srcdoc = '<img src=' + to + '>'; document.body.append(f)",
    ),
    ("object", "const o = document.createElement('object'); o.data = to; document.body.append(o)"),
    ("data:", "location = 'data:text/html,<script>location=\"' + to + '\"</' + 'script>'"),
    ("file:", "location = 'file:///etc/passwd'"),
];

pub async fn tries_to_leave(window: &Window, listener: &Listener) -> Result<Vec<Value>> {
    let mut tried = Vec::new();
    for (way, body) in WAYS_OUT {
        let to = listener.url("http", "left");
        let run = format!("const to = arguments[0]; try {{ {body} }} catch (e) {{ return String(e) }} return ''");
        tried.push(left(window, listener, way, window.script(&run, vec![json!(to)]).await).await?);
    }
    for (way, target, keys) in
        [("a link", "", ""), ("a link to a new window", "_blank", ""), ("a download", "", "download")]
    {
        let run =
            "const a = document.createElement('a'); a.href = arguments[0]; if (arguments[1]) a.target = arguments[1];
            if (arguments[2]) a.download = 'x'; a.dataset.testid = 'hostile'; a.textContent = 'hostile';
            a.style.cssText = 'position: fixed; top: 0; left: 0; z-index: 99; background: red; padding: 20px';
            document.body.append(a)";
        let to = listener.url("http", "left");
        window.script(run, vec![json!(to), json!(target), json!(keys)]).await?;
        window.click("hostile").await?;
        let said = left(window, listener, way, Ok(json!(""))).await?;
        window.script("document.querySelectorAll('[data-testid=hostile]').forEach(a => a.remove())", vec![]).await?;
        tried.push(said);
    }
    Ok(tried)
}

async fn left(window: &Window, listener: &Listener, way: &str, said: Result<Value>) -> Result<Value> {
    let before = listener.connections();
    tokio::time::sleep(MOMENT).await;
    let at = window
        .script("return [location.href, !!document.querySelector('[data-testid=profile-switcher]')]", vec![])
        .await;
    let at = at.with_context(|| format!("after {way} the page did not answer"))?;
    let windows = window.client().windows().await?.len();
    let stays = at[0].as_str().is_some_and(|at| at.starts_with("tauri://localhost")) && at[1] == true && windows == 1;
    ensure!(stays, "by {way} the page left: {at}, {windows} windows");
    let came = listener.connections() - before;
    let said = said.unwrap_or_else(|error| json!(error.to_string()));
    Ok(json!({ "way": way, "said": said, "done": came > 0 }))
}

/// Each sets `window.owned` where its text is run.
const TEXTS: [(&str, &str); 13] = [
    (
        "script element",
        "const s = document.createElement('script'); s.append('window.owned = 1'); document.body.append(s)",
    ),
    (
        "script by data:",
        "const s = document.createElement('script'); s.src = 'data:text/javascript,window.owned=1'; document.body.append(s)",
    ),
    (
        "script by blob:",
        "const s = document.createElement('script'); s.src = URL.createObjectURL(new Blob(['window.owned=1'])); document.body.append(s)",
    ),
    (
        "onerror",
        "const i = document.createElement('img'); i.setAttribute('onerror', 'window.owned = 1'); i.src = 'x:'; document.body.append(i)",
    ),
    (
        "onerror in markup",
        "const d = document.createElement('div'); document.body.append(d); d.innerHTML = '<img src=x onerror=\"window.owned=1\">'",
    ),
    (
        "onclick",
        "const b = document.createElement('button'); b.setAttribute('onclick', 'window.owned = 1'); document.body.append(b); b.click()",
    ),
    (
        "javascript: link",
        "const a = document.createElement('a'); a.href = 'javascript:window.owned=1'; document.body.append(a); a.click()",
    ),
    ("javascript: location", "location = 'javascript:window.owned=1'"),
    ("eval", "eval('window.owned = 1')"),
    ("new Function", "new Function('window.owned = 1')()"),
    ("setTimeout of text", "setTimeout('window.owned = 1', 0)"),
    ("worker", "new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))).onmessage = () => { window.owned = 1 }"),
    (
        "svg",
        "const d = new DOMParser().parseFromString('<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"window.owned=1\"/>', 'image/svg+xml'); document.body.append(document.importNode(d.documentElement, true))",
    ),
];

pub async fn tries_to_run_text(window: &Window) -> Result<Vec<Value>> {
    let mut tried = Vec::new();
    for (way, body) in TEXTS {
        let run = format!("window.owned = 0; try {{ {body} }} catch (e) {{ return String(e) }} return ''");
        let said = window.script(&run, vec![]).await.unwrap_or_else(|error| json!(error.to_string()));
        tokio::time::sleep(MOMENT).await;
        let owned = window.script("return window.owned", vec![]).await?;
        tried.push(json!({ "way": way, "said": said, "done": owned == 1 }));
    }
    // A style of its own would let a page read what is typed, letter by letter.
    let styled = "const s = document.createElement('style'); s.append('body { outline: 3px solid red }'); document.head.append(s);
        const is = getComputedStyle(document.body).outlineStyle; s.remove(); return is";
    let is = window.script(styled, vec![]).await?;
    tried.push(json!({ "way": "style element", "said": is, "done": is == "solid" }));
    let frozen = "try { Object.prototype.owned = 1 } catch (e) {} return ({}).owned === 1";
    let polluted = window.script(frozen, vec![]).await?;
    tried.push(json!({ "way": "Object.prototype", "said": polluted, "done": polluted == true }));
    Ok(tried)
}

/// Each reaches for `to`, or by another scheme for `ws`.
const OUTWARD: [(&str, &str); 19] = [
    ("fetch", "fetch(to).catch(() => {})"),
    ("fetch no-cors", "fetch(to, { mode: 'no-cors', method: 'POST', body: 'x' }).catch(() => {})"),
    ("fetch keepalive", "fetch(to, { mode: 'no-cors', keepalive: true }).catch(() => {})"),
    ("XMLHttpRequest", "const x = new XMLHttpRequest(); x.open('POST', to); x.send('x')"),
    ("WebSocket", "new WebSocket(ws)"),
    ("EventSource", "new EventSource(to)"),
    ("sendBeacon", "navigator.sendBeacon(to, 'x')"),
    ("image", "new Image().src = to"),
    (
        "picture in a style",
        "const d = document.createElement('div'); d.style.background = `url(${to})`; d.textContent = 'x'; document.body.append(d)",
    ),
    ("script", "const s = document.createElement('script'); s.src = to; document.body.append(s)"),
    ("module", "import(to).catch(() => {})"),
    (
        "stylesheet",
        "const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = to; document.head.append(l)",
    ),
    (
        "preload",
        "const l = document.createElement('link'); l.rel = 'preload'; l.as = 'image'; l.href = to; document.head.append(l)",
    ),
    ("prefetch", "const l = document.createElement('link'); l.rel = 'prefetch'; l.href = to; document.head.append(l)"),
    (
        "preconnect",
        "const l = document.createElement('link'); l.rel = 'preconnect'; l.href = to; document.head.append(l)",
    ),
    ("font", "new FontFace('x', `url(${to})`).load().catch(() => {})"),
    (
        "video",
        "const v = document.createElement('video'); v.src = to; v.preload = 'auto'; document.body.append(v); v.load()",
    ),
    ("ping", "const a = document.createElement('a'); a.href = '#'; a.ping = to; document.body.append(a); a.click()"),
    (
        "report",
        "const s = document.createElement('meta'); s.httpEquiv = 'Content-Security-Policy'; s.content = 'script-src none; report-uri ' + to; document.head.append(s)",
    ),
];

pub async fn tries_to_send(window: &Window, listener: &Listener) -> Result<Vec<Value>> {
    let mut tried = Vec::new();
    for (way, body) in OUTWARD {
        let before = listener.connections();
        let run = format!("const [to, ws] = arguments; try {{ {body} }} catch (e) {{ return String(e) }} return ''");
        let addresses = vec![json!(listener.url("http", "sent?keys")), json!(listener.url("ws", "sent"))];
        let said = window.script(&run, addresses).await.unwrap_or_else(|error| json!(error.to_string()));
        tokio::time::sleep(MOMENT).await;
        tried.push(json!({ "way": way, "said": said, "done": listener.connections() > before }));
    }
    Ok(tried)
}
