//! MD5 of several short messages in SIMD lanes, for the partition keys of a batch.
//!
//! Each step of MD5 depends on the one before it, so a single message cannot use the
//! instruction-level parallelism of a processor. Here each step is done for all messages at once,
//! and the compiler vectorizes it. Longer messages (more than one block) go to the library, and a
//! test holds the two implementations against each other.
//!
//! The instruction budgets of PutRecords cover this; `bench/run only batch-small` measures it.

/// Number of lanes: two 128-bit vectors, which every 64-bit processor has.
pub(crate) const LANES: usize = 8;
/// The longest message that fits one block beside the end mark and the length.
pub(crate) const MESSAGE_BYTES_MAX: usize = BLOCK_BYTES - 9;

const BLOCK_BYTES: usize = 64;
const BLOCK_WORDS: usize = BLOCK_BYTES / 4;
const ROUNDS: usize = 4;
/// The bit that ends a message, within its byte.
const END_MARK: u32 = 0x80;
/// The word that holds a message's length in bits; the following one is for longer messages.
const LENGTH_WORD: usize = 14;

/// One word of each lane's message.
type Words = [u32; LANES];

/// The initial state (RFC 1321, 3.3).
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// Rotation amounts of each round's steps, repeating every four.
const TURNS: [[u32; 4]; ROUNDS] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];
/// The integer part of 2^32·|sin(i + 1)| for each step i.
#[rustfmt::skip]
const SINES: [u32; ROUNDS * BLOCK_WORDS] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee,
    0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be,
    0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa,
    0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed,
    0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c,
    0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05,
    0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039,
    0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1,
    0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// Up to [`LANES`] messages, as words.
pub(crate) struct Messages([Words; BLOCK_WORDS]);

impl Messages {
    /// Empty blocks.
    pub(crate) fn new() -> Self {
        Self([[0; LANES]; BLOCK_WORDS])
    }

    /// Writes a message of at most [`MESSAGE_BYTES_MAX`] bytes into its lane. Words are read
    /// straight from the source: assembling bytes first and reloading them as a word would defeat
    /// store forwarding.
    #[inline]
    pub(crate) fn set(&mut self, lane: usize, message: &[u8]) {
        let (words, rest) = message.as_chunks();
        for (lanes, word) in self.0.iter_mut().zip(words) {
            lanes[lane] = u32::from_le_bytes(*word);
        }
        let bytes = rest.iter().rev();
        let last = bytes.fold(END_MARK, |word, byte| word << 8 | u32::from(*byte));
        for lanes in &mut self.0[words.len()..LENGTH_WORD] {
            lanes[lane] = 0;
        }
        self.0[words.len()][lane] = last;
        self.0[LENGTH_WORD][lane] = message.len() as u32 * 8;
    }

    /// The digests of all lanes.
    pub(crate) fn digests(&self) -> [[u8; 16]; LANES] {
        let mut state = START.map(|word| [word; LANES]);
        self.round::<0>(&mut state, |b, c, d| (b & c) | (!b & d));
        self.round::<1>(&mut state, |b, c, d| (b & d) | (c & !d));
        self.round::<2>(&mut state, |b, c, d| b ^ c ^ d);
        self.round::<3>(&mut state, |b, c, d| c ^ (b | !d));
        let mut digests = [[0; 16]; LANES];
        for (lane, digest) in digests.iter_mut().enumerate() {
            let (words, _) = digest.as_chunks_mut();
            for ((word, start), lanes) in words.iter_mut().zip(START).zip(&state) {
                *word = lanes[lane].wrapping_add(start).to_le_bytes();
            }
        }
        digests
    }

    /// One round of sixteen steps, four at a time: after four steps the state's words are back in
    /// their original order.
    #[inline(always)]
    fn round<const ROUND: usize>(
        &self,
        state: &mut [Words; 4],
        mix: impl Fn(u32, u32, u32) -> u32,
    ) {
        for four in 0..BLOCK_WORDS / 4 {
            for (place, turn) in TURNS[ROUND].into_iter().enumerate() {
                let step = four * 4 + place;
                let word = [step, 5 * step + 1, 3 * step + 5, 7 * step][ROUND] % BLOCK_WORDS;
                let (words, sine) = (&self.0[word], SINES[ROUND * BLOCK_WORDS + step]);
                let [a, b, c, d] = [4, 5, 6, 7].map(|first| (first - place) % 4);
                let (b, c, d) = (state[b], state[c], state[d]);
                for lane in 0..LANES {
                    let mixed = mix(b[lane], c[lane], d[lane]);
                    let sum = state[a][lane].wrapping_add(mixed).wrapping_add(sine);
                    let turned = sum.wrapping_add(words[lane]).rotate_left(turn);
                    state[a][lane] = b[lane].wrapping_add(turned);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::{Digest, Md5};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digests_when_of_any_messages_then_are_as_the_library_has_them(
            messages in proptest::array::uniform8(
                proptest::collection::vec(any::<u8>(), 0..=MESSAGE_BYTES_MAX),
            ),
        ) {
            let mut side_by_side = Messages::new();
            // Overwrites what a lane held before.
            (0..LANES).for_each(|lane| side_by_side.set(lane, &[0xff; MESSAGE_BYTES_MAX]));
            for (lane, message) in messages.iter().enumerate() {
                side_by_side.set(lane, message);
            }
            let expected = messages.each_ref().map(|message| <[u8; 16]>::from(Md5::digest(message)));
            prop_assert_eq!(side_by_side.digests(), expected);
        }
    }
}
