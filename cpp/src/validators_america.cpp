// Identifiers of the Americas: check digits, ranges of numbers that are given out, dates where they hold one.
#include "validators_number.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

// As on the card or in one piece, which validators.h's us_ssn does not take; nobody has one of one digit.
bool us_ssn_digits(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(9)) return false;
    const std::uint64_t area = n.part(0, 3);
    const std::uint64_t whole = n.part(0, 9);
    return area != 0 && area != 666 && area < 900 && n.two(3) != 0 && n.part(5, 9) != 0 && whole != 78051120 &&
           whole != 219099999 && whole != 457555462 && whole != 123456789 && whole != 987654320;
}

bool us_itin(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(9) || n[0] != '9') return false;
    const unsigned group = n.two(3);
    return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group <= 92) || group >= 94;
}

// The Luhn digit counts the prefix 80840, whose digits add 24.
bool us_npi(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10) || (n[0] != '1' && n[0] != '2')) return false;
    unsigned sum = 24;
    for (std::size_t i = 0; i < 10; ++i) {
        const unsigned doubled = n.value(i) * 2;
        sum += i % 2 == 1 ? n.value(i) : doubled / 10 + doubled % 10;
    }
    return sum % 10 == 0;
}

bool us_dea(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 9 || !n.digits(2, 9) || !is_alpha(n[0])) return false;
    if (std::string_view("ABCDEFGHJKLMPRSTUX").find(n[0]) == std::string_view::npos) return false;
    if (!is_alpha(n[1]) && n[1] != '9') return false;
    return n.part(2, 9) != 0 && n.weighted({1, 2, 1, 2, 1, 2}, 2) % 10 == n.value(8);
}

bool us_routing(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(9)) return false;
    const unsigned bank = n.two(0);
    const bool given =
        (bank >= 1 && bank <= 12) || (bank >= 21 && bank <= 32) || (bank >= 61 && bank <= 72) || bank == 80;
    return given && n.weighted({3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0;
}

bool ca_sin(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n[0] != '0' && n[0] != '8' && n.luhn(0, 9);
}

bool br_cpf(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11)) return false;
    const auto check = [](unsigned sum) { return sum % 11 < 2 ? 0U : 11 - sum % 11; };
    return check(n.weighted({10, 9, 8, 7, 6, 5, 4, 3, 2})) == n.value(9) &&
           check(n.weighted({11, 10, 9, 8, 7, 6, 5, 4, 3, 2})) == n.value(10);
}

bool br_cnpj(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(14)) return false;
    const auto check = [](unsigned sum) { return sum % 11 < 2 ? 0U : 11 - sum % 11; };
    return check(n.weighted({5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})) == n.value(12) &&
           check(n.weighted({6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})) == n.value(13);
}

bool br_pis(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11)) return false;
    const unsigned check = 11 - n.weighted({3, 2, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
    return (check >= 10 ? 0 : check) == n.value(10);
}

bool mx_curp(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 18 || !n.digits(4, 10) || !n.digit(17) || !is_date(n.two(6), n.two(8))) return false;
    if (n[10] != 'H' && n[10] != 'M' && n[10] != 'X') return false;
    for (std::size_t i = 0; i < 16; ++i)
        if ((i < 4 || (i > 9 && i < 16)) && !is_alpha(n[i])) return false;
    unsigned sum = 0;
    for (std::size_t i = 0; i < 17; ++i) {
        unsigned value = n.digit(i) ? n.value(i) : static_cast<unsigned>(n[i] - 'A' + 10);
        if (!n.digit(i) && n[i] > 'N') ++value;  // an Ñ stands between
        sum += static_cast<unsigned>(18 - i) * value;
    }
    return (10 - sum % 10) % 10 == n.value(17);
}

bool mx_rfc(std::string_view s) noexcept {
    const Compact n(s);
    const std::size_t name = n.size() == 13 ? 4 : 3;
    if ((n.size() != 12 && n.size() != 13) || !n.digits(name, name + 6)) return false;
    for (std::size_t i = 0; i < name; ++i)
        if (!is_alpha(n[i])) return false;
    if (!is_date(n.two(name + 2), n.two(name + 4))) return false;
    unsigned sum = name == 3 ? 481 : 0;  // a space before the name of a firm: 37 * 13
    for (std::size_t i = 0; i + 1 < n.size(); ++i) {
        unsigned value = n.digit(i) ? n.value(i) : static_cast<unsigned>(n[i] - 'A' + 10);
        if (!n.digit(i) && n[i] > 'N') ++value;  // an & stands between
        sum += value * static_cast<unsigned>(n.size() - i);
    }
    return "0A987654321"[sum % 11] == n[n.size() - 1];
}

bool mx_clabe(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(18)) return false;
    constexpr std::array<unsigned, 3> kWeights = {3, 7, 1};
    unsigned sum = 0;
    for (std::size_t i = 0; i < 17; ++i) sum += n.value(i) * kWeights[i % 3] % 10;
    return (10 - sum % 10) % 10 == n.value(17);
}

bool ar_cuit(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11)) return false;
    const unsigned kind = n.two(0);
    const bool given = kind == 20 || (kind >= 23 && kind <= 27) || kind == 30 || kind == 33 || kind == 34;
    const unsigned rest = n.weighted({5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
    return given && "09987654321"[rest] == n[10];
}

bool cl_rut(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() < 8 || n.size() > 9 || !n.digits(0, n.size() - 1) || n.one_character()) return false;
    unsigned sum = 0;
    for (std::size_t i = 0; i + 1 < n.size(); ++i) sum += n.value(n.size() - 2 - i) * static_cast<unsigned>(2 + i % 6);
    return "0K987654321"[sum % 11] == n[n.size() - 1];
}

bool co_nit(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10)) return false;
    const unsigned rest = n.weighted({41, 37, 29, 23, 19, 17, 13, 7, 3}) % 11;
    return (rest < 2 ? rest : 11 - rest) == n.value(9);
}

bool ec_cedula(std::string_view s) noexcept {
    const Compact n(s);
    const unsigned province = n.number(10) ? n.two(0) : 0;
    return ((province >= 1 && province <= 24) || province == 30) && n[2] < '6' && n.luhn(0, 10);
}

bool pe_ruc(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11)) return false;
    const unsigned kind = n.two(0);
    return (kind == 10 || kind == 15 || kind == 17 || kind == 20) &&
           (11 - n.weighted({5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 10 == n.value(10);
}

bool uy_cedula(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(8) && (10 - n.weighted({2, 9, 8, 7, 6, 3, 4}) % 10) % 10 == n.value(7);
}

}  // namespace

const std::array<NamedCheck, 18> kAmericanChecks = {{
    {"us_ssn_digits", us_ssn_digits},
    {"us_itin", us_itin},
    {"us_npi", us_npi},
    {"us_dea", us_dea},
    {"us_routing", us_routing},
    {"ca_sin", ca_sin},
    {"br_cpf", br_cpf},
    {"br_cnpj", br_cnpj},
    {"br_pis", br_pis},
    {"mx_curp", mx_curp},
    {"mx_rfc", mx_rfc},
    {"mx_clabe", mx_clabe},
    {"ar_cuit", ar_cuit},
    {"cl_rut", cl_rut},
    {"co_nit", co_nit},
    {"ec_cedula", ec_cedula},
    {"pe_ruc", pe_ruc},
    {"uy_cedula", uy_cedula},
}};

}  // namespace fastguard::entity
