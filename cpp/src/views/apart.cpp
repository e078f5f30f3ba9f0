#include "apart.h"

#include <algorithm>

namespace fastguard::views {
namespace {

constexpr std::size_t kMostEnding = 6;  // letters behind a known beginning

}  // namespace

const std::uint8_t* take_apart(std::string_view text, std::span<const std::uint32_t> places, std::size_t least,
                               const Vocabulary& words, ViewScratch& scratch) {
    const std::size_t count = places.size();
    std::uint32_t* best = scratch.scores.reserve(count + 1);
    std::uint8_t* step = scratch.steps.reserve(2 * (count + 1));  // of the last word before a place; 0: none
    std::fill(best, best + count + 1, 0U);
    std::fill(step, step + 2 * (count + 1), std::uint8_t{0});
    for (std::size_t from = 0; from < count; ++from) {
        if (from > 0 && best[from] < best[from - 1]) {
            best[from] = best[from - 1];
            step[from] = 0;
        }
        Vocabulary::Walk walk(words);
        for (std::size_t to = from; to < count && to - from < 64 && walk.step(letter_of(text[places[to]])); ++to) {
            const auto size = static_cast<std::uint32_t>(to + 1 - from);
            if (size < least || walk.kind() == Vocabulary::Kind::none) {
                continue;
            }
            const std::size_t ending = walk.kind() == Vocabulary::Kind::stem ? kMostEnding : 0;
            for (std::size_t more = 0; more <= ending && to + 1 + more <= count; ++more) {
                const std::size_t end = to + 1 + more;
                const std::uint32_t score = best[from] + size * size + static_cast<std::uint32_t>(more);
                if (score > best[end]) {
                    best[end] = score;
                    step[end] = static_cast<std::uint8_t>(size + more);
                }
            }
        }
    }
    if (count > 0 && best[count] < best[count - 1]) {
        step[count] = 0;
    }
    std::uint8_t* begins = step + count + 1;
    for (std::size_t end = count; end > 0;) {
        if (step[end] == 0) {
            --end;
            continue;
        }
        begins[end] = end < count ? 1 : 0;
        end -= step[end];
        begins[end] = 1;
    }
    return begins;
}

}  // namespace fastguard::views
