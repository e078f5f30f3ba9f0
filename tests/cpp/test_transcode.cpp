// Python's string representations to UTF-8, and sizes in the callers' units.
#include "fastguard/transcode.h"

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "check.h"
#include "utf8_decode.h"

using std::string;
using std::string_view;

namespace {

// The obvious version.
string encode_all(const std::u32string& text, std::size_t& surrogates) {
    string result;
    surrogates = 0;
    for (char32_t cp : text) {
        if ((cp >= 0xD800 && cp < 0xE000) || cp > 0x10FFFF) {
            cp = 0xFFFD;
            ++surrogates;
        }
        char bytes[4];
        result.append(bytes, fastguard::utf8::encode(cp, bytes));
    }
    return result;
}

// Runs one transcoder on a copy without a spare byte and into exactly the room it asks for.
template <class Unit, class Transcoder>
string run(const std::u32string& text, std::size_t longest, Transcoder transcoder) {
    std::unique_ptr<Unit[]> src(new Unit[text.size()]);
    for (std::size_t k = 0; k < text.size(); ++k) src[k] = static_cast<Unit>(text[k]);
    std::unique_ptr<char[]> dst(new char[longest * text.size() + fastguard::kTranscodeSlack]);
    return string(dst.get(), transcoder(src.get(), text.size(), dst.get()));
}

void check_all(const std::u32string& text) {
    std::size_t wanted_surrogates = 0, surrogates = 99;
    const string wanted = encode_all(text, wanted_surrogates);
    char32_t highest = 0;
    for (const char32_t cp : text) highest = cp > highest ? cp : highest;
    if (highest < 0x100) CHECK_EQUAL(run<std::uint8_t>(text, 2, fastguard::utf8_from_latin1), wanted);
    if (highest < 0x10000) {
        CHECK_EQUAL(run<std::uint16_t>(text, 3,
                                       [&](const std::uint16_t* src, std::size_t n, char* dst) {
                                           return fastguard::utf8_from_ucs2(src, n, dst, surrogates);
                                       }),
                    wanted);
        CHECK_EQUAL(surrogates, wanted_surrogates);
    }
    CHECK_EQUAL(run<std::uint32_t>(text, 4,
                                   [&](const std::uint32_t* src, std::size_t n, char* dst) {
                                       return fastguard::utf8_from_ucs4(src, n, dst, surrogates);
                                   }),
                wanted);
    CHECK_EQUAL(surrogates, wanted_surrogates);
}

void each_representation_gives_the_same_utf8() {
    std::mt19937 random(11);
    for (int round = 0; round < 20000; ++round) {
        const std::uint32_t limits[] = {0x80, 0x100, 0x800, 0x10000, 0x110000, 0xFFFFFFFF};
        const std::uint32_t limit = limits[random() % std::size(limits)];
        std::u32string text;
        for (std::size_t left = random() % 70; left > 0; --left)
            text += static_cast<char32_t>(random() % 3 != 0 ? 0x20 + random() % 95 : random() % limit);
        check_all(text);
    }
}

void surrogates_become_replacements_of_the_same_size() {
    std::size_t surrogates = 0;
    const std::uint16_t pair[] = {'a', 0xD83D, 0xDE00, 'b', 0xD800};
    char dst[15 + fastguard::kTranscodeSlack];
    CHECK_EQUAL(string(dst, fastguard::utf8_from_ucs2(pair, 5, dst, surrogates)),
                "a\uFFFD\uFFFD"
                "b\uFFFD");
    CHECK_EQUAL(surrogates, 3U);
}

void units_are_counted_as_python_counts_them() {
    const struct {
        string_view text;
        std::size_t code_points, utf16;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"\u00E9\u4E2D\U0001F600", 3, 4},
        {"\xFF", 1, 1},
        {"\xE2\x82", 2, 2},
        {"\xF0\x9F\x98", 3, 3},
        {"\xED\xA0\x80", 3, 3},
        {"\xC0\x80", 2, 2},
        {"\xF4\x90\x80\x80", 4, 4},
        {"\xF0\x9F\x98\x80\x80", 2, 3},
        {"a\xC3", 2, 2},
    };
    for (const auto& one : cases) {
        for (std::size_t before = 0; before < 40; ++before) {
            for (const std::size_t after : {0U, 1U, 3U, 16U, 40U}) {
                const string text = string(before, 'x') + string(one.text) + string(after, 'y');
                std::unique_ptr<char[]> copy(new char[text.size()]);
                if (!text.empty()) std::memcpy(copy.get(), text.data(), text.size());
                const string_view view(copy.get(), text.size());
                CHECK_EQUAL(fastguard::count_code_points(view), before + one.code_points + after);
                CHECK_EQUAL(fastguard::count_utf16_units(view), before + one.utf16 + after);
            }
        }
    }
}

void counts_equal_decoding_one_by_one() {
    std::mt19937 random(3);
    const char32_t limits[] = {0x80, 0x800, 0x10000, 0x110000};
    for (int round = 0; round < 20000; ++round) {
        string text;
        const char32_t limit = limits[random() % std::size(limits)];
        for (std::size_t left = random() % 60; left > 0; --left) {
            char bytes[4];
            text.append(bytes, fastguard::utf8::encode(static_cast<char32_t>(random()) % limit, bytes));
        }
        for (std::size_t left = random() % 4; left > 0 && !text.empty(); --left)
            text[random() % text.size()] = static_cast<char>(random() % 256);
        const string padded = text + string(4, '\0');
        std::size_t code_points = 0, utf16 = 0;
        for (std::size_t at = 0; at < text.size(); ++code_points) {
            const auto step = fastguard::utf8::decode(reinterpret_cast<const unsigned char*>(padded.data()) + at);
            at += step.length;
            utf16 += step.length == 4 ? 2 : 1;
        }
        CHECK_EQUAL(fastguard::count_code_points(text), code_points);
        CHECK_EQUAL(fastguard::count_utf16_units(text), utf16);
    }
}

}  // namespace

int main() {
    each_representation_gives_the_same_utf8();
    surrogates_become_replacements_of_the_same_size();
    units_are_counted_as_python_counts_them();
    counts_equal_decoding_one_by_one();
    return check::result();
}
