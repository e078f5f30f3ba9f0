#include "candidates_grammar.h"

#include <array>

#include "validators_ascii.h"
#include "validators_entity.h"

namespace fastguard::candidate {
namespace {

using namespace ascii;

// The byte at `i`, or a space outside the text.
char byte(std::string_view text, std::size_t i) noexcept { return i < text.size() ? text[i] : ' '; }
char before(std::string_view text, std::size_t i, std::size_t distance = 1) noexcept {
    return i >= distance ? text[i - distance] : ' ';
}

// Length of the run of digits that ends before (begins at) a position, 5 for more than four.
std::size_t digits_before(std::string_view text, std::size_t end) noexcept {
    std::size_t n = 0;
    while (n < 5 && n < end && is_digit(text[end - 1 - n])) ++n;
    return n;
}
std::size_t digits_from(std::string_view text, std::size_t begin) noexcept {
    std::size_t n = 0;
    while (n < 5 && is_digit(byte(text, begin + n))) ++n;
    return n;
}

Range accepted(ValidatorId id, std::string_view text, std::size_t begin, std::size_t end) noexcept {
    return validate(id, text.substr(begin, end - begin)) ? Range{begin, end} : Range{};
}

// "version 1.2.3.4", "FileVersion=1.2.3.4", "v: 1.2.3.4"
bool after_version_word(std::string_view text, std::size_t begin) noexcept {
    std::size_t end = begin;
    while (end > 0 && begin - end < 4 && std::string_view(" \t:=\"'(").find(text[end - 1]) != std::string_view::npos)
        --end;
    std::size_t first = end;
    while (first > 0 && end - first < 8 && is_alpha(text[first - 1])) --first;
    const std::string_view word = text.substr(first, end - first);
    for (const std::string_view known : {"version", "release", "build", "firmware"})
        if (word.size() >= known.size() && equals_folded(word.substr(word.size() - known.size()), known)) return true;
    if (is_word(before(text, first))) return false;
    return equals_folded(word, "v") || equals_folded(word, "ver") || equals_folded(word, "rev");
}

constexpr bool is_local_char(char c) noexcept {
    return is_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

// Whether what ends at `end` is the user of a URL: scheme://user:password@host.
bool in_userinfo(std::string_view text, std::size_t end) noexcept {
    for (std::size_t i = end; i > 0 && end - i < 128; --i) {
        const char c = text[i - 1];
        if (c == '/') return i >= 3 && text[i - 2] == '/' && text[i - 3] == ':';
        if (static_cast<unsigned char>(c) <= ' ' ||
            std::string_view("\"'<>@?#,()[]{}").find(c) != std::string_view::npos)
            return false;
    }
    return false;
}

// Valid IPv6 that is an address rather than C++ scopes, slices or lists: addresses in use begin with four digits
// (2000::/3, fc00::/7, fe80::/10, ff00::/8), embed IPv4, use 64:ff9b::/96, or are written out.
bool plausible_ipv6(std::string_view s) noexcept {
    std::size_t hex = 0;
    bool decimal = false;
    for (const char c : s) {
        hex += is_hex(c) ? 1U : 0U;
        decimal = decimal || is_digit(c);
    }
    if (!decimal) return false;
    if (s.find('.') != std::string_view::npos || s.find(':') == 4) return true;
    if (equals_folded(s.substr(0, 8), "64:ff9b:")) return true;
    return s.find("::") == std::string_view::npos && hex >= 17;
}

}  // namespace

bool number_may_begin(std::string_view text, std::size_t begin) noexcept {
    const char c = before(text, begin);
    if (is_word(c) || c == '@') return false;
    return !((c == '.' || c == '-' || c == '/') && is_alnum(before(text, begin, 2)));
}

bool number_may_end(std::string_view text, std::size_t end) noexcept {
    const char c = byte(text, end);
    if (is_word(c) || c == '@') return false;
    const char next = byte(text, end + 1);
    return !((c == '.' && is_digit(next)) || (c == '-' && is_alnum(next)));
}

Range card_at(std::string_view text, std::size_t start) noexcept {
    if (!number_may_begin(text, start)) return {};
    std::array<std::size_t, 16> ends{};
    std::size_t groups = 0;
    std::size_t digits = 0;
    std::size_t first_long = ends.size();  // first group that ends at 13 digits or later
    char separator = '\0';
    for (std::size_t i = start; groups < ends.size();) {
        while (digits <= 19 && is_digit(byte(text, i))) {
            ++i;
            ++digits;
        }
        if (digits > 19) break;
        if (digits >= 13 && first_long == ends.size()) first_long = groups;
        ends[groups++] = i;
        const char c = byte(text, i);
        if ((c != ' ' && c != '-' && c != '.') || (separator != '\0' && c != separator) || !is_digit(byte(text, i + 1)))
            break;
        separator = c;
        ++i;
    }
    for (std::size_t g = groups; g-- > first_long;) {
        const std::size_t end = ends[g];
        if (!number_may_end(text, end)) continue;
        if (g > 0 && separator == ' ') {  // one of a row of numbers of four digits
            if (before(text, start) == ' ' && start > 0 && digits_before(text, start - 1) == 4) continue;
            if (byte(text, end) == ' ' && digits_from(text, end + 1) == 4) continue;
        }
        if (const Range found = accepted(ValidatorId::luhn_card, text, start, end)) return found;
    }
    return {};
}

Range ssn_at(std::string_view text, std::size_t start) noexcept {
    const std::size_t end = start + 11;
    if (end > text.size() || !number_may_begin(text, start) || !number_may_end(text, end)) return {};
    return accepted(ValidatorId::us_ssn, text, start, end);
}

Range ipv4_at(std::string_view text, std::size_t start) noexcept {
    const char c = before(text, start);
    if (is_word(c) || c == '.' || c == '-' || c == '@' || c == '~' || c == '^') return {};
    const char c2 = before(text, start, 2);
    if (c == '/' && is_alnum(c2)) return {};                                                     // Chrome/1.2.3.4
    if (c == '=' && (c2 == '<' || c2 == '>' || c2 == '~' || c2 == '!' || c2 == '^')) return {};  // >=1.2.3.4
    std::size_t end = start;
    for (unsigned octet = 0; octet < 4; ++octet) {
        if (octet != 0 && byte(text, end++) != '.') return {};
        const std::size_t digits = digits_from(text, end);
        if (digits == 0 || digits > 3) return {};
        end += digits;
    }
    const char next = byte(text, end);
    if (is_word(next) || next == '@') return {};
    if (next == '.' && is_digit(byte(text, end + 1))) return {};
    if (next == '-' && is_alpha(byte(text, end + 1))) return {};
    if (next == '-' && is_digit(byte(text, end + 1))) {  // a range of addresses, but not 1.2.3.4-1
        const std::size_t digits = digits_from(text, end + 1);
        if (digits > 3 || byte(text, end + 1 + digits) != '.') return {};
    }
    if (after_version_word(text, start)) return {};
    return accepted(ValidatorId::ipv4, text, start, end);
}

Range phone_at(std::string_view text, std::size_t start) noexcept {
    const bool plus = before(text, start) == '+';
    const std::size_t begin = plus ? start - 1 : start;
    if (before(text, begin) == '+' || !number_may_begin(text, begin)) return {};
    if (!plus && before(text, begin) == ':' && is_digit(before(text, begin, 2))) return {};  // 10:00
    if (!plus) {  // no country code begins with 0: a row of zeros ends here
        const std::size_t code = start + (is_digit(byte(text, start + 2)) ? 2 : 3);
        if (!is_digit(byte(text, code)) || text[code] == '0') return {};
    }
    constexpr std::size_t kLongest = 32;
    std::array<std::size_t, kLongest> ends{};
    std::size_t count = 0;
    std::size_t digits = 0;
    for (std::size_t i = start; i < begin + kLongest; ++i) {
        const char c = byte(text, i);
        if (is_digit(c)) {
            if (++digits > 18) break;  // 00, 15 digits and a trunk zero
            if (!is_digit(byte(text, i + 1)) && digits >= 7) ends[count++] = i + 1;
        } else if (c != ' ' && c != '-' && c != '.' && c != '/' && c != '(' && c != ')') {
            break;
        }
    }
    const bool enclosed = plus && before(text, begin) == '(' && number_may_begin(text, begin - 1);
    for (std::size_t first = enclosed ? begin - 1 : begin; first <= begin; ++first) {
        for (std::size_t i = count; i-- > 0;) {
            std::size_t end = ends[i];
            if (byte(text, end) == 'x' && is_digit(byte(text, end + 1))) {  // extension, at most six digits
                ++end;
                for (unsigned n = 0; n < 7 && is_digit(byte(text, end)); ++n) ++end;
            }
            if (!number_may_end(text, end) || (byte(text, end) == '/' && is_digit(byte(text, end + 1)))) continue;
            if (const Range found = accepted(ValidatorId::phone_e164, text, first, end)) return found;
        }
    }
    return {};
}

Range iban_at(std::string_view text, std::size_t start) noexcept {
    if (start < 2 || !is_digit(byte(text, start + 1))) return {};
    const std::size_t begin = start - 2;
    const std::size_t length = entity::iban_length(text[begin], text[begin + 1]);
    if (length == 0 || !number_may_begin(text, begin)) return {};
    const std::size_t end = begin + length + (is_alnum(byte(text, begin + 4)) ? 0 : (length - 1) / 4);
    if (end > text.size() || !number_may_end(text, end)) return {};
    return accepted(ValidatorId::iban, text, begin, end);
}

Range plain_mac(std::string_view text, std::size_t start) noexcept {
    std::size_t begin = start;
    while (begin > 0 && start - begin < 3 && is_hex(text[begin - 1])) --begin;
    char separator = '\0';
    std::size_t group = 0;
    if (byte(text, begin + 2) == '-' || (before(text, begin) == '-' && byte(text, begin + 2) != '.')) {
        separator = '-';
        group = 2;
    } else if (byte(text, begin + 4) == '.' || before(text, begin) == '.') {
        separator = '.';
        group = 4;
    } else {
        return {};
    }
    const std::size_t size = group == 2 ? 17 : 14;
    for (std::size_t back = 0; back < 12 / group - 1 && begin > group && text[begin - 1] == separator; ++back) {
        for (std::size_t i = 2; i <= group + 1; ++i)
            if (!is_hex(text[begin - i])) return {};
        begin -= group + 1;
    }
    const std::size_t end = begin + size;
    if (end > text.size() || text[begin + group] != separator) return {};
    const char c = before(text, begin);
    if (is_word(c) || c == '-' || c == '.' || c == ':') return {};
    const char next = byte(text, end);
    if (is_word(next) || ((next == '-' || next == '.' || next == ':') && is_alnum(byte(text, end + 1)))) return {};
    return accepted(ValidatorId::mac, text, begin, end);
}

Range email_at(std::string_view text, std::size_t at) noexcept {
    if (!is_alnum(byte(text, at + 1))) return {};
    std::size_t run = at;
    while (run > 0 && at - run <= 64 && is_local_char(text[run - 1])) --run;
    if (run == at || at - run > 64 || before(text, run) == '@') return {};
    std::size_t begin = at;  // after the last of two dots: "wait...me@example.org"
    while (begin > run && !(text[begin - 1] == '.' && text[begin] == '.')) --begin;
    while (begin < at && !is_word(text[begin])) ++begin;
    if (begin == at) return {};
    std::size_t end = at + 1;
    const std::size_t limit = at + 1 + 254;
    while (end < limit) {
        const char c = byte(text, end);
        if (!is_alnum(c) && c != '-' && !(c == '.' && is_alnum(byte(text, end + 1)))) break;
        ++end;
    }
    if (end == limit || is_word(byte(text, end)) || byte(text, end) == '@') return {};
    while (text[end - 1] == '-') --end;
    const std::string_view local = text.substr(begin, at - begin);
    if (local == "git" && byte(text, end) == ':' && !is_space(byte(text, end + 1))) return {};  // git@host:path
    if (in_userinfo(text, run)) return {};
    return accepted(ValidatorId::email, text, begin, end);
}

Range colon_address(std::string_view text, std::size_t colon, bool ipv6, bool mac, ValidatorId& id,
                    std::size_t& judged) noexcept {
    const char after = byte(text, colon + 1);
    if (!is_hex(after) && after != ':') return {};
    std::size_t begin = colon;
    while (begin > 0 && colon - begin < 5 && is_hex(text[begin - 1])) --begin;
    const char c = before(text, begin);
    if (colon - begin > 4 || is_word(c) || c == ':' || c == '.' || c == '-') return {};
    std::size_t last = colon;
    while (last < begin + 48 && (is_hex(byte(text, last)) || byte(text, last) == ':' || byte(text, last) == '.'))
        ++last;
    judged = last;
    for (std::size_t end = last; end >= begin + 4; --end) {
        const char next = byte(text, end);
        if (is_word(next)) continue;
        if ((next == ':' || next == '.' || next == '-') &&
            (is_alnum(byte(text, end + 1)) || byte(text, end + 1) == ':'))
            continue;
        if (next == ':' && text[end - 1] == ':') continue;
        const std::string_view address = text.substr(begin, end - begin);
        if (ipv6 && validate(ValidatorId::ipv6, address) && plausible_ipv6(address)) {
            id = ValidatorId::ipv6;
            return {begin, end};
        }
        if (mac && validate(ValidatorId::mac, address)) {
            id = ValidatorId::mac;
            return {begin, end};
        }
    }
    return {};
}

}  // namespace fastguard::candidate
