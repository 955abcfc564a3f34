//! Views: the headlines and funnels of one channel or one campaign alone, made beforehand so that a page can swap them in.
//!
//! Counts nothing and knows nothing of pages: a view is a report with fewer chapters.

use super::build::{Answers, QUESTION_RATES, campaign_funnel, flows, headlines};
use super::model::{Flow, Headline, Report, Segment, Step};
use super::page::n_sent;
use crate::metrics::Ask;

/// Columns whose values have views.
pub(super) const COLUMNS: [&str; 2] = ["channel", "campaign"];

/// Values of a column that have a view; those with fewer messages are told only how many they are.
const MOST_VIEWS: usize = 12;

/// The views of a column's values, those with most messages first.
#[derive(Clone, Debug, PartialEq)]
pub struct Views {
    /// The column.
    pub by: String,
    /// One for each value.
    pub views: Vec<View>,
    /// Values that have none, because others have more messages.
    pub n_more: usize,
}

/// What one value of a column looks like alone.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The value; `None` is unknown.
    pub value: Option<String>,
    /// As [`Report::headlines`].
    pub headlines: Vec<Headline>,
    /// As [`Report::campaign_funnel`].
    pub campaign_funnel: Vec<Step>,
    /// As [`Report::flows`].
    pub flows: Vec<Flow>,
}

/// What views by a column need to know beside the rates that a report has by that column anyway.
pub(super) fn asks(column: &str) -> Vec<Ask> {
    let rates = QUESTION_RATES.iter().map(|id| Ask::new(id, &[column, "flow", "question"]));
    let others = [Ask::new("question_open_rate", &[column]), Ask::new("answer_seconds", &[column, "flow", "question"])];
    rates.chain(others).collect()
}

impl Views {
    /// The views by a column. With `suppresses`, what was left out of the answers stays out of every count that would tell it.
    pub(super) fn of(answers: &Answers<'_>, column: &str, suppresses: bool) -> Self {
        let mut segments = answers.breakdown(&[column], None).rows;
        // A value without messages may have visits, so it keeps its place behind the others; ties stay in their order.
        segments.sort_by_key(|segment| std::cmp::Reverse(n_sent(&segment.figures).unwrap_or_default()));
        let n_more = segments.len().saturating_sub(MOST_VIEWS);
        segments.truncate(MOST_VIEWS);
        let by_question = [column, "flow", "question"];
        let mut spreads = answers.spreads(&by_question);
        let mut questions = answers.breakdown(&by_question, Some(QUESTION_RATES)).rows;
        let views = segments.into_iter().map(|segment| {
            let value = segment.segment.into_iter().next().flatten();
            let (own, others) = questions.drain(..).partition(|row: &Segment| row.segment.first() == Some(&value));
            questions = others;
            let own: Vec<Segment> = own;
            let times =
                own.iter().filter_map(|row| Some((rest(&row.segment), spreads.remove(&row.segment)?))).collect();
            let own = own.into_iter().map(|row| Segment { segment: rest(&row.segment), ..row });
            let total = |metric: &str| segment.figures.get(metric).cloned();
            View {
                headlines: headlines(&total),
                campaign_funnel: campaign_funnel(&total),
                flows: flows(own.collect(), times, suppresses),
                value,
            }
        });
        Self { by: column.to_owned(), views: views.collect(), n_more }
    }
}

/// The values of all columns but the first.
fn rest(segment: &[Option<String>]) -> Vec<Option<String>> {
    segment.iter().skip(1).cloned().collect()
}

impl View {
    /// The view as a report of its own: same range, same words, but of what it does not tell there is nothing.
    pub(super) fn report(&self, whole: &Report) -> Report {
        Report {
            context: whole.context.clone(),
            definitions: whole.definitions.clone(),
            headlines: self.headlines.clone(),
            campaign_funnel: self.campaign_funnel.clone(),
            flows: self.flows.clone(),
            first_response_seconds: None,
            funnels: Vec::new(),
            channels: super::model::Breakdown::default(),
            campaigns: super::model::Breakdown::default(),
            views: Vec::new(),
            days: Vec::new(),
            breakdown: None,
            own: Vec::new(),
            measures: Vec::new(),
            unmeasurable: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Answer, Counts, Rate, Row};
    use crate::rate::Bound;

    fn answer(metric: &str, by: &[&str], rows: &[(&[&str], u64)]) -> Answer {
        let row = |(segment, denominator): &(&[&str], u64)| Row {
            segment: segment.iter().map(|&value| Some(value.to_owned())).collect(),
            counts: Counts::Rate(Rate { numerator: denominator / 4, denominator: *denominator }),
            measurable: true,
            bound: Bound::Exact,
            moments: None,
        };
        let by = by.iter().map(|&column| column.to_owned()).collect();
        Answer { metric: metric.to_owned(), by, rows: rows.iter().map(row).collect(), n_shared: 0 }
    }

    #[test]
    fn the_largest_values_have_views_and_the_others_are_counted() {
        let names: Vec<String> = (0..15).map(|number| format!("campaign {number:02}")).collect();
        let names: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
        let rows: Vec<(&[&str], u64)> = (0..).zip(&names).map(|(number, name)| (&name[..], 100 + number % 7)).collect();
        let answers = [answer("failure_rate", &["campaign"], &rows)];
        let views = Views::of(&Answers::new(&answers), "campaign", false);
        assert_eq!((views.views.len(), views.n_more), (MOST_VIEWS, 3));
        let first: Vec<_> = views.views.iter().take(3).filter_map(|view| view.value.as_deref()).collect();
        assert_eq!(first, ["campaign 06", "campaign 13", "campaign 05"]);
    }

    #[test]
    fn a_view_has_its_own_numbers_and_what_is_left_out_stays_out() {
        let by_question = ["channel", "flow", "question"];
        let answers = [
            answer("failure_rate", &["channel"], &[(&["sms"], 80), (&["web"], 40)]),
            answer("open_rate", &["channel"], &[(&["sms"], 60)]),
            answer(
                "question_open_rate",
                &by_question,
                &[(&["sms", "order", "size"], 40), (&["sms", "order", "colour"], 8), (&["web", "order", "size"], 20)],
            ),
            answer("question_drop_off_rate", &by_question, &[(&["sms", "order", "size"], 30)]),
        ];
        let of = |suppresses| Views::of(&Answers::new(&answers), "channel", suppresses).views;
        let whole = of(false);
        assert_eq!(whole[0].value.as_deref(), Some("sms"));
        assert_eq!(whole[0].campaign_funnel[0].n_messages, Some(80));
        let open = |view: &View| view.headlines.iter().find(|one| one.metric == "open_rate").unwrap().figure.clone();
        assert_eq!(open(&whole[0]).map(|figure| figure.denominator), Some(60));
        assert_eq!(open(&whole[1]), None);
        let n_questions = |views: &[View]| -> Vec<usize> {
            views.iter().map(|view| view.flows.iter().map(|flow| flow.questions.len()).sum()).collect()
        };
        assert_eq!(n_questions(&whole), [2, 1]);
        assert_eq!(whole[1].flows[0].questions[0].n_visits, 20);
        assert_eq!(n_questions(&of(true)), [1, 0]);
    }
}
