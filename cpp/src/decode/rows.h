// Rows of characters in decoded bytes, found without a branch: whether there can be a stretch of text at all.
#pragma once

#include "codes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace fastguard::decoding {

// The most characters that follow each other in bytes, UTF-8 only roughly looked at: never fewer than a stretch of the
// same bytes has. A table instead of branches, since what it is for is noise.
class LongestRow {
  public:
    // Takes the next byte; returns the longest so far.
    std::size_t add(unsigned char byte) noexcept {
        const Step step = kSteps[state_][kKinds[byte]];
        row_ = (row_ & step.keep) + step.more;
        state_ = step.next;
        longest_ = std::max(longest_, row_);
        return longest_;
    }
    [[nodiscard]] std::size_t longest() const noexcept { return longest_; }

  private:
    enum Kind : std::uint8_t { plain, nul, following, lead2, lead3, lead4, none, kKindCount };
    struct Step {
        std::uint32_t keep;  // all bits: the row goes on
        std::uint8_t more;
        std::uint8_t next;  // bytes that must follow
    };
    static constexpr auto kKinds = [] {
        std::array<std::uint8_t, 256> kinds{};
        for (unsigned byte = 0; byte < 256; ++byte) {
            const bool is_plain = byte < 0x80 && (kClasses[byte] & (kPrint | kBlank)) != 0;
            kinds[byte] = is_plain                       ? plain
                          : byte == 0                    ? nul
                          : byte >= 0x80 && byte < 0xC0  ? following
                          : byte >= 0xC2 && byte < 0xE0  ? lead2
                          : byte >= 0xE0 && byte < 0xF0  ? lead3
                          : byte >= 0xF0 && byte <= 0xF4 ? lead4
                                                         : none;
        }
        return kinds;
    }();
    static constexpr auto kSteps = [] {
        std::array<std::array<Step, kKindCount>, 4> steps{};
        for (std::uint8_t pending = 0; pending < 4; ++pending) {
            const std::uint32_t keep = pending == 0 ? ~std::uint32_t{0} : 0;  // a character cut off ends the row
            steps[pending][plain] = {keep, 1, 0};
            steps[pending][nul] = {keep, 0, 0};
            steps[pending][lead2] = {keep, 0, 1};
            steps[pending][lead3] = {keep, 0, 2};
            steps[pending][lead4] = {keep, 0, 3};
            steps[pending][none] = {0, 0, 0};
            steps[pending][following] = {pending == 0 ? 0 : ~std::uint32_t{0},
                                         static_cast<std::uint8_t>(pending == 1 ? 1 : 0),
                                         static_cast<std::uint8_t>(pending == 0 ? 0 : pending - 1)};
        }
        return steps;
    }();

    std::uint32_t row_ = 0;
    std::uint32_t longest_ = 0;
    std::uint8_t state_ = 0;
};

}  // namespace fastguard::decoding
