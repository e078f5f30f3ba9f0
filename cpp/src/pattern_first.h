// The bytes that a match of a regular expression can begin with.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

namespace fastguard {

using ByteSet = std::bitset<256>;

// What a match can begin with: for each of its first bytes a superset of what stands there.
struct Prefix {
    static constexpr std::size_t kBytes = 4;
    std::array<ByteSet, kBytes> bytes;  // all bytes where nothing is known

    // Whether a match may begin at `at`. A larger set is slower and never wrong.
    [[nodiscard]] bool allows(std::string_view text, std::size_t at) const noexcept {
        for (std::size_t i = 0; i < kBytes && at + i < text.size(); ++i) {
            if (!bytes[i][static_cast<unsigned char>(text[at + i])]) {
                return false;
            }
        }
        return true;
    }
};

// Nothing is known of an expression with something that this does not read. O(size).
[[nodiscard]] Prefix first_of(std::string_view expression, bool caseless);

// Whether `^` stands in the expression as an anchor, outside classes and escapes. O(size).
[[nodiscard]] bool has_start_anchor(std::string_view expression) noexcept;

}  // namespace fastguard
