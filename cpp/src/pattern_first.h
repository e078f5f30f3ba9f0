// The bytes that a match of a regular expression can begin with.
#pragma once

#include <bitset>
#include <string_view>

namespace fastguard {

using ByteSet = std::bitset<256>;

// A superset of the first bytes of all matches; all bytes where the expression has something this does not read or can
// match nothing. Used to skip places where a match cannot begin, so a larger set is slower and never wrong. O(size).
[[nodiscard]] ByteSet first_bytes(std::string_view expression, bool caseless);

// Whether `^` stands in the expression as an anchor, outside classes and escapes. O(size).
[[nodiscard]] bool has_start_anchor(std::string_view expression) noexcept;

}  // namespace fastguard
