// The bytes that a match of a regular expression can begin with.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard {

using ByteSet = std::bitset<256>;

// What a match can begin with: at most eight forms, each with a superset of what stands at each of its first bytes. Of
// "api|secret" that is one form for each word; one for both would allow "sp" and "ae" as well.
struct Prefix {
    static constexpr std::size_t kBytes = 4;
    static constexpr std::size_t kForms = 8;
    std::array<std::array<std::uint8_t, 256>, kBytes> forms;  // a bit for each form that has this byte at this place

    // Whether a match may begin at `at`. More forms or bytes are slower and never wrong.
    [[nodiscard]] bool allows(std::string_view text, std::size_t at) const noexcept {
        unsigned left = ~0U;
        for (std::size_t i = 0; i < kBytes && at + i < text.size() && left != 0; ++i) {
            left &= forms[i][static_cast<unsigned char>(text[at + i])];
        }
        return left != 0;
    }
};

// What is known of the bytes of a match: with what it can begin, and a superset of what can stand anywhere in it.
struct MatchBytes {
    Prefix first;
    ByteSet inside;
};

// All bytes may stand anywhere in a match of an expression with something that this does not read. O(size).
[[nodiscard]] MatchBytes match_bytes(std::string_view expression, bool caseless);

// Whether `^` stands in the expression as an anchor, outside classes and escapes. O(size).
[[nodiscard]] bool has_start_anchor(std::string_view expression) noexcept;

}  // namespace fastguard
