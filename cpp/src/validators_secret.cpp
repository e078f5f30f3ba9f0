// Keys, tokens and the values of assignments.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "fastguard/validators.h"
#include "validators_ascii.h"
#include "validators_entity.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

constexpr std::size_t kLongestSecret = 16384;  // longer views are no single secret

constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::array<std::uint32_t, 256> kCrc32 = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
        table[i] = value;
    }
    return table;
}();

constexpr int base64url_value(char c) noexcept {
    if (is_upper(c)) return c - 'A';
    if (is_lower(c)) return c - 'a' + 26;
    if (is_digit(c)) return c - '0' + 52;
    if (c == '-' || c == '+') return 62;
    if (c == '_' || c == '/') return 63;
    return -1;
}

// Decodes at most `room` bytes; returns how many, or -1 for a character outside the alphabet.
int decode_base64url(std::string_view s, char* out, std::size_t room) noexcept {
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t written = 0;
    for (const char c : s) {
        const int value = base64url_value(c);
        if (value < 0) return -1;
        bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFFU;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        if (written == room) break;
        out[written++] = static_cast<char>(bits >> held & 0xFFU);
    }
    return static_cast<int>(written);
}

bool json_object_start(std::string_view part, std::string_view member) noexcept {
    std::array<char, 384> json{};
    const int size = decode_base64url(part, json.data(), json.size());
    if (size < 2) return false;
    const std::string_view text{json.data(), static_cast<std::size_t>(size)};
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{' && text.find(member) != std::string_view::npos;
}

struct Classes {
    std::size_t lower = 0, upper = 0, digit = 0, other = 0;
    explicit Classes(std::string_view s) noexcept {
        for (const char c : s) {
            if (is_lower(c))
                ++lower;
            else if (is_upper(c))
                ++upper;
            else if (is_digit(c))
                ++digit;
            else
                ++other;
        }
    }
};

bool all_hex(std::string_view s) noexcept {
    for (const char c : s)
        if (!is_hex(c)) return false;
    return true;
}

// Words by which manuals, templates and tests mark what is not a secret.
constexpr auto kPlaceholders = std::to_array<std::string_view>({
    "example",   "xxxx",      "changeme", "change_me",   "change-me", "placeholder", "redacted", "dummy",
    "sample",    "your_",     "your-",    "yourapi",     "yourp",     "yourtoken",   "yoursecr", "yourkey",
    "insert",    "replace",   "****",     "....",        "todo",      "not-a-real",  "notareal", "fake",
    "my-secret", "my_secret", "mysecret", "password123", "secret123", "foobar",
});

// Bit n of a byte: placeholder n begins with it, in either case.
constexpr auto kPlaceholderBegins = [] {
    static_assert(kPlaceholders.size() <= 32);
    std::array<std::uint32_t, 256> begins{};
    for (std::size_t n = 0; n < kPlaceholders.size(); ++n) {
        const char first = kPlaceholders[n][0];
        begins[static_cast<unsigned char>(first)] |= std::uint32_t{1} << n;
        if (first >= 'a' && first <= 'z') begins[static_cast<unsigned char>(first - 32)] |= std::uint32_t{1} << n;
    }
    return begins;
}();

bool has_placeholder(std::string_view s) noexcept {
    for (std::size_t i = 0; i < s.size(); ++i) {
        for (std::uint32_t words = kPlaceholderBegins[static_cast<unsigned char>(s[i])]; words != 0;
             words &= words - 1) {
            const std::string_view word = kPlaceholders[static_cast<std::size_t>(std::countr_zero(words))];
            if (equals_folded(s.substr(i, word.size()), word)) return true;
        }
    }
    return false;
}

bool has_run_or_sequence(std::string_view s) noexcept {
    std::size_t same = 1;
    std::size_t rising = 1;
    for (std::size_t i = 1; i < s.size(); ++i) {
        same = s[i] == s[i - 1] ? same + 1 : 1;
        rising = is_alnum(s[i]) && s[i] == s[i - 1] + 1 ? rising + 1 : 1;
        if (same >= 6 || rising >= 7) return true;
    }
    return false;
}

// Interpolation and templates: ${X}, {{x}}, <x>, %(x)s, $(x), #{x}, @@x@@.
bool is_template(std::string_view s) noexcept {
    if (s.find("${") != std::string_view::npos || s.find("{{") != std::string_view::npos ||
        s.find("$(") != std::string_view::npos || s.find("#{") != std::string_view::npos ||
        s.find("%(") != std::string_view::npos)
        return true;
    const char first = s.front();
    const char last = s.back();
    return (first == '<' && last == '>') || (first == '[' && last == ']') || (first == '{' && last == '}') ||
           (first == '%' && last == '%') || (first == '$' && s.size() > 1 && (is_alpha(s[1]) || s[1] == '_'));
}

// Code rather than a literal: calls, members, indexing, paths, variables in capitals.
bool is_expression(std::string_view s) noexcept {
    if (s.find("()") != std::string_view::npos || s.find("->") != std::string_view::npos ||
        s.find("::") != std::string_view::npos || s.find("://") != std::string_view::npos)
        return true;
    bool begins = true;  // of a part between dots
    bool dotted = false;
    for (std::size_t i = 0; i < s.size(); ++i) {
        const char c = s[i];
        if (c == '(' || c == '[') return i >= 2;
        if (c == '.') {
            if (begins) return false;
            dotted = begins = true;
            continue;
        }
        if (!is_word(c) || (begins && is_digit(c))) return false;
        begins = false;
    }
    return dotted && !begins;
}

// A name as programmers write it: words of letters joined by _ - . or humps, a short number at the end at most.
bool is_identifier(std::string_view s) noexcept {
    std::size_t digits_at_end = 0;
    while (digits_at_end < s.size() && is_digit(s[s.size() - 1 - digits_at_end])) ++digits_at_end;
    std::string_view head = s.substr(0, s.size() - digits_at_end);
    while (!head.empty() && !is_alnum(head.back())) head.remove_suffix(1);
    if (head.empty() || digits_at_end > 4) return false;
    std::size_t changes = 0;  // from lower to upper case: humps
    std::size_t parts = 1;
    for (std::size_t i = 0; i < head.size(); ++i) {
        if (head[i] == '_' || head[i] == '-' || head[i] == '.' || head[i] == '/') {
            ++parts;
            continue;
        }
        if (!is_alpha(head[i])) return false;
        if (i != 0 && is_upper(head[i]) && is_lower(head[i - 1])) ++changes;
    }
    const std::size_t letters = head.size() - (parts - 1);
    return letters / (parts + changes) >= 3;  // random letters change case about every second character
}

// Words and numbers joined to a name: NEXUS-GPT4-API-KEY, jjwt-jackson-0.11.2. Random text has longer parts, and few of
// them are letters alone.
bool is_compound_name(std::string_view s) noexcept {
    std::size_t parts = 0;
    std::size_t words = 0;
    std::size_t length = 0;  // of the parts that count
    for (std::size_t begin = 0; begin <= s.size();) {
        std::size_t end = begin;
        bool letters = true;
        bool digits = true;
        for (; end < s.size() && is_alnum(s[end]); ++end) {
            letters = letters && is_alpha(s[end]);
            digits = digits && is_digit(s[end]);
        }
        if (end != begin && !(digits && end - begin < 4)) {
            ++parts;
            words += letters ? 1U : 0U;
            length += end - begin;
        }
        begin = end + 1;
    }
    return parts >= 2 && words * 2 >= parts && length < parts * 9;
}

bool plain_value(std::string_view s) noexcept {
    if (s.size() > 512 || !not_placeholder(s) || is_expression(s)) return false;
    for (const char c : s)
        if (is_space(c) || static_cast<unsigned char>(c) < 0x20) return false;
    return !uuid(s);
}

}  // namespace

bool jwt(std::string_view s) noexcept {
    if (s.size() < 20 || s.size() > kLongestSecret) return false;
    const std::size_t first = s.find('.');
    if (first == std::string_view::npos) return false;
    const std::size_t second = s.find('.', first + 1);
    if (second == std::string_view::npos || second + 1 == s.size()) return false;
    for (std::size_t i = 0; i < s.size(); ++i)
        if (i != first && i != second && base64url_value(s[i]) < 0) return false;
    return json_object_start(s.substr(0, first), "\"alg\"") &&
           json_object_start(s.substr(first + 1, second - first - 1), "\"");
}

bool github_crc(std::string_view s) noexcept {
    const std::size_t prefix = s.find('_');
    if (prefix == std::string_view::npos || s.size() - prefix != 37) return false;
    const std::string_view random = s.substr(prefix + 1, 30);
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : random) {
        if (!is_alnum(c)) return false;
        crc = kCrc32[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8);
    }
    crc ^= 0xFFFFFFFFU;
    for (std::size_t i = s.size(); i-- > prefix + 31;) {
        if (s[i] != kBase62[crc % 62]) return false;
        crc /= 62;
    }
    return crc == 0;
}

bool pem(std::string_view s) noexcept {
    constexpr std::string_view kBegin = "-----BEGIN ";
    if (s.size() > kLongestSecret || s.substr(0, kBegin.size()) != kBegin) return false;
    const std::size_t label_end = s.find("-----", kBegin.size());
    if (label_end == std::string_view::npos || label_end - kBegin.size() > 40) return false;
    std::size_t run = 0;
    for (std::size_t i = label_end + 5; i < s.size(); ++i) {
        const bool base64 = base64url_value(s[i]) >= 0 && s[i] != '-' && s[i] != '_';
        run = base64 ? run + 1 : 0;
        if (run >= 32) return true;
    }
    return false;
}

bool aws_access_key_id(std::string_view s) noexcept {
    if (s.size() != 20) return false;
    for (const char c : s)
        if (!is_upper(c) && !is_digit(c)) return false;
    return !s.ends_with("EXAMPLE") && !has_run_or_sequence(s) && Classes(s.substr(4)).digit >= 1 &&
           shannon_entropy(s) >= 2.8;
}

bool aws_secret_key(std::string_view s) noexcept {
    if (s.size() != 40) return false;
    std::size_t slashes = 0;
    for (const char c : s) {
        if (!is_alnum(c) && c != '/' && c != '+') return false;
        slashes += c == '/' ? 1U : 0U;
    }
    const Classes classes(s);
    return classes.lower >= 4 && classes.upper >= 4 && classes.digit >= 1 && slashes <= 5 && !all_hex(s) &&
           not_placeholder(s) && shannon_entropy(s) >= 4.0;
}

bool uuid(std::string_view s) noexcept {
    if (s.size() != 36) return false;
    for (std::size_t i = 0; i < s.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s[i] != '-' : !is_hex(s[i])) return false;
    }
    const char variant = lower(s[19]);
    return s[14] >= '1' && s[14] <= '8' && (variant == '8' || variant == '9' || variant == 'a' || variant == 'b');
}

bool not_placeholder(std::string_view s) noexcept {
    if (s.empty() || s.size() > kLongestSecret) return false;
    if (is_template(s) || has_run_or_sequence(s) || has_placeholder(s)) return false;
    for (const char c : s)
        if (c != s.front()) return true;
    return false;
}

bool generic_secret(std::string_view s) noexcept {
    if (s.size() < 12 || !plain_value(s) || is_identifier(s) || is_compound_name(s)) return false;
    const Classes classes(s);
    if (classes.digit == 0 || classes.lower + classes.upper == 0) return false;
    if (classes.other * 3 > s.size()) return false;  // an expression, markup, a date
    return shannon_entropy(s) >= 3.0;
}

bool password_value(std::string_view s) noexcept {
    if (s.size() < 8 || s.size() > 128 || !plain_value(s)) return false;
    const Classes classes(s);
    const unsigned kinds = (classes.lower != 0 ? 1U : 0U) + (classes.upper != 0 ? 1U : 0U) +
                           (classes.digit != 0 ? 1U : 0U) + (classes.other != 0 ? 1U : 0U);
    if (classes.lower + classes.upper == 0 || kinds < 2 || (classes.digit == 0 && classes.other == 0)) return false;
    if (classes.digit == 0 && is_identifier(s)) return false;  // new_password, user.password
    return classes.other * 2 <= s.size() && shannon_entropy(s) >= 2.5;
}

bool url_password(std::string_view s) noexcept {
    const std::size_t scheme = s.find("://");
    if (scheme == std::string_view::npos || s.size() > kLongestSecret) return false;
    const std::string_view rest = s.substr(scheme + 3);
    const std::size_t at = rest.rfind('@');
    if (at == std::string_view::npos) return false;
    const std::string_view userinfo = rest.substr(0, at);
    const std::size_t colon = userinfo.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view password = userinfo.substr(colon + 1);
    if (password.size() < 3 || !not_placeholder(password)) return false;
    constexpr auto kWords =
        std::to_array<std::string_view>({"password", "passwd", "pass", "pwd", "secret", "token", "user", "username",
                                         "key", "test", "admin", "root", "guest", "postgres", "mypassword"});
    for (const std::string_view word : kWords)
        if (equals_folded(password, word)) return false;
    if (password == userinfo.substr(0, colon)) return false;
    // A word at a host without a dot, user:wort@host, stands in manuals of every language.
    bool word = true;
    for (const char c : password)
        word = word && (is_alpha(c) || c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80);
    return !word || rest.find('.', at) != std::string_view::npos;
}

}  // namespace fastguard::entity
