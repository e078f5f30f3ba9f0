// International telephone numbers (ITU-T E.164).
#include <array>
#include <cstddef>
#include <cstdint>

#include "validators_ascii.h"
#include "validators_entity.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

struct Country {
    std::uint16_t code;
    std::uint8_t least, most;  // digits of the national (significant) number
};

// Country codes assigned by the ITU (Operational Bulletin, List of E.164 assigned codes) with the lengths that national
// plans use, short codes left out. Ascending.
constexpr auto kCountries = std::to_array<Country>({
    {1, 10, 10},   {7, 10, 10},  {20, 8, 10},  {27, 9, 9},   {30, 10, 10}, {31, 9, 9},   {32, 8, 9},    {33, 9, 9},
    {34, 9, 9},    {36, 8, 9},   {39, 6, 11},  {40, 9, 9},   {41, 9, 9},   {43, 7, 13},  {44, 9, 10},   {45, 8, 8},
    {46, 7, 10},   {47, 8, 8},   {48, 9, 9},   {49, 6, 13},  {51, 8, 9},   {52, 10, 11}, {53, 6, 8},    {54, 10, 11},
    {55, 10, 11},  {56, 9, 9},   {57, 8, 10},  {58, 10, 10}, {60, 8, 10},  {61, 9, 9},   {62, 8, 12},   {63, 8, 10},
    {64, 8, 10},   {65, 8, 8},   {66, 8, 9},   {81, 9, 10},  {82, 8, 10},  {84, 9, 10},  {86, 10, 11},  {90, 10, 10},
    {91, 10, 10},  {92, 9, 10},  {93, 9, 9},   {94, 9, 9},   {95, 7, 10},  {98, 10, 10}, {211, 9, 9},   {212, 9, 9},
    {213, 8, 9},   {216, 8, 8},  {218, 8, 9},  {220, 7, 7},  {221, 9, 9},  {222, 8, 8},  {223, 8, 8},   {224, 8, 9},
    {225, 10, 10}, {226, 8, 8},  {227, 8, 8},  {228, 8, 8},  {229, 8, 10}, {230, 7, 8},  {231, 7, 9},   {232, 8, 8},
    {233, 9, 9},   {234, 8, 10}, {235, 8, 8},  {236, 8, 8},  {237, 8, 9},  {238, 7, 7},  {239, 7, 7},   {240, 9, 9},
    {241, 7, 8},   {242, 9, 9},  {243, 9, 9},  {244, 9, 9},  {245, 7, 9},  {246, 7, 7},  {247, 5, 6},   {248, 7, 7},
    {249, 9, 9},   {250, 9, 9},  {251, 9, 9},  {252, 7, 9},  {253, 8, 8},  {254, 9, 10}, {255, 9, 9},   {256, 9, 9},
    {257, 8, 8},   {258, 8, 9},  {260, 9, 9},  {261, 9, 9},  {262, 9, 9},  {263, 8, 10}, {264, 8, 9},   {265, 7, 9},
    {266, 8, 8},   {267, 7, 8},  {268, 8, 8},  {269, 7, 7},  {290, 5, 5},  {291, 7, 7},  {297, 7, 7},   {298, 6, 6},
    {299, 6, 6},   {350, 8, 8},  {351, 9, 9},  {352, 6, 11}, {353, 7, 9},  {354, 7, 9},  {355, 8, 9},   {356, 8, 8},
    {357, 8, 8},   {358, 6, 12}, {359, 7, 9},  {370, 8, 8},  {371, 8, 8},  {372, 7, 8},  {373, 8, 8},   {374, 8, 8},
    {375, 9, 9},   {376, 6, 9},  {377, 8, 9},  {378, 6, 10}, {380, 9, 9},  {381, 8, 10}, {382, 8, 8},   {383, 8, 8},
    {385, 8, 9},   {386, 8, 8},  {387, 8, 9},  {389, 8, 8},  {420, 9, 9},  {421, 9, 9},  {423, 7, 9},   {500, 5, 5},
    {501, 7, 7},   {502, 8, 8},  {503, 8, 8},  {504, 8, 8},  {505, 8, 8},  {506, 8, 8},  {507, 7, 8},   {508, 6, 6},
    {509, 8, 8},   {590, 9, 9},  {591, 8, 8},  {592, 7, 7},  {593, 8, 9},  {594, 9, 9},  {595, 7, 9},   {596, 9, 9},
    {597, 6, 7},   {598, 8, 8},  {599, 7, 8},  {670, 7, 8},  {672, 6, 6},  {673, 7, 7},  {674, 7, 7},   {675, 7, 8},
    {676, 5, 7},   {677, 5, 7},  {678, 5, 7},  {679, 7, 7},  {680, 7, 7},  {681, 6, 6},  {682, 5, 5},   {683, 4, 7},
    {685, 5, 7},   {686, 8, 8},  {687, 6, 6},  {688, 5, 7},  {689, 6, 8},  {690, 4, 7},  {691, 7, 7},   {692, 7, 7},
    {800, 8, 8},   {808, 8, 8},  {850, 8, 10}, {852, 8, 8},  {853, 8, 8},  {855, 8, 9},  {856, 8, 10},  {870, 9, 12},
    {878, 12, 12}, {880, 8, 10}, {881, 9, 10}, {882, 7, 12}, {883, 8, 12}, {886, 8, 9},  {888, 11, 11}, {960, 7, 7},
    {961, 7, 8},   {962, 8, 9},  {963, 8, 9},  {964, 8, 10}, {965, 8, 8},  {966, 9, 9},  {967, 7, 9},   {968, 8, 8},
    {970, 8, 9},   {971, 8, 9},  {972, 8, 9},  {973, 8, 8},  {974, 8, 8},  {975, 7, 8},  {976, 8, 8},   {977, 8, 10},
    {979, 9, 9},   {992, 9, 9},  {993, 8, 8},  {994, 9, 9},  {995, 9, 9},  {996, 9, 9},  {998, 9, 9},
});

// Code of one, two or three digits -> index + 1; no assigned code is a prefix of another.
constexpr std::array<std::uint8_t, 1000> kCountryByCode = [] {
    std::array<std::uint8_t, 1000> table{};
    for (std::size_t i = 0; i < kCountries.size(); ++i) table[kCountries[i].code] = static_cast<std::uint8_t>(i + 1);
    return table;
}();

const Country* country_of(const std::array<char, 16>& digits, std::size_t count, std::size_t& code_length) noexcept {
    if (count == 0 || digits[0] == '0') return nullptr;
    unsigned code = 0;
    for (code_length = 1; code_length <= 3 && code_length <= count; ++code_length) {
        code = code * 10 + static_cast<unsigned>(digits[code_length - 1] - '0');
        if (kCountryByCode[code] != 0) return &kCountries[kCountryByCode[code] - 1U];
    }
    return nullptr;
}

constexpr bool is_separator(char c) noexcept { return c == ' ' || c == '-' || c == '.' || c == '/'; }

// North America: area and exchange begin with 2-9 and do not end in 11 (NANPA).
bool north_american(const std::array<char, 16>& digits) noexcept {
    return digits[1] >= '2' && digits[4] >= '2' && !(digits[2] == '1' && digits[3] == '1') &&
           !(digits[5] == '1' && digits[6] == '1');
}

}  // namespace

bool phone_e164(std::string_view s) noexcept {
    if (s.size() < 8 || s.size() > 32) return false;
    std::size_t at = 0;
    bool open = false;
    if (s[0] == '+') {
        at = 1;
    } else if (s[0] == '(' && s[1] == '+') {
        at = 2;
        open = true;
    } else if (s[0] == '0' && s[1] == '0') {
        at = is_separator(s[2]) ? 3 : 2;
    } else {
        return false;
    }
    std::array<char, 16> digits{};
    std::size_t count = 0;
    std::size_t parentheses = 0;  // pairs inside the number; the one around the country code is not counted
    bool separated = s[0] != '0' || at == 3;
    bool may_separate = false;  // after a digit or a parenthesis
    for (; at < s.size(); ++at) {
        const char c = s[at];
        if (is_digit(c)) {
            if (count == 15) return false;
            digits[count++] = c;
            may_separate = true;
        } else if (c == '(') {
            if (open || count == 0 || ++parentheses > 1) return false;
            if (s.substr(at, 3) == "(0)") {  // the trunk prefix, not dialled from abroad
                at += 2;
                may_separate = true;
                continue;
            }
            open = true;
            may_separate = false;
        } else if (c == ')') {
            if (!open || !is_digit(s[at - 1])) return false;
            open = false;
        } else if (is_separator(c)) {
            if (!may_separate || open) return false;
            if (s.substr(at, 3) == " - " || s.substr(at, 3) == " / ") at += 2;
            may_separate = false;
            separated = true;
        } else if (c == 'x' && is_digit(s[at - 1])) {  // extension
            if (s.size() - at < 2 || s.size() - at > 7) return false;
            for (const char d : s.substr(at + 1))
                if (!is_digit(d)) return false;
            break;
        } else {
            return false;
        }
    }
    if (open || !separated || !is_digit(s.back())) return false;  // 00 and digits alone are an id with leading zeros
    std::size_t code_length = 0;
    const Country* country = country_of(digits, count, code_length);
    if (country == nullptr) return false;
    const std::size_t national = count - code_length;
    if (national < country->least || national > country->most) return false;
    bool one_digit = true;
    for (std::size_t i = code_length + 1; i < count; ++i) one_digit = one_digit && digits[i] == digits[code_length];
    const bool extended = s.find('x') != std::string_view::npos && s.find('-') != std::string_view::npos;
    return !one_digit && (country->code != 1 || extended || north_american(digits));
}

}  // namespace fastguard::entity
