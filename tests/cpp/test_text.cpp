// Long texts are read in segments whose places are what counting from the start gives, in every representation.
#include "fastguard/text.h"

#include "check.h"
#include "material.h"

#include <algorithm>

namespace {

using fastguard::Segment;
using fastguard::SegmentReader;
using fastguard::Text;
using fastguard::TextKind;
using fastguard::TextPlace;
using material::Random;
using std::string;
using std::string_view;

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

void check_place(const TextPlace& place, const TextPlace& expected) {
    CHECK_EQUAL(place.byte, expected.byte);
    CHECK_EQUAL(place.code_point, expected.code_point);
    CHECK_EQUAL(place.utf16, expected.utf16);
}

// Walks over `text`, which as UTF-8 is `utf8`, and proves what the header promises of the segments.
std::size_t check_segments(const Text& text, string_view utf8) {
    const std::vector<TextPlace> places = material::places_of(utf8);
    fastguard::Buffer<char> buffer;
    SegmentReader reader(text, kNoLimit, buffer);
    Segment segment;
    std::size_t count = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    while (reader.next(segment)) {
        const std::size_t at = segment.begin.byte;
        CHECK_EQUAL(segment.first, count == 0);
        CHECK_EQUAL(utf8.substr(at, segment.raw.size()) == segment.raw, true);
        check_place(segment.begin, places[at]);
        CHECK(places[at].byte == at);  // not inside a character
        const std::size_t last = at + segment.raw.size();
        CHECK(places[last].byte == last);
        CHECK(segment.raw.size() <= 2 * fastguard::kSegmentBytes);
        if (count == 0) {
            CHECK_EQUAL(at, 0U);
        } else {
            CHECK(at > begin);
            CHECK(at + fastguard::kOverlapBytes / 3 <= end);  // of code points; each has a byte at least
            CHECK(end < at + 2 * fastguard::kOverlapBytes);
        }
        for (std::size_t inside = 0; inside <= segment.raw.size(); inside += 1 + segment.raw.size() / 13) {
            if (places[at + inside].byte == at + inside) {
                check_place(fastguard::place_in(segment, inside), places[at + inside]);
            }
        }
        begin = at;
        end = last;
        ++count;
        CHECK_EQUAL(segment.last, end == utf8.size());
        if (check::failures > 20) {
            return count;
        }
    }
    CHECK_EQUAL(end, utf8.size());
    CHECK(!reader.truncated());
    CHECK(!reader.next(segment));
    return count;
}

std::u32string random_units(Random& random, std::size_t count, char32_t limit, std::size_t word) {
    std::u32string units;
    while (units.size() < count) {
        const char32_t any = material::random_code_point(random);
        units += word != 0 && random() % word == 0 ? U' ' : any < limit ? any : any % limit;
        if (units.back() >= 0xD800 && units.back() < 0xE000) {
            units.back() = U'x';
        }
    }
    return units;
}

string utf8_of(const std::u32string& units) {
    string text;
    for (const char32_t unit : units) {
        text += material::utf8(unit >= 0xD800 && unit < 0xE000 ? U'\uFFFD' : unit);
    }
    return text;
}

void check_units(const std::u32string& units, char32_t greatest) {
    const string utf8 = utf8_of(units);
    const bool ascii = greatest < 0x80;
    check_segments({ascii ? TextKind::ascii : TextKind::utf8, utf8.data(), utf8.size()}, utf8);
    if (greatest < 0x100) {
        const std::vector<std::uint8_t> narrow(units.begin(), units.end());
        check_segments({TextKind::latin1, narrow.data(), narrow.size()}, utf8);
    }
    if (greatest < 0x10000) {
        const std::vector<std::uint16_t> wide(units.begin(), units.end());
        check_segments({TextKind::ucs2, wide.data(), wide.size()}, utf8);
    }
    check_segments({TextKind::ucs4, units.data(), units.size()}, utf8);
}

void long_texts_of_every_kind_are_read_whole_with_their_places() {
    Random random(1);
    for (const std::size_t word : {0U, 6U, 2000U}) {
        for (const char32_t limit : {0x80U, 0x100U, 0x10000U, 0x110000U}) {
            check_units(random_units(random, 150'000 + random() % 1000, limit, word), limit - 1);
        }
    }
}

void sizes_about_a_segment_are_read_whole() {
    for (const std::size_t around :
         {fastguard::kSegmentBytes / 3, fastguard::kSegmentBytes / 3 + fastguard::kOverlapBytes / 3,
          fastguard::kSegmentBytes, fastguard::kSegmentBytes + fastguard::kOverlapBytes}) {
        for (std::size_t size = around - 3; size < around + 4; ++size) {
            check_units(std::u32string(size, U'x'), U'x');
            check_units(std::u32string(size, U'\u00E9'), U'\u00E9');
            check_units(std::u32string(size, U'\u4E2D'), U'\u4E2D');
            check_units(std::u32string(size, U'\U0001F600'), U'\U0001F600');
        }
    }
}

void an_empty_text_is_one_empty_segment() {
    for (const TextKind kind : {TextKind::ascii, TextKind::utf8, TextKind::latin1, TextKind::ucs2, TextKind::ucs4}) {
        CHECK_EQUAL(check_segments({kind, U"", 0}, ""), 1U);
    }
}

// No cut may fall into a valid character, whatever surrounds it, because its bytes would then be counted as invalid.
void invalid_bytes_move_no_place() {
    Random random(2);
    const string patterns[] = {"\xF0\x9F\x98\x80\x80",
                               "\xF0\x9F\x98\x80\x80\x80\x80",
                               "\xE4\xB8\xAD\x80",
                               "\xE4\xB8\xAD\xBF\xBF\xBF\xBF",
                               "\xC3\xA9\x80\x80\x80",
                               "\xED\xA0\xBD\xED\xB8\x80",
                               "\xC0\x80",
                               "\xF4\x90\x80\x80",
                               "\x80",
                               "\xF0\x9F\x98",
                               "\xF0\x9F\xF0\x9F\x98\x80",
                               "\xFF\xC3"};
    for (const string& pattern : patterns) {
        for (std::size_t shift = 0; shift < 8; ++shift) {
            string bytes(shift, 'x');
            while (bytes.size() < 3 * fastguard::kSegmentBytes) {
                bytes += pattern;
            }
            check_segments(Text::utf8(bytes), bytes);
            if (check::failures > 20) {
                return;
            }
        }
    }
    for (int round = 0; round < 4; ++round) {
        string bytes;
        while (bytes.size() < 4 * fastguard::kSegmentBytes) {
            bytes += patterns[random() % std::size(patterns)];
        }
        check_segments(Text::utf8(bytes), bytes);
        const string noise = material::random_bytes(random, 4 * fastguard::kSegmentBytes);
        check_segments(Text::utf8(noise), noise);
    }
}

void lone_surrogates_are_replaced_and_counted() {
    std::u32string units(100'000, U'a');
    for (std::size_t i = 0; i < units.size(); i += 7) {
        units[i] = static_cast<char32_t>(0xD800 + i % 0x800);
    }
    const string utf8 = utf8_of(units);
    check_segments({TextKind::ucs4, units.data(), units.size()}, utf8);
    fastguard::Buffer<char> buffer;
    SegmentReader reader({TextKind::ucs4, units.data(), units.size()}, kNoLimit, buffer);
    Segment segment;
    while (reader.next(segment)) {
        const auto begin = units.begin() + static_cast<std::ptrdiff_t>(segment.begin.code_point);
        const std::size_t size = material::units_of(segment.raw).size();
        const auto expected = std::count_if(begin, begin + static_cast<std::ptrdiff_t>(size),
                                            [](char32_t unit) { return unit >= 0xD800 && unit < 0xE000; });
        CHECK_EQUAL(segment.surrogates, static_cast<std::size_t>(expected));
    }
}

void a_limit_cuts_between_characters_and_is_told() {
    string utf8;
    while (utf8.size() < 1000) {
        utf8 += "\u4E2D\U0001F600a\u00E9";
    }
    const std::vector<TextPlace> places = material::places_of(utf8);
    for (std::size_t limit = 0; limit < utf8.size() + 3; ++limit) {
        fastguard::Buffer<char> buffer;
        SegmentReader reader(Text::utf8(utf8), limit, buffer);
        Segment segment;
        CHECK(reader.next(segment));
        CHECK_EQUAL(reader.truncated(), limit < utf8.size());
        CHECK(segment.raw.size() <= limit);
        CHECK(segment.raw.size() + 4 > std::min(limit, utf8.size()));
        CHECK_EQUAL(places[segment.raw.size()].byte, segment.raw.size());
        CHECK(segment.last);
        CHECK(!reader.next(segment));
    }
    fastguard::Buffer<char> buffer;
    const std::vector<std::uint16_t> wide(500, 0x4E2D);
    SegmentReader reader({TextKind::ucs2, wide.data(), wide.size()}, 100, buffer);
    Segment segment;
    CHECK(reader.next(segment));
    CHECK(reader.truncated());
    CHECK_EQUAL(segment.raw.size(), 99U);
}

}  // namespace

int main() {
    long_texts_of_every_kind_are_read_whole_with_their_places();
    sizes_about_a_segment_are_read_whole();
    an_empty_text_is_one_empty_segment();
    invalid_bytes_move_no_place();
    lone_surrogates_are_replaced_and_counted();
    a_limit_cuts_between_characters_and_is_told();
    return check::result();
}
