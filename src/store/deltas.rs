//! Numbers that are kept as packed differences (Parquet's `DELTA_BINARY_PACKED`), as lines of logs are: they mostly rise by one.

/// Decodes `n` numbers. `None` if the bytes are not of that form.
pub(super) fn decode(mut bytes: &[u8], n: usize) -> Option<Vec<i64>> {
    let block = usize::try_from(varint(&mut bytes)?).ok()?;
    let n_parts = usize::try_from(varint(&mut bytes)?).ok()?;
    let total = usize::try_from(varint(&mut bytes)?).ok()?;
    let of_part = block.checked_div(n_parts).filter(|&values| values > 0 && values % 8 == 0)?;
    let mut last = zigzag(&mut bytes)?;
    if n == 0 || total != n {
        return None;
    }
    let mut numbers = vec![last];
    while numbers.len() < n {
        let least = zigzag(&mut bytes)?;
        let (widths, rest) = bytes.split_at_checked(n_parts)?;
        bytes = rest;
        for &width in widths {
            let left = n - numbers.len();
            // Parts behind the last number are named, but not there.
            if left == 0 {
                break;
            }
            let width = usize::from(width);
            let (part, rest) = bytes.split_at_checked(of_part.checked_mul(width)? / 8)?;
            bytes = rest;
            for place in 0..left.min(of_part) {
                last = last.wrapping_add(least).wrapping_add_unsigned(packed(part, place * width, width)?);
                numbers.push(last);
            }
        }
    }
    Some(numbers)
}

/// The number of `width` bits that begins at bit `at`.
fn packed(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let shift = at % 8;
    let window = bytes.get(at / 8..(at + width).div_ceil(8))?;
    let mask = u128::from(u64::MAX.checked_shr(64_u32.checked_sub(u32::try_from(width).ok()?)?).unwrap_or(0));
    let bits = window.iter().rev().fold(0_u128, |bits, &byte| (bits << 8) | u128::from(byte));
    u64::try_from((bits >> shift) & mask).ok()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn zigzag(bytes: &mut &[u8]) -> Option<i64> {
    let number = varint(bytes)?;
    Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_one_part_of_three_bits_are_read_back() {
        // Block of 128 in four parts; 5 numbers: 7, 8, 9, 11, 4. Differences 1, 1, 2, -7; least -7: 8, 8, 9, 0 in 4 bits.
        let mut bytes = vec![0x80, 0x01, 4, 5, 14, 13, 4, 0, 0, 0];
        bytes.extend([0x88, 0x09]);
        bytes.extend([0; 14]);
        assert_eq!(decode(&bytes, 5), Some(vec![7, 8, 9, 11, 4]));
        assert_eq!(decode(&bytes, 6), None);
        assert_eq!(decode(&bytes[..12], 5), None);
    }

    #[test]
    fn bytes_of_no_writer_are_refused() {
        for bytes in [&[][..], &[0, 0, 0, 0], &[0x80; 20], &[0x80, 0x01, 4, 5, 14, 13, 99, 0, 0, 0]] {
            assert_eq!(decode(bytes, 5), None, "{bytes:?}");
        }
    }
}
