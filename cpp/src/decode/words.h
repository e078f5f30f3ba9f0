// Words that plain text is full of, in twenty languages written in Latin letters: where none of them stands, letters
// may have been shuffled; where they stand after a change of letters, the change was right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard::decoding {

// Whether a word with this hash (hash_bytes of its lower case) may be one of them; about 1 % of other words pass, too.
[[nodiscard]] bool is_common(std::uint64_t hash) noexcept;

// Longest word that is among them.
inline constexpr std::size_t kLongestCommon = 16;

// Whether this lower-case word is one of them. Copies it, so nothing past its end is read.
[[nodiscard]] bool is_common_word(std::string_view word) noexcept;

}  // namespace fastguard::decoding
