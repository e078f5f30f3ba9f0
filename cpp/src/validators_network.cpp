// IPv4, IPv6 and MAC addresses.
#include <cstddef>

#include "validators_ascii.h"
#include "validators_entity.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

// RFC 791 quad without leading zeros; `first` receives the first octet.
bool dotted_quad(std::string_view s, unsigned& first) noexcept {
    if (s.size() < 7 || s.size() > 15) return false;
    std::size_t at = 0;
    for (unsigned octet = 0; octet < 4; ++octet) {
        if (octet != 0 && (at >= s.size() || s[at++] != '.')) return false;
        const std::size_t begin = at;
        unsigned value = 0;
        while (at < s.size() && at < begin + 3 && is_digit(s[at]))
            value = value * 10 + static_cast<unsigned>(s[at++] - '0');
        if (at == begin || value > 255 || (s[begin] == '0' && at - begin > 1)) return false;
        if (octet == 0) first = value;
    }
    return at == s.size();
}

}  // namespace

bool ipv4(std::string_view s) noexcept {
    unsigned first = 0;
    return dotted_quad(s, first) && first != 0 && first != 127 && first != 255;
}

bool ipv6(std::string_view s) noexcept {
    if (s.size() < 3 || s.size() > 45) return false;
    unsigned groups = 0;
    bool gap = false;
    bool only_low_one = true;  // nothing but zeros and a last 1: the unspecified and the loopback address
    std::size_t at = 0;
    if (s[0] == ':') {
        if (s[1] != ':') return false;
        gap = true;
        at = 2;
    }
    while (at < s.size()) {
        const std::size_t begin = at;
        unsigned value = 0;
        while (at < s.size() && at < begin + 4 && is_hex(s[at])) {
            const char c = lower(s[at++]);
            value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'a' + 10);
        }
        if (at == begin) return false;
        if (at < s.size() && s[at] == '.') {
            unsigned first = 0;
            if (!dotted_quad(s.substr(begin), first)) return false;
            groups += 2;
            return gap ? groups <= 7 : groups == 8;
        }
        ++groups;
        if (value != 0 && !(value == 1 && at == s.size())) only_low_one = false;
        if (at == s.size()) break;
        if (s[at++] != ':') return false;
        if (at < s.size() && s[at] == ':') {
            if (gap) return false;
            gap = true;
            if (++at == s.size()) break;
        } else if (at == s.size()) {
            return false;  // a single colon at the end
        }
    }
    return (gap ? groups <= 7 : groups == 8) && !only_low_one;
}

bool mac(std::string_view s) noexcept {
    const bool dotted = s.size() == 14;
    if (!dotted && s.size() != 17) return false;
    const std::size_t step = dotted ? 5 : 3;
    const char separator = s[step - 1];
    if (dotted ? separator != '.' : separator != ':' && separator != '-') return false;
    bool all_zero = true;
    bool all_ones = true;
    bool letter = false;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (i % step == step - 1) {
            if (s[i] != separator) return false;
            continue;
        }
        if (!is_hex(s[i])) return false;
        all_zero = all_zero && s[i] == '0';
        all_ones = all_ones && lower(s[i]) == 'f';
        letter = letter || is_alpha(s[i]);
    }
    return !all_zero && !all_ones && (letter || !dotted);  // 1234.5678.9012 is a number, not an address
}

}  // namespace fastguard::entity
