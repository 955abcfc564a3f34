//! Segments: what a table is broken down by becomes one column of small numbers, so that every metric groups by `segment`
//! and no SQL is put together from text.

use hashbrown::HashMap;
use jiff::tz::TimeZone;

use crate::calendar::{self, Calendar};
use crate::error::{Error, Result};
use crate::facts::{Column, Form, Grain, NONE, Table};

/// Pairs of a segment and a code up to which their numbers stand in a list: 1 MiB.
const LISTED: usize = 256 * 1024;

/// The column of every table that says whose a row is.
pub const CONTACT: &str = "contact_key";

/// The segment of every row of a table, as a number, and the segments themselves.
pub struct Segments {
    /// One number per row, or per finer segment.
    pub of_row: Vec<u32>,
    /// The values of each number, in the order of the breakdown.
    pub values: Vec<Vec<Option<String>>>,
}

/// Whether a table of this grain can be broken down by the column.
#[must_use]
pub fn is_known(grain: &Grain, name: &str) -> bool {
    calendar::part(name).is_some() || grain.columns.iter().any(|column| column.name == name && is_segment(column.form))
}

/// Whether rows can be told apart by a column of this form.
fn is_segment(form: Form) -> bool {
    matches!(form, Form::Word | Form::Flag | Form::Count)
}

/// Checks that a table can be broken down by the columns.
///
/// # Errors
/// It has no such column, or a column stands twice.
pub fn check(grain: &Grain, by: &[String]) -> Result<()> {
    if let Some(twice) = by.iter().enumerate().find(|(place, name)| by.iter().take(*place).any(|known| known == *name))
    {
        return Err(Error::Usage(format!("'{}' stands twice in the breakdown", twice.1)));
    }
    match by.iter().find(|name| !is_known(grain, name)) {
        None => Ok(()),
        Some(name) => {
            let columns = grain.columns.iter().filter(|column| is_segment(column.form));
            let known = columns.map(|column| column.name).chain(calendar::PARTS.iter().map(|(part, _)| *part));
            Err(Error::Unknown { what: "breakdown", name: name.clone(), known: known.map(str::to_owned).collect() })
        }
    }
}

/// Finds the segment of every row.
#[must_use]
pub fn segments(table: &Table, anchor: &str, by: &[String], zone: &TimeZone) -> Segments {
    let mut segments = Segments { of_row: vec![0; table.n_rows()], values: vec![Vec::new()] };
    for name in by {
        let codes = codes(table, anchor, name, zone);
        segments.refine(&codes);
    }
    segments
}

/// Segments that are split by contact.
pub struct ByContact {
    /// One segment without a name for each contact in each segment.
    pub fine: Segments,
    /// The segments that these are parts of.
    pub whole: Segments,
    /// Contacts with rows in several segments whose values are all known.
    pub n_shared: u64,
}

/// Splits segments by contact.
#[must_use]
pub fn by_contact(segments: Segments, table: &Table) -> ByContact {
    let keys: &[i64] = match table.column(CONTACT) {
        Some((_, Column::Numbers(keys))) => keys,
        _ => &[],
    };
    let is_known =
        |segment: u32| segments.values.get(segment as usize).is_some_and(|value| value.iter().all(Option::is_some));
    let mut numbers: HashMap<(u32, i64), u32> = HashMap::new();
    let mut n_segments: HashMap<i64, u32> = HashMap::new();
    let (mut of_fine, mut n_shared) = (Vec::new(), 0);
    let of_row = segments.of_row.iter().zip(keys).map(|(&segment, &key)| {
        *numbers.entry((segment, key)).or_insert_with(|| {
            if is_known(segment) {
                let n_segments = n_segments.entry(key).or_default();
                *n_segments += 1;
                n_shared += u64::from(*n_segments == 2);
            }
            of_fine.push(segment);
            u32::try_from(of_fine.len() - 1).unwrap_or(u32::MAX)
        })
    });
    let of_row = of_row.collect();
    let fine = Segments { of_row, values: vec![Vec::new(); of_fine.len()] };
    ByContact { fine, whole: Segments { of_row: of_fine, values: segments.values }, n_shared }
}

/// A value of a column for each row, as a number with its text.
struct Codes {
    of_row: Vec<u32>,
    texts: Vec<Option<String>>,
}

fn codes(table: &Table, anchor: &str, name: &str, zone: &TimeZone) -> Codes {
    if let Some(format) = calendar::part(name)
        && let Some((_, Column::Numbers(instants))) = table.column(anchor)
    {
        return times(instants, format, zone);
    }
    match table.column(name) {
        Some((_, Column::Words(codes, words))) => {
            let texts = std::iter::once(None).chain(words.list().iter().map(|word| Some(word.clone()))).collect();
            Codes { of_row: codes.clone(), texts }
        }
        Some((_, Column::Flags(flags))) => Codes {
            of_row: flags.iter().map(|&flag| u32::from(flag)).collect(),
            texts: vec![Some("false".into()), Some("true".into())],
        },
        Some((_, Column::Numbers(values))) => counts(values),
        _ => Codes { of_row: vec![0; table.n_rows()], texts: vec![None] },
    }
}

fn counts(values: &[i64]) -> Codes {
    let mut codes: HashMap<i64, u32> = HashMap::new();
    let mut texts = vec![None];
    let of_row = values.iter().map(|&value| match value {
        NONE => 0,
        _ => *codes.entry(value).or_insert_with(|| {
            texts.push(Some(value.to_string()));
            u32::try_from(texts.len() - 1).unwrap_or(u32::MAX)
        }),
    });
    Codes { of_row: of_row.collect(), texts }
}

fn times(instants: &[i64], format: &'static str, zone: &TimeZone) -> Codes {
    let mut calendar = Calendar::new(zone.clone(), format);
    let of_row = instants.iter().map(|&at| if at == NONE { 0 } else { calendar.number(at) + 1 }).collect();
    let texts = std::iter::once(None).chain(calendar.into_texts().into_iter().map(Some)).collect();
    Codes { of_row, texts }
}

impl Segments {
    /// The rows, those of one segment together, segments by their numbers.
    #[must_use]
    pub fn order(&self) -> Vec<u32> {
        let mut ends = vec![0_usize; self.values.len() + 1];
        for &segment in &self.of_row {
            if let Some(end) = ends.get_mut(segment as usize + 1) {
                *end += 1;
            }
        }
        for place in 1..ends.len() {
            ends[place] += ends[place - 1];
        }
        let mut order = vec![0; self.of_row.len()];
        for (row, &segment) in (0..).zip(&self.of_row) {
            let next = &mut ends[segment as usize];
            order[*next] = row;
            *next += 1;
        }
        order
    }

    /// The segments of a coarser breakdown, whose columns are among those of this one. Their rows are these segments.
    #[must_use]
    pub fn coarsen(&self, fine: &[String], by: &[String]) -> Self {
        let places: Vec<usize> = by.iter().filter_map(|name| fine.iter().position(|known| known == name)).collect();
        let mut numbers: HashMap<Vec<Option<&str>>, u32> = HashMap::new();
        let mut values = Vec::new();
        let of_row = self.values.iter().map(|value| {
            let of_place = |&place: &usize| value.get(place).and_then(Option::as_deref);
            *numbers.entry(places.iter().map(of_place).collect()).or_insert_with_key(|key| {
                values.push(key.iter().map(|text| text.map(str::to_owned)).collect());
                u32::try_from(values.len() - 1).unwrap_or(u32::MAX)
            })
        });
        let of_row = of_row.collect();
        Self { of_row, values }
    }

    /// Splits every segment by a further column.
    fn refine(&mut self, codes: &Codes) {
        // Finer segments by coarse segment and code, counted from 1. Most rows belong to a pair that is known, so what looks one
        // up is to be fast: rather a sparse list than a hash table.
        let n_codes = codes.texts.len();
        let mut numbers: HashMap<usize, u32> = HashMap::new();
        let mut list = vec![0_u32; if self.values.len() * n_codes <= LISTED { self.values.len() * n_codes } else { 0 }];
        let mut values: Vec<Vec<Option<String>>> = Vec::new();
        for (segment, &code) in self.of_row.iter_mut().zip(&codes.of_row) {
            let pair = *segment as usize * n_codes + code as usize;
            let number = match list.get_mut(pair) {
                Some(number) => number,
                None => numbers.entry(pair).or_default(),
            };
            if *number == 0 {
                let mut value = self.values.get(*segment as usize).cloned().unwrap_or_default();
                value.push(codes.texts.get(code as usize).cloned().flatten());
                values.push(value);
                *number = u32::try_from(values.len()).unwrap_or(u32::MAX);
            }
            *segment = *number - 1;
        }
        self.values = values;
    }
}
