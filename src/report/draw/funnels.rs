//! Charts of funnels: the steps of each, and how long its slowest step took.

use super::{alternative, as_f64, told};
use crate::charts::{self, Estimate};
use crate::error::Result;
use crate::report::model::{Funnel, FunnelStep, Report};
use crate::report::page::step_name;
use crate::report::text::Language;

/// Observations without which a histogram would show chance.
const ENOUGH: u64 = 20;
const LEGEND: [&str; 3] = ["chart-funnel.reached", "chart-funnel.lost", "chart-funnel.open"];

/// The charts of the funnel with this number among those that were entered.
pub(super) fn charts(report: &Report, index: usize, language: Language) -> Result<Vec<String>> {
    let Some(funnel) = report.funnels.iter().filter(|funnel| funnel.is_entered()).nth(index) else {
        return Ok(Vec::new());
    };
    let mut charts = vec![steps(funnel, index, language)?];
    if let Some(step) = slowest(funnel) {
        charts.push(times(funnel, step, index, language)?);
    }
    Ok(charts)
}

fn steps(funnel: &Funnel, index: usize, language: Language) -> Result<String> {
    let mut steps = Vec::new();
    // Of the required step before: a step that may be skipped is nobody's base.
    let mut base = None;
    for step in &funnel.steps {
        let share = &step.from_previous;
        let reached = Some((as_f64(share.numerator), as_f64(share.denominator)));
        let name = step_name(funnel, step, language);
        steps.push(match base {
            None => charts::Step {
                name,
                reached,
                open: 0.0,
                share: None,
                value: language.count(step.reached),
                detail: language.say(match funnel.unit {
                    "contact" => "unit-contacts",
                    "conversation" => "unit-conversations",
                    _ => "unit-attempts",
                }),
                told: told::step(funnel, step, None, language),
            },
            Some(base) => charts::Step {
                name,
                reached,
                open: as_f64(share.denominator.abs_diff(base)),
                share: share.value.map(|value| Estimate { value, interval: share.low.zip(share.high) }),
                value: language.share(&step.from_start)[0].clone(),
                detail: detail(step, language),
                told: told::step(funnel, step, Some(base), language),
            },
        });
        if !step.optional {
            base = Some(step.reached);
        }
    }
    let told: Vec<String> =
        steps.iter().map(|step| format!("{}: {} · {}", step.name, step.value, step.detail)).collect();
    let title = language.say_with("chart-funnel", &[("name", funnel.title(language).into())]);
    let legend = LEGEND.map(|key| language.say(key));
    charts::funnel(
        &alternative(&format!("chart-funnel-{index}"), title, &told),
        Some(legend.each_ref().map(String::as_str)),
        &steps,
    )
}

/// `331 · 80.3 % of the step before · median 43 s`.
fn detail(step: &FunnelStep, language: Language) -> String {
    let [of_previous, ..] = language.share(&step.from_previous);
    let detail = [("n", step.reached.into()), ("share", of_previous.into())];
    let detail = language.say_with("chart-funnel.detail", &detail);
    let Some(median) = step.time_s.median else { return detail };
    let median = [("detail", detail.into()), ("median", language.duration(median).into())];
    language.say_with("chart-funnel.median", &median)
}

/// The step whose median is the longest, of those that were taken often enough. One bin alone is no picture.
fn slowest(funnel: &Funnel) -> Option<&FunnelStep> {
    let told = funnel.steps.iter().filter(|step| step.time_s.n >= ENOUGH && step.time_s.histogram.len() > 1);
    told.rev().max_by_key(|step| step.time_s.median)
}

fn times(funnel: &Funnel, step: &FunnelStep, index: usize, language: Language) -> Result<String> {
    let times = &step.time_s;
    let bins = times.histogram.iter().map(|bin| charts::Bin {
        from: language.duration(bin.from),
        count: as_f64(bin.n),
        value: language.count(bin.n),
    });
    let end = times.histogram.last().and_then(|bin| bin.to);
    let n_units = match funnel.unit {
        "contact" => "funnel-contacts",
        "conversation" => "funnel-conversations",
        _ => "funnel-attempts",
    };
    let n_units = language.say_with(n_units, &[("n", times.n.into())]);
    let detail = [("n", n_units.into()), ("p90", language.duration_or_none(times.p90).into())];
    let histogram = charts::Histogram {
        title: language.say_with("chart-funnel-times", &[("step", funnel.step_title(step, language).into())]),
        detail: language.say_with("chart-funnel-times.detail", &detail),
        end: end.map_or_else(String::new, |end| language.duration(end)),
        bins: bins.collect(),
    };
    let bin = |bin: &charts::Bin| {
        let told = [("from", bin.from.clone().into()), ("n", bin.value.clone().into())];
        language.say_with("chart-funnel-times.bin", &told)
    };
    let told: Vec<String> = histogram.bins.iter().map(bin).collect();
    let alternative = alternative(&format!("chart-funnel-times-{index}"), histogram.title.clone(), &told);
    charts::histogram(&alternative, &histogram)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn what_is_open_on_the_way_to_a_step_is_hatched() {
        let mut report = fixture::small();
        let picture = |report: &Report| charts(report, 0, Language::En).unwrap().swap_remove(0);
        // The legend, and the way to both later steps.
        assert_eq!(picture(&report).matches("class=\"l-open\"").count(), 3);
        let n = report.funnels[0].steps[0].reached;
        report.funnels[0].steps.iter_mut().for_each(|step| step.from_previous.denominator = n);
        assert_eq!(picture(&report).matches("class=\"l-open\"").count(), 1);
    }

    #[test]
    fn a_histogram_shows_the_slowest_step_with_enough_observations() {
        let mut report = fixture::small();
        let funnel = &mut report.funnels[0];
        funnel.steps[1].time_s.median = Some(7);
        funnel.steps[2].time_s.median = Some(9);
        assert_eq!(slowest(funnel).map(|step| step.optional), Some(false));
        funnel.steps[2].time_s.n = ENOUGH - 1;
        assert_eq!(slowest(funnel).map(|step| step.optional), Some(true));
        funnel.steps[1].time_s.histogram.truncate(1);
        assert_eq!(charts(&report, 0, Language::En).unwrap().len(), 1);
    }
}
