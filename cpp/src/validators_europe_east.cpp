// Identifiers that states of the east and north of Europe give to persons and firms, from Poland to Iceland: their
// check digits, and dates where they hold one.
#include "validators_number.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

bool pl_pesel(std::string_view s) noexcept {
    const Compact n(s);
    const unsigned sum = n.number(11) ? n.weighted({1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}) : 1;
    return sum % 10 == 0 && is_date(n.two(2) % 20, n.two(4));
}

bool pl_nip(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(10) && n.weighted({6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11 == n.value(9);
}

bool pl_regon(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n.weighted({8, 9, 2, 3, 4, 5, 6, 7}) % 11 % 10 == n.value(8);
}

bool pl_id_card(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 9 || !n.digits(3, 9)) return false;
    unsigned sum = n.weighted({7, 3, 1, 7, 3}, 4);
    constexpr std::array<unsigned, 3> kWeights = {7, 3, 1};
    for (std::size_t i = 0; i < 3; ++i) {
        if (!is_alpha(n[i])) return false;
        sum += kWeights[i] * static_cast<unsigned>(n[i] - 'A' + 10);
    }
    return sum % 10 == n.value(3);
}

bool cz_birth_number(std::string_view s) noexcept {
    const Compact n(s);
    if ((n.size() != 9 && n.size() != 10) || !n.digits(0, n.size()) || n.one_character()) return false;
    unsigned month = n.two(2) % 50;
    if (n.size() == 10 && month > 20) month -= 20;
    if (!is_date(month, n.two(4))) return false;
    if (n.size() == 9) return n.two(0) < 54 && n.part(6, 9) != 0;
    const std::uint64_t rest = n.part(0, 9) % 11;
    return (rest == 10 ? 0 : rest) == n.value(9);
}

bool hu_tax(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(10) && n[0] == '8' && n.weighted({1, 2, 3, 4, 5, 6, 7, 8, 9}) % 11 == n.value(9);
}

bool hu_taj(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n.weighted({3, 7, 3, 7, 3, 7, 3, 7}) % 10 == n.value(8);
}

bool ro_cnp(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(13) || n[0] == '0' || !is_date(n.two(3), n.two(5))) return false;
    const unsigned check = n.weighted({2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9}) % 11;
    return (check == 10 ? 1 : check) == n.value(12);
}

bool bg_egn(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10)) return false;
    const unsigned month = n.two(2);
    return is_date(month > 40   ? month - 40
                   : month > 20 ? month - 20
                                : month,
                   n.two(4)) &&
           n.weighted({2, 4, 8, 5, 10, 9, 7, 3, 6}) % 11 % 10 == n.value(9);
}

bool gr_amka(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(11) && is_date(n.two(2), n.two(0)) && n.luhn(0, 11);
}

bool gr_afm(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n.weighted({256, 128, 64, 32, 16, 8, 4, 2}) % 11 % 10 == n.value(8);
}

bool hr_oib(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(11) && n.mod_11_10(0, 11);
}

// Slovenia, Serbia, Bosnia, Montenegro, North Macedonia.
bool jmbg(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(13) || !is_date(n.two(2), n.two(0)) || (n[4] != '9' && n[4] != '0')) return false;
    return (11 - n.weighted({7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 11 == n.value(12);
}

// Estonia and Lithuania.
bool baltic_personal(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11) || n[0] == '0' || n[0] == '9' || !is_date(n.two(3), n.two(5))) return false;
    unsigned check = n.weighted({1, 2, 3, 4, 5, 6, 7, 8, 9, 1}) % 11;
    if (check == 10) check = n.weighted({3, 4, 5, 6, 7, 8, 9, 1, 2, 3}) % 11;
    return check % 10 == n.value(10);
}

bool lv_personal(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(11) && is_date(n.two(2), n.two(0)) && n[6] <= '2' &&
           (1 + n.weighted({10, 5, 8, 4, 2, 1, 6, 3, 7, 9})) % 11 % 10 == n.value(10);
}

bool fi_personal(std::string_view s) noexcept {
    if (s.size() != 11 || !among(s[6], "+-ABCDEFUVWXYabcdefuvwxy")) return false;
    std::array<char, 10> without_sign{};
    for (std::size_t i = 0; i < 11; ++i)
        if (i != 6) without_sign[i < 6 ? i : i - 1] = s[i];
    const Compact n({without_sign.data(), without_sign.size()});
    if (n.size() != 10 || !n.digits(0, 9) || !is_date(n.two(2), n.two(0)) || n.part(6, 9) < 2) return false;
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[n.part(0, 9) % 31] == n[9];
}

bool se_personal(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10) && !n.number(12)) return false;
    const std::size_t begin = n.size() - 10;
    if (begin != 0 && (n.two(0) < 18 || n.two(0) > 20)) return false;
    const unsigned day = n.two(begin + 4);
    return is_date(n.two(begin + 2), day > 60 ? day - 60 : day) && n.luhn(begin, begin + 10);
}

bool se_organisation(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(10) && n[0] != '0' && n[0] != '4' && n[2] >= '2' && n.luhn(0, 10);
}

bool no_personal(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11)) return false;
    const unsigned day = n.two(0);
    const unsigned month = n.two(2);
    if (!is_date(month > 80 ? month - 80 : month > 40 ? month - 40 : month, day > 40 ? day - 40 : day)) return false;
    return (11 - n.weighted({3, 7, 6, 1, 8, 9, 4, 5, 2}) % 11) % 11 == n.value(9) &&
           (11 - n.weighted({5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 11 == n.value(10);
}

bool dk_cpr(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(10) && is_date(n.two(2), n.two(0));
}

bool is_kennitala(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10) || (n[9] != '8' && n[9] != '9' && n[9] != '0')) return false;
    const unsigned day = n.two(0);
    return is_date(n.two(2), day > 40 ? day - 40 : day) &&
           (11 - n.weighted({3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 11 == n.value(8);
}

}  // namespace

const std::array<NamedCheck, 21> kEastEuropeanChecks = {{
    {"pl_pesel", pl_pesel},
    {"pl_nip", pl_nip},
    {"pl_regon", pl_regon},
    {"pl_id_card", pl_id_card},
    {"cz_birth_number", cz_birth_number},
    {"hu_tax", hu_tax},
    {"hu_taj", hu_taj},
    {"ro_cnp", ro_cnp},
    {"bg_egn", bg_egn},
    {"gr_amka", gr_amka},
    {"gr_afm", gr_afm},
    {"hr_oib", hr_oib},
    {"jmbg", jmbg},
    {"baltic_personal", baltic_personal},
    {"lv_personal", lv_personal},
    {"fi_personal", fi_personal},
    {"se_personal", se_personal},
    {"se_organisation", se_organisation},
    {"no_personal", no_personal},
    {"dk_cpr", dk_cpr},
    {"is_kennitala", is_kennitala},
}};

}  // namespace fastguard::entity
