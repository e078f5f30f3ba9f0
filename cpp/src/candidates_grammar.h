// What surrounds an entity in running text: one function per entity, each given the byte that revealed it.
//
// Every function reads a bounded window around that byte and returns the longest entity it can stand for, or an empty
// range. Validation is part of it; overlap with other entities is not.
#pragma once

#include <cstddef>
#include <string_view>

#include "fastguard/validators.h"

namespace fastguard::candidate {

struct Range {
    std::size_t begin = 0, end = 0;
    explicit operator bool() const noexcept { return end > begin; }
};

constexpr bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Not inside a longer word, decimal, UUID, path or address.
bool number_may_begin(std::string_view text, std::size_t begin) noexcept;
bool number_may_end(std::string_view text, std::size_t end) noexcept;

// `start` is the first digit of a run of digits.
Range card_at(std::string_view text, std::size_t start) noexcept;
Range ssn_at(std::string_view text, std::size_t start) noexcept;
Range ipv4_at(std::string_view text, std::size_t start) noexcept;
Range phone_at(std::string_view text, std::size_t start) noexcept;   // after '+', or the run begins with 00
Range iban_at(std::string_view text, std::size_t start) noexcept;    // the check digits
Range plain_mac(std::string_view text, std::size_t start) noexcept;  // aa-bb-cc-dd-ee-ff or aabb.ccdd.eeff

Range email_at(std::string_view text, std::size_t at) noexcept;  // the '@'

// The first ':' of a run of [0-9a-fA-F:.]; `judged` receives the end of what was looked at of it, `id` what was found.
Range colon_address(std::string_view text, std::size_t colon, bool ipv6, bool mac, ValidatorId& id,
                    std::size_t& judged) noexcept;

}  // namespace fastguard::candidate
