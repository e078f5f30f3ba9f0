// Character classes of ASCII without the locale, for the validators and the candidate finder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard::ascii {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }
constexpr bool is_alpha(char c) noexcept { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(char c) noexcept { return is_digit(c) || is_alpha(c); }
constexpr bool is_word(char c) noexcept { return is_alnum(c) || c == '_'; }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr bool equals_folded(std::string_view text, std::string_view lower_case) noexcept {
    if (text.size() != lower_case.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (lower(text[i]) != lower_case[i]) return false;
    return true;
}

// Whether `text` holds `lower_case` (not empty) in any case; linear for the short needles used here.
constexpr bool contains_folded(std::string_view text, std::string_view lower_case) noexcept {
    for (std::size_t i = 0; i + lower_case.size() <= text.size(); ++i)
        if (equals_folded(text.substr(i, lower_case.size()), lower_case)) return true;
    return false;
}

}  // namespace fastguard::ascii
