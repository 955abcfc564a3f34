//! Charts of the time of sending: each rate by weekday and hour.

use super::{Words, alternative, as_f64};
use crate::charts::{self, Heat, Scale};
use crate::error::Result;
use crate::measures::send_time::{GRIDS, WEEKDAYS, hour_name};
use crate::measures::{Table, Value};
use crate::rate::Rate;
use crate::report::model::Report;

/// Fewer cells with a share make no map.
const ENOUGH: usize = 4;

/// The map of the table at this place, if it is one by weekday and hour.
pub(super) fn charts(report: &Report, index: usize, words: &Words<'_>) -> Result<Vec<String>> {
    let minimum = words.minimum;
    let measured = report.measures.iter().find(|measured| measured.measure.id == "send_time");
    let table = measured.and_then(|measured| measured.tables.get(index));
    let Some(table) = table.filter(|table| GRIDS.contains(&table.id)) else { return Ok(Vec::new()) };
    let enough = table.rows.iter().filter_map(|row| rate(&row.cells)).filter(|rate| rate.denominator >= minimum);
    let shares: Vec<f64> = enough.filter_map(Rate::value).collect();
    if shares.len() < ENOUGH {
        return Ok(Vec::new());
    }
    Ok(vec![map(table, &shares, words)?])
}

fn rate(cells: &[Value]) -> Option<Rate> {
    match cells.last() {
        Some(Value::Rate { rate, .. }) => Some(*rate),
        _ => None,
    }
}

fn map(table: &Table, shares: &[f64], words: &Words<'_>) -> Result<String> {
    let (language, minimum) = (words.language, words.minimum);
    let days = WEEKDAYS.map(|key| language.say(key));
    let (low, high) = shares.iter().fold((1.0_f64, 0.0_f64), |(low, high), share| (low.min(*share), high.max(*share)));
    // Percent have a digit after the point where whole ones would not tell cells apart.
    let percent = |share: f64| {
        if high < 0.1 { language.decimal(share * 100.0) } else { format!("{:.0}", share * 100.0) }
    };
    let heat = |rate: Option<Rate>| match rate.and_then(|rate| Some((rate, rate.value()?))) {
        None => Heat::Nothing,
        Some((rate, share)) if rate.denominator < minimum => Heat::Few(percent(share)),
        Some((_, share)) => Heat::Share(percent(share), if high > low { (share - low) / (high - low) } else { 0.0 }),
    };
    let found = |day: &str, hour: usize| {
        let names = [Value::Text(day.to_owned()), Value::Text(hour_name(hour))];
        table.rows.iter().find(|row| row.cells.starts_with(&names)).and_then(|row| rate(&row.cells))
    };
    let line = |day: &String| {
        let cells = (0..24).map(|hour| heat(found(day, hour))).collect();
        (day.chars().take(3).collect::<String>(), cells)
    };
    let lines: Vec<(String, Vec<Heat>)> = days.iter().map(line).collect();
    let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
    let scale = Scale {
        ends: [percent(low), percent(high)],
        unit: language.say("chart-heat"),
        few: language.say_with("chart-heat.few", &[("minimum", minimum.into())]),
        nothing: Some(language.say("chart-heat.nothing")),
    };
    let highest = |day: &str, hour: usize| {
        let told = [("day", day.to_owned()), ("hour", hour_name(hour)), ("share", language.percent(high))];
        language.say_with("chart-heat.highest", &told.map(|(name, text)| (name, text.into())))
    };
    let told: Vec<String> = days
        .iter()
        .flat_map(|day| (0..24).map(move |hour| (day, hour)))
        .filter_map(|(day, hour)| {
            let rate = found(day, hour).filter(|rate| rate.denominator >= minimum)?;
            (as_f64(rate.numerator) / as_f64(rate.denominator) >= high).then(|| highest(day, hour))
        })
        .collect();
    charts::heat_map(&alternative(&format!("chart-{}", table.id), table.title.clone(), &told), &hours, &lines, &scale)
}
