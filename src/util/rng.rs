//! Chance, from the seed and the request only.

/// Folds `bytes` into 64 bits.
///
/// Stable for ever and on every platform: ids and recordings depend on it, so it may not follow
/// a hasher whose output is free to change. (Multiply-and-fold over 16-byte blocks, after wyhash.)
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = seed ^ SECRET[0];
    let mut blocks = bytes.chunks_exact(16);
    for block in &mut blocks {
        state = fold(word(&block[..8]) ^ SECRET[1], word(&block[8..]) ^ state);
    }
    let rest = blocks.remainder();
    let (low, high) = rest.split_at(rest.len().min(8));
    state = fold(word(low) ^ SECRET[1], word(high) ^ state);
    fold(state ^ SECRET[2], bytes.len() as u64 ^ SECRET[1])
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

const SECRET: [u64; 3] = [
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
    0x8ebc_6af0_9c88_c6e3,
];

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_stable_for_ever() {
        let seen: Vec<u64> = [
            "",
            "a",
            "abcdefgh",
            "abcdefghi",
            "0123456789abcdef0123456789abcdef!",
        ]
        .iter()
        .map(|text| hash(7, text.as_bytes()))
        .collect();
        assert_eq!(seen, HASHES);
        assert_ne!(hash(1, b"a"), hash(2, b"a"));
        assert_ne!(hash(1, b"a"), hash(1, b"a\0"));
    }

    const HASHES: [u64; 5] = [
        13_770_398_271_259_103_858,
        753_531_956_367_040_551,
        16_878_104_680_666_298_586,
        3_010_012_292_498_290_840,
        13_561_817_269_892_073_167,
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
