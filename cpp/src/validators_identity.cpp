// Cards, bank accounts, social security numbers, e-mail addresses.
#include <array>
#include <cstddef>
#include <cstdint>

#include "validators_ascii.h"
#include "validators_entity.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

// Issuer ranges by the first six digits (ISO/IEC 7812-1; ranges and lengths as the networks publish them); a number is
// issued when any range takes it. Bit n of `lengths`: numbers of n digits.
struct Issuer {
    std::uint32_t first, last, lengths;
};
constexpr std::uint32_t one(unsigned n) noexcept { return 1U << n; }
constexpr std::uint32_t from_to(unsigned low, unsigned high) noexcept { return (1U << (high + 1)) - (1U << low); }

constexpr auto kIssuers = std::to_array<Issuer>({
    {400000, 499999, one(13) | one(16) | one(19)},  // Visa
    {510000, 559999, one(16)},                      // Mastercard
    {222100, 272099, one(16)},                      // Mastercard, series 2
    {340000, 349999, one(15)},                      // American Express
    {370000, 379999, one(15)},                      // American Express
    {300000, 305999, one(14) | one(16)},            // Diners Club
    {309500, 309599, one(14) | one(16)},            // Diners Club
    {360000, 369999, one(14) | one(16)},            // Diners Club International
    {380000, 399999, one(14) | one(16)},            // Diners Club International
    {352800, 358999, from_to(16, 19)},              // JCB, RuPay
    {500000, 501999, from_to(13, 19)},              // Maestro, Dankort
    {502000, 502099, from_to(13, 19)},              // Maestro
    {503800, 503899, from_to(13, 19)},              // Maestro
    {506099, 506198, one(16) | one(18) | one(19)},  // Verve
    {506700, 506799, one(16)},                      // Elo
    {508500, 508999, one(16)},                      // RuPay
    {509000, 509999, one(16)},                      // Elo
    {560000, 589999, from_to(13, 19)},              // Maestro
    {600000, 609999, from_to(16, 19)},              // Discover 6011, RuPay 60
    {620000, 629999, from_to(16, 19)},              // UnionPay
    {630400, 630499, from_to(13, 19)},              // Maestro
    {636200, 639999, from_to(16, 19)},              // Elo, InstaPayment, Maestro
    {640000, 659999, from_to(16, 19)},              // Discover, RuPay, Troy
    {670000, 679999, from_to(13, 19)},              // Maestro
    {810000, 829999, from_to(16, 19)},              // UnionPay, RuPay
    {220000, 220499, from_to(16, 19)},              // Mir
    {979200, 979289, one(16)},                      // Troy
});

bool issued(std::uint32_t prefix, std::size_t digits) noexcept {
    for (const Issuer& issuer : kIssuers)
        if (prefix >= issuer.first && prefix <= issuer.last && (issuer.lengths >> digits & 1U) != 0) return true;
    return false;
}

// Whether digits printed in these groups read as a card: fours with a shorter or equal rest, 4-6-5, 4-6-4, 6-13, 8-8.
bool card_grouping(const std::array<std::uint8_t, 20>& groups, std::size_t count) noexcept {
    if (count == 1) return true;
    if (count == 3 && groups[0] == 4 && groups[1] == 6) return groups[2] == 5 || groups[2] == 4;
    if (count == 2) return (groups[0] == 6 && groups[1] == 13) || (groups[0] == 8 && groups[1] == 8);
    for (std::size_t i = 0; i + 1 < count; ++i)
        if (groups[i] != 4) return false;
    return groups[count - 1] <= 4;
}

// Total IBAN lengths of the SWIFT registry (ISO 13616), release 99, and the partial list of countries not in it.
constexpr std::string_view kIbanLengths =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28DZ26EE20EG29ES24FI18FK18FO18FR27"
    "GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IR26IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22"
    "MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23"
    "TN24TR26UA29VA22VG24XK20YE30";

constexpr std::array<std::uint8_t, 26 * 26> kIbanByCountry = [] {
    std::array<std::uint8_t, 26 * 26> table{};
    for (std::size_t i = 0; i < kIbanLengths.size(); i += 4)
        table[static_cast<std::size_t>(kIbanLengths[i] - 'A') * 26 +
              static_cast<std::size_t>(kIbanLengths[i + 1] - 'A')] =
            static_cast<std::uint8_t>((kIbanLengths[i + 2] - '0') * 10 + (kIbanLengths[i + 3] - '0'));
    return table;
}();

// Suffixes of files and units that are no top-level domains: image@2x.png, wg-quick@wg0.service.
constexpr auto kNoDomain = std::to_array<std::string_view>({
    "png", "jpg", "jpeg", "gif",     "svg",    "webp",  "bmp",    "ico",   "tiff",  "css",         "scss", "less",
    "js",  "mjs", "cjs",  "jsx",     "tsx",    "json",  "yaml",   "yml",   "toml",  "xml",         "html", "htm",
    "txt", "csv", "tsv",  "log",     "lock",   "conf",  "cfg",    "ini",   "tgz",   "gz",          "bz2",  "xz",
    "tar", "rar", "deb",  "rpm",     "jar",    "exe",   "dll",    "class", "java",  "cpp",         "hpp",  "rb",
    "php", "sql", "md5",  "service", "socket", "timer", "target", "mount", "local", "localdomain",
});

constexpr bool is_local_char(char c) noexcept {
    return is_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

bool domain(std::string_view s) noexcept {
    if (s.size() < 4 || s.size() > 253) return false;
    std::size_t label = 0;
    std::size_t labels = 0;
    bool only_numbers = true;  // of all labels so far
    for (std::size_t i = 0; i <= s.size(); ++i) {
        if (i < s.size() && s[i] != '.') {
            if (!is_alnum(s[i]) && s[i] != '-') return false;
            continue;
        }
        const std::string_view part = s.substr(label, i - label);
        if (part.empty() || part.size() > 63 || part.front() == '-' || part.back() == '-') return false;
        ++labels;
        if (i < s.size()) {
            for (const char c : part) only_numbers = only_numbers && is_digit(c);
            label = i + 1;
            continue;
        }
        if (labels < 2 || part.size() < 2) return false;
        if (labels > 2 && only_numbers) return false;  // package@1.2.beta is a version
        if (equals_folded(part.substr(0, part.size() < 4 ? part.size() : 4), "xn--")) return part.size() > 4;
        for (const char c : part)
            if (!is_alpha(c)) return false;
        for (const std::string_view suffix : kNoDomain)
            if (equals_folded(part, suffix)) return false;
    }
    return true;
}

}  // namespace

bool luhn_card(std::string_view s) noexcept {
    if (s.size() < 13 || s.size() > 23) return false;
    std::array<std::uint8_t, 20> groups{};
    std::size_t group_count = 1;
    std::size_t digits = 0;
    std::uint32_t prefix = 0;
    unsigned sums[2] = {0,
                        0};  // of the digits at even and odd places from the left, the odd ones and even ones doubled
    char separator = '\0';
    for (std::size_t i = 0; i < s.size(); ++i) {
        const char c = s[i];
        if (!is_digit(c)) {
            if ((c != ' ' && c != '-' && c != '.') || (separator != '\0' && c != separator)) return false;
            if (groups[group_count - 1] == 0 || group_count == groups.size()) return false;
            separator = c;
            ++group_count;
            continue;
        }
        if (++digits > 19) return false;
        ++groups[group_count - 1];
        const auto value = static_cast<unsigned>(c - '0');
        const unsigned doubled = value * 2 > 9 ? value * 2 - 9 : value * 2;
        if (digits <= 6) prefix = prefix * 10 + value;
        sums[0] += digits % 2 == 1 ? doubled : value;
        sums[1] += digits % 2 == 0 ? doubled : value;
    }
    if (digits < 13 || groups[group_count - 1] == 0 || !card_grouping(groups, group_count)) return false;
    return sums[digits % 2] % 10 == 0 && issued(prefix, digits);
}

unsigned iban_length(char first, char second) noexcept {
    const char a = lower(first);
    const char b = lower(second);
    if (!is_lower(a) || !is_lower(b)) return 0;
    return kIbanByCountry[static_cast<std::size_t>(a - 'a') * 26 + static_cast<std::size_t>(b - 'a')];
}

bool iban(std::string_view s) noexcept {
    if (s.size() < 15 || s.size() > 42 || !is_digit(s[2]) || !is_digit(s[3])) return false;
    const unsigned length = iban_length(s[0], s[1]);
    if (length == 0) return false;
    const bool grouped = !is_alnum(s[4]);  // in fours, as printed
    if (grouped && s[4] != ' ' && s[4] != '-') return false;
    char compact[34];
    unsigned count = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (grouped && i % 5 == 4) {
            if (s[i] != s[4]) return false;
            continue;
        }
        if (!is_alnum(s[i]) || count == length) return false;
        compact[count++] = s[i];
    }
    if (count != length || !is_alnum(s.back())) return false;
    unsigned remainder = 0;
    for (unsigned i = 0; i < count; ++i) {
        const char c = lower(compact[(i + 4) % count]);
        remainder = is_digit(c) ? (remainder * 10 + static_cast<unsigned>(c - '0')) % 97
                                : (remainder * 100 + static_cast<unsigned>(c - 'a' + 10)) % 97;
    }
    const unsigned check = static_cast<unsigned>(s[2] - '0') * 10 + static_cast<unsigned>(s[3] - '0');
    return remainder == 1 && check >= 2 && check <= 98;
}

bool us_ssn(std::string_view s) noexcept {
    if (s.size() != 11 || s[3] != '-' || s[6] != '-') return false;
    unsigned number[3] = {0, 0, 0};
    bool one_digit = true;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (i == 3 || i == 6) continue;
        if (!is_digit(s[i])) return false;
        unsigned& part = number[i < 3 ? 0 : i < 6 ? 1 : 2];
        part = part * 10 + static_cast<unsigned>(s[i] - '0');
        one_digit = one_digit && s[i] == s[0];
    }
    const auto [area, group, serial] = number;
    if (area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0 || one_digit) return false;
    const unsigned whole = (area * 100 + group) * 10000 + serial;
    // Printed on sample cards and in advertisements, declared void by the SSA; and the one that everybody types.
    return whole != 78051120 && whole != 219099999 && whole != 457555462 && whole != 123456789;
}

bool email(std::string_view s) noexcept {
    if (s.size() < 6 || s.size() > 318) return false;
    const std::size_t at = s.find('@');
    if (at == std::string_view::npos || at == 0 || at > 64) return false;
    const std::string_view local = s.substr(0, at);
    if (!is_word(local.front()) || local.back() == '.') return false;
    if (local.find("..") != std::string_view::npos) return false;
    for (const char c : local)
        if (!is_local_char(c)) return false;
    return domain(s.substr(at + 1));
}

}  // namespace fastguard::entity
