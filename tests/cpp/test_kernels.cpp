// Every kernel gives what a plain loop over the written classes gives, wherever the text lies and however long it is.
#include "fastguard/kernels.h"

#include "check.h"
#include "material.h"

#include <algorithm>
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
            auto* base = reinterpret_cast<std::uint64_t*>(words.last(6 * blocks * 8));
            const ByteMasks masks = {
                base, base + blocks, base + 2 * blocks, base + 3 * blocks, base + 4 * blocks, base + 5 * blocks};
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

using Sums = std::array<std::int32_t, fastguard::kGateLabels>;

void sums_of_rows_equal_a_plain_loop() {
    Random random(4);
    const GuardedPages pages(kLongest * sizeof(std::uint16_t));
    for (std::size_t count = 0; count <= kLongest; ++count) {
        const auto mask = static_cast<std::uint16_t>((1U << (1 + random() % 14)) - 1);
        std::vector<std::int16_t> table((mask + std::size_t{1}) * fastguard::kGateLabels);
        for (std::int16_t& weight : table) {
            weight = static_cast<std::int16_t>(random() % 5 == 0 ? 0x8000U : random());
        }
        auto* rows = reinterpret_cast<std::uint16_t*>(pages.last(count * sizeof(std::uint16_t)));
        for (std::size_t i = 0; i < count; ++i) {
            rows[i] = static_cast<std::uint16_t>(random());
        }
        const Sums start = {1, -2, 3, -4, 5, -6, 7, -8};
        Sums expected = start;
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t l = 0; l < fastguard::kGateLabels; ++l) {
                expected[l] += table[static_cast<std::size_t>(rows[i] & mask) * fastguard::kGateLabels + l];
            }
        }
        for (const Kernel* kernel : fastguard::available_kernels()) {
            Sums sums = start;
            kernel->accumulate(rows, count, mask, table.data(), sums.data());
            CHECK(sums == expected);
        }
    }
}

void the_greatest_weights_do_not_wrap() {
    for (const std::int16_t weight :
         {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()}) {
        const std::vector<std::int16_t> table(2 * fastguard::kGateLabels, weight);
        const std::vector<std::uint16_t> rows(65'000, 1);
        for (const Kernel* kernel : fastguard::available_kernels()) {
            Sums sums{};
            kernel->accumulate(rows.data(), rows.size(), 1, table.data(), sums.data());
            for (const std::int32_t sum : sums) {
                CHECK_EQUAL(sum, 65'000 * weight);
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
    sums_of_rows_equal_a_plain_loop();
    the_greatest_weights_do_not_wrap();
    kernels_have_names_and_one_can_be_forced();
    return check::result();
}
