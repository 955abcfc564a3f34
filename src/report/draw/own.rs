//! The charts of the user's own metrics: bars for names, a course for days.

use super::{Told, alternative, as_f64, axis_end, dated_by, estimate, rates};
use crate::charts;
use crate::error::Result;
use crate::metrics::Chart;
use crate::report::model::{Day, Figure, Own, Report};
use crate::report::page::Words;
use crate::report::sections::own::{breakdown, days};

/// The chart of the metric whose breakdown is this part of the chapter; the first part has the totals of all.
pub(super) fn charts(report: &Report, index: usize, words: &Words<'_>) -> Result<Vec<String>> {
    let mut broken_down = report.own.iter().filter(|own| own.by.is_some());
    let Some(own) = index.checked_sub(1).and_then(|place| broken_down.nth(place)) else { return Ok(Vec::new()) };
    match own.chart {
        Chart::None => Ok(Vec::new()),
        Chart::Bars => {
            let base = |figures: &super::Figures| words.language.fraction(figures.get(&own.metric));
            let mut breakdown = breakdown(own);
            let by = own.by.as_deref().unwrap_or_default();
            for value in breakdown.rows.iter_mut().flat_map(|row| &mut row.segment).flatten() {
                *value = words.language.named(by, Some(value));
            }
            rates(&breakdown, &[&own.metric], &format!("own-{}", own.metric), &base, words)
        }
        Chart::Trend => trend(own, words),
    }
}

fn trend(own: &Own, words: &Words<'_>) -> Result<Vec<String>> {
    let language = words.language;
    let days = days(own);
    let figure = |day: &Day| day.figures.get(&own.metric).cloned();
    let count = |day: &Day| figure(day).filter(|figure| figure.measurable).map_or(0, |figure| figure.denominator);
    let days = dated_by(&days, &count);
    let largest = days.iter().map(|(_, day)| count(day)).max().unwrap_or_default();
    let figures: Vec<Option<Figure>> = days.iter().map(|(_, day)| figure(day)).collect();
    if largest == 0 || figures.iter().flatten().all(|figure| figure.value.is_none()) {
        return Ok(Vec::new());
    }
    let name = words.title(&own.metric);
    let short_day = |day: &Day| language.short_day(day.day.as_deref().unwrap_or_default());
    let points = days.iter().zip(&figures).map(|((offset, day), figure)| charts::Point {
        label: short_day(day),
        offset: *offset,
        count: as_f64(count(day)),
        mature: day.mature,
        told: told(day, &name, figure.as_ref(), words),
    });
    let end = axis_end(figures.iter().flatten());
    let known = |day: &Day| day.mature && figure(day).is_some_and(|figure| figure.value.is_some());
    let last = days.iter().rev().find(|(_, day)| known(day));
    let last_label = last.map_or_else(String::new, |(_, day)| {
        let value = language.value(figure(day).as_ref());
        language.say_with("chart-trend.last", &[("value", value.into()), ("day", short_day(day).into())])
    });
    let description = [language.say_with("chart-own.most", &[("n", largest.into())]), format!("{name}: {last_label}")];
    let title = language.say_with("chart-own", &[("name", name.clone().into())]);
    let alternative = alternative(&format!("chart-own-{}", own.metric), title, &description);
    let series = charts::Series {
        name: name.clone(),
        end,
        end_label: language.tick(end),
        last_label,
        estimates: figures.iter().map(|figure| figure.as_ref().and_then(estimate)).collect(),
    };
    let trend = charts::Trend {
        title: language.say("chart-own.base"),
        largest: language.count(largest),
        points: points.collect(),
        series: vec![series],
    };
    Ok(vec![charts::trend(&alternative, &trend)?])
}

/// What the mark of a day tells.
fn told(day: &Day, name: &str, figure: Option<&Figure>, words: &Words<'_>) -> String {
    let language = words.language;
    let date = language.day(day.day.as_deref().unwrap_or_default());
    let date = if day.mature { date } else { language.say_with("mark-may-change", &[("day", date.into())]) };
    let value = format!("{} ({})", language.value(figure), language.fraction(figure));
    Told::new(&date, language).labelled(name, &value).text
}
