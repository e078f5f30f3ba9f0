// From the three representations of a Python string to UTF-8, and the sizes of a text in the units of its callers.
//
// All functions are pure, linear, allocate nothing and may run in any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard {

// Room that dst needs beyond the bytes of the result; the writers store in wide steps.
inline constexpr std::size_t kTranscodeSlack = 16;

// Writes n Latin-1 characters as UTF-8 and returns the bytes written; dst has room for 2 * n + kTranscodeSlack.
std::size_t utf8_from_latin1(const std::uint8_t* src, std::size_t n, char* dst) noexcept;

// Writes n UCS-2 characters as UTF-8 and returns the bytes written; dst has room for 3 * n + kTranscodeSlack.
//
// Every surrogate is a lone one here (a Python string has no pairs) and becomes U+FFFD, which is as long as the
// surrogate would be; `surrogates` is set to their number.
std::size_t utf8_from_ucs2(const std::uint16_t* src, std::size_t n, char* dst, std::size_t& surrogates) noexcept;

// Writes n UCS-4 characters as UTF-8 and returns the bytes written; dst has room for 4 * n + kTranscodeSlack.
//
// Surrogates, and values above U+10FFFF, become U+FFFD; `surrogates` is set to their number.
std::size_t utf8_from_ucs4(const std::uint32_t* src, std::size_t n, char* dst, std::size_t& surrogates) noexcept;

// Number of code points of a text; every byte that is no part of valid UTF-8 counts as one, as in Python's
// "surrogateescape" decoder.
std::size_t count_code_points(std::string_view text) noexcept;

// Number of UTF-16 units of a text: two for a code point above U+FFFF, one for any other and for an invalid byte.
std::size_t count_utf16_units(std::string_view text) noexcept;

}  // namespace fastguard
