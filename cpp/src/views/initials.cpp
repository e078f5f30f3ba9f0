// First letters of words that spell a text: "in good night over real earth" says "ignore".
//
// Words seldom begin with e, n, r or u, of which texts are full, and often with t, w, b or p. So each first letter
// speaks for one or the other; the words that speak the most for a text, all in a row, are read. A sample is asked
// first.
#include "fastguard/views.h"

#include <algorithm>
#include <array>

namespace fastguard {
namespace {

constexpr std::size_t kLeastWords = 16;
constexpr int kEnough = 32;          // eight natural units: as e to the eighth power to one
constexpr std::size_t kAround = 12;  // words to each side of those that speak for it: what is spelled goes on there

// For each letter from a to z: four times the logarithm of how often it stands in English texts, over how often words
// begin with it.
constexpr std::array<int, 26> kWeights = {-1, -4, -2, 1,  6, -2, 1,  1, 0, -5, 2, 2, -2,
                                          4,  0,  -3, -3, 3, 0,  -2, 3, 1, -3, 4, 4, 1};
constexpr int kNoLetter = -4;  // a digit, or a letter set apart, which is read as such

int weight_of(const Reading& reading, std::size_t token) noexcept {
    const Token& word = reading.tokens[token];
    const auto letter = static_cast<unsigned char>(reading.folded.bytes[word.begin]) - unsigned{'a'};
    return letter < kWeights.size() && word.size() > 1 ? kWeights[letter] : kNoLetter;
}

// Whether a sample speaks for a text: kLeastWords words of every kStride, or the last ones.
constexpr std::size_t kStride = 96;
constexpr int kLikely = 6;
bool may_spell(const Reading& reading) noexcept {
    const std::size_t end = reading.tokens.size() - kLeastWords;
    const auto speaks = [&reading](std::size_t from) {
        int weight = 0;
        for (std::size_t i = from; i < from + kLeastWords; ++i) {
            weight += weight_of(reading, i);
        }
        return weight >= kLikely;
    };
    for (std::size_t from = 0; from < end; from += kStride) {
        if (speaks(from)) {
            return true;
        }
    }
    return speaks(end);
}

// Tokens [first, last), and what they come to.
struct Row {
    std::size_t first = 0;
    std::size_t last = 0;
    int weight = 0;
};

// The row that comes to the most. O(tokens).
Row heaviest(const Reading& reading) noexcept {
    Row best;
    Row row;
    for (std::size_t i = 0; i < reading.tokens.size(); ++i) {
        row.weight += weight_of(reading, i);
        row.last = i + 1;
        if (row.weight <= 0) {
            row = {i + 1, i + 1, 0};
        } else if (row.weight > best.weight) {
            best = row;
        }
    }
    return best;
}

}  // namespace

void make_initials(const Reading& reading, Children& children) {
    const auto tokens = reading.tokens;
    if (tokens.size() < kLeastWords || !may_spell(reading)) {
        return;
    }
    const Row row = heaviest(reading);
    if (row.weight < kEnough || row.last - row.first < kLeastWords || !children.open(ViewKind::acrostic)) {
        return;
    }
    const std::size_t last = std::min(tokens.size(), row.last + kAround);
    for (std::size_t i = row.first - std::min(row.first, kAround); i < last; ++i) {
        const char letter = reading.folded.bytes[tokens[i].begin];
        if (letter >= 'a' && letter <= 'z') {
            const RawSpan place = raw_span(reading.folded, tokens[i].begin, tokens[i].begin + 1);
            (void)children.put_byte(letter, place.begin, place.end);
        }
    }
    children.close(reading.raw.bytes);
}

}  // namespace fastguard
