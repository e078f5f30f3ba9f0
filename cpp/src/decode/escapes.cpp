// Codes that escape single characters: percent, entities, backslashes, U+0041, quoted-printable.
//
// What lies around the escapes belongs to what is said, so a child has it, too: from kContext bytes before the first
// escape to kContext bytes behind the last.
#include "codes.h"
#include "entities.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

// One escape. A `byte` is part of a UTF-8 sequence; else it is one or two code points, or none (a soft line break).
struct Escape {
    std::size_t size = 0;  // bytes that it takes; 0: none is here
    char32_t code_point = 0;
    char32_t second = 0;
    bool byte = false;
    bool empty = false;
    bool letter = false;  // it hides a letter or digit, or anything beyond ASCII
};

Escape code_point_escape(std::size_t size, char32_t cp) {
    const bool letter = cp >= 0x80 ? cp != 0xA0 : is(static_cast<char>(cp), kAlnum);
    return {size, cp, 0, false, false, letter};
}
Escape byte_escape(std::size_t size, unsigned byte) {
    return {size, byte, 0, true, false, byte >= 0x80 || is(static_cast<char>(byte), kAlnum)};
}

// Value of the hexadecimal digits at `at`: `least` to `most` of them. Their number is 0 where there are too few.
struct Number {
    std::size_t digits = 0;
    std::uint32_t value = 0;
};
Number hex_at(std::string_view text, std::size_t at, std::size_t least, std::size_t most) noexcept {
    Number number;
    while (number.digits < most && at + number.digits < text.size() && is(text[at + number.digits], kHex)) {
        number.value = number.value << 4 | hex_value(text[at + number.digits]);
        ++number.digits;
    }
    return number.digits < least ? Number{} : number;
}

// Puts the bytes of a UTF-8 sequence that byte escapes make from `at` on, each with its own escape; what is no valid
// sequence is Latin-1. Returns where it ends.
template <class Read>
std::size_t put_bytes(const Job& job, std::size_t at, char mark, const Escape& first, const Read& read) {
    const unsigned lead = first.code_point;
    const std::size_t more = lead < 0xC2 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 0;
    std::array<std::size_t, 5> ends{at + first.size};
    std::array<char, 4> bytes{static_cast<char>(lead)};
    std::size_t have = 1;
    Stretches check(1);
    check.add(static_cast<unsigned char>(lead));
    while (have <= more) {
        const auto marked = [&](std::size_t place) {
            return place < job.text().size() && job.text()[place] == mark ? read(job.text(), place) : Escape{};
        };
        Escape next = marked(ends[have - 1]);
        std::size_t passed = 0;
        if (next.empty) {  // a line break inside a character
            passed = next.size;
            next = marked(ends[have - 1] + passed);
        }
        if (next.size == 0 || !next.byte) {
            break;
        }
        next.size += passed;
        bytes[have] = static_cast<char>(next.code_point);
        check.add(static_cast<unsigned char>(next.code_point));
        ends[have] = ends[have - 1] + next.size;
        ++have;
    }
    check.finish();
    const bool whole = lead < 0x80 || (more > 0 && have == more + 1 && check.readable() == have);
    if (!whole) {
        (void)job.children.put_code_point(lead, at, ends[0]);
        return ends[0];
    }
    for (std::size_t i = 0; i < (lead < 0x80 ? 1 : have); ++i) {
        (void)job.children.put_byte(bytes[i], i == 0 ? at : ends[i - 1], ends[i]);
    }
    return ends[lead < 0x80 ? 0 : have - 1];
}

// What was found of the escapes of a code.
struct Evidence {
    std::size_t all = 0;
    std::size_t letters = 0;  // that hide a letter
    std::size_t inside = 0;   // of these, between two letters
    std::size_t broken = 0;   // marks that begin none
    std::size_t bytes = 0;    // of them all
};

// Escapes that a text is written in, from the first to the last: what they say stands for it, be that words or not.
constexpr std::size_t kLeastWritten = 12;
bool is_written_in(const Evidence& found, std::size_t size) noexcept {
    return found.letters >= kLeastWritten && found.bytes * 5 >= size * 2;
}

// Most codes: an escaped letter, or two of anything.
bool is_escaped(const Evidence& found) noexcept { return found.letters > 0 || found.all >= 2; }

// In quoted-printable every mark begins an escape; elsewhere numbers and names stand behind =.
bool is_quoted_printable(const Evidence& found) noexcept {
    return found.inside > 0 || (found.all >= 2 && found.broken * 4 <= found.all);
}

// Gives the text with its escapes undone where there are enough of them. `mark` begins each; `read` reads the one at a
// place.
template <class Read>
void undo(const Job& job, ViewKind kind, char mark, bool (*enough)(const Evidence&) noexcept, const Read& read) {
    const std::string_view text = job.text();
    Evidence found;
    std::size_t first = kNowhere;
    std::size_t last = 0;
    for (std::size_t at = find_byte(text, mark, 0); at != kNowhere; at = find_byte(text, mark, at)) {
        const Escape escape = read(text, at);
        if (escape.size > 0) {
            first = std::min(first, at);
            last = at + escape.size;
            const bool inside = escape.letter && at > 0 && is(text[at - 1], kLower | kUpper) && last < text.size() &&
                                is(text[last], kLower | kUpper);
            ++found.all;
            found.bytes += escape.size;
            found.letters += escape.letter ? 1 : 0;
            found.inside += inside ? 1 : 0;
        } else {
            ++found.broken;
        }
        at += std::max<std::size_t>(1, escape.size);
    }
    if (!enough(found) || !job.children.open(kind)) {
        return;
    }
    const std::size_t end = context_end(text, last);
    std::size_t at = context_begin(text, first);
    while (at < end) {
        const std::size_t next = std::min(end, find_byte(text, mark, at));
        copy(job, at, next);
        at = next;
        if (at == end) {
            break;
        }
        const Escape escape = read(text, at);
        if (escape.size == 0) {
            copy(job, at, at + 1);
            ++at;
        } else if (escape.byte) {
            at = put_bytes(job, at, mark, escape, read);
        } else {
            if (!escape.empty) {
                (void)job.children.put_code_point(escape.code_point, at, at + escape.size);
            }
            if (escape.second != 0) {
                (void)job.children.put_code_point(escape.second, at, at + escape.size);
            }
            at += escape.size;
        }
    }
    if (is_written_in(found, last - first)) {
        job.children.vouch();
    } else if (found.letters == 0 && job.children.has_made(ViewKind::joined)) {
        job.children.doubt();  // "ge\t\ting" of a shell has no tabs
    }
    job.children.close(text);
}

Escape read_percent(std::string_view text, std::size_t at) noexcept {
    if (at + 1 < text.size() && lower(text[at + 1]) == 'u') {
        const Number unit = hex_at(text, at + 2, 4, 4);
        return unit.digits == 0 ? Escape{} : code_point_escape(6, unit.value);
    }
    const Number byte = hex_at(text, at + 1, 2, 2);
    return byte.digits == 0 ? Escape{} : byte_escape(3, byte.value);
}

// A UTF-16 unit written as `head` digits, and the low one behind a high one.
template <class Unit>
Escape read_units(std::string_view text, std::size_t at, const Unit& unit) noexcept {
    const Number high = unit(text, at);
    if (high.value >= 0xD800 && high.value < 0xDC00 && at + high.digits < text.size()) {
        const Number low = unit(text, at + high.digits);
        if (low.value >= 0xDC00 && low.value < 0xE000) {
            return code_point_escape(high.digits + low.digits,
                                     0x10000 + ((high.value - 0xD800) << 10) + (low.value - 0xDC00));
        }
    }
    return high.digits == 0 ? Escape{} : code_point_escape(high.digits, high.value);
}

// "\u0041": `digits` counts all six bytes.
Number backslash_unit(std::string_view text, std::size_t at) noexcept {
    if (at + 1 >= text.size() || text[at] != '\\' || text[at + 1] != 'u') {
        return {};
    }
    const Number unit = hex_at(text, at + 2, 4, 4);
    return unit.digits == 0 ? Number{} : Number{6, unit.value};
}

Escape read_braced(std::string_view text, std::size_t at) noexcept {
    const Number number = hex_at(text, at + 3, 1, 6);
    const std::size_t close = at + 3 + number.digits;
    return number.digits == 0 || close >= text.size() || text[close] != '}'
               ? Escape{}
               : code_point_escape(close + 1 - at, number.value);
}

Escape read_octal(std::string_view text, std::size_t at) noexcept {
    std::size_t digits = 0;
    unsigned value = 0;
    while (digits < 3 && at + 1 + digits < text.size() && is(text[at + 1 + digits], kOctal)) {
        value = value * 8 + static_cast<unsigned>(text[at + 1 + digits] - '0');
        ++digits;
    }
    // "\1" is a reference back in a pattern.
    return digits < 2 || value > 0xFF ? Escape{} : byte_escape(1 + digits, value);
}

Escape read_simple(char c) noexcept {
    switch (c) {
        case 'n':
        case 'r':
        case 't':
            return {2, c == 't' ? U'\t' : U'\n', 0, false, false, false};
        case '"':
        case '\'':
        case '\\':
        case '/':
        case '`':
            return {2, static_cast<char32_t>(c), 0, false, false, false};
        case '\n':
            return {2, 0, 0, false, true, false};
        default:
            return {};
    }
}

// "\textbf{" of TeX is no tab.
bool is_command(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at + 1;
    while (end < text.size() && end - at < 16 && is(text[end], kLower)) {
        ++end;
    }
    return end > at + 3 && end < text.size() && text[end] == '{';
}

Escape read_backslash(std::string_view text, std::size_t at) noexcept {
    if (at + 1 >= text.size()) {
        return {};
    }
    const char c = text[at + 1];
    const bool braced = at + 2 < text.size() && text[at + 2] == '{';
    if ((c == 'u' || c == 'x') && braced) {
        return read_braced(text, at);
    }
    if (c == 'u') {
        return read_units(text, at, backslash_unit);
    }
    if (c == 'U') {
        const Number number = hex_at(text, at + 2, 8, 8);
        return number.digits == 0 ? Escape{} : code_point_escape(10, number.value);
    }
    if (c == 'x' || c == 'X') {
        const Number byte = hex_at(text, at + 2, 2, 2);
        return byte.digits == 0 ? Escape{} : byte_escape(4, byte.value);
    }
    if (c == 'b' && at > 0 && (is(text[at - 1], kLower | kUpper) || static_cast<unsigned char>(text[at - 1]) >= 0x80)) {
        return {2, U'\b', 0, false, false, false};  // of JSON; in patterns a word begins behind it
    }
    return is(c, kOctal) ? read_octal(text, at) : is_command(text, at) ? Escape{} : read_simple(c);
}

// "U+0041", also "\U+0041" and "u+0041", with the blank or comma before the next one; with `trailing`, with the blank
// behind it whatever follows.
Escape read_code_point(std::string_view text, std::size_t at, bool trailing) noexcept {
    if (at + 1 >= text.size() || text[at + 1] != '+') {
        return {};
    }
    const Number number = hex_at(text, at + 2, 4, 6);
    std::size_t end = at + 2 + number.digits;
    std::size_t next = end;
    while (next < text.size() && next - end < 2 && (is(text[next], kBlank) || text[next] == ',')) {
        ++next;
    }
    if (trailing) {
        end += end < text.size() && is(text[end], kBlank) ? 1 : 0;
    } else if (next + 1 < text.size() && text[next] == text[at] && text[next + 1] == '+') {
        end = next;
    }
    return number.digits == 0 ? Escape{} : code_point_escape(end - at, number.value);
}
Escape read_code_point_parted(std::string_view text, std::size_t at) noexcept {
    return read_code_point(text, at, false);
}
Escape read_code_point_ended(std::string_view text, std::size_t at) noexcept { return read_code_point(text, at, true); }

// Whether a blank belongs to each code point as its end: there is one behind all of them, and one of them stands behind
// a letter ("preU+0076 ious").
bool ends_code_points(std::string_view text, char mark) noexcept {
    bool inside = false;
    for (std::size_t at = find_byte(text, mark, 0); at != kNowhere; at = find_byte(text, mark, at + 1)) {
        const Escape escape = read_code_point_parted(text, at);
        if (escape.size == 0) {
            continue;
        }
        const std::size_t behind = at + 2 + hex_at(text, at + 2, 4, 6).digits;
        if (behind < text.size() && !is(text[behind], kBlank)) {
            return false;
        }
        inside = inside ||
                 (at > 0 && (is(text[at - 1], kLower | kUpper) || static_cast<unsigned char>(text[at - 1]) >= 0x80));
    }
    return inside;
}

Escape read_equals(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at + 1;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r') && end - at < 4) {
        ++end;
    }
    if (end < text.size() && text[end] == '\n') {
        return {end + 1 - at, 0, 0, false, true, false};
    }
    const Number byte = hex_at(text, at + 1, 2, 2);
    // "time=11 ttl=55" holds neither a control nor a capital at a word's end.
    const bool control = byte.value < 0x20 && byte.value != '\t' && byte.value != '\n' && byte.value != '\r';
    const bool capital =
        byte.value < 0x80 && is(static_cast<char>(byte.value), kUpper) && at > 0 && is(text[at - 1], kLower);
    return byte.digits == 0 || control || capital ? Escape{} : byte_escape(3, byte.value);
}

// ---------------------------------------------------------------- entities

// What HTML reads in numbers from 0x80 to 0x9F: Windows-1252.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                                   0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};
constexpr std::size_t kMostDigits = 12;

Escape read_numeric(std::string_view text, std::size_t at) noexcept {
    const bool hex = at + 2 < text.size() && lower(text[at + 2]) == 'x';
    std::size_t end = at + (hex ? 3 : 2);
    const std::size_t begin = end;
    std::uint32_t value = 0;
    while (end < text.size() && end - begin < kMostDigits && is(text[end], hex ? kHex : kDigit)) {
        value = std::min<std::uint32_t>(0x110000, value * (hex ? 16 : 10) + hex_value(text[end]));
        ++end;
    }
    if (end == begin) {
        return {};
    }
    end += end < text.size() && text[end] == ';' ? 1 : 0;
    const char32_t cp = value >= 0x80 && value < 0xA0 ? kWindows1252[value - 0x80] : value == 0 ? 0xFFFD : value;
    return code_point_escape(end - at, cp);
}

Escape read_entity(std::string_view text, std::size_t at) noexcept {
    if (at + 2 >= text.size()) {
        return {};
    }
    if (text[at + 1] == '#') {
        return read_numeric(text, at);
    }
    std::size_t end = at + 1;
    while (end < text.size() && end - at <= kLongestEntity && is(text[end], kAlnum)) {
        ++end;
    }
    const std::string_view name = text.substr(at + 1, end - at - 1);
    const bool closed = end < text.size() && text[end] == ';';
    const Entity* entity = closed ? find_entity(name) : nullptr;
    std::size_t size = name.size() + 2;
    // Old names count without the semicolon, too, the longest that fits.
    for (std::size_t length = std::min(name.size(), kLongestOpenEntity); entity == nullptr && length >= 2; --length) {
        const Entity* open = find_entity(name.substr(0, length));
        if (open != nullptr && open->open) {
            entity = open;
            size = length + 1;
        }
    }
    if (entity == nullptr) {
        return {};
    }
    Escape escape = code_point_escape(size, entity->first);
    escape.second = entity->second;
    return escape;
}

}  // namespace

void decode_percent(const Job& job) { undo(job, ViewKind::percent, '%', is_escaped, read_percent); }
void decode_entities(const Job& job) { undo(job, ViewKind::entities, '&', is_escaped, read_entity); }
void decode_escapes(const Job& job) { undo(job, ViewKind::escapes, '\\', is_escaped, read_backslash); }
void decode_code_points(const Job& job) {
    for (const char mark : {'U', 'u'}) {
        undo(job, ViewKind::escapes, mark, is_escaped,
             ends_code_points(job.text(), mark) ? read_code_point_ended : read_code_point_parted);
    }
}
void decode_quoted_printable(const Job& job) {
    undo(job, ViewKind::quoted_printable, '=', is_quoted_printable, read_equals);
}

}  // namespace fastguard::decoding
