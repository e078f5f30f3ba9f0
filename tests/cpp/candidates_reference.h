// The plain version of the candidate finder: every begin, every end, every entity; then the rule of overlaps.
// Written from the header's words and sharing nothing with the finder but the validators.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "fastguard/candidates.h"

namespace reference {

using fastguard::ValidatorId;

inline bool among(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }
inline bool digit(char c) { return c >= '0' && c <= '9'; }
inline bool alnum(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// What stands around [begin, end), in text padded by spaces.
struct Place {
    std::string_view text;
    std::size_t begin, end;
    char left(std::size_t n) const { return begin >= n ? text[begin - n] : ' '; }
    char right(std::size_t n) const { return end + n - 1 < text.size() ? text[end + n - 1] : ' '; }
    std::string_view span() const { return text.substr(begin, end - begin); }
    bool in_word() const { return alnum(left(1)) || left(1) == '_' || alnum(right(1)) || right(1) == '_'; }
    std::size_t digits_left_of_space() const {
        std::size_t n = 0;
        if (left(1) == ' ')
            while (digit(left(n + 2))) ++n;
        return n;
    }
    std::size_t digits_right_of_space() const {
        std::size_t n = 0;
        if (right(1) == ' ')
            while (digit(right(n + 2))) ++n;
        return n;
    }
};

inline bool loose_number(const Place& p) {
    if (p.in_word() || p.left(1) == '@' || p.right(1) == '@') return false;
    if (among(p.left(1), ".-/") && alnum(p.left(2))) return false;
    if (p.right(1) == '.' && digit(p.right(2))) return false;
    return !(p.right(1) == '-' && alnum(p.right(2)));
}

inline bool version(const Place& p) {
    std::size_t end = p.begin;
    for (int i = 0; i < 4 && end > 0 && among(p.text[end - 1], " \t:=\"'("); ++i) --end;
    std::size_t first = end;
    for (int i = 0; i < 8 && first > 0 && alnum(p.text[first - 1]) && !digit(p.text[first - 1]); ++i) --first;
    std::string word(p.text.substr(first, end - first));
    for (char& c : word) c = static_cast<char>(std::tolower(c));
    for (const std::string known : {"version", "release", "build", "firmware"})
        if (word.ends_with(known)) return true;
    const char before = first > 0 ? p.text[first - 1] : ' ';
    return !alnum(before) && before != '_' && (word == "v" || word == "ver" || word == "rev");
}

inline bool ipv4(const Place& p) {
    if (p.in_word() || among(p.left(1), ".-@~^") || p.right(1) == '@') return false;
    if (p.left(1) == '/' && alnum(p.left(2))) return false;
    if (p.left(1) == '=' && among(p.left(2), "<>~!^")) return false;
    if (p.right(1) == '.' && digit(p.right(2))) return false;
    if (p.right(1) == '-' && alnum(p.right(2))) {
        std::size_t n = 2;
        while (digit(p.right(n))) ++n;
        if (n == 2 || n > 5 || p.right(n) != '.') return false;
    }
    return !version(p);
}

inline bool card(const Place& p) {
    if (!loose_number(p)) return false;
    if (p.span().find(' ') == std::string_view::npos) return true;
    return p.digits_left_of_space() != 4 && p.digits_right_of_space() != 4;
}

inline bool ssn(const Place& p) {
    return loose_number(p) &&
           (p.text[p.begin + 3] != ' ' || (p.digits_left_of_space() == 0 && p.digits_right_of_space() == 0));
}

inline bool phone(const Place& p) {
    if (!loose_number(p) || (p.right(1) == '/' && digit(p.right(2)))) return false;
    if (p.text[p.begin] == '0') return !(p.left(1) == '+' || (p.left(1) == ':' && digit(p.left(2))));
    return p.text[p.begin] == '(' || p.left(1) != '+';
}

inline bool mac_or_ipv6(const Place& p) {
    if (p.in_word() || among(p.left(1), ":.-")) return false;
    return !(
        among(p.right(1), ":.-") &&
        (alnum(p.right(2)) || (p.text.substr(p.begin, 5).find(':') != std::string_view::npos && p.right(2) == ':')));
}

inline bool ipv6(const Place& p) {
    if (!mac_or_ipv6(p) || (p.right(1) == ':' && p.text[p.end - 1] == ':')) return false;
    const std::string_view s = p.span();
    if (std::none_of(s.begin(), s.end(), digit)) return false;
    if (s.find('.') != std::string_view::npos || s.find(':') == 4 || s.starts_with("64:ff9b:") ||
        s.starts_with("64:FF9B:"))
        return true;
    return s.find("::") == std::string_view::npos && std::count_if(s.begin(), s.end(), hex) >= 17;
}

inline bool mac(const Place& p) {
    const std::string_view s = p.span();
    if (s[2] == ':' && p.right(1) == ':' && s.back() == ':') return false;
    return mac_or_ipv6(p) && (s[2] == ':' || std::any_of(s.begin(), s.end(), digit));
}

inline bool email(const Place& p) {
    const auto local_char = [](char c) { return alnum(c) || among(c, "._%+-"); };
    const std::size_t at = p.text.find('@', p.begin);
    std::size_t run = at;
    while (run > 0 && local_char(p.text[run - 1])) --run;
    if (at - run > 64 || (run > 0 && p.text[run - 1] == '@')) return false;
    if (p.begin > run) {  // shorter than the run: only what cannot begin a name is cut off, or what ends in two dots
        const std::string_view cut = p.text.substr(run, p.begin - run);
        std::size_t dots = cut.rfind("..");
        const std::string_view rest = dots == std::string_view::npos ? cut : cut.substr(dots + 2);
        if (std::any_of(rest.begin(), rest.end(), [](char c) { return alnum(c) || c == '_'; })) return false;
    }
    std::size_t tail = 1;  // hyphens after the domain belong to no one
    while (p.right(tail) == '-') ++tail;
    const char next = p.right(tail);
    if (alnum(next) || next == '_' || next == '@' || (next == '.' && alnum(p.right(tail + 1)))) return false;
    if (p.text.substr(p.begin, 4) == "git@" && p.right(1) == ':' &&
        !std::isspace(static_cast<unsigned char>(p.right(2))))
        return false;
    for (std::size_t i = run; i > 0; --i) {
        const char c = p.text[i - 1];
        if (c == '/') return !(i >= 3 && p.text.substr(i - 3, 2) == ":/");
        if (static_cast<unsigned char>(c) <= ' ' || among(c, "\"'<>@?#,()[]{}")) break;
    }
    return true;
}

inline bool stands(ValidatorId id, const Place& p) {
    switch (id) {
        case ValidatorId::email:
            return email(p);
        case ValidatorId::ipv6:
            return ipv6(p);
        case ValidatorId::mac:
            return mac(p);
        case ValidatorId::iban:
            return loose_number(p);
        case ValidatorId::luhn_card:
            return card(p);
        case ValidatorId::us_ssn:
            return ssn(p);
        case ValidatorId::phone_e164:
            return phone(p);
        default:
            return ipv4(p);
    }
}

inline std::vector<fastguard::Candidate> find_candidates(std::string_view text, std::uint64_t wanted) {
    constexpr ValidatorId kOrder[] = {ValidatorId::email,      ValidatorId::ipv6,      ValidatorId::mac,
                                      ValidatorId::iban,       ValidatorId::luhn_card, ValidatorId::us_ssn,
                                      ValidatorId::phone_e164, ValidatorId::ipv4};
    std::vector<fastguard::Candidate> found;
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
        if (!found.empty() && found.back().end > begin) continue;
        bool taken = false;
        for (const ValidatorId id : kOrder) {
            if (taken || (wanted & fastguard::validator_bit(id)) == 0) continue;
            for (std::size_t end = text.size(); end > begin && !taken; --end) {
                if (!fastguard::validate(id, text.substr(begin, end - begin)) || !stands(id, {text, begin, end}))
                    continue;
                found.push_back({fastguard::candidate_kind(id), static_cast<std::uint32_t>(begin),
                                 static_cast<std::uint32_t>(end), id});
                taken = true;
            }
        }
    }
    return found;
}

}  // namespace reference
