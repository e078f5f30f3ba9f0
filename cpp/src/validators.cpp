#include "fastguard/validators.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "validators_ascii.h"
#include "validators_entity.h"
#include "validators_number.h"

namespace fastguard {
namespace {

constexpr std::size_t kCount = static_cast<std::size_t>(ValidatorId::count_) - 1;
static_assert(kCount < kCandidateValidators, "a set of validators is a 64-bit word");

struct Entry {
    std::string_view name;
    bool (*accepts)(std::string_view) noexcept;
};

// In the order of ValidatorId, without `none`.
constexpr std::array<Entry, kCount> kRegistry{{
    {"luhn_card", entity::luhn_card},
    {"iban", entity::iban},
    {"us_ssn", entity::us_ssn},
    {"phone_e164", entity::phone_e164},
    {"ipv4", entity::ipv4},
    {"ipv6", entity::ipv6},
    {"mac", entity::mac},
    {"email", entity::email},
    {"jwt", entity::jwt},
    {"github_crc", entity::github_crc},
    {"pem", entity::pem},
    {"aws_access_key_id", entity::aws_access_key_id},
    {"aws_secret_key", entity::aws_secret_key},
    {"uuid", entity::uuid},
    {"not_placeholder", entity::not_placeholder},
    {"generic_secret", entity::generic_secret},
    {"password_value", entity::password_value},
    {"url_password", entity::url_password},
}};

// Those that have names only, behind the others.
constexpr std::size_t kIdentifierCount = 47 + 18 + 29 + 8;
constexpr std::size_t kAllCount = kCount + kIdentifierCount;
static_assert(kAllCount < 256, "the number of a validator is a byte");

struct Registry {
    std::array<std::string_view, kAllCount> names{};
    std::array<bool (*)(std::string_view) noexcept, kAllCount> accepts{};

    Registry() noexcept {
        std::size_t count = 0;
        const auto add = [&](const auto& entries) {
            for (const auto& entry : entries) {
                names[count] = entry.name;
                accepts[count++] = entry.accepts;
            }
        };
        add(kRegistry);
        add(entity::kWestEuropeanChecks);
        add(entity::kEastEuropeanChecks);
        add(entity::kAmericanChecks);
        add(entity::kOtherChecks);
        add(entity::kPlainChecks);
    }
};

const Registry& registry() noexcept {
    static const Registry all;
    return all;
}

constexpr std::string_view kQuotes = "\"'`";

constexpr bool is_quote(char c) noexcept { return c == '"' || c == '\'' || c == '`'; }

// What may stand between = or : and the value.
constexpr bool follows_operator(char c) noexcept {
    return c == '=' || c == ':' || c == '>' || c == '\\' || is_quote(c) || ascii::is_space(c);
}

constexpr bool ends_value(char c) noexcept { return is_quote(c) || c == ';' || ascii::is_space(c); }

// Names of values that everybody may see.
bool names_public(std::string_view name) noexcept {
    return ascii::contains_folded(name, "public") || ascii::contains_folded(name, "csrf") ||
           ascii::contains_folded(name, "xsrf");
}

std::string_view last_word(std::string_view text) noexcept {
    const std::size_t last = text.find_last_of(" \t\r\n\"'`");
    return last == std::string_view::npos ? text : text.substr(last + 1);
}

}  // namespace

ValidatorId validator_by_name(std::string_view name) noexcept {
    const auto& names = registry().names;
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? ValidatorId::none : static_cast<ValidatorId>(found - names.begin() + 1);
}

std::string_view validator_name(ValidatorId id) noexcept {
    const auto index = static_cast<std::size_t>(id);
    return index == 0 || index > kAllCount ? std::string_view{} : registry().names[index - 1];
}

std::span<const std::string_view> validator_names() noexcept { return registry().names; }

bool validate(ValidatorId id, std::string_view match) noexcept {
    const auto index = static_cast<std::size_t>(id);
    if (index == 0) return true;
    return index <= kAllCount && registry().accepts[index - 1](match);
}

double shannon_entropy(std::string_view bytes) noexcept {
    if (bytes.empty()) return 0.0;
    std::array<std::uint32_t, 256> seen{};
    for (const char c : bytes) ++seen[static_cast<unsigned char>(c)];
    const double total = static_cast<double>(bytes.size());
    double sum = 0.0;
    for (const std::uint32_t n : seen)
        if (n != 0) sum += static_cast<double>(n) * std::log2(static_cast<double>(n));
    return std::max(0.0, std::log2(total) - sum / total);  // rounding may end just below zero
}

std::string_view assigned_value(std::string_view match) noexcept {
    while (!match.empty() && ends_value(match.back())) {
        const bool quote = is_quote(match.back());
        match.remove_suffix(1);
        if (quote && !match.empty() && match.back() == '\\') match.remove_suffix(1);  // a string in a string
    }
    for (std::size_t i = 0; i < match.size(); ++i) {
        if (match[i] != '=' && match[i] != ':') continue;
        if (names_public(match.substr(0, i))) return {};
        std::size_t begin = i + 1;
        while (begin < match.size() && follows_operator(match[begin])) ++begin;
        if (begin == match.size()) break;  // the padding of base64
        const std::string_view rest = match.substr(begin);
        const std::size_t quote = rest.find_last_of(kQuotes);
        return quote == std::string_view::npos ? last_word(rest) : rest.substr(quote + 1);
    }
    return last_word(match);
}

}  // namespace fastguard
