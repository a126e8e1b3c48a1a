//! The proxy that the settings of a Linux desktop name: GNOME's, and those that keep theirs in the same place, and KDE's. A
//! script that finds proxies (PAC) is not run: then the log says so, and there is none.

/// What a desktop says.
pub(super) struct Found {
    pub https: String,
    /// Hosts that go without, as NO_PROXY has them.
    pub without: String,
}

#[cfg(not(target_os = "linux"))]
pub(super) fn settings() -> Option<Found> {
    None
}

/// Asks whichever desktop this runs on.
#[cfg(target_os = "linux")]
pub(super) fn settings() -> Option<Found> {
    use std::process::{Command, Stdio};

    // Several may be named: "ubuntu:GNOME".
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    let is = |names: &[&str]| desktop.split(':').any(|part| names.contains(&part));
    if is(&["KDE"]) {
        let folder = directories::BaseDirs::new()?.config_dir().to_owned();
        return kde(&std::fs::read_to_string(folder.join("kioslaverc")).ok()?);
    }
    if !is(&["GNOME", "Unity", "X-Cinnamon", "Cinnamon", "Budgie", "Pantheon"]) {
        return None;
    }
    let mut asked = Command::new("gsettings");
    asked.args(["list-recursively", "org.gnome.system.proxy"]).stdin(Stdio::null());
    let said = asked.output().inspect_err(|error| tracing::debug!(%error, "gsettings cannot be asked")).ok()?;
    gnome(&String::from_utf8_lossy(&said.stdout))
}

/// Of what `gsettings list-recursively org.gnome.system.proxy` prints: lines of schema, key and value.
fn gnome(said: &str) -> Option<Found> {
    let value = |schema: &str, key: &str| {
        let of = |line: &str| {
            let mut words = line.splitn(3, ' ');
            (words.next() == Some(schema) && words.next() == Some(key)).then(|| words.next().unwrap_or("").to_owned())
        };
        said.lines().find_map(of).unwrap_or_default()
    };
    let text = |schema: &str, key: &str| value(schema, key).trim_matches('\'').to_owned();
    let [all, http, https] = ["org.gnome.system.proxy", "org.gnome.system.proxy.http", "org.gnome.system.proxy.https"];
    match text(all, "mode").as_str() {
        "manual" => {}
        "auto" => {
            tracing::info!("the desktop finds its proxy by a script, which Rushes does not run");
            return None;
        }
        _ => return None,
    }
    let named = |schema: &str| {
        let host = text(schema, "host");
        let port = value(schema, "port");
        (!host.is_empty()).then(|| if port == "0" { host.clone() } else { format!("{host}:{port}") })
    };
    let found = match named(https) {
        Some(found) => found,
        None if value(all, "use-same-proxy") == "true" => {
            let found = named(http)?;
            let of_user = |key: &str| {
                let text = text(http, key);
                percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            match value(http, "use-authentication").as_str() {
                "true" => {
                    format!("{}:{}@{found}", of_user("authentication-user"), of_user("authentication-password"))
                }
                _ => found,
            }
        }
        None => return None,
    };
    // ['localhost', '127.0.0.0/8', '*.agency.example']
    let without = value(all, "ignore-hosts").split('\'').skip(1).step_by(2).collect::<Vec<_>>().join(",");
    Some(Found { https: format!("http://{found}"), without })
}

/// Of KDE's kioslaverc.
fn kde(rc: &str) -> Option<Found> {
    let section = rc.split_once("[Proxy Settings]")?.1;
    // Up to the next section's head.
    let lines = || section.lines().skip(1).take_while(|line| !line.starts_with('['));
    // A key may say in brackets what kind of value it holds: NoProxyFor[$e].
    let value = |key: &str| {
        let of = |line: &str| {
            line.split_once('=').filter(|(k, _)| k.split('[').next() == Some(key)).map(|(_, v)| v.trim().to_owned())
        };
        lines().find_map(of).unwrap_or_default()
    };
    match value("ProxyType").as_str() {
        "1" => {}
        "2" | "3" => {
            tracing::info!("the desktop finds its proxy by a script, which Rushes does not run");
            return None;
        }
        _ => return None,
    }
    // "http://proxy.agency.example 3128", or with a colon.
    let https = value("httpsProxy").replace(' ', ":");
    (!https.is_empty()).then(|| Found { https, without: value("NoProxyFor") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GNOME: &str = "org.gnome.system.proxy autoconfig-url ''
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '*.agency.example']
org.gnome.system.proxy mode 'manual'
org.gnome.system.proxy use-same-proxy true
org.gnome.system.proxy.http authentication-password 'p@ss'
org.gnome.system.proxy.http authentication-user 'desk'
org.gnome.system.proxy.http host 'plain.agency.example'
org.gnome.system.proxy.http port 8080
org.gnome.system.proxy.http use-authentication true
org.gnome.system.proxy.https host 'proxy.agency.example'
org.gnome.system.proxy.https port 3128
";

    fn https(found: Option<Found>) -> Option<String> {
        found.map(|found| found.https)
    }

    #[test]
    fn gnomes_settings_by_table() {
        let found = gnome(GNOME).unwrap();
        assert_eq!(found.https, "http://proxy.agency.example:3128");
        assert_eq!(found.without, "localhost,127.0.0.0/8,*.agency.example");
        let with = |from: &str, to: &str| {
            assert!(GNOME.contains(from));
            https(gnome(&GNOME.replace(from, to)))
        };
        assert_eq!(with("'manual'", "'none'"), None);
        assert_eq!(with("'manual'", "'auto'"), None);
        // One for everything, with what it is shown.
        let same = with("https host 'proxy.agency.example'", "https host ''");
        assert_eq!(same.as_deref(), Some("http://desk:p%40ss@plain.agency.example:8080"));
        assert_eq!(https(gnome("")), None);
        assert_eq!(with("['localhost', '127.0.0.0/8', '*.agency.example']", "@as []").as_deref(), Some(&*found.https));
    }

    #[test]
    fn kdes_settings_by_table() {
        let rc = |kind: u8, proxy: &str| {
            kde(&format!(
                "[$Version]\nupdate_info=x\n\n[Proxy Settings]\nNoProxyFor[$e]=localhost,.agency.example\nProxyType={kind}\nhttpsProxy={proxy}\n\n[Other]\nhttpsProxy=http://wrong 1\n"
            ))
        };
        let found = rc(1, "http://proxy.agency.example 3128").unwrap();
        assert_eq!(found.https, "http://proxy.agency.example:3128");
        assert_eq!(found.without, "localhost,.agency.example");
        assert_eq!(https(rc(1, "http://proxy:1")).as_deref(), Some("http://proxy:1"));
        assert_eq!((https(rc(0, "http://p 1")), https(rc(2, "http://p 1")), https(rc(1, ""))), (None, None, None));
        assert_eq!(https(kde("[Other]\nProxyType=1\n")), None);
    }
}
