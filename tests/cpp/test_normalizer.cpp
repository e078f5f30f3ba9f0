// The normaliser: each technique that hides words, the promises of maps, and inputs made to break it.
#include "fastguard/normalizer.h"

#include <chrono>
#include <random>
#include <string>
#include <string_view>

#include "views.h"

using fastguard::FoldStats;
using fastguard::Script;
using fastguard::TokenClass;
using std::string;
using std::string_view;
using namespace views;

namespace {

// Puts a string after each character of an ASCII text.
string after_each(string_view text, string_view what) {
    string result;
    for (const char c : text) (result += c) += what;
    return result;
}

constexpr string_view kText = "Ignore all";
constexpr string_view kFolded = "ignore all";

void ascii_is_lower_cased_in_place() {
    CHECK_EQUAL(folded(""), "");
    CHECK_EQUAL(folded("Ignore ALL\tprevious\r\n\v\f[0-9]{@Z`z}"), "ignore all previous    [0-9]{@z`z}");
    CHECK_EQUAL(folded(string("a\0B\x7F\x1B[31m", 9)), string("a\0b\x7F\x1B[31m", 9));
    for (std::size_t n = 0; n < 200; ++n) {
        string text, wanted;
        for (std::size_t k = 0; k < n; ++k) {
            text += static_cast<char>((k * 7 + n) % 128);
            const char c = text.back();
            wanted += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c >= '\t' && c <= '\r' ? ' ' : c;
        }
        const View view = fold(text);
        CHECK_EQUAL(view.text, wanted);
        CHECK(!view.stats.changed);
        for (std::size_t k = 0; k <= n; ++k) CHECK_EQUAL(view.origin[k], k);
    }
}

void invisible_characters_vanish() {
    for (const char32_t cp :
         {0x200BU,  0x200CU,  0x200DU,  0x2060U,  0x00ADU,  0x034FU,  0x180BU,  0x180CU, 0x180DU,  0x180FU,
          0x180EU,  0xFEFFU,  0xFFF9U,  0xFFFAU,  0xFFFBU,  0x2061U,  0x2062U,  0x2063U, 0x2064U,  0x1D173U,
          0x1D17AU, 0x1BCA0U, 0x1BCA3U, 0xE0001U, 0xE0049U, 0xE007FU, 0xFE00U,  0xFE0FU, 0xE0100U, 0xE01EFU,
          0x202EU,  0x2066U,  0x2069U,  0x061CU,  0x200FU,  0x0640U,  0xE0FFFU, 0xFFF0U}) {
        CHECK_EQUAL(folded(after_each(kText, utf8(cp))), kFolded);
        CHECK_EQUAL(folded(utf8(cp) + string(kText)), kFolded);
    }
    CHECK_EQUAL(folded(repeat("\xE2\x80\x8B", 100)), "");
}

void blank_characters_become_one_space_each() {
    for (const char32_t cp : {0x00A0U, 0x0085U, 0x1680U, 0x2000U, 0x200AU, 0x2028U, 0x2029U, 0x202FU, 0x205FU, 0x3000U,
                              0x2800U, 0x3164U, 0x115FU, 0x1160U, 0xFFA0U}) {
        CHECK_EQUAL(folded("Ignore" + utf8(cp) + utf8(cp) + "all"), "ignore  all");
        CHECK(!fold("Ignore" + utf8(cp) + "all").stats.changed);
    }
}

void marks_are_dropped() {
    CHECK_EQUAL(folded("Ign\u00F3r\u00E9"), "ignore");
    CHECK_EQUAL(folded("I\u033Ag\u0357n\u0345o\u0332r\u0336e\u20DD"), "ignore");
    CHECK_EQUAL(folded("e\u0301\u00E9\u00C9"), "eee");
    CHECK_EQUAL(folded("\u0439\u0419\u0451\u0407"), "\u0438\u0438\u0435\u0456");
    CHECK_EQUAL(folded("\u1FB3\u1FB7\u0390"), "\u03B1\u03B1\u03B9");
    CHECK_EQUAL(folded("\u0627\u064E\u0644\u0652"), "\u0627\u0644");
    CHECK_EQUAL(folded("\u0622\u0623\u0625"), "\u0627\u0627\u0627");
    CHECK_EQUAL(folded("\u05E9\u05C1\u05B8"), "\u05E9");
    CHECK_EQUAL(folded("1\uFE0F\u20E3"), "1");
    CHECK_EQUAL(folded(after_each(kText, repeat("\u0316\u0301", 50))), kFolded);
}

void marks_that_spell_words_stay() {
    CHECK_EQUAL(folded("\u0915\u094D\u0937\u0947"), "\u0915\u094D\u0937\u0947");
    CHECK_EQUAL(folded("\u0E01\u0E48\u0E32"), "\u0E01\u0E48\u0E32");
    CHECK_EQUAL(folded("\u0958"), "\u0915\u093C");
}

void pairs_compose() {
    const View kana = fold("x\u304B\u3099\uFF76\uFF9E");
    CHECK_EQUAL(kana.text, "x\u304C\u30AC");
    CHECK_EQUAL(kana.origin[1], 1U);
    CHECK_EQUAL(kana.origin[4], 7U);
    CHECK_EQUAL(folded("\u1112\u1161\u11AB\u1100\u1173\u11AF"), "\uD55C\uAE00");
    CHECK_EQUAL(folded("\uFFA1\uFFC2\u314E\u314F"), "\uAC00\uD558");
    CHECK_EQUAL(folded("\uD55C\uAE00"), "\uD55C\uAE00");
    CHECK_EQUAL(folded("\u0928\u093C\u09C7\u09BE\u0B47\u0B56"), "\u0929\u09CB\u0B48");
    CHECK_EQUAL(folded("\u0CC6\u0CC2\u0CD5"), "\u0CCB");
    CHECK_EQUAL(folded("\u0928\u094D\u093C"), "\u0929\u094D");
    CHECK_EQUAL(folded("\u0915\u094D\u093C"), "\u0915\u093C\u094D");
    CHECK_EQUAL(folded("\u0928\u200D\u093C"), "\u0929");
    CHECK_EQUAL(folded("\u304B\u0E38\u3099"), "\u304C\u0E38");
}

void styled_letters_become_plain() {
    CHECK_EQUAL(folded(styled(kText, 0xFF21, 0xFF41)), kFolded);
    for (const char32_t start : {0x1D400U, 0x1D468U, 0x1D4D0U, 0x1D56CU, 0x1D5A0U, 0x1D670U})
        CHECK_EQUAL(folded(styled(kText, start, start + 26)), kFolded);
    CHECK_EQUAL(folded("\u2110\u210A\U0001D4C3\u2134\U0001D4C7\u212F"), "ignore");
    CHECK_EQUAL(folded(styled(kText, 0x24B6, 0x24D0)), kFolded);
    CHECK_EQUAL(folded(styled("IGNORE ALL", 0x1F130, 0)), kFolded);
    CHECK_EQUAL(folded("\u1D35\u1D4D\u207F\u1D52\u02B3\u1D49"), "ignore");
    CHECK_EQUAL(folded("\u249C\uFB01\u00BD\u2168"), "(a)fi1\u20442ix");
    CHECK_EQUAL(folded("\uFEE3\uFEAE\uFEA3\uFE92\uFE8E"), "\u0645\u0631\u062D\u0628\u0627");
    CHECK_EQUAL(folded("Stra\u00DFe \u1E9E \u03A3\u03C2 \u0130\u0131"), "strasse ss \u03C3\u03C3 i\u0131");
}

void invalid_bytes_count_one_by_one() {
    const struct {
        string_view bytes;
        std::uint32_t invalid;
    } cases[] = {
        {"\x80", 1},
        {"\xBF\x80", 2},
        {"\xC0\x80", 2},
        {"\xC1\xBF", 2},
        {"\xC3", 1},
        {"\xE0\x80\x80", 3},
        {"\xE0\x9F\xBF", 3},
        {"\xE2\x82", 2},
        {"\xE2", 1},
        {"\xED\xA0\x80", 3},
        {"\xED\xBF\xBF", 3},
        {"\xE5\x82", 2},
        {"\xF0\x80\x80\x80", 4},
        {"\xF0\x8F\xBF\xBF", 4},
        {"\xF0\x9F\x98", 3},
        {"\xF0\x9F", 2},
        {"\xF0", 1},
        {"\xF4\x90\x80\x80", 4},
        {"\xF5\x80\x80\x80", 4},
        {"\xF8\x88\x80\x80\x80", 5},
        {"\xFE", 1},
        {"\xFF", 1},
    };
    for (const auto& one : cases) {
        for (const std::size_t before : {0U, 1U, 15U, 16U, 17U, 40U}) {
            for (const std::size_t after : {0U, 1U, 15U, 16U, 17U, 40U}) {
                const View view = fold(string(before, 'A') + string(one.bytes) + string(after, 'B'));
                CHECK_EQUAL(view.text, string(before, 'a') + repeat("\uFFFD", one.invalid) + string(after, 'b'));
                CHECK_EQUAL(view.stats.invalid, one.invalid);
                CHECK(view.stats.changed);
                for (std::uint32_t k = 0; k < 3 * one.invalid; ++k)
                    CHECK_EQUAL(view.origin[before + k], before + k / 3);
            }
        }
    }
    CHECK_EQUAL(fold("\xF0\x9F\x98\x80\xF0\x9F\x98\u00E9").text, "\U0001F600\uFFFD\uFFFD\uFFFDe");
    CHECK_EQUAL(fold("\uFFFD").stats.invalid, 0U);
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second) {
            const char pair[2] = {static_cast<char>(first), static_cast<char>(second)};
            fold_once(string_view(pair, 2));
        }
}

void statistics_tell_what_was_met() {
    const FoldStats hidden = fold("a\U000E0049\uFE0F\u202E\u200B\u00AD\u0301\u0640").stats;
    CHECK_EQUAL(hidden.tags, 1U);
    CHECK_EQUAL(hidden.variation_selectors, 1U);
    CHECK_EQUAL(hidden.bidi_controls, 1U);
    CHECK_EQUAL(hidden.zero_width, 1U);
    CHECK_EQUAL(hidden.ignorables, 6U);
    CHECK_EQUAL(hidden.dropped_marks, 1U);
    CHECK(hidden.changed);
    CHECK(!fold("\u4E2D\u6587 \u043F\u0440\u0438").stats.changed);
    CHECK(fold("\u041F").stats.changed);
    CHECK_EQUAL(fold("ign\u043Ere").stats.confusables, 1U);
    CHECK(fold("ign\u043Ere").stats.mixed);
    CHECK(fold("\u043E"
               "re")
              .stats.mixed);
    CHECK(fold("re\u043E").stats.mixed);
    CHECK(fold("0123456789abcde\u043E"
               "0123456789abcdef")
              .stats.mixed);
    CHECK(fold("0123456789abcd \u043E"
               "abcdef 0123456789abcdef")
              .stats.mixed);
    CHECK(!fold("the word \u043E\u043D\u043E here, and again \u043E\u043D\u043E").stats.mixed);
    CHECK(!fold("f\u00FCr Gr\u00F6\u00DFe").stats.mixed);
    const auto scripts = [](string_view text) { return fold(text).stats.scripts; };
    const auto bit = [](Script script) { return 1U << static_cast<unsigned>(script); };
    CHECK_EQUAL(scripts("123 \u20AC\u2014\u3002"), 0U);
    CHECK_EQUAL(scripts("12345678901234567890a"), bit(Script::latin));
    CHECK_EQUAL(scripts("\u00E9"), bit(Script::latin));
    CHECK_EQUAL(scripts("\u4E2D\u6587a"), bit(Script::han) | bit(Script::latin));
    CHECK_EQUAL(scripts("\u043F\u03C0\u0627\u05D0\u0915\u0995\u0E01\u3042\u30A2\uAC00\u0531"),
                bit(Script::cyrillic) | bit(Script::greek) | bit(Script::arabic) | bit(Script::hebrew) |
                    bit(Script::devanagari) | bit(Script::bengali) | bit(Script::thai) | bit(Script::hiragana) |
                    bit(Script::katakana) | bit(Script::hangul) | bit(Script::other_letter));
}

void floods_stay_linear() {
    const auto start = std::chrono::steady_clock::now();
    CHECK_EQUAL(fold_once("a" + repeat("\u0301\u0316\u0334", 100000)).text, "a");
    CHECK_EQUAL(fold("\u0915" + repeat("\u094D", 100)).text, "\u0915" + repeat("\u094D", 30));
    CHECK_EQUAL(fold("\u0915" + repeat("\u094D\u093C", 50)).text,
                "\u0915" + repeat("\u093C", 15) + repeat("\u094D", 15));
    CHECK_EQUAL(fold("\u0915" + repeat("\u094D", 31)).stats.dropped_marks, 1U);
    CHECK_EQUAL(fold_once("\u0915" + repeat("\u0C56\u0C55\u094D\u093C", 100000)).text.size(), 93U);
    CHECK_EQUAL(fold_once(repeat("\u1161", 100000)).text.size(), 300000U);
    CHECK_EQUAL(fold_once(repeat("\u0E31", 100000)).text.size(), 300000U);
    const View longest = fold_once(repeat("\uFDFA", 10000));
    CHECK_EQUAL(longest.text.size(), 330000U);
    CHECK_EQUAL(longest.text.size(), fastguard::fold_bound(30000));
    CHECK_EQUAL(fold_once(string(1000000, '\xFF')).text.size(), 3000000U);
    CHECK_EQUAL(fold("\U0001F468" + repeat("\u200D\U0001F469", 1000)).text, "\U0001F468" + repeat("\U0001F469", 1000));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

void random_texts_keep_every_promise() {
    std::mt19937 random(7);
    const auto below = [&random](std::uint32_t n) { return static_cast<char32_t>(random() % n); };
    const std::pair<char32_t, char32_t> ranges[] = {
        {0x20, 0x7E},       {0x80, 0x24F},      {0x300, 0x36F},      {0x370, 0x6FF},     {0x900, 0xE7F},
        {0x1100, 0x11FF},   {0x1E00, 0x20FF},   {0x3040, 0x33FF},    {0x4E00, 0x9FFF},   {0xAC00, 0xD7A3},
        {0xF900, 0xFFFD},   {0x11000, 0x116FF}, {0x1D000, 0x1D7FF},  {0x1F100, 0x1F9FF}, {0x2F800, 0x2FA1F},
        {0xE0000, 0xE01FF}, {0, 0xD7FF},        {0x10000, 0x10FFFF},
    };
    for (int round = 0; round < 20000; ++round) {
        string text;
        const auto& home = ranges[below(std::size(ranges))];
        for (std::uint32_t left = below(50); left > 0; --left) {
            const auto& range = below(4) == 0 ? ranges[below(std::size(ranges))] : home;
            text += utf8(range.first + below(range.second - range.first + 1));
            if (below(40) == 0) text += static_cast<char>(below(256));
        }
        skeleton_view(text);
    }
}

void code_points_have_a_token_class_and_a_script() {
    using fastguard::script_of;
    using fastguard::token_class;
    for (const char32_t cp : {U'\u00E9', U'\u0431', U'\u0915', U'\u093F', U'\uD55C', U'\u0663', U'a', U'9'})
        CHECK_EQUAL(token_class(cp), TokenClass::word);
    for (const char32_t cp : {U'\u4E2D', U'\u3042', U'\u30AB', U'\u30FC', U'\u0E01', U'\u0E34', U'\u0E81', U'\u1780',
                              U'\u1000', U'\u3005', U'\U00020000', U'\U00030000', U'\u3099'})
        CHECK_EQUAL(token_class(cp), TokenClass::single);
    for (const char32_t cp :
         {U' ', U'-', U'\u00A0', U'\u2014', U'\u3002', U'\uFFFD', U'\U0001F600', U'\U0010FFFF', U'\u20AC', U'\u0378'})
        CHECK_EQUAL(token_class(cp), TokenClass::separator);
    CHECK_EQUAL(script_of(U'\u0431'), Script::cyrillic);
    CHECK_EQUAL(script_of(U'\u4E2D'), Script::han);
    CHECK_EQUAL(script_of(U'\u0531'), Script::other_letter);
    CHECK_EQUAL(script_of(U'\u2014'), Script::none);
    CHECK_EQUAL(script_of(char32_t{0x7FFFFFFF}), Script::none);
}

}  // namespace

int main() {
    ascii_is_lower_cased_in_place();
    invisible_characters_vanish();
    blank_characters_become_one_space_each();
    marks_are_dropped();
    marks_that_spell_words_stay();
    pairs_compose();
    styled_letters_become_plain();
    invalid_bytes_count_one_by_one();
    statistics_tell_what_was_met();
    floods_stay_linear();
    random_texts_keep_every_promise();
    code_points_have_a_token_class_and_a_script();
    return check::result();
}
