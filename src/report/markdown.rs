//! Writes the report as Markdown with tables, for wikis, mails and pull requests.
//!
//! Charts are left out: their numbers are in the tables.

use super::model::Report;
use super::page::{self, Page, Table};
use super::text::Language;
use crate::error::Result;

/// Writes the document.
#[expect(clippy::unnecessary_wraps, reason = "every format has this signature")]
pub(super) fn write(report: &Report) -> Result<String> {
    let page = page::page(report).for_people();
    let mut lines = Vec::new();
    let language = report.context.language;
    head(&page, language, &mut lines);
    for section in &page.sections {
        lines.extend([format!("## {}", section.title), String::new(), escaped(&section.lead), String::new()]);
        for part in &section.parts {
            if !part.heading.is_empty() {
                lines.extend([format!("### {}", escaped(&part.heading)), String::new()]);
            }
            if !part.lead.is_empty() {
                lines.extend([escaped(&part.lead), String::new()]);
            }
            if let Some(table) = &part.table {
                self::table(table, &mut lines);
            }
            if !part.note.is_empty() {
                lines.extend([format!("*{}*", escaped(&part.note)), String::new()]);
            }
        }
    }
    definitions(&page, language, &mut lines);
    lines.extend([escaped(&page.program), String::new()]);
    Ok(lines.join("\n"))
}

fn head(page: &Page, language: Language, lines: &mut Vec<String>) {
    lines.extend([format!("# {}", escaped(&page.title)), String::new()]);
    lines.extend(page.facts.iter().map(|fact| format!("- {}: {}", fact.label, escaped(&fact.text))));
    lines.extend([String::new(), format!("## {}", language.say("in-short")), String::new()]);
    lines.extend(page.summary.iter().map(|statement| format!("- {}", escaped(statement))));
    lines.extend([String::new(), format!("## {}", language.say("glance")), String::new()]);
    lines.push(row(["table-rate", "table-value", "table-interval", "table-counts"].map(|key| language.say(key))));
    lines.push("|---|--:|--:|--:|".to_owned());
    for card in &page.cards {
        lines.push(row([&card.title, &card.value, &card.interval, &card.fraction]));
        for beside in &card.beside {
            lines.push(row([&format!("… {}", beside.title), &beside.value, "", &beside.fraction]));
        }
    }
    lines.push(String::new());
}

fn table(table: &Table, lines: &mut Vec<String>) {
    lines.push(row(table.columns.iter().map(|column| column.title.as_str())));
    let rules = table.columns.iter().map(|column| if column.numeric { "--:" } else { "---" });
    lines.push(format!("|{}|", rules.collect::<Vec<_>>().join("|")));
    for cells in &table.rows {
        lines.push(row(cells.iter().map(|cell| {
            let detail: Vec<&str> =
                [cell.interval.as_str(), cell.fraction.as_str()].into_iter().filter(|text| !text.is_empty()).collect();
            if detail.is_empty() { cell.text.clone() } else { format!("{} ({})", cell.text, detail.join("; ")) }
        })));
    }
    lines.push(String::new());
}

fn definitions(page: &Page, language: Language, lines: &mut Vec<String>) {
    lines.extend([format!("## {}", language.say("definitions")), String::new()]);
    if page.definitions.is_empty() {
        lines.extend([language.say("definitions.empty"), String::new()]);
    }
    for entry in &page.definitions {
        let definition = &entry.definition;
        lines.push(format!(
            "- **{}** ({}): {}",
            escaped(&entry.title),
            escaped(&definition.id),
            escaped(&definition.meaning)
        ));
        for (key, text) in [
            ("definition-formula", &definition.formula),
            ("definition-unit", &definition.unit),
            ("definition-source", &definition.source),
            ("definition-caveat", &definition.caveat),
        ] {
            if !text.is_empty() {
                lines.push(format!("  - {}: {}", language.say(key), escaped(text)));
            }
        }
    }
    lines.push(String::new());
}

fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| escaped(cell.as_ref())).collect();
    format!("| {} |", cells.join(" | "))
}

/// Text on one line that Markdown leaves alone.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => safe.extend(['\\', c]),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn names_cannot_break_out_of_their_cell() {
        let markdown = write(&fixture::awkward()).unwrap();
        assert!(!markdown.contains("<script") && !markdown.contains("[a]"));
        for block in markdown.split("\n\n").filter(|block| block.starts_with("| ")) {
            let cells = |line: &str| line.replace("\\|", "").matches('|').count();
            let n_cells = block.lines().next().map(cells);
            assert!(block.lines().all(|line| Some(cells(line)) == n_cells), "{block}");
        }
    }

    #[test]
    fn a_small_report_reads_well() {
        let markdown = write(&fixture::small()).unwrap();
        let (start, _) = markdown.split_once("## Answer times").unwrap();
        insta::assert_snapshot!(start.replace('\u{202f}', "_"), @"
        # Spring 2026

        - Range: 1 May 2026, 00:00 to 5 May 2026, 14:00
        - Time zone: Europe/Berlin
        - Last event: 5 May 2026, 14:00
        - Filters: none
        - Channels: telegram, whatsapp
        - Contacts: 4_812
        - Outbound messages: 12_345
        - Records: 48_310 received, each counted once = 47_000 accepted + 1_098 ignored + 212 rejected
        - Events: 60_000 stored

        ## In short

        - 12_345 messages were sent. Of 12_345 whose delivery the channels report, 96.4_% arrived (96.1–96.7_%). Of 12_345 that reached somebody and whose opening can be seen, 59.3_% were opened (58.4–60.2_%).
        - The contact responded to the opening in 21.4_% of 12_345 conversations that the business began (20.7–22.1_%).
        - Of 2_256 decided visits to “size” (order), 22.8_% ended in drop-off (21.1–24.6_%).
        - Of 1_000 messages that reached somebody, 16.0 were followed by an opt-out (13.9 to 18.3).
        - 212 of 48_310 records were rejected and are in no number. What telegram cannot report is n/a: unknown, not zero.

        ## At a glance

        | Rate | Value | 95 % interval | Counts |
        |---|--:|--:|--:|
        | Delivery rate | 96.4_% | 96.1–96.7_% | 11_900 of 12_345 |
        | Open rate | 59.3_% | 58.4–60.2_% | 7_320 of 12_345 |
        | … Open rate (of sent) | 57.1_% |  | 7_048 of 12_345 |
        | Click rate | 8.4_% | 7.9–8.9_% | 1_036 of 12_345 |
        | … Click to open rate | 14.1_% |  | 1_740 of 12_345 |
        | Reply rate | 16.3_% | 15.7–17.0_% | 2_012 of 12_345 |
        | … Dismissed rate | 62.0_% |  | 7_653 of 12_345 |
        | Engagement rate | 21.4_% | 20.7–22.1_% | 2_641 of 12_345 |
        | Unsubscribe rate | 1.6_% | 1.4–1.8_% | 197 of 12_345 |
        | … Soft | 1.1_% |  | 135 of 12_345 |
        | … Hard | 0.5_% |  | 61 of 12_345 |
        | Question drop-off | 18.1_% | 17.4–18.8_% | 2_234 of 12_345 |
        | … Question open rate | 5.0_% |  | 617 of 12_345 |
        | Completion rate | 43.7_% | 42.8–44.6_% | 5_394 of 12_345 |
        | … Handover rate | 12.0_% |  | 1_481 of 12_345 |
        | … Fallback rate | 7.3_% |  | 901 of 12_345 |

        ## Campaign funnel

        How far messages got.

        | Step | Messages | Share | Rate |
        |---|--:|--:|---|
        | Sent | 12_345 |  |  |
        | Delivered | 11_900 | 96.4_% (96.1–96.7_%; 11_900 of 12_345) | Delivery rate |
        | Opened | 7_320 | 59.3_% (58.4–60.2_%; 7_320 of 12_345) | Open rate |
        | Clicked | 1_036 | 8.4_% (7.9–8.9_%; 1_036 of 12_345) | Click rate |
        | Replied | 2_012 | 16.3_% (15.7–17.0_%; 2_012 of 12_345) | Reply rate |

        ## Where contacts leave

        How each visit to a question ended, in the flow's order. Drop-off counts visits that ended silent, opted out, handed over or failed; visits that are still open are not drop-off. Within the decision window it is what the open visits will have come to if they go on as the others did: see Leaving.

        ### order

        | Question | Question drop-off | Visits | Answered | Skipped | Silent | Opted out | Handed over | Failed | Open |
        |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
        | size | 22.8_% (21.1–24.6_%; 514 of 2_256) | 2_336 | 1_682 | 60 | 400 | 48 | 40 | 26 | 80 |

        ## Funnels

        How far contacts got, step by step. Neither share counts what is still open.

        ### Lead qualification

        Of the conversations in which a question was asked: who came to the end. Each conversation once, ordered, within 3_d.

        | Step | Reached | Went on | Lost | Excluded | Open | Of all | Of the step before | Median | 90 % within | Median from the start |
        |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
        | first question | 400 | 250 | 110 | 9 | 40 |  |  | – | – | – |
        | voucher (optional) | 100 | 50 | 40 | 5 | 10 | 27.8_% (23.4–32.6_%; 100 of 360) | 27.8_% (23.4–32.6_%; 100 of 360) | 3_s | 45_s | 3_s |
        | qualified | 200 | 200 | 0 | 0 | 0 | 57.1_% (51.9–62.2_%; 200 of 350) | 57.1_% (51.9–62.2_%; 200 of 350) | 3_s | 45_s | 3_s |

        *Left out, because their logs cannot tell of a step: telegram (“voucher”).*
        ");
    }
}
