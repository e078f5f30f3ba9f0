// Ends of matches: what is asked of them is what a plain set of numbers says, in order or out of it, up to the limits.
#include "fastguard/pattern_ends.h"

#include "check.h"
#include "material.h"

#include <set>
#include <vector>

namespace {

using fastguard::PatternEnds;
using material::below;
using material::Random;

constexpr std::uint32_t kPatterns = 7;

void check_against(const PatternEnds& ends, const std::vector<std::set<std::uint32_t>>& expected, std::uint32_t most) {
    for (std::uint32_t pattern = 0; pattern < kPatterns; ++pattern) {
        const std::set<std::uint32_t>& mine = expected[pattern];
        for (std::uint32_t at = 0; at < most; ++at) {
            const auto next = mine.lower_bound(at);
            const auto behind = mine.upper_bound(at);
            CHECK_EQUAL(ends.next(pattern, at), next == mine.end() ? 0 : *next);
            CHECK_EQUAL(ends.last(pattern, at), behind == mine.begin() ? 0 : *std::prev(behind));
        }
    }
}

// `disorder`: how far an end may come behind a greater one.
void answers_as_a_set_does(std::uint32_t disorder) {
    Random random(20261124 + disorder);
    PatternEnds ends;
    ends.reserve(kPatterns);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::set<std::uint32_t>> expected(kPatterns);
        ends.clear(kPatterns, 10'000);
        for (std::uint32_t at = 1 + disorder; at < 120; ++at) {
            for (std::uint32_t i = static_cast<std::uint32_t>(below(random, 4)); i > 0; --i) {
                const auto pattern = static_cast<std::uint32_t>(below(random, kPatterns - 1));  // the last has none
                const auto end = at - static_cast<std::uint32_t>(below(random, disorder + 1));
                CHECK_EQUAL(ends.add(pattern, end), true);
                expected[pattern].insert(end);
            }
        }
        ends.close();
        check_against(ends, expected, 130);
    }
}

void stops_after_so_many_ends() {
    PatternEnds ends;
    ends.reserve(kPatterns);
    ends.clear(kPatterns, 3);
    CHECK_EQUAL(ends.add(0, 5), true);
    CHECK_EQUAL(ends.add(1, 5), true);
    CHECK_EQUAL(ends.add(0, 6), true);
    CHECK_EQUAL(ends.add(0, 7), false);
    ends.close();
    CHECK_EQUAL(ends.next(0, 1), 5U);
    CHECK_EQUAL(ends.last(0, 100), 6U);
    CHECK_EQUAL(ends.last(1, 100), 5U);
}

void stops_after_so_many_runs() {
    PatternEnds ends;
    ends.reserve(kPatterns);
    ends.clear(kPatterns, ~std::size_t{0});
    std::uint32_t end = 2;
    for (std::size_t i = 0; i < PatternEnds::kMaxRuns; ++i, end += 2) {
        CHECK_EQUAL(ends.add(3, end), true);
    }
    CHECK_EQUAL(ends.add(3, end - 1), true);  // the last one goes on
    CHECK_EQUAL(ends.add(3, end + 2), false);
    CHECK_EQUAL(ends.add(2, 5), false);
    ends.close();
    CHECK_EQUAL(ends.last(3, ~std::uint32_t{0}), end - 1);
    CHECK_EQUAL(ends.next(2, 0), 0U);
}

void forgets_what_was() {
    PatternEnds ends;
    ends.reserve(kPatterns);
    ends.clear(kPatterns, 10);
    CHECK_EQUAL(ends.add(4, 9), true);
    ends.close();
    ends.clear(kPatterns, 10);
    ends.close();
    CHECK_EQUAL(ends.next(4, 0), 0U);
    CHECK_EQUAL(ends.last(4, 100), 0U);
}

}  // namespace

int main() {
    answers_as_a_set_does(0);
    answers_as_a_set_does(5);
    stops_after_so_many_ends();
    stops_after_so_many_runs();
    forgets_what_was();
    return check::result();
}
