// Identifiers of Asia, Africa and Oceania: check digits, and dates where they hold one.
#include "validators_number.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool cn_resident(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 18 || !n.digits(0, 17) || n[0] == '0' || n[0] == '9') return false;
    const unsigned century = n.two(6);
    if ((century != 18 && century != 19 && century != 20) || !is_date(n.two(10), n.two(12))) return false;
    const unsigned sum = n.weighted({7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2});
    return "10X98765432"[sum % 11] == n[17];
}

// Unified social credit code: base 31, weights 3^i mod 31.
bool cn_credit_code(std::string_view s) noexcept {
    constexpr std::string_view kDigits = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const Compact n(s);
    if (n.size() != 18 || !n.digits(2, 8)) return false;
    unsigned sum = 0;
    unsigned weight = 1;
    for (std::size_t i = 0; i < 18; ++i) {
        const std::size_t value = kDigits.find(n[i]);
        if (value == std::string_view::npos) return false;
        if (i == 17) return (31 - sum % 31) % 31 == value;
        sum += weight * static_cast<unsigned>(value);
        weight = weight * 3 % 31;
    }
    return false;
}

bool hk_identity(std::string_view s) noexcept {
    const Compact n(s);
    const std::size_t letters = n.size() == 9 ? 2 : 1;
    if ((n.size() != 8 && n.size() != 9) || !n.digits(letters, letters + 6) || !is_alpha(n[0])) return false;
    if (letters == 2 && !is_alpha(n[1])) return false;
    unsigned sum = n.weighted({7, 6, 5, 4, 3, 2}, letters);
    sum += (letters == 2 ? 9U * static_cast<unsigned>(n[0] - 'A' + 10) : 9U * 36U);
    sum += 8U * static_cast<unsigned>(n[letters - 1] - 'A' + 10);
    return "0A987654321"[sum % 11] == n[n.size() - 1];
}

bool tw_identity(std::string_view s) noexcept {
    constexpr std::string_view kRegions = "ABCDEFGHJKLMNPQRSTUVXYWZIO";  // from 10 on
    const Compact n(s);
    if (n.size() != 10 || !n.digits(1, 10) || (n[1] != '1' && n[1] != '2' && n[1] != '8' && n[1] != '9')) return false;
    const std::size_t place = kRegions.find(n[0]);
    if (place == std::string_view::npos) return false;
    const unsigned region = static_cast<unsigned>(place) + 10;
    return (region / 10 + region % 10 * 9 + n.weighted({8, 7, 6, 5, 4, 3, 2, 1, 1}, 1)) % 10 == 0;
}

bool sg_nric(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 9 || !n.digits(1, 8)) return false;
    const unsigned sum = n.weighted({2, 7, 6, 5, 4, 3, 2}, 1);
    switch (n[0]) {
        case 'S':
            return "JZIHGFEDCBA"[sum % 11] == n[8];
        case 'T':
            return "JZIHGFEDCBA"[(sum + 4) % 11] == n[8];
        case 'F':
            return "XWUTRQPNMLK"[sum % 11] == n[8];
        case 'G':
            return "XWUTRQPNMLK"[(sum + 4) % 11] == n[8];
        case 'M':
            return "KLJNPQRTUWX"[10 - (sum + 3) % 11] == n[8];
        default:
            return false;
    }
}

// Resident and foreigner registration; numbers given out since October 2020 have no check digit, so the date decides.
bool kr_registration(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(13) && is_date(n.two(2), n.two(4)) && n[6] >= '1' && n[6] <= '8';
}

bool kr_business(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(10) || n.part(0, 3) < 101) return false;
    const unsigned sum = n.weighted({1, 3, 7, 1, 3, 7, 1, 3, 5}) + n.value(8) * 5 / 10;
    return (10 - sum % 10) % 10 == n.value(9);
}

bool jp_my_number(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(12)) return false;
    const unsigned rest = n.weighted({6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
    return (rest <= 1 ? 0 : 11 - rest) == n.value(11);
}

bool jp_corporate(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(13) && 9 - n.weighted({2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1}, 1) % 9 == n.value(0);
}

// Verhoeff: the dihedral group of order ten and one permutation, applied as often as the place says.
bool verhoeff(const Compact& n) noexcept {
    constexpr std::array<std::array<unsigned, 10>, 10> kProduct = {{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                                                                    {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
                                                                    {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
                                                                    {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
                                                                    {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
                                                                    {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
                                                                    {6, 5, 9, 8, 7, 1, 0, 4, 3, 2},
                                                                    {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
                                                                    {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
                                                                    {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}};
    constexpr std::array<unsigned, 10> kPermutation = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
    unsigned check = 0;
    for (std::size_t i = 0; i < n.size(); ++i) {
        unsigned digit = n.value(n.size() - 1 - i);
        for (std::size_t times = i % 8; times > 0; --times) digit = kPermutation[digit];
        check = kProduct[check][digit];
    }
    return check == 0;
}

bool in_aadhaar(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(12) || n[0] < '2') return false;
    bool mirrored = true;
    for (std::size_t i = 0; i < 6; ++i) mirrored = mirrored && n[i] == n[11 - i];
    return !mirrored && verhoeff(n);
}

// Kind of holder at the fourth place.
bool in_pan(std::string_view s) noexcept {
    const Compact n(s);
    return n.size() == 10 && n.digits(5, 9) && n.part(5, 9) != 0 && is_alpha(n[9]) &&
           std::string_view("PCHFATBLJG").find(n[3]) != std::string_view::npos;
}

bool in_gstin(std::string_view s) noexcept {
    const Compact n(s);
    if (n.size() != 15 || !n.digits(0, 2) || n.two(0) == 0 || n.two(0) > 38) return false;
    unsigned sum = 0;
    for (std::size_t i = 0; i < 14; ++i) {
        const auto product = static_cast<unsigned>(kAlphabet.find(n[i])) * (i % 2 == 0 ? 1U : 2U);
        sum += product / 36 + product % 36;
    }
    return kAlphabet[(36 - sum % 36) % 36] == n[14];
}

bool th_identity(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(13) && n[0] != '0' && n[0] != '9' &&
           (11 - n.weighted({13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11) % 10 == n.value(12);
}

bool my_kad(std::string_view s) noexcept {
    const Compact n(s);
    const unsigned place = n.number(12) ? n.two(6) : 0;
    return place != 0 && place != 17 && place != 18 && place != 19 && place != 20 && is_date(n.two(2), n.two(4));
}

// Province, regency, district; day of birth (women +40), month, year; serial.
bool id_nik(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(16) || n.two(0) < 11 || n.two(0) > 97 || n.part(12, 16) == 0) return false;
    const unsigned day = n.two(6);
    return is_date(n.two(8), day > 40 ? day - 40 : day);
}

bool tr_identity(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(11) || n[0] == '0') return false;
    const unsigned odd = n.weighted({1, 0, 1, 0, 1, 0, 1, 0, 1});
    const unsigned even = n.weighted({0, 1, 0, 1, 0, 1, 0, 1});
    return (odd * 7 + 10 * 9 - even) % 10 == n.value(9) && (odd + even + n.value(9)) % 10 == n.value(10);
}

bool il_identity(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n.luhn(0, 9);
}

bool sa_identity(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(10) && (n[0] == '1' || n[0] == '2') && n.luhn(0, 10);
}

bool ae_identity(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(15) && n.part(0, 3) == 784 && n.luhn(0, 15);
}

bool za_identity(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(13) && is_date(n.two(2), n.two(4)) && n[10] <= '2' && n.luhn(0, 13);
}

bool au_tax_file(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && n.weighted({1, 4, 3, 7, 5, 8, 6, 9, 10}) % 11 == 0;
}

bool au_business(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(11) && n[0] != '0' && (n.weighted({10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19}) - 10) % 89 == 0;
}

bool au_company(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(9) && (10 - n.weighted({8, 7, 6, 5, 4, 3, 2, 1}) % 10) % 10 == n.value(8);
}

bool au_medicare(std::string_view s) noexcept {
    const Compact n(s);
    return (n.number(10) || n.number(11)) && n[0] >= '2' && n[0] <= '6' &&
           n.weighted({1, 3, 7, 9, 1, 3, 7, 9}) % 10 == n.value(8);
}

bool nz_ird(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(8) && !n.number(9)) return false;
    const std::uint64_t number = n.part(0, n.size());
    if (number < 10000000 || number > 150000000) return false;
    std::array<char, 9> padded{};
    for (std::size_t i = 0; i < 9; ++i) padded[i] = n.size() == 9 ? n[i] : i == 0 ? '0' : n[i - 1];
    const Compact p({padded.data(), padded.size()});
    unsigned check = (11 - p.weighted({3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 11;
    if (check == 10) check = (11 - p.weighted({7, 4, 3, 2, 5, 2, 7, 6}) % 11) % 11;
    return check == p.value(8);
}

bool ru_inn(std::string_view s) noexcept {
    const Compact n(s);
    if (n.number(10)) return n.weighted({2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == n.value(9);
    return n.number(12) && n.weighted({7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == n.value(10) &&
           n.weighted({3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == n.value(11);
}

bool ru_snils(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(11) && n.part(0, 9) > 1001998 && n.weighted({9, 8, 7, 6, 5, 4, 3, 2, 1}) % 101 % 100 == n.two(9);
}

bool ua_tax(std::string_view s) noexcept {
    const Compact n(s);
    return n.number(10) && (n.weighted({10, 5, 7, 9, 4, 6, 10, 5, 7}) % 11) % 10 == n.value(9);  // 10 is -1 mod 11
}

bool kz_iin(std::string_view s) noexcept {
    const Compact n(s);
    if (!n.number(12) || !is_date(n.two(2), n.two(4))) return false;
    unsigned check = n.weighted({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) % 11;
    if (check == 10) check = n.weighted({3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}) % 11;
    return check == n.value(11);
}

}  // namespace

const std::array<NamedCheck, 29> kOtherChecks = {{
    {"cn_resident", cn_resident},
    {"cn_credit_code", cn_credit_code},
    {"hk_identity", hk_identity},
    {"tw_identity", tw_identity},
    {"sg_nric", sg_nric},
    {"kr_registration", kr_registration},
    {"kr_business", kr_business},
    {"jp_my_number", jp_my_number},
    {"jp_corporate", jp_corporate},
    {"in_aadhaar", in_aadhaar},
    {"in_pan", in_pan},
    {"in_gstin", in_gstin},
    {"th_identity", th_identity},
    {"my_kad", my_kad},
    {"id_nik", id_nik},
    {"tr_identity", tr_identity},
    {"il_identity", il_identity},
    {"sa_identity", sa_identity},
    {"ae_identity", ae_identity},
    {"za_identity", za_identity},
    {"au_tax_file", au_tax_file},
    {"au_business", au_business},
    {"au_company", au_company},
    {"au_medicare", au_medicare},
    {"nz_ird", nz_ird},
    {"ru_inn", ru_inn},
    {"ru_snils", ru_snils},
    {"ua_tax", ua_tax},
    {"kz_iin", kz_iin},
}};

}  // namespace fastguard::entity
