//! Small numbers as Parquet packs them: runs of one number, and numbers of a few bits each. Knows no columns.
//!
//! Source: "RLE/Bit-Packing Hybrid" in Encodings.md of apache/parquet-format.

/// A sequence of small numbers, in which runs of one number take turns with numbers packed to a few bits.
#[derive(Clone)]
pub(super) struct Hybrid {
    /// Bits of a number.
    width: u32,
    /// Place in the page of what was not read yet.
    at: usize,
    repeated: usize,
    number: u32,
    /// Groups of eight packed numbers that are left.
    groups: usize,
    /// The last numbers of a group that was begun.
    begun: [u32; 8],
    n_begun: usize,
}

impl Hybrid {
    pub(super) fn new(width: u32, at: usize) -> Self {
        Self { width, at, repeated: 0, number: 0, groups: 0, begun: [0; 8], n_begun: 0 }
    }

    /// Adds the next `n` numbers.
    pub(super) fn read(&mut self, page: &[u8], mut n: usize, out: &mut Vec<u32>) -> Option<()> {
        while n > 0 {
            let before = out.len();
            if self.n_begun > 0 {
                let now = n.min(self.n_begun);
                let start = self.begun.len() - self.n_begun;
                out.extend_from_slice(self.begun.get(start..start + now)?);
                self.n_begun -= now;
            } else if self.repeated > 0 {
                let now = n.min(self.repeated);
                out.resize(before + now, self.number);
                self.repeated -= now;
            } else if self.groups > 0 && n >= 8 {
                let now = (n / 8).min(self.groups);
                out.resize(before + now * 8, 0);
                self.unpack(page, now, out.get_mut(before..)?)?;
            } else if self.groups > 0 {
                let mut begun = [0; 8];
                self.unpack(page, 1, &mut begun)?;
                (self.begun, self.n_begun) = (begun, 8);
            } else {
                self.next_run(page)?;
            }
            n -= out.len() - before;
        }
        Some(())
    }

    fn next_run(&mut self, page: &[u8]) -> Option<()> {
        let mut header = 0_u32;
        for shift in (0..32).step_by(7) {
            let byte = *page.get(self.at)?;
            self.at += 1;
            header |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let n = (header >> 1) as usize;
        if header & 1 == 1 {
            self.groups = n;
        } else {
            let n_bytes = self.width.div_ceil(8) as usize;
            let bytes = page.get(self.at..self.at + n_bytes)?;
            self.number = bytes.iter().rev().fold(0, |number, &byte| (number << 8) | u32::from(byte));
            self.at += n_bytes;
            self.repeated = n;
        }
        // Neither makes progress, and a writer makes none.
        (n > 0).then_some(())
    }

    fn unpack(&mut self, page: &[u8], n_groups: usize, out: &mut [u32]) -> Option<()> {
        let n_bytes = n_groups * self.width as usize;
        let bytes = page.get(self.at..self.at + n_bytes)?;
        self.at += n_bytes;
        self.groups -= n_groups;
        unpack(bytes, self.width, out)
    }

    /// How many of the next `n` numbers, which are 0 or 1, are 1.
    pub(super) fn n_ones(mut self, page: &[u8], n: usize) -> Option<usize> {
        let (mut left, mut ones) = (n, 0);
        while left > 0 {
            self.next_run(page)?;
            if self.groups > 0 {
                let bytes = page.get(self.at..self.at + self.groups)?;
                // Bits after the last number are zero.
                ones += bytes.iter().map(|byte| byte.count_ones() as usize).sum::<usize>();
                self.at += self.groups;
                left = left.saturating_sub(self.groups * 8);
                self.groups = 0;
            } else {
                let now = self.repeated.min(left);
                ones += now * self.number as usize;
                left -= now;
                self.repeated = 0;
            }
        }
        (ones <= n).then_some(ones)
    }
}

/// Numbers of `width` bits, the lowest first, eight in `width` bytes.
fn unpack(bytes: &[u8], width: u32, out: &mut [u32]) -> Option<()> {
    /// A word of 128 bits from the first sixteen bytes of a group, and one from its last: one of them has a number whole.
    fn groups<const WIDTH: usize>(bytes: &[u8], out: &mut [u32]) {
        let (groups, _) = bytes.as_chunks::<WIDTH>();
        let (places, _) = out.as_chunks_mut::<8>();
        let begin_of_last = WIDTH.saturating_sub(16);
        for (group, places) in groups.iter().zip(places) {
            let word = |begin: usize| {
                let mut word = [0; 16];
                for (to, from) in word.iter_mut().zip(&group[begin..]) {
                    *to = *from;
                }
                u128::from_le_bytes(word)
            };
            let (first, last) = (word(0), word(begin_of_last));
            for (place, number) in places.iter_mut().enumerate() {
                let bit = place * WIDTH;
                let word = if bit + WIDTH <= 128 { first >> bit } else { last >> (bit - begin_of_last * 8) };
                #[expect(clippy::cast_possible_truncation)]
                let low = word as u32;
                *number = low & (u32::MAX >> (32 - WIDTH));
            }
        }
    }
    match width {
        0 => out.fill(0),
        1 => groups::<1>(bytes, out),
        2 => groups::<2>(bytes, out),
        3 => groups::<3>(bytes, out),
        4 => groups::<4>(bytes, out),
        5 => groups::<5>(bytes, out),
        6 => groups::<6>(bytes, out),
        7 => groups::<7>(bytes, out),
        8 => groups::<8>(bytes, out),
        9 => groups::<9>(bytes, out),
        10 => groups::<10>(bytes, out),
        11 => groups::<11>(bytes, out),
        12 => groups::<12>(bytes, out),
        13 => groups::<13>(bytes, out),
        14 => groups::<14>(bytes, out),
        15 => groups::<15>(bytes, out),
        16 => groups::<16>(bytes, out),
        17 => groups::<17>(bytes, out),
        18 => groups::<18>(bytes, out),
        19 => groups::<19>(bytes, out),
        20 => groups::<20>(bytes, out),
        21 => groups::<21>(bytes, out),
        22 => groups::<22>(bytes, out),
        23 => groups::<23>(bytes, out),
        24 => groups::<24>(bytes, out),
        25 => groups::<25>(bytes, out),
        26 => groups::<26>(bytes, out),
        27 => groups::<27>(bytes, out),
        28 => groups::<28>(bytes, out),
        29 => groups::<29>(bytes, out),
        30 => groups::<30>(bytes, out),
        31 => groups::<31>(bytes, out),
        32 => groups::<32>(bytes, out),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(numbers: &[u32], width: u32) -> Vec<u8> {
        let mut bytes = vec![0; numbers.len() * width as usize / 8];
        for (place, number) in numbers.iter().enumerate() {
            for bit in 0..width as usize {
                let at = place * width as usize + bit;
                bytes[at / 8] |= u8::try_from(number >> bit & 1).unwrap() << (at % 8);
            }
        }
        bytes
    }

    #[test]
    fn packed_numbers_of_every_width_are_read_back() {
        for width in 1..=32 {
            let numbers: Vec<u32> = (0..40_u32).map(|n| n.wrapping_mul(2_654_435_761) >> (32 - width)).collect();
            let mut found = vec![0; numbers.len()];
            unpack(&packed(&numbers, width), width, &mut found).unwrap();
            assert_eq!(found, numbers, "{width}");
        }
    }

    #[test]
    fn runs_and_packed_numbers_are_read_in_pieces_of_any_length() {
        let numbers: Vec<u32> = (0..16).collect();
        // Five times 9, sixteen packed numbers, twice 3.
        let mut page = vec![10, 9, 5];
        page.extend(packed(&numbers, 4));
        page.extend([4, 3]);
        let all: Vec<u32> = std::iter::repeat_n(9, 5).chain(numbers).chain([3, 3]).collect();
        for piece in 1..all.len() {
            let (mut hybrid, mut found) = (Hybrid::new(4, 0), Vec::new());
            while found.len() < all.len() {
                hybrid.read(&page, piece.min(all.len() - found.len()), &mut found).unwrap();
            }
            assert_eq!(found, all, "{piece}");
        }
    }

    #[test]
    fn bytes_of_no_writer_are_refused() {
        for page in [&[][..], &[0, 1], &[3], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(Hybrid::new(8, 0).read(page, 4, &mut Vec::new()), None, "{page:?}");
        }
    }
}
