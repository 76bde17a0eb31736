//! Chance, from the seed and the request only.

/// Folds `bytes` into 64 bits.
///
/// Stable for ever and on every platform: ids and recordings depend on it, so it may not follow
/// a hasher whose output is free to change. (Multiply-and-fold after wyhash; four lanes, since
/// each step of one lane waits for the last.)
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let (lanes, rest) = lanes(seed, bytes);
    last(joined(lanes), rest, bytes.len())
}

/// Folds `bytes` into 128 bits, of which the upper ones are [`hash`]: in one pass.
#[cfg(feature = "cassette")]
pub(crate) fn hash_wide(seed: u64, bytes: &[u8]) -> u128 {
    let (lanes, rest) = lanes(seed, bytes);
    // Turned against each other once more, so that what leaves the one state as it is changes the other.
    let [first, second, third, fourth] = lanes;
    let turned = [first.rotate_left(23), second, third.rotate_left(7), !fourth.rotate_left(41)];
    let halves = [lanes, turned].map(|it| u128::from(last(joined(it), rest, bytes.len())));
    halves[0] << 64 | halves[1]
}

/// All whole blocks of 64 bytes, and the bytes that are left.
fn lanes(seed: u64, bytes: &[u8]) -> ([u64; 4], &[u8]) {
    let mut lanes = [seed ^ SECRET[0], seed ^ SECRET[1], seed ^ SECRET[2], seed];
    let mut blocks = bytes.chunks_exact(64);
    for block in &mut blocks {
        for (lane, pair) in lanes.iter_mut().zip(block.chunks_exact(16)) {
            *lane = mix(*lane, pair);
        }
    }
    (lanes, blocks.remainder())
}

fn joined(lanes: [u64; 4]) -> u64 {
    lanes[0] ^ lanes[1].rotate_left(17) ^ lanes[2].rotate_left(31) ^ lanes[3]
}

fn last(mut state: u64, rest: &[u8], length: usize) -> u64 {
    for pair in rest.chunks(16) {
        state = mix(state, pair);
    }
    fold(state ^ SECRET[2], length as u64 ^ SECRET[1])
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

/// Up to 16 bytes into the state.
fn mix(state: u64, pair: &[u8]) -> u64 {
    let wide = u128::from_le_bytes(<[u8; 16]>::try_from(pair).unwrap_or_else(|_| {
        let mut padded = [0; 16];
        padded[..pair.len()].copy_from_slice(pair);
        padded
    }));
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
    fn below_reaches_every_value_and_no_other() {
        let mut rng = Rng::new(1);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[rng.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (120..280).contains(n)), "{seen:?}");
    }
}
