// Which part of a host name is a public suffix: what anybody may register names under (com, co.uk, github.io).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard::links {

// Names of the Public Suffix List (suffix_table.cpp), sorted by their bytes. An entry is where the name begins in
// kSuffixText, and its flags above kSuffixFlags.
extern const std::size_t kSuffixCount;
extern const std::uint32_t kSuffixEntries[];  // one more than kSuffixCount: where the text ends
extern const char kSuffixText[];
inline constexpr unsigned kSuffixFlags = 24;
inline constexpr std::uint32_t kSuffixRule = 1;       // the name itself
inline constexpr std::uint32_t kSuffixWildcard = 2;   // each name one label below it
inline constexpr std::uint32_t kSuffixException = 4;  // not this one, though its parent has a wildcard
inline constexpr std::uint32_t kSuffixPrivate = 8;    // let out by a firm, not by a registry

struct Suffix {
    std::size_t size = 0;       // bytes at the end of the host; 0: no rule of the list
    bool private_rule = false;  // a firm's: anybody's pages
};

// Whether any name of the list may end with this label, given in lower case; one in twenty others passes, too. Pure.
[[nodiscard]] bool may_be_listed(std::string_view last_label) noexcept;

// The longest suffix of `host` that the list has. `host` is lower case, its labels as Unicode or as Punycode, without
// a dot at the end. O(labels * log(names)), at most eight labels are looked at. Pure.
[[nodiscard]] Suffix public_suffix(std::string_view host) noexcept;

}  // namespace fastguard::links
