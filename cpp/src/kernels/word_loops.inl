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

    // Hashes words, writes their ids, and for each whether an entry may begin with the word before it and itself.
    template <bool Ascii>
    FASTGUARD_TARGET void identify(std::size_t begin, std::size_t end, std::uint16_t* ids,
                                   std::uint8_t* pairs) noexcept {
        const char* text = pass.text;
        const WordFilter& filter = *pass.filter;
        std::uint64_t last = before;
        for (Token* token = pass.tokens + begin; token != pass.tokens + end; ++token, ids += 3) {
            const char* bytes = text + token->begin;
            std::uint32_t size = token->end - token->begin;
            std::uint64_t word = hash_bytes(bytes, size);
            const std::uint64_t head = first_bytes(bytes, 8);
            token->hash = word;
            if (is_number(head)) [[unlikely]] {
                word = kNumber;
                size = 0;
            }
            const std::uint64_t pair = pair_hash(last, word);
            const std::uint32_t prefix = Ascii ? kAsciiPrefix : prefix_size(static_cast<unsigned char>(head));
            const std::uint64_t stem = ((head << (64 - 8 * prefix)) * kPrefix) >> 48U;
            ids[0] = static_cast<std::uint16_t>(word >> 48U);
            ids[1] = static_cast<std::uint16_t>(pair >> 48U);
            ids[2] = static_cast<std::uint16_t>(size > prefix ? stem : 0);
            *pairs++ = static_cast<std::uint8_t>(filter.maybe_pair(pair));
            last = word;
        }
        before = last;
    }

    // Adds up the gate's rows of words.
    template <class Sums>
    FASTGUARD_TARGET void weigh(const std::uint16_t* ids, std::size_t words, GateBlock& block) noexcept {
        const auto* rows = reinterpret_cast<const char*>(pass.rows.weights);
        constexpr std::size_t kRowBytes = Sums::kWidth * sizeof(std::int16_t);
        const std::size_t mask = pass.rows.mask * kRowBytes;
        Sums sums;
        for (const std::uint16_t* id = ids; id != ids + 3 * words; id += 3) {
            sums.add(rows + ((id[0] * kRowBytes) & mask));
            sums.add(rows + ((id[1] * kRowBytes) & mask));
            sums.add(rows + ((id[2] * kRowBytes) & mask));
        }
        sums.store(block.sums.data());
        std::uint16_t present = 0;
        for (std::size_t i = 0; i < 3 * words; ++i) {
            present = static_cast<std::uint16_t>(present + (ids[i] != 0 ? 1 : 0));
        }
        block.count = present;
    }

    // Lists the words that an entry may begin with, one word late: the next one has a say.
    template <bool Remember>
    FASTGUARD_TARGET void filter(std::size_t begin, std::size_t end, const std::uint8_t* pairs) noexcept {
        const WordFilter& filter = *pass.filter;
        const char* text = pass.text;
        Starter* out = pass.starters;
        std::size_t count = starters;
        std::uint32_t passed = may_start;
        std::uint32_t most = longest;
        for (std::size_t i = begin; i < end; ++i) {
            const Token& token = pass.tokens[i];
            const std::uint32_t size = token.end - token.begin;
            passed |= *pairs++;
            out[count].value = (static_cast<std::uint32_t>(i) - 1) << 3U | passed;
            count += passed != 0 ? 1U : 0U;
            passed = filter.maybe(token.hash, static_cast<std::uint32_t>(first_bytes(text + token.begin, 8)));
            if constexpr (Remember) {
                seen[(token.hash >> 6U) % 16] |= std::uint64_t{1} << (token.hash % 64);
            }
            most = size > most ? size : most;
            if (size > kGluedBytes) [[unlikely]] {
                glued += size;
            }
        }
        starters = count;
        may_start = passed;
        longest = most;
    }
};

static_assert(kRepeatWords % kStrideTokens == 0);

template <bool Ascii, class Sums>
FASTGUARD_TARGET inline void read_words_of(WordPass& pass) noexcept {
    WordReader reader{pass};
    std::uint16_t* ids = pass.ids;
    GateBlock* block = pass.blocks;
    std::uint8_t pairs[kStrideTokens];
    std::size_t begin = 0;
    do {
        const std::size_t end = pass.count - begin > kStrideTokens ? begin + kStrideTokens : pass.count;
        reader.identify<Ascii>(begin, end, ids, pairs);
        reader.weigh<Sums>(ids, end - begin, *block++);
        if (begin == 0) {
            pairs[0] = 0;  // nothing stands before the first word
        }
        if (begin < kRepeatWords) {
            reader.filter<true>(begin, end, pairs);
        } else {
            reader.filter<false>(begin, end, pairs);
        }
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
