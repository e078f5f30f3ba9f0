#include "validators_phone_plan.h"

#include "validators_number.h"

namespace fastguard::entity {
namespace {

// Numbers of `least` to `most` digits that begin with `prefix`, the trunk prefix among them.
struct Range {
    std::string_view prefix;
    std::size_t least, most;
};

// By country, from the plans that the ITU publishes (Operational Bulletin, national numbering plans); short codes and
// premium services are left out.
constexpr auto kRanges = std::to_array<Range>({
    {"01", 9, 13},
    {"02", 8, 13},
    {"03", 8, 13},
    {"04", 8, 12},
    {"05", 8, 12},  // DE, AT, GB, IT, NL, BE, SE, AU,
                    // ZA
    {"06", 8, 13},
    {"07", 8, 12},
    {"08", 8, 12},
    {"09", 7, 12},  // HU, FI, CH, IE, NZ, RO, UA, SK, TR
    {"1", 9, 9},    // PL
    {"6", 9, 9},
    {"7", 9, 9},
    {"8", 9, 9},
    {"9", 8, 9},  // ES, PT, PL, CZ, CL, PE, SG, HK, NO
    {"2", 8, 10},
    {"3", 8, 10},
    {"4", 8, 9},
    {"5", 8, 9},  // DK, NO, PT, GR, PL, IT, CO
    {"13", 11, 11},
    {"14", 11, 11},
    {"15", 11, 11},
    {"16", 11, 11},
    {"17", 11, 11},
    {"18", 11, 11},
    {"19", 11, 11},  // CN
    {"6", 10, 10},
    {"7", 10, 10},
    {"8", 10, 10},
    {"9", 10, 10},  // IN
    {"83", 11, 11},
    {"84", 11, 11},
    {"88", 11, 11},
    {"89", 11, 11},  // RU, KZ
    {"1", 10, 11},
    {"4", 10, 11},
    {"5", 10, 11},
    {"11", 10, 11},
    {"21", 10, 11},  // BR, MX, AR
    {"6", 8, 8},
    {"7", 8, 8},
    {"8", 8, 8},  // DK, SG, HK
    {"2", 7, 7},
    {"3", 7, 7},
    {"4", 7, 7},
    {"5", 7, 7},  // subscribers of one area: US, CA
    {"6", 7, 7},
    {"7", 7, 7},
    {"8", 7, 7},
    {"9", 7, 7},  // and IS, EE
});

bool north_american(const Compact& n, std::size_t begin) noexcept {
    return n[begin] >= '2' && n[begin + 3] >= '2' && !(n[begin + 1] == '1' && n[begin + 2] == '1') &&
           !(n[begin + 4] == '1' && n[begin + 5] == '1');
}

}  // namespace

bool in_national_plan(std::string_view s) noexcept {
    const std::size_t extension = s.find_first_of("xX");
    const Compact n(s.substr(0, extension));
    if (n.size() < 7 || !n.digits(0, n.size()) || n.one_character()) return false;
    // With an extension and separators it is no other number, whatever exchange it names.
    const bool extended = extension != std::string_view::npos && s.find_first_of("-. )") < extension;
    if (extended && (n.size() == 10 || (n.size() == 11 && n[0] == '1') || n.text().starts_with("001"))) return true;
    if (n.size() == 10 && north_american(n, 0)) return true;
    if (n.size() == 11 && n[0] == '1' && north_american(n, 1)) return true;
    if (n.size() == 13 && n.text().starts_with("001")) return north_american(n, 3);
    bool distinct = false;  // the subscriber's number is not one digit repeated
    for (std::size_t i = n.size() - 5; i < n.size(); ++i) distinct = distinct || n[i] != n[n.size() - 1];
    if (!distinct) return false;
    for (const Range& range : kRanges)
        if (n.size() >= range.least && n.size() <= range.most && n.text().starts_with(range.prefix)) return true;
    return false;
}

}  // namespace fastguard::entity
