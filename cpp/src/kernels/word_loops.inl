// The loops over runs and words, compiled once per instruction set: part of each kernel's file, not of a header.
//
// The including file defines, in its anonymous namespace,
//   FASTGUARD_TARGET   the attribute that names the instruction set, or nothing
//   Sums, FewSums      kGateLabels and kFewLabels sums of 32 bits: zero at first, kWidth, add(const void* row of
//   int16),
//                      store(std::int32_t*), which writes zeros for the labels that there are not

FASTGUARD_TARGET inline std::size_t find_runs(const std::uint64_t* word, std::size_t size, Token* out) noexcept {
    Token* begins = out;
    Token* ends = out;
    std::uint64_t carry = 0;
    for (std::size_t base = 0; base < size; base += kBlockBytes) {
        const std::uint64_t bits = *word++;
        const std::uint64_t behind = (bits << 1U) | carry;
        std::uint64_t first = bits & ~behind;
        std::uint64_t past = behind & ~bits;
        carry = bits >> 63U;
        const auto begun = static_cast<std::size_t>(std::popcount(first));
        const auto ended = static_cast<std::size_t>(std::popcount(past));
        // Both counts differ by one at most: one loop for both; what it writes too much, the next round writes over.
        const std::size_t most = begun > ended ? begun : ended;
        for (std::size_t i = 0; i < most; ++i) {
            begins[i].begin = static_cast<std::uint32_t>(base + static_cast<std::size_t>(std::countr_zero(first)));
            ends[i].end = static_cast<std::uint32_t>(base + static_cast<std::size_t>(std::countr_zero(past)));
            first &= first - 1;
            past &= past - 1;
        }
        begins += begun;
        ends += ended;
    }
    if (carry != 0) {
        ends->end = static_cast<std::uint32_t>(size);
    }
    return static_cast<std::size_t>(begins - out);
}

// One block of words after the other is read in short loops, each with few values to keep in registers.
struct WordReader {
    WordPass& pass;
    std::uint64_t before = kTextStart;  // the last word of the block before
    std::uint32_t may_start = 0;        // whether that word passed the filters for single words
    std::size_t starters = 0;
    std::uint32_t longest = 0;
    std::uint32_t glued = 0;
    std::uint64_t seen[16] = {};  // a bit for each hash of the first words, modulo 1024

    [[nodiscard]] FASTGUARD_TARGET std::uint32_t distinct() const noexcept {
        int count = 0;
        for (const std::uint64_t word : seen) {
            count += std::popcount(word);
        }
        return static_cast<std::uint32_t>(count);
    }

    // Hashes words, writes their ids, and for each whether an entry may begin with the word before it.
    template <bool Ascii, bool Remember>
    FASTGUARD_TARGET void identify(std::size_t begin, std::size_t end, std::uint16_t* ids,
                                   std::uint8_t* passed) noexcept {
        const char* text = pass.text;
        const WordFilter& filter = *pass.filter;
        std::uint64_t last = before;
        std::uint32_t may = may_start;
        std::uint32_t most = longest;
        for (Token* token = pass.tokens + begin; token != pass.tokens + end; ++token, ids += 3) {
            const char* bytes = text + token->begin;
            std::uint32_t size = token->end - token->begin;
            most = size > most ? size : most;
            const std::uint64_t head = first_bytes(bytes, 8);
            std::uint64_t word = 0;
            if (size > 16) [[unlikely]] {
                word = hash_bytes(bytes, size);
                glued += size > kGluedBytes ? size : 0;
            } else {
                word = hash_short(bytes, size);
            }
            token->hash = word;
            if constexpr (Remember) {
                seen[(word >> 6U) % 16] |= std::uint64_t{1} << (word % 64);
            }
            const std::uint32_t alone = filter.maybe(word, static_cast<std::uint32_t>(head));
            if (is_number(head)) [[unlikely]] {
                word = kNumber;
                size = 0;
            }
            const std::uint64_t pair = pair_hash(last, word);
            const std::uint32_t prefix = Ascii ? kAsciiPrefix : prefix_size(static_cast<unsigned char>(head));
            const std::uint64_t stem = ((head << (64 - 8 * prefix)) * kPrefix) >> 48U;
            const std::uint32_t longer = (prefix - size) >> 31U;  // no branch: nobody foresees how long words are
            ids[0] = static_cast<std::uint16_t>(word >> 48U);
            ids[1] = static_cast<std::uint16_t>(pair >> 48U);
            ids[2] = static_cast<std::uint16_t>(stem & (std::uint64_t{0} - longer));
            *passed++ = static_cast<std::uint8_t>(may | filter.maybe_pair(pair));
            may = alone;
            last = word;
        }
        before = last;
        may_start = may;
        longest = most;
    }

    // A function of its own, not a lambda: that would be compiled for any CPU.
    template <class Sums>
    FASTGUARD_TARGET static inline void add(Sums& sums, std::int64_t& toxicity, const GateRows& rows,
                                            std::size_t row) noexcept {
        sums.add(rows.weights + row * Sums::kWidth);
        toxicity += rows.toxicity[row];
    }

    // Adds up the gate's rows of words.
    template <class Sums>
    FASTGUARD_TARGET void weigh(const std::uint16_t* ids, std::size_t words, GateBlock& block) noexcept {
        const GateRows rows = pass.rows;
        const std::uint64_t mask = rows.mask;
        Sums sums;
        std::int64_t toxicity = 0;
        // Four ids are masked at once; which of them comes first does not matter to a sum.
        const std::uint64_t masks = mask * 0x0001'0001'0001'0001U;
        const std::uint16_t* id = ids;
        const std::uint16_t* const behind = ids + 3 * words;
        for (; behind - id >= 4; id += 4) {
            const std::uint64_t four = first_bytes(reinterpret_cast<const char*>(id), 8) & masks;
            add(sums, toxicity, rows, four & 0xFFFFU);
            add(sums, toxicity, rows, four >> 16U & 0xFFFFU);
            add(sums, toxicity, rows, four >> 32U & 0xFFFFU);
            add(sums, toxicity, rows, four >> 48U);
        }
        for (; id != behind; ++id) {
            add(sums, toxicity, rows, *id & mask);
        }
        sums.store(block.sums.data());
        block.toxicity = static_cast<std::int32_t>(toxicity);
        std::uint16_t present = 0;
        for (std::size_t i = 0; i < 3 * words; ++i) {
            present = static_cast<std::uint16_t>(present + (ids[i] != 0 ? 1 : 0));
        }
        block.count = present;
    }

    // Lists the words that an entry may begin with: `passed` tells of the words one before [begin, end), and has room
    // for kStrideTokens.
    FASTGUARD_TARGET void list(std::size_t begin, std::size_t end, const std::uint8_t* passed) noexcept {
        Starter* out = pass.starters + starters;
        for (std::size_t first = 0; first < end - begin; first += 8) {
            std::uint64_t eight = first_bytes(reinterpret_cast<const char*>(passed) + first, 8);
            if (end - begin - first < 8) {
                eight &= ~std::uint64_t{0} >> (64 - 8 * (end - begin - first));
            }
            while (eight != 0) {
                const auto bit = static_cast<unsigned>(std::countr_zero(eight)) & ~7U;
                const auto word = static_cast<std::uint32_t>(begin + first + bit / 8) - 1;
                (out++)->value = word << 3U | static_cast<std::uint32_t>(eight >> bit & 0xFFU);
                eight &= ~(std::uint64_t{0xFF} << bit);
            }
        }
        starters = static_cast<std::size_t>(out - pass.starters);
    }
};

static_assert(kRepeatWords % kStrideTokens == 0);

template <bool Ascii, class Sums>
FASTGUARD_TARGET inline void read_words_of(WordPass& pass) noexcept {
    WordReader reader{pass};
    std::uint16_t* ids = pass.ids;
    GateBlock* block = pass.blocks;
    std::uint8_t passed[kStrideTokens] = {};
    std::size_t begin = 0;
    do {
        const std::size_t end = pass.count - begin > kStrideTokens ? begin + kStrideTokens : pass.count;
        if (begin < kRepeatWords) {
            reader.identify<Ascii, true>(begin, end, ids, passed);
        } else {
            reader.identify<Ascii, false>(begin, end, ids, passed);
        }
        reader.weigh<Sums>(ids, end - begin, *block++);
        if (begin == 0) {
            passed[0] = 0;  // nothing stands before the first word
        }
        reader.list(begin, end, passed);
        ids += 3 * (end - begin);
        begin = end;
    } while (begin < pass.count);
    if (pass.count > 0) {
        pass.starters[reader.starters].value = static_cast<std::uint32_t>(pass.count - 1) << 3U | reader.may_start;
        reader.starters += reader.may_start != 0 ? 1U : 0U;
    }
    pass.starter_count = reader.starters;
    pass.longest = reader.longest;
    pass.glued = reader.glued;
    pass.distinct = reader.distinct();
}

FASTGUARD_TARGET void read_words(WordPass& pass, bool ascii) noexcept {
    if (pass.rows.width == kFewLabels) {
        ascii ? read_words_of<true, FewSums>(pass) : read_words_of<false, FewSums>(pass);
    } else {
        ascii ? read_words_of<true, Sums>(pass) : read_words_of<false, Sums>(pass);
    }
}
