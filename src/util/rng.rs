//! Chance, from the seed and the request only.

/// Folds `bytes` into 64 bits.
///
/// Stable for ever and on every platform: ids and recordings depend on it, so it may not follow
/// a hasher whose output is free to change. (Multiply-and-fold after wyhash; four lanes, since
/// each step of one lane waits for the last.)
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let (lanes, rest) = lanes(seed, bytes);
    last(joined(lanes), rest, bytes)
}

/// Folds `bytes` into 128 bits, of which the upper ones are [`hash`]: in one pass.
#[cfg(feature = "cassette")]
pub(crate) fn hash_wide(seed: u64, bytes: &[u8]) -> u128 {
    let (lanes, rest) = lanes(seed, bytes);
    // Turned against each other once more, so that what leaves the one state as it is changes the other.
    let [first, second, third, fourth] = lanes;
    let turned = [first.rotate_left(23), second, third.rotate_left(7), !fourth.rotate_left(41)];
    let halves = [lanes, turned].map(|it| u128::from(last(joined(it), rest, bytes)));
    halves[0] << 64 | halves[1]
}

/// All whole blocks of 64 bytes, and the bytes that are left.
fn lanes(seed: u64, bytes: &[u8]) -> ([u64; 4], &[u8]) {
    let mut lanes = [seed ^ SECRET[0], seed ^ SECRET[1], seed ^ SECRET[2], seed];
    let (pairs, _) = bytes.as_chunks();
    let (blocks, _) = pairs.as_chunks::<4>();
    for block in blocks {
        for (lane, pair) in lanes.iter_mut().zip(block) {
            *lane = mix(*lane, u128::from_le_bytes(*pair));
        }
    }
    (lanes, &bytes[64 * blocks.len()..])
}

fn joined(lanes: [u64; 4]) -> u64 {
    lanes[0] ^ lanes[1].rotate_left(17) ^ lanes[2].rotate_left(31) ^ lanes[3]
}

/// What is left of `bytes`, and their length.
fn last(mut state: u64, rest: &[u8], bytes: &[u8]) -> u64 {
    let (pairs, tail) = rest.as_chunks();
    for pair in pairs {
        state = mix(state, u128::from_le_bytes(*pair));
    }
    if !tail.is_empty() {
        state = mix(state, padded(tail, bytes));
    }
    fold(state ^ SECRET[2], bytes.len() as u64 ^ SECRET[1])
}

/// The last bytes of all, fewer than 16, and zeros behind them.
fn padded(tail: &[u8], bytes: &[u8]) -> u128 {
    // Nearly always there are enough before them, to be shifted out: no copy of unknown length.
    if let Some(end) = bytes.last_chunk() {
        return u128::from_le_bytes(*end) >> (8 * (16 - tail.len()));
    }
    let mut padded = [0; 16];
    padded[..tail.len()].copy_from_slice(tail);
    u128::from_le_bytes(padded)
}

/// A generator whose whole sequence follows from its seed.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(SECRET[0]);
        fold(self.0, self.0 ^ SECRET[1])
    }

    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

const SECRET: [u64; 3] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3];

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// 16 bytes into the state.
fn mix(state: u64, wide: u128) -> u64 {
    fold((wide as u64) ^ SECRET[1], ((wide >> 64) as u64) ^ state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_stable_for_ever() {
        let seen: Vec<u64> =
            ["", "a", "abcdefgh", "abcdefghi", "0123456789abcdef0123456789abcdef!"]
                .iter()
                .map(|text| hash(7, text.as_bytes()))
                .collect();
        assert_eq!(seen, HASHES);
        assert_ne!(hash(1, b"a"), hash(2, b"a"));
        assert_ne!(hash(1, b"a"), hash(1, b"a\0"));
    }

    const HASHES: [u64; 5] = [
        17_416_998_777_655_149_643,
        16_156_194_976_897_042_654,
        779_498_121_613_114_076,
        11_540_844_849_993_929_422,
        12_005_421_285_103_456_819,
    ];

    #[test]
    fn what_is_left_of_a_text_is_padded_with_zeros() {
        let text: Vec<u8> = (1..=200).collect();
        for length in 0..text.len() {
            let bytes = &text[..length];
            let tail = &bytes[length / 16 * 16..];
            let mut zeros = [0; 16];
            zeros[..tail.len()].copy_from_slice(tail);
            if !tail.is_empty() {
                assert_eq!(padded(tail, bytes), u128::from_le_bytes(zeros), "{length}");
            }
        }
    }

    /// As it was written first: block by block, and the rest by up to 16 bytes.
    fn plainly(seed: u64, bytes: &[u8]) -> u64 {
        let wide =
            |piece: &[u8]| piece.iter().rev().fold(0, |wide, byte| wide << 8 | u128::from(*byte));
        let mut lanes = [seed ^ SECRET[0], seed ^ SECRET[1], seed ^ SECRET[2], seed];
        let whole = bytes.len() / 64 * 64;
        for (index, piece) in bytes[..whole].chunks(16).enumerate() {
            lanes[index % 4] = mix(lanes[index % 4], wide(piece));
        }
        let pieces = bytes[whole..].chunks(16);
        let state = pieces.fold(joined(lanes), |state, piece| mix(state, wide(piece)));
        fold(state ^ SECRET[2], bytes.len() as u64 ^ SECRET[1])
    }

    #[test]
    fn hash_is_the_same_however_it_is_read() {
        let mut rng = Rng::new(3);
        let text: Vec<u8> = (0..400).map(|_| rng.next() as u8).collect();
        for length in 0..=text.len() {
            assert_eq!(hash(7, &text[..length]), plainly(7, &text[..length]), "{length}");
        }
    }

    #[test]
    fn below_reaches_every_value_and_no_other() {
        let mut rng = Rng::new(1);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[rng.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (120..280).contains(n)), "{seen:?}");
    }
}
