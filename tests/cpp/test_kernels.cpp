// Every kernel gives what a plain loop over the written classes gives, wherever the text lies and however long it is.
#include "fastguard/features.h"
#include "fastguard/phrases.h"

#include "check.h"
#include "material.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>

namespace {

using fastguard::ByteCounts;
using fastguard::ByteMasks;
using fastguard::Kernel;
using material::GuardedPages;
using material::Masks;
using material::Random;
using std::string;
using std::string_view;

constexpr std::size_t kLongest = 300;

struct Classified {
    string folded;
    Masks masks;
    ByteCounts counts;

    bool operator==(const Classified&) const = default;
};

void mark(std::uint64_t* mask, std::size_t at, bool value) {
    const std::uint64_t bit = std::uint64_t{1} << (at % 64);
    mask[at / 64] = value ? mask[at / 64] | bit : mask[at / 64] & ~bit;
}

// The header's words, one byte at a time.
Classified expected_of(string_view text) {
    Classified result{string(text), Masks(text.size()), {}};
    const ByteMasks masks = result.masks.masks();
    ByteCounts& counts = result.counts;
    for (std::size_t i = 0; i < material::block_room(text.size()); ++i) {
        const bool inside = i < text.size();
        const char c = inside ? text[i] : '\0';
        const bool upper = c >= 'A' && c <= 'Z';
        const bool digit = c >= '0' && c <= '9';
        const bool high = static_cast<unsigned char>(c) >= 0x80;
        const bool word = upper || digit || high || (c >= 'a' && c <= 'z');
        const bool blank = string_view("\t\n\v\f\r").find(c) != string_view::npos;
        mark(masks.word, i, inside && word);
        mark(masks.high, i, inside && high);
        mark(masks.digit, i, inside && digit);
        mark(masks.at, i, inside && c == '@');
        mark(masks.colon, i, inside && c == ':');
        mark(masks.leet, i, inside && string_view("@$!|+").find(c) != string_view::npos);
        mark(masks.space, i, inside && (blank || c == ' '));
        mark(masks.upper, i, inside && upper);
        if (!inside) {
            continue;
        }
        if (upper) {
            result.folded[i] = static_cast<char>(c - 'A' + 'a');
        }
        if (blank) {
            result.folded[i] = ' ';
        }
        counts.upper += upper ? 1 : 0;
        counts.digit += digit ? 1 : 0;
        counts.word += word ? 1 : 0;
        counts.high += high ? 1 : 0;
        counts.space += blank || c == ' ' ? 1 : 0;
        counts.newline += c == '\n' ? 1 : 0;
        counts.control += (c >= '\0' && c < ' ' && !blank) || c == '\x7F' ? 1 : 0;
        counts.markup += string_view("<>{}[]|`#*=/\\").find(c) != string_view::npos ? 1 : 0;
        const std::size_t mark = fastguard::kMarkBytes.find(static_cast<char>(c));
        counts.marks |= mark == string_view::npos ? 0U : 1U << mark;
    }
    return result;
}

Classified classify(const Kernel& kernel, const char* source, std::size_t size, char* folded) {
    Classified result{{}, Masks(size), {}};
    kernel.classify(source, size, folded, result.masks.masks(), result.counts);
    result.folded.assign(folded, size);
    return result;
}

// Texts of all lengths that hold every byte value.
string text_of_all_bytes(Random& random, std::size_t size) {
    string text = material::random_bytes(random, size);
    if (random() % 2 == 0) {
        text = material::random_ascii(random, size);
    }
    if (size >= 256 && random() % 2 == 0) {
        std::iota(text.begin(), text.begin() + 256, static_cast<char>(random()));
    }
    return text;
}

void all_lengths_and_alignments_equal_the_plain_loop() {
    Random random(1);
    std::vector<char> source(kLongest + 128);
    std::vector<char> folded(kLongest + 256);
    for (std::size_t size = 0; size <= kLongest; ++size) {
        const string text = text_of_all_bytes(random, size);
        const Classified expected = expected_of(text);
        for (std::size_t shift = 0; shift < 64; ++shift) {
            std::copy(text.begin(), text.end(), source.begin() + static_cast<std::ptrdiff_t>(shift));
            for (const Kernel* kernel : fastguard::available_kernels()) {
                const std::size_t other = (shift * 7 + 5) % 64;
                CHECK(classify(*kernel, source.data() + shift, size, folded.data() + other) == expected);
            }
        }
    }
}

void no_kernel_reads_or_writes_outside_its_room() {
    Random random(2);
    const GuardedPages source(kLongest);
    const GuardedPages folded(kLongest + 64);
    const GuardedPages words(6 * 8 * 8);
    for (std::size_t size = 0; size <= kLongest; ++size) {
        const string text = text_of_all_bytes(random, size);
        const Classified expected = expected_of(text);
        for (const bool at_end : {true, false}) {
            char* from = at_end ? source.last(size) : source.first();
            std::copy(text.begin(), text.end(), from);
            for (const Kernel* kernel : fastguard::available_kernels()) {
                const std::size_t room = material::block_room(size);
                CHECK(classify(*kernel, from, size, at_end ? folded.last(room) : folded.first()) == expected);
            }
        }
        for (const Kernel* kernel : fastguard::available_kernels()) {
            const std::size_t blocks = material::block_room(size) / 64;
            auto* base = reinterpret_cast<std::uint64_t*>(words.last(ByteMasks::kCount * blocks * 8));
            const ByteMasks masks = ByteMasks::in(base, blocks);
            ByteCounts counts;
            kernel->classify(source.first(), size, folded.first(), masks, counts);
            CHECK(counts == expected.counts);
        }
    }
}

void a_text_may_be_classified_in_place() {
    Random random(3);
    const GuardedPages pages(kLongest + 64);
    for (std::size_t size = 0; size <= kLongest; ++size) {
        const string text = text_of_all_bytes(random, size);
        for (const Kernel* kernel : fastguard::available_kernels()) {
            char* place = pages.last(material::block_room(size));
            std::copy(text.begin(), text.end(), place);
            CHECK(classify(*kernel, place, size, place) == expected_of(text));
        }
    }
}

void counts_are_added_to_those_there_are() {
    const string text(200, 'A');
    for (const Kernel* kernel : fastguard::available_kernels()) {
        Classified result{string(256, ' '), Masks(text.size()), {}};
        kernel->classify(text.data(), text.size(), result.folded.data(), result.masks.masks(), result.counts);
        kernel->classify(text.data(), text.size(), result.folded.data(), result.masks.masks(), result.counts);
        CHECK_EQUAL(result.counts.upper, 400U);
        CHECK_EQUAL(result.counts.word, 400U);
    }
}

// A text of more blocks than a byte-wide counter of a lane can hold.
void long_texts_of_one_class_overflow_no_lane() {
    for (const char c : {'A', '7', ' ', '\n', '\x01', '<', '\xE9'}) {
        const string text(100'003, c);
        const Classified expected = expected_of(text);
        string folded(material::block_room(text.size()), '\0');
        for (const Kernel* kernel : fastguard::available_kernels()) {
            CHECK(classify(*kernel, text.data(), text.size(), folded.data()) == expected);
        }
    }
}

void runs_of_every_mask_equal_a_plain_loop() {
    Random random(4);
    for (std::size_t size = 0; size <= kLongest; ++size) {
        std::vector<std::uint64_t> mask((size + 63) / 64);
        for (std::size_t i = 0; i < size; ++i) {
            const bool dense = size % 3 == 0;
            mask[i / 64] |= std::uint64_t{random() % 4 != 0 ? dense : !dense} << (i % 64);
        }
        std::vector<fastguard::Token> expected;
        bool open = false;
        for (std::uint32_t i = 0; i <= size; ++i) {
            const bool set = i < size && ((mask[i / 64] >> (i % 64)) & 1U) != 0;
            if (set && !open) {
                expected.push_back({0, i, 0});
            } else if (!set && open) {
                expected.back().end = i;
            }
            open = set;
        }
        for (const Kernel* kernel : fastguard::available_kernels()) {
            std::vector<fastguard::Token> runs(expected.size() + 1);
            CHECK_EQUAL(kernel->find_runs(mask.data(), size, runs.data()), expected.size());
            for (std::size_t i = 0; i < expected.size(); ++i) {
                CHECK_EQUAL(runs[i].begin, expected[i].begin);
                CHECK_EQUAL(runs[i].end, expected[i].end);
            }
        }
    }
}

// A gate's table and a filter with random bits.
struct WordTables {
    std::vector<std::int16_t> rows;
    std::vector<std::int8_t> toxicity;
    std::uint16_t width;
    fastguard::WordFilter filter;

    WordTables(Random& random, std::size_t labels)
        : rows(fastguard::kGateBuckets * labels),
          toxicity(fastguard::kGateBuckets),
          width(static_cast<std::uint16_t>(labels)) {
        for (std::int16_t& weight : rows) {
            weight = static_cast<std::int16_t>(random() % 5 == 0 ? 0x8000U : random());
        }
        std::fill_n(rows.begin(), width, std::int16_t{0});
        std::generate(toxicity.begin() + 1, toxicity.end(), [&] { return static_cast<std::int8_t>(random()); });
        for (int i = 0; i < 20'000; ++i) {
            filter.add_word(std::uint64_t{random()} << 32U | random());
            filter.add_pair(std::uint64_t{random()} << 32U | random());
            filter.add_stem(static_cast<std::uint32_t>(random()));
        }
    }
};

struct WordsRead {
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint16_t> ids;
    std::vector<std::array<std::int32_t, fastguard::kGateLabels>> sums;
    std::vector<std::uint32_t> counts;
    std::vector<std::int32_t> toxicity;
    std::vector<fastguard::Starter> starters;
    std::uint32_t longest = 0;
    std::uint32_t glued = 0;
    std::uint32_t distinct = 0;

    bool operator==(const WordsRead&) const = default;
};

WordsRead read_words(const Kernel& kernel, const string& padded, std::vector<fastguard::Token> tokens,
                     const WordTables& tables, bool ascii) {
    const std::size_t blocks = std::max<std::size_t>(1, (tokens.size() + 63) / fastguard::kStrideTokens);
    WordsRead result;
    result.ids.resize(tokens.size() * fastguard::kFeatureSlots);
    result.starters.resize(tokens.size() + 1);
    std::vector<fastguard::GateBlock> made(blocks, fastguard::GateBlock{{1, 2, 3}, 4, 5});
    fastguard::WordPass pass{padded.data(),
                             tokens.data(),
                             tokens.size(),
                             {tables.rows.data(), fastguard::kGateMask, tables.width, tables.toxicity.data()},
                             &tables.filter,
                             result.ids.data(),
                             made.data(),
                             result.starters.data(),
                             0,
                             0,
                             0,
                             0};
    kernel.read_words(pass, ascii);
    for (const fastguard::Token& token : tokens) {
        result.hashes.push_back(token.hash);
    }
    for (const fastguard::GateBlock& block : made) {
        result.sums.push_back(block.sums);
        result.counts.push_back(block.count);
        result.toxicity.push_back(block.toxicity);
    }
    result.starters.resize(pass.starter_count);
    result.longest = pass.longest;
    result.glued = pass.glued;
    result.distinct = pass.distinct;
    return result;
}

// What a pass over words says, from the ids that it gave (test_features.cpp proves those) and the tables.
void check_words(const WordsRead& read, const string& padded, const std::vector<fastguard::Token>& tokens,
                 const WordTables& tables) {
    WordsRead expected = read;
    expected.hashes.clear();
    expected.starters.clear();
    expected.longest = expected.glued = 0;
    std::set<std::uint64_t> seen;
    for (auto& sums : expected.sums) {
        sums = {};
    }
    std::fill(expected.counts.begin(), expected.counts.end(), 0U);
    std::fill(expected.toxicity.begin(), expected.toxicity.end(), 0);
    for (std::uint32_t t = 0; t < tokens.size(); ++t) {
        const char* word = padded.data() + tokens[t].begin;
        expected.hashes.push_back(fastguard::hash_bytes(word, tokens[t].size()));
        if (t < fastguard::kRepeatWords) {
            seen.insert(expected.hashes.back() % 1024);
        }
        expected.longest = std::max(expected.longest, tokens[t].size());
        expected.glued += tokens[t].size() > fastguard::kGluedBytes ? tokens[t].size() : 0;
        for (std::size_t slot = 0; slot < fastguard::kFeatureSlots; ++slot) {
            const std::uint16_t id = read.ids[t * fastguard::kFeatureSlots + slot];
            const std::size_t row = id & fastguard::kGateMask;
            for (std::size_t l = 0; l < tables.width; ++l) {
                expected.sums[t / fastguard::kStrideTokens][l] += tables.rows[row * tables.width + l];
            }
            expected.counts[t / fastguard::kStrideTokens] += id != 0 ? 1U : 0U;
            expected.toxicity[t / fastguard::kStrideTokens] += tables.toxicity[row];
        }
    }
    expected.distinct = static_cast<std::uint32_t>(seen.size());
    std::vector<fastguard::Token> hashed = tokens;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
        hashed[t].hash = expected.hashes[t];
    }
    expected.starters.resize(tokens.size() + 1);
    expected.starters.resize(
        fastguard::find_starters(tables.filter, string_view(padded), hashed, expected.starters.data()));
    CHECK(read == expected);
}

void words_of_random_texts_are_read_alike() {
    Random random(5);
    const WordTables all(random, fastguard::kGateLabels);
    const WordTables few(random, fastguard::kFewLabels);
    for (int round = 0; round < 600; ++round) {
        const WordTables& tables = round % 3 == 0 ? all : few;
        const bool ascii = round % 2 == 0;
        const std::size_t size = random() % (round % 20 == 0 ? 5000 : 1500);
        const string text = ascii ? material::random_ascii(random, size) : material::random_unicode(random, size / 4);
        const string padded = text + string(64, ascii ? ' ' : '\xFF');
        Masks masks(text.size());
        fastguard::ByteCounts counts;
        string folded(material::block_room(text.size()), ' ');
        fastguard::active_kernel().classify(text.data(), text.size(), folded.data(), masks.masks(), counts);
        std::vector<fastguard::Token> tokens(fastguard::token_bound(text.size()));
        const string_view view = string_view(padded).substr(0, text.size());
        tokens.resize(fastguard::find_tokens(view, masks.masks(), ascii, tokens.data()));
        const WordsRead expected = read_words(*fastguard::available_kernels().back(), padded, tokens, tables, ascii);
        check_words(expected, padded, tokens, tables);
        for (const Kernel* kernel : fastguard::available_kernels()) {
            CHECK(read_words(*kernel, padded, tokens, tables, ascii) == expected);
            CHECK(read_words(*kernel, padded, tokens, tables, false) == expected);
        }
    }
}

// As many of the greatest weights as a block can hold.
void the_greatest_weights_do_not_wrap() {
    Random random(6);
    WordTables tables(random, fastguard::kGateLabels);
    string text;
    for (std::size_t i = 0; i < fastguard::kStrideTokens; ++i) {
        text += "wordwords ";
    }
    std::vector<fastguard::Token> tokens;
    for (std::uint32_t i = 0; i < fastguard::kStrideTokens; ++i) {
        tokens.push_back({0, 10 * i, 10 * i + 9});
    }
    for (const std::int16_t weight :
         {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()}) {
        std::fill(tables.rows.begin() + fastguard::kGateLabels, tables.rows.end(), weight);
        for (const Kernel* kernel : fastguard::available_kernels()) {
            const WordsRead read = read_words(*kernel, text + string(64, ' '), tokens, tables, true);
            for (const std::int32_t sum : read.sums[0]) {
                CHECK_EQUAL(sum, static_cast<int>(3 * fastguard::kStrideTokens) * weight);
            }
        }
    }
}

void kernels_have_names_and_one_can_be_forced() {
    std::set<string_view> names;
    for (const Kernel* kernel : fastguard::available_kernels()) {
        CHECK(names.insert(kernel->name).second);
        CHECK(fastguard::set_active_kernel(kernel->name));
        CHECK_EQUAL(fastguard::active_kernel().name, kernel->name);
    }
    CHECK(names.contains("scalar"));
    const string_view before = fastguard::active_kernel().name;
    CHECK(!fastguard::set_active_kernel("sse9"));
    CHECK(!fastguard::set_active_kernel(""));
    CHECK_EQUAL(fastguard::active_kernel().name, before);
}

}  // namespace

int main() {
    all_lengths_and_alignments_equal_the_plain_loop();
    no_kernel_reads_or_writes_outside_its_room();
    a_text_may_be_classified_in_place();
    counts_are_added_to_those_there_are();
    long_texts_of_one_class_overflow_no_lane();
    runs_of_every_mask_equal_a_plain_loop();
    words_of_random_texts_are_read_alike();
    the_greatest_weights_do_not_wrap();
    kernels_have_names_and_one_can_be_forced();
    return check::result();
}
