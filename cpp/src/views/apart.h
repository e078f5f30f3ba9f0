// Words run together, taken apart into those that a vocabulary has.
#pragma once

#include "fastguard/views.h"
#include "fastguard/vocabulary.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard::views {

// The letter that a character may stand for; 0: none.
[[nodiscard]] inline char letter_of(char c) noexcept {
    if (c >= 'a' && c <= 'z') {
        return c;
    }
    constexpr std::string_view kDigits = "oizeasgtbg";
    return c >= '0' && c <= '9' ? kDigits[static_cast<std::size_t>(c - '0')] : '\0';
}

// For each of the bytes of `text` at `places`, in order, whether a word begins with it. The choice of words whose
// squares of sizes add up to the most; what is between them is one word each. None is shorter than `least`. O(places),
// with the longest word as a factor. Valid until the scratch is used again; throws std::bad_alloc where it cannot grow.
[[nodiscard]] const std::uint8_t* take_apart(std::string_view text, std::span<const std::uint32_t> places,
                                             std::size_t least, const Vocabulary& words, ViewScratch& scratch);

}  // namespace fastguard::views
