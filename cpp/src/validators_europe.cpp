// Identifiers that states of the west and south of Europe give to persons and firms: their check digits, and dates
// where they hold one. The east and the north: validators_europe_east.cpp.
#include "validators_number.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

bool uk_nhs(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10)) return false;
    const unsigned check = (11 - n.weighted({10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11) % 11;
    return check == n.value(9);  // 10 is no digit
}

bool uk_nino(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 9 || !n.digits(2, 8) || among(n[0], "DFIQUV0123456789") || among(n[1], "DFIOQUV0123456789"))
        return false;
    for (const std::string_view never : {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
        if (n.text().substr(0, 2) == never) return false;
    return n[8] >= 'A' && n[8] <= 'D';
}

// Surname, decade, month (women +50), day, year, initials, two characters, two letters.
bool uk_driving(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 16 || !n.digits(5, 11) || is_digit(n[0])) return false;
    bool padded = false;
    for (std::size_t i = 0; i < 5; ++i) {
        if (is_digit(n[i]) && n[i] != '9') return false;
        if (padded && n[i] != '9') return false;
        padded = n[i] == '9';
    }
    for (std::size_t i = 11; i < 13; ++i)
        if (is_digit(n[i]) && n[i] != '9') return false;
    const unsigned month = n.two(6);
    return is_date(month > 50 ? month - 50 : month, n.two(8)) && is_alpha(n[14]) && is_alpha(n[15]);
}

bool uk_utr(std::string_view s) noexcept {
    const Compact n(s);
    constexpr std::string_view kCheck = "21987654321";
    return n.number(10) && kCheck[n.weighted({6, 7, 8, 9, 10, 5, 4, 3, 2}, 1) % 11] == n[0];
}

bool ie_pps(std::string_view s) noexcept {
    const Compact n(s);
    if ((n.size() != 8 && n.size() != 9) || !n.digits(0, 7) || !is_alpha(n[7])) return false;
    unsigned sum = n.weighted({8, 7, 6, 5, 4, 3, 2});
    if (n.size() == 9) {
        if (!(n[8] >= 'A' && n[8] <= 'I') && n[8] != 'W') return false;
        if (n[8] != 'W') sum += 9 * static_cast<unsigned>(n[8] - 'A' + 1);
    }
    return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == n[7];
}

bool de_tax_id(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11) || n[0] == '0') return false;
    std::array<unsigned, 10> seen{};
    for (std::size_t i = 0; i < 10; ++i)
        if (++seen[n.value(i)] > 3) return false;
    return n.mod_11_10(0, 11);
}

bool de_vat(std::string_view s) noexcept {
    const Compact n(s);
    return n.size() == 11 && n[0] == 'D' && n[1] == 'E' && n.digits(2, 11) && n[2] != '0' && n.mod_11_10(2, 11);
}

// Digits of `n` from `begin` on with these weights, the digits of each product summed.
unsigned cross_sum(const std::array<unsigned, 12>& values, const std::array<unsigned, 12>& weights,
                   std::size_t count) noexcept {
    unsigned sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned product = values[i] * weights[i];
        sum += product / 10 + product % 10;
    }
    return sum;
}

bool de_social_security(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 12 || !n.digits(0, 8) || !is_alpha(n[8]) || !n.digits(9, 12)) return false;
    const unsigned day = n.two(2);
    if (!is_date(n.two(4), day > 50 ? day - 50 : day)) return false;
    const auto letter = static_cast<unsigned>(n[8] - 'A' + 1);
    std::array<unsigned, 12> values{};
    for (std::size_t i = 0; i < 8; ++i) values[i] = n.value(i);
    values[8] = letter / 10;
    values[9] = letter % 10;
    values[10] = n.value(9);
    values[11] = n.value(10);
    return cross_sum(values, {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1}, 12) % 10 == n.value(11);
}

bool de_health_insurance(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 10 || !is_alpha(n[0]) || !n.digits(1, 10)) return false;
    const auto letter = static_cast<unsigned>(n[0] - 'A' + 1);
    std::array<unsigned, 12> values = {letter / 10, letter % 10};
    for (std::size_t i = 1; i < 9; ++i) values[i + 1] = n.value(i);
    return cross_sum(values, {1, 2, 1, 2, 1, 2, 1, 2, 1, 2}, 10) % 10 == n.value(9);
}

// Doctors of the German health insurance: six digits with weights 4 and 9, check digit, two digits of the field.
bool de_lanr(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && (10 - n.weighted({4, 9, 4, 9, 4, 9}) % 10) % 10 == n.value(6);
}

bool at_social_security(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10) || n[0] == '0') return false;
    const unsigned month = n.two(6);
    return is_date(month > 12 && month < 17 ? 12 : month, n.two(4)) &&
           n.weighted({3, 7, 9, 0, 5, 8, 4, 2, 1, 6}) % 11 == n.value(3);
}

bool ch_ahv(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(13) && n.part(0, 3) == 756 && n.weighted({1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1}) % 10 == 0;
}

bool ch_uid(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 12 || n.text().substr(0, 3) != "CHE" || !n.digits(3, 12)) return false;
    return (11 - n.weighted({5, 4, 3, 2, 7, 6, 5, 4}, 3) % 11) % 11 == n.value(11);
}

bool fr_nir(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 15 || !n.digits(0, 6) || !n.digits(7, 15) || !among(n[0], "123478")) return false;
    const unsigned month = n.two(3);
    if (month == 0 || (month > 12 && month < 20) || (month > 42 && month < 50)) return false;
    const bool corsica = !n.digit(6);
    if (corsica && (n[5] != '2' || (n[6] != 'A' && n[6] != 'B'))) return false;
    const std::uint64_t department = corsica ? (n[6] == 'A' ? 19 : 18) : n.two(5);
    const std::uint64_t number = (n.part(0, 5) * 100 + department) * 1000000 + n.part(7, 13);
    return 97 - number % 97 == n.two(13);
}

bool fr_siren(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n.luhn(0, 9);
}

bool fr_siret(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(14) && n.luhn(0, 9) && n.luhn(0, 14);
}

bool fr_tax(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(13) && n[0] <= '3' && n.part(0, 10) % 511 == n.part(10, 13);
}

constexpr std::string_view kSpanishLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

bool es_nif(std::string_view s) noexcept {
    const Compact n(s);
    const std::size_t digits = n.size() - 1;
    return (n.size() == 8 || n.size() == 9) && n.digits(0, digits) && n.part(0, digits) != 0 &&
           n[digits] == kSpanishLetters[n.part(0, digits) % 23];
}

bool es_nie(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 9 || !among(n[0], "XYZ") || !n.digits(1, 8)) return false;
    return n[8] == kSpanishLetters[(static_cast<std::uint64_t>(n[0] - 'X') * 10000000 + n.part(1, 8)) % 23];
}

bool es_cif(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 9 || !among(n[0], "ABCDEFGHJNPQRSUVW") || !n.digits(1, 8)) return false;
    unsigned sum = 0;
    for (std::size_t i = 1; i < 8; ++i) {
        const unsigned doubled = n.value(i) * 2;
        sum += i % 2 == 1 ? doubled / 10 + doubled % 10 : n.value(i);
    }
    const unsigned check = (10 - sum % 10) % 10;
    const bool letter = n[8] == "JABCDEFGHI"[check];
    const bool digit = n.digit(8) && n.value(8) == check;
    return among(n[0], "PQRSNW") ? letter : among(n[0], "ABEH") ? digit : letter || digit;
}

bool es_nss(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(12) || n.two(0) == 0 || n.two(0) > 66) return false;
    const std::uint64_t person = n.part(2, 10);
    const std::uint64_t number = person < 10000000 ? n.two(0) * 10000000ULL + person : n.part(0, 10);
    return number % 97 == n.two(10);
}

bool pt_nif(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(9) || !among(n[0], "1235689")) return false;
    const unsigned check = 11 - n.weighted({9, 8, 7, 6, 5, 4, 3, 2}) % 11;
    return (check >= 10 ? 0 : check) == n.value(8);
}

// Digits of a codice fiscale may be letters where two persons would have the same one.
constexpr std::string_view kOmocode = "LMNPQRSTUV";

bool it_fiscal_code(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 16) return false;
    constexpr std::array<unsigned, 36> kOdd = {1,  0,  5, 7, 9,  13, 15, 17, 19, 21, 1,  0,  5,  7,  9,  13, 15, 17,
                                               19, 21, 2, 4, 18, 20, 11, 3,  6,  8,  12, 14, 16, 10, 22, 25, 24, 23};
    unsigned sum = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        const bool number = i == 6 || i == 7 || i == 9 || i == 10 || (i > 11 && i < 15);
        if (number ? !n.digit(i) && !among(n[i], kOmocode) : n.digit(i)) return false;
        if (i == 15) break;
        const unsigned value = n.digit(i) ? n.value(i) : static_cast<unsigned>(n[i] - 'A');
        sum += i % 2 == 1 ? value : kOdd[n.digit(i) ? value : value + 10];
    }
    return among(n[8], "ABCDEHLMPRST") && static_cast<unsigned>(n[15] - 'A') == sum % 26;
}

bool it_vat(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(11) && n.part(0, 7) != 0 && n.luhn(0, 11);
}

bool nl_bsn(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n.weighted({9, 8, 7, 6, 5, 4, 3, 2}) % 11 == n.value(8);
}

bool be_national(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11)) return false;
    const unsigned month = n.two(2);
    if (month % 20 > 12 || month > 52 || n.two(4) > 31) return false;
    const std::uint64_t check = n.two(9);
    return 97 - n.part(0, 9) % 97 == check || 97 - (2000000000 + n.part(0, 9)) % 97 == check;
}

}  // namespace

const std::array<NamedCheck, 26> kWestEuropeanChecks = {{
    {"uk_nhs", uk_nhs},
    {"uk_nino", uk_nino},
    {"uk_driving", uk_driving},
    {"uk_utr", uk_utr},
    {"ie_pps", ie_pps},
    {"de_tax_id", de_tax_id},
    {"de_vat", de_vat},
    {"de_social_security", de_social_security},
    {"de_health_insurance", de_health_insurance},
    {"de_lanr", de_lanr},
    {"at_social_security", at_social_security},
    {"ch_ahv", ch_ahv},
    {"ch_uid", ch_uid},
    {"fr_nir", fr_nir},
    {"fr_siren", fr_siren},
    {"fr_siret", fr_siret},
    {"fr_tax", fr_tax},
    {"es_nif", es_nif},
    {"es_nie", es_nie},
    {"es_cif", es_cif},
    {"es_nss", es_nss},
    {"pt_nif", pt_nif},
    {"it_fiscal_code", it_fiscal_code},
    {"it_vat", it_vat},
    {"nl_bsn", nl_bsn},
    {"be_national", be_national},
}};

}  // namespace fastguard::entity
