//! Limits as they are typed and shown: megabits a second, times of day, names of days. What they come to is the engine's.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use rushes_engine::api::LimitsRow;
use rushes_engine::attach::Connection;
use rushes_engine::error::{Code, Error, Result};
use rushes_engine::limit::{LimitSettings, Limits, Plan, Span};

use crate::args::LimitVerb;
use crate::show::{Show, printable};

const BYTES_A_MEGABIT: f64 = 125_000.0;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub async fn run(verb: &LimitVerb, connection: &Connection, show: &Show) -> Result<bool> {
    let before = asked(connection).await?.settings;
    match verb {
        LimitVerb::Show => {}
        LimitVerb::Set { up, down, from, to, days, uplink } => {
            let limits = Limits { up: bytes(*up)?, down: bytes(*down)? };
            let span = match (from, to) {
                (Some(from), Some(to)) => {
                    let days = days.as_deref().map_or(Ok((1..=7).collect()), days_of)?;
                    Some(Span { days, from: minutes(from)?, to: minutes(to)?, limits })
                }
                _ => None,
            };
            set(connection, with(before, uplink.as_deref(), limits, span)).await?;
        }
        LimitVerb::Metered { uplink, off } => {
            let mut settings = before;
            if *off {
                settings.metered.remove(uplink);
            } else {
                settings.metered.insert(uplink.clone());
            }
            set(connection, settings).await?;
        }
        LimitVerb::Clear { uplink: None } => {
            set(connection, LimitSettings { metered: before.metered, ..LimitSettings::default() }).await?;
        }
        LimitVerb::Clear { uplink: Some(uplink) } => {
            let mut settings = before;
            settings.uplinks.remove(uplink);
            set(connection, settings).await?;
        }
    }
    say(&asked(connection).await?, show);
    Ok(true)
}

async fn asked(connection: &Connection) -> Result<LimitsRow> {
    connection.call((), async |engine, context, ()| engine.limits(context).await).await
}

async fn set(connection: &Connection, settings: LimitSettings) -> Result<()> {
    connection.call(settings, async |engine, context, settings| engine.set_limits(context, settings).await).await?
}

/// A direction that is not named stays as it is.
fn with(mut settings: LimitSettings, uplink: Option<&str>, limits: Limits, span: Option<Span>) -> LimitSettings {
    let plan = match uplink {
        Some(uplink) => settings.uplinks.entry(uplink.to_owned()).or_default(),
        None => &mut settings.plan,
    };
    match span {
        Some(span) => plan.schedule.push(span),
        None => {
            plan.always = Limits { up: limits.up.or(plan.always.up), down: limits.down.or(plan.always.down) };
        }
    }
    settings
}

fn say(row: &LimitsRow, show: &Show) {
    if show.json() {
        return show.object(row);
    }
    let until = row.now.until.and_then(|until| {
        let zone = TimeZone::get(&row.zone).ok()?;
        Some(Timestamp::from_millisecond(until).ok()?.to_zoned(zone).strftime(" until %a %H:%M").to_string())
    });
    show.line(&format!("now       {}{} ({})", figures(row.now.limits), until.unwrap_or_default(), row.zone));
    plan(&row.settings.plan, "", show);
    for (uplink, own) in &row.settings.uplinks {
        plan(own, &format!(" on {}", printable(uplink)), show);
    }
    for uplink in &row.settings.metered {
        show.line(&format!("metered   only breaking clips go through {}", printable(uplink)));
    }
}

fn plan(plan: &Plan, place: &str, show: &Show) {
    show.line(&format!("always    {}{place}", figures(plan.always)));
    for span in &plan.schedule {
        let days: Vec<&str> = span.days.iter().filter_map(|day| DAYS.get(*day as usize - 1).copied()).collect();
        show.line(&format!(
            "          {} {}–{}: {}{place}",
            days.join(","),
            clock(span.from),
            clock(span.to),
            figures(span.limits)
        ));
    }
}

fn figures(limits: Limits) -> String {
    let one =
        |figure: Option<u64>, way: &str| figure.map(|bytes| format!("{} Mb/s {way}", bytes as f64 / BYTES_A_MEGABIT));
    let all: Vec<String> = [one(limits.up, "up"), one(limits.down, "down")].into_iter().flatten().collect();
    if all.is_empty() { "no limit".into() } else { all.join(", ") }
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

pub fn bytes(megabits: Option<f64>) -> Result<Option<u64>> {
    match megabits {
        Some(figure) if !(0.0..1e9).contains(&figure) => {
            Err(Error::new(Code::BadInput, "Give the limit in megabits a second, such as 20."))
        }
        figure => Ok(figure.map(|figure| (figure * BYTES_A_MEGABIT) as u64)),
    }
}

fn minutes(typed: &str) -> Result<u16> {
    if typed == "24:00" {
        return Ok(24 * 60);
    }
    let time = Time::strptime("%H:%M", typed)
        .map_err(|e| Error::new(Code::BadInput, format!("{typed} is not a time of day such as 08:00.")).because(e))?;
    Ok(time.hour() as u16 * 60 + time.minute() as u16)
}

/// `mon-fri`, `sat,sun`, `fri-mon`.
fn days_of(typed: &str) -> Result<Vec<u8>> {
    let number = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        DAYS.iter().position(|day| name.starts_with(day)).map(|day| day as u8).ok_or_else(|| {
            Error::new(Code::BadInput, format!("{name} is not a day. Write mon, tue, wed, thu, fri, sat, sun."))
        })
    };
    let mut days = Vec::new();
    for stretch in typed.split(',') {
        let (first, last) = stretch.split_once('-').unwrap_or((stretch, stretch));
        let (first, last) = (number(first)?, number(last)?);
        days.extend((0..=(last + 7 - first) % 7).map(|n| (first + n) % 7 + 1));
    }
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_read_as_they_are_written() {
        assert_eq!(days_of("mon-fri").unwrap(), [1, 2, 3, 4, 5]);
        assert_eq!(days_of("Sat,sunday").unwrap(), [6, 7]);
        assert_eq!(days_of("fri-mon").unwrap(), [1, 5, 6, 7]);
        assert!(days_of("someday").is_err());
        assert_eq!((minutes("08:30").unwrap(), minutes("24:00").unwrap()), (510, 1440));
        assert!(minutes("25:00").is_err());
        assert_eq!(bytes(Some(20.0)).unwrap(), Some(2_500_000));
        assert!(bytes(Some(-1.0)).is_err());
    }
}
