//! The charts of the workbook: drawn by the spreadsheet out of its own cells, so that they follow its filters.
//!
//! Which table has which chart stands here; colours are those of the page's charts.

use rust_xlsxwriter::{
    Chart, ChartAxisLabelPosition, ChartDataLabel, ChartFormat, ChartLegendPosition, ChartLine, ChartMarker,
    ChartMarkerType, ChartPatternFill, ChartPatternFillType, ChartRange, ChartSolidFill, ChartType, Worksheet,
    XlsxError,
};

use super::sheet::Placed;
use crate::report::tables::Datum;
use crate::report::text::Language;

/// Rows that a chart shows, and charts that a table has: more is no picture any more.
const MOST_BARS: u32 = 40;
const MOST_CHARTS: usize = 12;

const BLUE: u32 = 0x0000_72B2;
const OPEN: u32 = 0x008A_949E;
const PALE: u32 = 0x00D5_DADF;

/// How the bars of a row stand: fields and colours.
#[derive(Clone, Copy)]
enum Bars {
    /// One after the other: they add up.
    Stacked(&'static [(&'static str, u32)]),
    /// The second before the first: a part of it.
    Before([(&'static str, u32); 2]),
}

/// The parts of a question's bar: field, colour.
const OUTCOMES: [(&str, u32); 7] = [
    ("n_answered", BLUE),
    ("n_skipped", 0x0056_B4E9),
    ("n_silent", 0x00E6_9F00),
    ("n_opted_out", 0x00D5_5E00),
    ("n_handed_over", 0x00CC_79A7),
    ("n_failed", 0x004A_535E),
    ("n_open", OPEN),
];

/// The parts of a step's bar: those that reached it went on, were lost or are open.
const STEPS: [(&str, u32); 3] = [("n_converted", BLUE), ("n_lost", 0x00E6_9F00), ("n_open", OPEN)];

/// What reached a step, before all that could have: steps stand on different numbers of messages.
const REACHED: [(&str, u32); 2] = [("share_denominator", PALE), ("n_messages", BLUE)];

/// The lines of the trend: field, colour.
const RATES: [(&str, u32); 3] =
    [("open_rate_value", BLUE), ("click_rate_value", 0x00E6_9F00), ("reply_rate_value", 0x0000_9E73)];

/// Draws what can be drawn, one chart below the other. Returns how many there are.
pub(super) fn write(worksheet: &mut Worksheet, placed: &[Placed<'_>], language: Language) -> Result<usize, XlsxError> {
    worksheet.set_print_fit_to_pages(1, 0);
    let mut row = 0;
    let mut n_charts = 0;
    for one in placed {
        for (chart, height) in charts(one, language) {
            worksheet.insert_chart_with_offset(row, 0, &chart, 16, 16)?;
            // A row of a sheet is 20 pixels high.
            row += height / 20 + 3;
            n_charts += 1;
        }
    }
    Ok(n_charts)
}

/// The charts of a table, with their heights in pixels.
fn charts(placed: &Placed<'_>, language: Language) -> Vec<(Chart, u32)> {
    let whole = (placed.first + 1, placed.last);
    let title = placed.table.title.clone();
    match placed.table.id.as_str() {
        "campaign_funnel" => bars(placed, &title, "step", Bars::Before(REACHED), whole, language).into_iter().collect(),
        "questions" => each(placed, "question", Bars::Stacked(&OUTCOMES), language),
        "funnels" => each(placed, "step", Bars::Stacked(&STEPS), language),
        "trend" => lines(placed, &title, whole).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A chart for each value of the first column, whose rows stand together.
fn each(placed: &Placed<'_>, names: &str, kind: Bars, language: Language) -> Vec<(Chart, u32)> {
    let mut first = placed.first + 1;
    let rows = placed.table.rows.get(..(placed.last - placed.first) as usize).unwrap_or_default();
    let groups = rows.chunk_by(|left, right| left.first() == right.first()).map(|group| {
        let range = (first, first + u32::try_from(group.len()).unwrap_or(u32::MAX) - 1);
        first = range.1 + 1;
        (group, range)
    });
    let chart = |(group, range): (&[Vec<Datum>], _)| {
        let name = match group.first().and_then(|row| row.first()) {
            Some(Datum::Name(_, name)) => name.clone(),
            _ => String::new(),
        };
        // In quotes, for a title that ends like a place in the book is taken for one.
        let name: String = name.chars().take(80).collect();
        let title = [("title", placed.table.title.clone().into()), ("name", name.into())];
        bars(placed, &language.say_with("chart-of", &title), names, kind, range, language)
    };
    groups.take(MOST_CHARTS).filter_map(chart).collect()
}

/// Bars from the top down.
fn bars(
    placed: &Placed<'_>,
    title: &str,
    names: &str,
    kind: Bars,
    (first, last): (u32, u32),
    language: Language,
) -> Option<(Chart, u32)> {
    let names = placed.column(names)?;
    if last < first {
        return None;
    }
    let shown = last.min(first + MOST_BARS - 1);
    let title = if shown < last {
        language.say_with("chart-first", &[("title", title.to_owned().into()), ("most", MOST_BARS.into())])
    } else {
        title.to_owned()
    };
    let (mut chart, series) = match &kind {
        Bars::Stacked(series) => (Chart::new(ChartType::BarStacked), *series),
        Bars::Before(series) => (Chart::new(ChartType::Bar), series.as_slice()),
    };
    for (field, colour) in series {
        let Some(column) = placed.column(field) else { continue };
        let mut format = ChartFormat::new();
        if *colour == OPEN {
            // What is open is hatched, as on the page.
            let mut hatch = ChartPatternFill::new();
            hatch.set_pattern(ChartPatternFillType::DiagonalStripesWideUpwards);
            format.set_pattern_fill(hatch.set_foreground_color(OPEN).set_background_color(0x00FF_FFFF));
        } else {
            format.set_solid_fill(ChartSolidFill::new().set_color(*colour));
        }
        let bars = chart.add_series();
        bars.set_categories(&range(placed, names, first, shown))
            .set_values(&range(placed, column, first, shown))
            .set_name(&range(placed, column, placed.first, placed.first))
            .set_format(&mut format)
            .set_overlap(100)
            .set_gap(40);
        if matches!(kind, Bars::Before(_)) && *colour == BLUE {
            bars.set_data_label(ChartDataLabel::new().show_value().set_num_format("#,##0"));
        }
    }
    chart.legend().set_position(ChartLegendPosition::Bottom);
    chart.y_axis().set_reverse();
    // The names run from the top down, which takes the axis to the top; its numbers stay below.
    chart.x_axis().set_num_format("#,##0").set_min(0).set_label_position(ChartAxisLabelPosition::High);
    Some(finished(chart, &title, 160 + 26 * (shown - first + 1)))
}

/// A line for each rate, by day.
fn lines(placed: &Placed<'_>, title: &str, (first, last): (u32, u32)) -> Option<(Chart, u32)> {
    let days = placed.column("day")?;
    let mut chart = Chart::new(ChartType::Line);
    let mut n_lines = 0;
    for (field, colour) in RATES {
        let Some(column) = placed.column(field) else { continue };
        let mut format = ChartFormat::new();
        format.set_line(ChartLine::new().set_color(colour).set_width(1));
        // Days without messages are bridged by the line; the marks show where days are.
        let mut fill = ChartFormat::new();
        fill.set_solid_fill(ChartSolidFill::new().set_color(colour));
        chart
            .add_series()
            .set_categories(&range(placed, days, first, last))
            .set_values(&range(placed, column, first, last))
            .set_name(&range(placed, column, placed.first, placed.first))
            .set_format(&mut format)
            .set_marker(ChartMarker::new().set_type(ChartMarkerType::Circle).set_size(6).set_format(&mut fill));
        n_lines += 1;
    }
    if n_lines == 0 || last < first {
        return None;
    }
    chart.legend().set_position(ChartLegendPosition::Bottom);
    chart.x_axis().set_date_axis(true).set_num_format("yyyy-mm-dd");
    chart.y_axis().set_num_format("0%").set_min(0).set_max(1);
    Some(finished(chart, title, 380))
}

fn finished(mut chart: Chart, title: &str, height: u32) -> (Chart, u32) {
    chart.set_width(900).set_height(height).set_alt_text(title);
    chart.title().set_name(title);
    (chart, height)
}

fn range(placed: &Placed<'_>, column: u16, first: u32, last: u32) -> ChartRange {
    ChartRange::new_from_range(&placed.sheet, first, column, last, column)
}
