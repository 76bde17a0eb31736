//! Vectors for texts: near for texts that share words, the same for the same text.
//!
//! A text falls into features (its words, their stems, their letters by threes, words side by
//! side), each of which adds its weight to one place of a sparse vector, with a sign of its own.
//! A Hadamard transform then spreads each place over all numbers. It keeps angles, so that the
//! nearness of two vectors is the overlap of their features; any beginning of a vector keeps them
//! too, nearly, as the vendors' vectors do that may be shortened.

mod features;

use crate::request::{Content, EmbeddingSize, Message};
use crate::util::rng::hash;

/// Makes vectors of one length.
#[derive(Debug)]
pub(crate) struct Embedder {
    seed: u64,
    wanted: EmbeddingSize,
    /// Of the transform: a power of two.
    size: usize,
}

impl Embedder {
    pub(crate) fn new(seed: u64, wanted: EmbeddingSize) -> Self {
        Self { seed, wanted, size: wanted.native.max(wanted.dimensions).next_power_of_two() }
    }

    /// The vector of an input: of its texts, or of what stands for one.
    pub(crate) fn of(&self, input: &Message) -> Vec<f32> {
        match input.content() {
            [Content::Text(text)] => self.embed(text),
            contents => {
                let mut all = String::new();
                for content in contents {
                    match content {
                        Content::Text(text) => all.push_str(text),
                        Content::Tokens(tokens) => {
                            tokens.iter().for_each(|token| all.push_str(&format!("{token} ")));
                        }
                        other => all.push_str(&format!("{other:?}")),
                    }
                    all.push('\n');
                }
                self.embed(&all)
            }
        }
    }

    pub(crate) fn embed(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; self.size];
        let mut add = |feature: u64, weight: f32| {
            // The sign is drawn from another bit than the place.
            let signed = f32::from_bits(weight.to_bits() ^ (((feature & 1) as u32) << 31));
            vector[(feature >> 32) as usize & (self.size - 1)] += signed;
        };
        features::each(text, self.seed, &mut add);
        // What comes again and again counts less each time.
        for number in &mut vector {
            *number /= (1.0 + number.abs()).sqrt();
        }
        if vector.iter().all(|number| *number == 0.0) {
            // Nothing but punctuation.
            let place = hash(self.seed, text.as_bytes()) as usize & (self.size - 1);
            vector[place] = 1.0;
        }
        hadamard(&mut vector);
        let EmbeddingSize { dimensions, native, normalized } = self.wanted;
        vector.truncate(if normalized { dimensions } else { native.max(dimensions) });
        normalize(&mut vector);
        vector.truncate(dimensions);
        vector
    }
}

/// The Walsh-Hadamard transform, unscaled. The loops are plain for the compiler's sake.
fn hadamard(numbers: &mut [f32]) {
    let mut half = 1;
    // The first rounds within eight numbers at once: one way through memory for three.
    let eights = numbers.len() / 8 * 8;
    for eight in numbers[..eights].chunks_exact_mut(8) {
        let mut x = [0.0; 8];
        x.copy_from_slice(eight);
        let x = [
            x[0] + x[1],
            x[0] - x[1],
            x[2] + x[3],
            x[2] - x[3],
            x[4] + x[5],
            x[4] - x[5],
            x[6] + x[7],
            x[6] - x[7],
        ];
        let x = [
            x[0] + x[2],
            x[1] + x[3],
            x[0] - x[2],
            x[1] - x[3],
            x[4] + x[6],
            x[5] + x[7],
            x[4] - x[6],
            x[5] - x[7],
        ];
        eight.copy_from_slice(&[
            x[0] + x[4],
            x[1] + x[5],
            x[2] + x[6],
            x[3] + x[7],
            x[0] - x[4],
            x[1] - x[5],
            x[2] - x[6],
            x[3] - x[7],
        ]);
        half = 8;
    }
    while half < numbers.len() {
        for block in numbers.chunks_exact_mut(2 * half) {
            let (left, right) = block.split_at_mut(half);
            for (a, b) in left.iter_mut().zip(right) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

fn normalize(vector: &mut [f32]) {
    // Sums side by side, since each addition would wait for the last.
    let mut squares = [0.0_f64; 8];
    for some in vector.chunks(8) {
        for (square, number) in squares.iter_mut().zip(some) {
            *square += f64::from(*number) * f64::from(*number);
        }
    }
    let square: f64 = squares.iter().sum();
    if square == 0.0 {
        // The few numbers that are left cancel out.
        if let Some(first) = vector.first_mut() {
            *first = 1.0;
        }
        return;
    }
    let scale = 1.0 / square.sqrt();
    for number in vector {
        *number = (f64::from(*number) * scale) as f32;
    }
}

#[cfg(test)]
mod tests;
