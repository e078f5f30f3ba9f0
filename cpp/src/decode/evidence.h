// Where a text has what words do not: found 64 bytes at a time, so that a text in words costs a few instructions a
// block.
#pragma once

#include "fastguard/kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace fastguard::decoding {

// Blocks [begin, end) of 64 bytes; none: begin == end.
struct Blocks {
    std::size_t begin;
    std::size_t end;
};

constexpr std::size_t kLeastInnerMarks = 6;  // of a text whose words have marks in them

// Base64 that was cut up: capitals behind small letters, digits beside letters, or letters that all stand alone.
class MixedCase {
  public:
    MixedCase(const ByteMasks& masks, std::size_t size) noexcept
        : masks_(masks), count_((size + kBlockBytes - 1) / kBlockBytes) {}

    // The first blocks from `from` on that lie in a window of kWindow blocks with evidence enough; none at the end.
    [[nodiscard]] Blocks next(std::size_t from) const noexcept {
        std::array<std::uint32_t, kWindow> weights{};
        std::uint32_t sum = 0;
        Blocks found = {from, from};
        for (std::size_t at = from - std::min(from, kWindow - 1); at < count_; ++at) {
            std::uint32_t& weight = weights[at % kWindow];
            sum -= weight;
            weight = weight_of(at);
            sum += weight;
            if (at < from) {
                continue;
            }
            if (sum >= kEnough) {
                found.begin =
                    found.begin == found.end ? std::max(from, at + 1 - std::min(at + 1, kWindow)) : found.begin;
                found.end = at + 1;
            } else if (found.begin != found.end) {
                break;
            }
        }
        return found;
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }

  private:
    static constexpr std::size_t kWindow = 4;
    static constexpr std::uint32_t kOdd = 4;  // as much as four letters that stand alone
    static constexpr std::uint32_t kEnough = 16;

    [[nodiscard]] std::uint32_t weight_of(std::size_t block) const noexcept {
        const std::uint64_t word = masks_.word[block];
        const std::uint64_t upper = masks_.upper[block];
        const std::uint64_t digit = masks_.digit[block];
        const std::uint64_t letter = word & ~digit;
        const std::uint64_t lower = letter & ~upper;
        const std::uint64_t odd = (upper & lower << 1U) | (digit & letter << 1U) | (letter & digit << 1U) |
                                  (lower & upper << 1U & upper << 2U);
        const std::uint64_t alone = word & ~(word << 1U) & ~(word >> 1U);
        return kOdd * static_cast<std::uint32_t>(std::popcount(odd)) + static_cast<std::uint32_t>(std::popcount(alone));
    }

    const ByteMasks& masks_;
    std::size_t count_;
};

// Whether letters may be rotated by ROT47 in block `at` of `count` or the one behind it: digits, colons and at signs,
// which half of the letters become, stand beside capitals, which the other half become, twice at least.
[[nodiscard]] inline bool may_be_rotated(const ByteMasks& masks, std::size_t at, std::size_t count) noexcept {
    const auto pairs = [&masks](std::size_t block) {
        const std::uint64_t sign = masks.digit[block] | masks.colon[block] | masks.at[block];
        const std::uint64_t upper = masks.upper[block];
        return std::popcount((sign & upper << 1U) | (upper & sign << 1U));
    };
    const int here = pairs(at);
    return here > 0 && here + (at + 1 < count ? pairs(at + 1) : 0) + (at > 0 ? pairs(at - 1) : 0) > 1;
}

// Rows of one to four marks with a letter on both sides, as many as there are at most: one is counted for a row that
// reaches into the next block. With `quotes`, every mark that stands beside a letter, as those may begin or end a word.
[[nodiscard]] inline std::size_t marks_beside_letters(const ByteMasks& masks, std::size_t size, bool quotes) noexcept {
    std::size_t found = 0;
    std::uint64_t before = 0;  // whether the block before ends with a letter
    for (std::size_t block = 0; block * kBlockBytes < size; ++block) {
        const std::uint64_t letter = masks.word[block] & ~masks.digit[block];
        const std::uint64_t mark = ~(masks.word[block] | masks.space[block]);
        std::uint64_t row = mark & (letter << 1U | before);
        std::uint64_t beside = quotes ? mark & (letter << 1U | before | letter >> 1U) : 0;
        for (int length = 0; length < 4; ++length) {
            beside |= row & letter >> 1U;
            row = row << 1U & mark;
        }
        found += static_cast<std::size_t>(std::popcount(beside)) + static_cast<std::size_t>(mark >> 63U);
        before = letter >> 63U;
    }
    return found;
}

}  // namespace fastguard::decoding
