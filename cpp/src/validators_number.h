// What check digits are made of, for the validators of identifiers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "validators_ascii.h"

namespace fastguard::entity {

// A validator of an identifier and its name in packs.
struct NamedCheck {
    std::string_view name;
    bool (*accepts)(std::string_view) noexcept;
};

constexpr bool among(char c, std::string_view set) noexcept { return set.find(c) != std::string_view::npos; }

// An identifier without the characters that only part it: letters in upper case, digits.
class Compact {
  public:
    explicit Compact(std::string_view s) noexcept {
        for (const char c : s) {
            if (c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')') continue;
            if (!ascii::is_alnum(c) || size_ == chars_.size()) {
                size_ = 0;
                return;
            }
            chars_[size_++] = ascii::is_lower(c) ? static_cast<char>(c - 32) : c;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] char operator[](std::size_t i) const noexcept { return chars_[i]; }
    [[nodiscard]] bool digit(std::size_t i) const noexcept { return ascii::is_digit(chars_[i]); }
    [[nodiscard]] unsigned value(std::size_t i) const noexcept { return static_cast<unsigned>(chars_[i] - '0'); }
    [[nodiscard]] std::string_view text() const noexcept { return {chars_.data(), size_}; }

    // Whether characters [begin, end) are there and digits.
    [[nodiscard]] bool digits(std::size_t begin, std::size_t end) const noexcept {
        if (end > size_) return false;
        for (std::size_t i = begin; i < end; ++i)
            if (!digit(i)) return false;
        return true;
    }
    // Whether it is `count` digits, not all of them the same.
    [[nodiscard]] bool number(std::size_t count) const noexcept {
        return size_ == count && digits(0, count) && !one_character();
    }
    [[nodiscard]] bool one_character() const noexcept {
        for (std::size_t i = 1; i < size_; ++i)
            if (chars_[i] != chars_[0]) return false;
        return true;
    }
    // The digits [begin, end) as a number; at most 19 of them.
    [[nodiscard]] std::uint64_t part(std::size_t begin, std::size_t end) const noexcept {
        std::uint64_t result = 0;
        for (std::size_t i = begin; i < end; ++i) result = result * 10 + value(i);
        return result;
    }
    [[nodiscard]] unsigned two(std::size_t i) const noexcept { return value(i) * 10 + value(i + 1); }

    // The digits from `begin` on times these weights, summed.
    [[nodiscard]] unsigned weighted(std::initializer_list<unsigned> weights, std::size_t begin = 0) const noexcept {
        unsigned sum = 0;
        for (const unsigned weight : weights) sum += weight * value(begin++);
        return sum;
    }
    // Luhn over the digits [begin, end), the last one being the check digit.
    [[nodiscard]] bool luhn(std::size_t begin, std::size_t end) const noexcept {
        unsigned sum = 0;
        for (std::size_t i = begin; i < end; ++i) {
            const unsigned doubled = value(i) * 2;
            sum += (end - i) % 2 == 1 ? value(i) : doubled / 10 + doubled % 10;
        }
        return sum % 10 == 0;
    }
    // ISO 7064 MOD 11,10 over the digits [begin, end), the last one being the check digit.
    [[nodiscard]] bool mod_11_10(std::size_t begin, std::size_t end) const noexcept {
        unsigned product = 10;
        for (std::size_t i = begin; i + 1 < end; ++i) {
            const unsigned sum = (value(i) + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }
        return (11 - product) % 10 == value(end - 1);
    }

  private:
    std::array<char, 32> chars_{};
    std::size_t size_ = 0;
};

// Whether there is such a day, in a leap year where the year is not told.
constexpr bool is_date(unsigned month, unsigned day) noexcept {
    constexpr std::array<unsigned, 13> kDays = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= kDays[month];
}

// The registries, one per file.
extern const std::array<NamedCheck, 26> kWestEuropeanChecks;
extern const std::array<NamedCheck, 21> kEastEuropeanChecks;
extern const std::array<NamedCheck, 18> kAmericanChecks;
extern const std::array<NamedCheck, 29> kOtherChecks;
extern const std::array<NamedCheck, 8> kPlainChecks;

}  // namespace fastguard::entity
