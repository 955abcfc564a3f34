//! One pass over the store: the rows of fact tables on their way into temporary files, and what dimensions are made of.
//!
//! Facts are found shard by shard on all threads. What a shard gives is sorted, cut by months and forgotten.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch};
use hashbrown::HashMap;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::columns;
use super::dimensions::{SUBJECTS, Seen, Subject};
use super::spill::{Month, Writer};
use super::table::{Column as Spec, Table};
use crate::calendar::{self, Calendar};
use crate::error::Result;
use crate::facts::{self, Column, Facts, Grain, NONE, Wanted};
use crate::store::Shard;
use crate::store::words::NULL;

/// Parts of a joined key at most.
const PARTS: usize = 3;

/// The fact tables and columns that have to be built: all of those exported, and of others what dimensions are made of.
pub(super) fn wanted(tables: &[&'static Table], with_subjects: bool) -> Wanted {
    let mut wanted = Wanted::default();
    for grain in facts::GRAINS {
        if tables.iter().any(|table| table.name == grain.name) {
            grain.columns.iter().for_each(|column| wanted.add(grain, column.name));
        }
        for subject in SUBJECTS.iter().filter(|subject| with_subjects && subject.is_of(grain)) {
            let columns = subject.columns.iter().copied().chain([grain.anchor]);
            columns.for_each(|column| wanted.add(grain, column));
        }
    }
    wanted
}

/// What one thread gathers.
pub(super) struct Gathering<'g> {
    facts: Facts<'g>,
    tables: &'g [&'static Table],
    days: Days,
    pub(super) writer: Writer,
    pub(super) seen: Seen,
}

impl<'g> Gathering<'g> {
    pub(super) fn new(facts: Facts<'g>, tables: &'g [&'static Table], zone: &TimeZone, writer: Writer) -> Self {
        Self { facts, tables, days: Days::new(zone), writer, seen: Seen::default() }
    }

    /// Takes the facts of a shard.
    pub(super) fn add(&mut self, shard: &Shard) -> Result<()> {
        let Self { facts, tables, days, writer, seen } = self;
        facts.add(shard);
        let first = shard.contacts().first().map_or(0, |contact| contact.key);
        for grain in facts::GRAINS {
            let Some(rows) = facts.table(grain.name).filter(|rows| rows.n_rows() > 0) else { continue };
            let joined = Joined::all(grain, rows);
            // A month of a contact began before anything happened in it.
            let anchors =
                if grain.name == facts::contact_months::GRAIN.name { &[] } else { numbers(rows, grain.anchor) };
            for (subject, joined) in &joined {
                joined.tell(subject, rows, anchors, seen);
            }
            if let Some(table) = tables.iter().find(|table| table.name == grain.name) {
                for (month, rows) in pieces(table, grain, rows, &joined, days)? {
                    writer.add(table.name, month, first, &rows)?;
                }
            }
        }
        facts.clear();
        Ok(())
    }
}

fn numbers<'t>(table: &'t facts::Table, name: &str) -> &'t [i64] {
    match table.column(name) {
        Some((_, Column::Numbers(numbers))) => numbers,
        _ => &[],
    }
}

/// The rows of a shard by contact and time, those of one instant as they were found; cut by months.
pub(super) fn pieces(
    table: &'static Table,
    grain: &Grain,
    rows: &facts::Table,
    joined: &[(&'static Subject, Joined)],
    days: &mut Days,
) -> Result<Vec<(Month, RecordBatch)>> {
    let (keys, anchors) = (numbers(rows, "contact_key"), numbers(rows, grain.anchor));
    let of = |numbers: &[i64], row: u32| numbers.get(row as usize).copied();
    let mut order: Vec<u32> = (0..).take(rows.n_rows()).collect();
    order.sort_by_key(|&row| (of(keys, row), of(anchors, row)));
    let of_row: Vec<u32> = anchors.iter().map(|&at| days.number(at)).collect();
    let day = |row: u32| of_row.get(row as usize).and_then(|&number| days.list.get(number as usize)).copied();
    let mut months: BTreeMap<Option<(i16, i8)>, Vec<u32>> = BTreeMap::new();
    for row in order {
        months.entry(day(row).and_then(|day| day.month)).or_default().push(row);
    }
    let mut scratch = Vec::new();
    let mut cut = Vec::new();
    for (month, picked) in months {
        let array = |spec: &Spec| -> Result<ArrayRef> {
            if let Some((_, column)) = rows.column(spec.name) {
                return pick(spec, column, &picked, &mut scratch);
            }
            if let Some((subject, joined)) = joined.iter().find(|(subject, _)| subject.key == Some(spec.name)) {
                return joined.pick(subject, rows, &picked);
            }
            Ok(columns::days(picked.iter().map(|&row| day(row).map_or(i32::MIN, |day| day.days)).collect()))
        };
        let arrays = table.stored().iter().map(array).collect::<Result<_>>()?;
        let month = month.map(|(year, month)| format!("{year:04}-{month:02}"));
        cut.push((month, RecordBatch::try_new(Table::schema(table.stored()), arrays)?));
    }
    Ok(cut)
}

/// Some rows of a column of facts. Of words only those come along that these rows have.
fn pick(spec: &Spec, column: &Column, picked: &[u32], codes: &mut Vec<i32>) -> Result<ArrayRef> {
    Ok(match column {
        Column::Numbers(values) => {
            let values = picked.iter().map(|&row| values.get(row as usize).copied().unwrap_or(NONE)).collect();
            if spec.kind == super::table::Kind::Instant { columns::instants(values) } else { columns::numbers(values) }
        }
        Column::Flags(flags) => columns::flags(picked.len(), |place| {
            picked.get(place).and_then(|&row| flags.get(row as usize)).copied().unwrap_or_default()
        }),
        Column::Words(of_row, words) => {
            codes.clear();
            codes.resize(words.list().len() + 1, -1);
            let mut kept = Vec::new();
            let recoded = picked.iter().map(|&row| {
                let code = of_row.get(row as usize).copied().unwrap_or(NULL);
                let (Some(word), Some(known)) = (words.get(code), codes.get_mut(code as usize)) else { return -1 };
                if *known < 0 {
                    *known = i32::try_from(kept.len()).unwrap_or(i32::MAX);
                    kept.push(word);
                }
                *known
            });
            let recoded = recoded.collect();
            columns::words(recoded, kept)?
        }
    })
}

/// Several columns of words as one: the number of each row's combination, and the combinations.
pub(super) struct Joined {
    of_row: Vec<u32>,
    combinations: Vec<[u32; PARTS]>,
}

impl Joined {
    /// Those that rows of this grain have a key for.
    pub(super) fn all(grain: &Grain, rows: &facts::Table) -> Vec<(&'static Subject, Self)> {
        let of_grain = SUBJECTS.iter().filter(|subject| subject.is_of(grain));
        of_grain.filter_map(|&subject| Some((subject, Self::of(rows, subject.columns)?))).collect()
    }

    /// `None` if a column was not built.
    fn of(rows: &facts::Table, names: &[&str]) -> Option<Self> {
        let mut codes: [&[u32]; PARTS] = [&[]; PARTS];
        for (place, name) in codes.iter_mut().zip(names) {
            let Some((_, Column::Words(of_row, _))) = rows.column(name) else { return None };
            *place = of_row;
        }
        let mut numbers: HashMap<[u32; PARTS], u32> = HashMap::new();
        let mut combinations = Vec::new();
        let number = |row: usize| {
            let combination = codes.map(|codes| codes.get(row).copied().unwrap_or(NULL));
            *numbers.entry(combination).or_insert_with(|| {
                combinations.push(combination);
                u32::try_from(combinations.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let of_row = (0..rows.n_rows()).map(number).collect();
        Some(Self { of_row, combinations })
    }

    /// The words of each combination.
    fn words<'t>(&self, subject: &Subject, rows: &'t facts::Table) -> Vec<Vec<Option<&'t str>>> {
        let word = |name: &str, code: u32| match rows.column(name) {
            Some((_, Column::Words(_, words))) => words.get(code),
            _ => None,
        };
        let words = |combination: &[u32; PARTS]| {
            subject.columns.iter().zip(combination).map(|(name, &code)| word(name, code)).collect()
        };
        self.combinations.iter().map(words).collect()
    }

    /// Tells what was seen, and when first and last.
    fn tell(&self, subject: &'static Subject, rows: &facts::Table, anchors: &[i64], seen: &mut Seen) {
        let mut spans = vec![(i64::MAX, i64::MIN); self.combinations.len()];
        for (&number, &at) in self.of_row.iter().zip(anchors).filter(|(_, at)| **at != NONE) {
            if let Some(span) = spans.get_mut(number as usize) {
                *span = (span.0.min(at), span.1.max(at));
            }
        }
        for (words, span) in self.words(subject, rows).into_iter().zip(spans) {
            seen.add(subject, &words, span);
        }
    }

    /// The keys of some rows.
    fn pick(&self, subject: &Subject, rows: &facts::Table, picked: &[u32]) -> Result<ArrayRef> {
        let keys: Vec<Option<String>> = self.words(subject, rows).iter().map(|words| subject.key_of(words)).collect();
        let mut codes = vec![-1; keys.len()];
        let mut kept = Vec::new();
        let code = |&row: &u32| {
            let number = self.of_row.get(row as usize).map_or(usize::MAX, |&number| number as usize);
            let (Some(Some(key)), Some(known)) = (keys.get(number), codes.get_mut(number)) else { return -1 };
            if *known < 0 {
                *known = i32::try_from(kept.len()).unwrap_or(i32::MAX);
                kept.push(key.as_str());
            }
            *known
        };
        let codes = picked.iter().map(code).collect();
        columns::words(codes, kept)
    }
}

/// A day of the zone.
#[derive(Clone, Copy)]
struct Day {
    /// Days since 1970.
    days: i32,
    month: Option<(i16, i8)>,
}

/// The days of instants, numbered.
pub(super) struct Days {
    calendar: Calendar,
    /// By number; the first is for what has no instant.
    list: Vec<Day>,
}

impl Days {
    pub(super) fn new(zone: &TimeZone) -> Self {
        let format = calendar::part("day").unwrap_or_default();
        Self { calendar: Calendar::new(zone.clone(), format), list: vec![Day { days: i32::MIN, month: None }] }
    }

    fn number(&mut self, at: i64) -> u32 {
        if at == NONE {
            return 0;
        }
        let number = self.calendar.number(at);
        while self.list.len() <= number as usize + 1 {
            let next = u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX);
            let date = self.calendar.text(next).and_then(|text| text.parse::<Date>().ok());
            let day = date.map(|date| Day { days: days_of(date), month: Some((date.year(), date.month())) });
            self.list.push(day.unwrap_or(Day { days: i32::MIN, month: None }));
        }
        number + 1
    }
}

/// Days since 1970-01-01.
pub(super) fn days_of(date: Date) -> i32 {
    date.since(Date::constant(1970, 1, 1)).map_or(i32::MIN, |span| span.get_days())
}
