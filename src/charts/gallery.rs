//! Every chart with nothing, one, three, forty and four hundred items, with extreme values and names that are long or of other
//! scripts: no text is cut off, none covers another, and the picture is well formed. It draws nothing that a report shows.

use super::theme::{WIDTH, width};
use super::*;
use crate::error::Result;

const SIZES: [usize; 5] = [0, 1, 3, 40, 400];

/// Counts from nothing to more than anybody will see.
const COUNTS: [f64; 6] = [0.0, 1.0, 12.0, 480.0, 1e9, 3.0];

fn alternative() -> Alternative {
    Alternative { id: "gallery".to_owned(), title: "t".to_owned(), description: "d".to_owned() }
}

fn name(place: usize) -> String {
    let names = [
        "a",
        "Rückruf-Service & Terminvereinbarung (neu) 2026",
        "春节促销活动春节促销活动春节促销活动春节促销活动春节促销活动春节促销活动春节促",
        "عرض خاص لفصل الربيع والصيف لجميع العملاء",
        "🎁🎁🎁 gratis 🎁🎁🎁",
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    ];
    names[place % names.len()].to_owned()
}

fn count(place: usize) -> f64 {
    COUNTS[place % COUNTS.len()]
}

fn label(place: usize) -> String {
    ["0", "1", "12", "480", "1 000 000 000", "3"][place % COUNTS.len()].to_owned()
}

fn share(place: usize) -> Option<Estimate> {
    match place % 5 {
        0 => None,
        1 => Some(Estimate { value: 0.0, interval: Some((0.0, 0.79)) }),
        2 => Some(Estimate { value: 1.0, interval: Some((0.21, 1.0)) }),
        3 => Some(Estimate { value: 0.31, interval: Some((0.305, 0.315)) }),
        _ => Some(Estimate { value: 0.32, interval: None }),
    }
}

fn percent(place: usize) -> String {
    ["n/a", "0.0 %", "100.0 %", "≥ 31.0 %", "32.0 %"][place % 5].to_owned()
}

/// A text of a picture: where it stands, from left to right and from top to bottom.
#[derive(Debug)]
#[expect(dead_code, reason = "what failed is told with its text")]
struct Label {
    text: String,
    from: (f64, f64),
    to: (f64, f64),
}

fn labels(svg: &str) -> Vec<Label> {
    let mut labels = Vec::new();
    for piece in svg.split("<text ").skip(1) {
        let (tag, rest) = piece.split_once('>').unwrap();
        let text = rest.split('<').next().unwrap().trim();
        let value = |name: &str| tag.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        let number = |name: &str| value(name).unwrap().parse::<f64>().unwrap();
        let size = number("font-size");
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        // `width` is rather too much: what people see is about nine tenths of it.
        let wide = f64::from(width(&text, size)) * 0.9;
        let left = match value("text-anchor") {
            Some("middle") => number("x") - wide / 2.0,
            Some("end") => number("x") - wide,
            _ => number("x"),
        };
        if text.is_empty() {
            continue;
        }
        let middle = number("y");
        labels.push(Label { text, from: (left, middle - size * 0.45), to: (left + wide, middle + size * 0.45) });
    }
    labels
}

fn check(what: &str, n: usize, chart: Result<String>) {
    let svg = chart.unwrap_or_else(|error| panic!("{what} of {n}: {error}"));
    // To look at them: TRICHTER_GALLERY=FOLDER cargo test gallery.
    if let Some(folder) = std::env::var_os("TRICHTER_GALLERY") {
        let file = format!("{}-{n}.svg", what.replace(' ', "-"));
        std::fs::write(
            std::path::Path::new(&folder).join(file),
            svg.replacen("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"", 1),
        )
        .unwrap();
    }
    let height: f64 = svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let labels = labels(&svg);
    for (place, label) in labels.iter().enumerate() {
        assert!(label.from.0 > -1.0 && label.to.0 < f64::from(WIDTH) + 1.0, "{what} of {n}: {label:?} is cut");
        assert!(label.from.1 > -3.0 && label.to.1 < height + 3.0, "{what} of {n}: {label:?} in {height}");
        // Charts are written from top to bottom or from left to right, so neighbours are near.
        for other in labels.iter().skip(place + 1).take(60) {
            let apart = label.to.0 <= other.from.0 + 1.0
                || other.to.0 <= label.from.0 + 1.0
                || label.to.1 <= other.from.1 + 1.0
                || other.to.1 <= label.from.1 + 1.0;
            assert!(apart, "{what} of {n}: {label:?} covers {other:?}");
        }
    }
    assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count(), "{what} of {n}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{what} of {n}");
}

#[test]
fn labels_that_cover_each_other_would_be_found() {
    let text = |x: i32| format!("<text x=\"{x}\" y=\"20\" font-size=\"12\">\nsame place\n</text>");
    let svg = |second: i32| format!("<svg height=\"40\">{}{}</svg>", text(5), text(second));
    check("apart", 2, Ok(svg(200)));
    assert!(std::panic::catch_unwind(|| check("over", 2, Ok(svg(20)))).is_err());
    assert!(std::panic::catch_unwind(|| check("cut", 2, Ok(svg(700)))).is_err());
}

#[test]
fn funnels_and_questions_keep_their_labels_apart() {
    for n in SIZES {
        let step = |place: usize| Step {
            name: name(place),
            reached: (place % 4 != 2).then(|| (count(place).min(480.0), 480.0)),
            open: count(place).min(90.0),
            share: share(place),
            value: percent(place),
            detail: format!("{} of 1 000 000 000", label(place)),
            told: name(place),
        };
        let steps: Vec<Step> = (0..n).map(step).collect();
        check("funnel", n, funnel(&alternative(), Some(["reached", "lost", "still open"]), &steps));
        let outcomes = [Outcome::Answered, Outcome::Skipped, Outcome::Silent, Outcome::OptedOut, Outcome::Open];
        let legend = outcomes.map(|outcome| (outcome, format!("{outcome:?} in other words")));
        let question = |place: usize| Question {
            name: name(place),
            parts: outcomes
                .iter()
                .enumerate()
                .map(|(at, &outcome)| (outcome, count(place + at), label(place + at)))
                .collect(),
            value: format!("{} left", percent(place)),
            detail: format!("{} of 1 000 000 000 · {} open", label(place), label(place + 1)),
            told: name(place),
        };
        let bars: Vec<Question> = (0..n).map(question).collect();
        check("questions", n, questions(&alternative(), &legend, &bars, 1e9));
    }
}

#[test]
fn rates_and_comparisons_keep_their_labels_apart() {
    for n in SIZES {
        let panels: Vec<Panel> =
            (1..4).map(|at| Panel { name: name(at), end: 0.5, end_label: "50 %".to_owned() }).collect();
        let row = |place: usize| Row {
            name: name(place),
            detail: format!("{} messages", label(place)),
            cells: (0..3)
                .map(|at| Cell { estimate: share(place + at), label: percent(place + at), detail: label(at) })
                .collect(),
        };
        let segments: Vec<Row> = (0..n).map(row).collect();
        check("rates", n, rates(&alternative(), &panels, &segments));
        let row = |place: usize| Dumbbell {
            name: name(place),
            verdict: "higher by 12.3 percentage points (10.1 to 14.5), q < 0.001".to_owned(),
            differs: place.is_multiple_of(2),
            before: share(place),
            now: share(place * 3 + 2),
            labels: [percent(place), percent(place * 3 + 2)],
            end: 1.0,
            end_label: "100 %".to_owned(),
        };
        let rows: Vec<Dumbbell> = (0..n).map(row).collect();
        check("dumbbell", n, dumbbell(&alternative(), ["before", "now"], &rows));
    }
}

#[test]
fn a_flow_of_any_size_keeps_its_labels_apart() {
    for n in SIZES {
        let node = |place: usize| Node {
            name: name(place),
            detail: format!("{} visits · {} left", label(place), label(place + 1)),
            onward: count(place),
            elsewhere: count(place + 1),
            left: count(place + 2),
            open: count(place + 3),
        };
        let nodes: Vec<Node> = (0..n).map(node).collect();
        let arc =
            |place: usize| Arc { from: place % n, to: (place * 7 + 3) % n, count: count(place), label: label(place) };
        let arcs: Vec<Arc> = if n == 0 { Vec::new() } else { (0..n * 2).map(arc).collect() };
        let names = ["straight on", "elsewhere", "left", "may still answer"].map(str::to_owned);
        let [onward, elsewhere, left, open] = names;
        check("flow", n, flow_graph(&alternative(), &Names { onward, elsewhere, left, open }, &nodes, &arcs));
    }
}

#[test]
fn days_keep_their_labels_apart() {
    for n in SIZES {
        let offset = |place: usize| i32::try_from(place + usize::from(place > 2) * 3).unwrap();
        let column = |place: usize| Column {
            label: format!("{} Sept.", place % 30 + 1),
            offset: offset(place),
            soft: count(place),
            hard: count(place + 1),
            value: label(place),
        };
        let columns: Vec<Column> = (0..n).map(column).collect();
        check(
            "opt-outs by day",
            n,
            opt_outs_by_day(&alternative(), ["soft (asked to stop)", "hard (blocked)"], &columns),
        );
        let bar = |place: usize| Bar {
            name: name(place),
            soft: count(place),
            hard: count(place + 1),
            value: label(place),
            detail: format!("{} soft, {} hard · {} of messages", label(place), label(place + 1), percent(place)),
        };
        let bars: Vec<Bar> = (0..n).map(bar).collect();
        check("opt-outs", n, opt_outs_by_segment(&alternative(), ["soft", "hard"], &bars, 1e9));
        let point = |place: usize| Point {
            label: format!("{} Sept.", place % 30 + 1),
            offset: offset(place),
            count: count(place),
            mature: place + 2 < n,
            told: name(place),
        };
        let series = |at: usize| Series {
            name: name(at),
            end: 0.5,
            end_label: "50 %".to_owned(),
            last_label: "≥ 31.0 % on 12 Sept.".to_owned(),
            estimates: (0..n).map(|place| share(place + at)).collect(),
        };
        let lines = Trend {
            title: "Messages sent".to_owned(),
            largest: "1 000 000".to_owned(),
            points: (0..n).map(point).collect(),
            series: (0..3).map(series).collect(),
        };
        check("trend", n, trend(&alternative(), &lines));
    }
}

#[test]
fn times_keep_their_labels_apart() {
    for n in SIZES {
        let bin = |place: usize| Bin { from: format!("{} min", place + 1), count: count(place), value: label(place) };
        let times = Histogram {
            title: name(2),
            detail: "median 4 min 12 s, 9 in 10 within 2 h 5 min".to_owned(),
            bins: (0..n).map(bin).collect(),
            end: "7 d".to_owned(),
        };
        check("histogram", n, histogram(&alternative(), &times));
        let fates = [Fate::Answered, Fate::Waiting, Fate::Silent, Fate::Blocked];
        let moment = |place: usize| Moment {
            label: format!("{} h", place + 1),
            parts: fates
                .iter()
                .map(|&fate| (fate, Estimate { value: 0.25, interval: Some((0.2, 0.31)) }, percent(3)))
                .collect(),
        };
        let one = |place: usize| Course {
            name: name(place),
            value: percent(place),
            detail: "of 1 000 000 000 visits".to_owned(),
            columns: (0..n.min(12)).map(moment).collect(),
        };
        let legend = fates.map(|fate| (fate, format!("{fate:?}")));
        let ends = ["0 %", "50 %", "100 %"].map(str::to_owned);
        let courses: Vec<Course> = (0..n.min(40)).map(one).collect();
        check("course", n, course(&alternative(), &legend, &ends, &courses));
        let ridge = |place: usize| Ridge {
            name: name(place),
            value: "median 1 min 12 s · 90 % within 2 h 5 min · 1 000 000 000 answers".to_owned(),
            bins: (0..40u8)
                .map(|bin| (f64::from(bin) / 40.0, f64::from(bin + 1) / 40.0, count(usize::from(bin))))
                .collect(),
            strokes: [Some(0.4), (!place.is_multiple_of(2)).then_some(1.0)],
            few: place.is_multiple_of(3),
            told: name(place),
        };
        let marks = ["<1 s", "1 s", "10 s", "1 min", "10 min", "1 h", "1 d", "7 d", "30 d"];
        let chart = Ridges {
            strokes: ["median", "nine in ten took at most this long"].map(str::to_owned),
            marks: (0..9u8).map(|at| (f64::from(at) / 8.0, marks[usize::from(at)].to_owned())).collect(),
            ridges: (0..n).map(ridge).collect(),
            more: "and 3 more questions, with fewer answers".to_owned(),
        };
        check("ridges", n, ridges(&alternative(), &chart));
        let steps = |place: usize, n: usize| -> Vec<(f64, Estimate)> {
            let part = |step: usize| f64::from(u32::try_from(step).unwrap()) / f64::from(u32::try_from(n).unwrap());
            let at = |step: usize| {
                let value = part(step) * [0.0, 0.4, 0.41, 1.0][place % 4];
                (part(step), Estimate { value, interval: Some(((value - 0.02).max(0.0), (value + 0.02).min(1.0))) })
            };
            (0..n).map(at).collect()
        };
        let curve = |n_steps: usize| {
            move |place: usize| Curve {
                name: name(place),
                value: ["41.3 % (39.9–42.7 %)", "n/a: most answers have no time"][usize::from(n_steps == 0)].to_owned(),
                steps: steps(place, n_steps),
                watched: (0..7).map(|mark| label(place + mark)).collect(),
            }
        };
        let mark = |place: u32| AtMark {
            at: f64::from(place) / 6.0,
            label: ["0 s", "8 h", "16 h", "1 d", "1 d 8 h", "1 d 16 h", "2 d"][place as usize].to_owned(),
            told: name(place as usize),
        };
        let chart = |all: Vec<Curve>| Curves {
            title: "Share of visits that have left".to_owned(),
            end: 1.0,
            ticks: ["50 %".to_owned(), "100 %".to_owned()],
            limit: "decision window: 2 d".to_owned(),
            marks: (0..7).map(mark).collect(),
            watched: "Still waiting and watched".to_owned(),
            curves: all,
        };
        check("curves", n, curves(&alternative(), &chart((0..n.min(40)).map(curve(60)).collect())));
        check("curves of steps", n, curves(&alternative(), &chart((0..3).map(curve(n)).collect())));
        let cell = |place: usize| match place % 3 {
            0 => Heat::Nothing,
            1 => Heat::Few("50".to_owned()),
            _ => Heat::Share("100".to_owned(), 1.0),
        };
        let names: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
        let lines: Vec<(String, Vec<Heat>)> =
            (0..n).map(|line| ("Sun".to_owned(), (0..24).map(|at| cell(line + at)).collect())).collect();
        let scale = Scale {
            ends: ["0 %", "100 %"].map(str::to_owned),
            unit: "opened".to_owned(),
            few: "fewer than 30 messages".to_owned(),
            nothing: Some("none".to_owned()),
        };
        check("heat map", n, heat_map(&alternative(), &names, &lines, &scale));
        let months: Vec<String> = (0..12).map(|month| format!("{month}")).collect();
        let grid = Grid {
            title: "Still reachable".to_owned(),
            headings: ["Joined", "months after"].map(str::to_owned),
            columns: months,
            scale,
        };
        let cohort = |line: usize| Cohort {
            name: format!("20{:02}-{:02}", line % 80 + 10, line % 12 + 1),
            size: "480 000".to_owned(),
            cells: (0..12 - line % 12).map(|month| (cell(line + month), label(month))).collect(),
        };
        let lines: Vec<Cohort> = (0..n).map(cohort).collect();
        check("cohorts", n, cohorts(&alternative(), &grid, &lines));
    }
}
