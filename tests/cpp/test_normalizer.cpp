// The normaliser: each technique that hides words, the promises of maps, and inputs made to break it.
#include "fastguard/normalizer.h"

#include <chrono>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "utf8_decode.h"

using fastguard::FoldStats;
using fastguard::Script;
using fastguard::TokenClass;
using std::string;
using std::string_view;

namespace {

struct View {
    string text;
    std::vector<std::uint32_t> origin;
    FoldStats stats{};
};

// A copy without a spare byte, so that a sanitizer sees every read past the end.
std::unique_ptr<char[]> exact(string_view text) {
    std::unique_ptr<char[]> copy(new char[text.size()]);
    if (!text.empty()) std::memcpy(copy.get(), text.data(), text.size());
    return copy;
}

std::vector<bool> borders(string_view text) {
    std::vector<bool> result(text.size() + 1);
    string padded = string(text) + string(4, '\0');
    for (std::size_t at = 0; at < text.size();) {
        result[at] = true;
        at += fastguard::utf8::decode(reinterpret_cast<const unsigned char*>(padded.data()) + at).length;
    }
    result[text.size()] = true;
    return result;
}

void check_map(string_view source, const View& view) {
    const std::vector<bool> border = borders(source);
    bool monotone = true, on_border = true;
    for (std::size_t k = 0; k < view.text.size(); ++k) {
        monotone = monotone && view.origin[k] <= view.origin[k + 1];
        on_border = on_border && view.origin[k] < source.size() && border[view.origin[k]];
    }
    CHECK(monotone);
    CHECK(on_border);
    CHECK_EQUAL(view.origin[view.text.size()], source.size());
}

View fold_once(string_view source) {
    const auto text = exact(source);
    View view;
    view.text.resize(fastguard::fold_bound(source.size()) + 64);
    view.origin.resize(fastguard::fold_bound(source.size()) + 65);
    view.text.resize(fastguard::fold_utf8(text.get(), source.size(), view.text.data(), view.origin.data(), view.stats));
    return view;
}

// Folds in steps with as little room as possible.
View fold_in_steps(string_view source, std::size_t more) {
    const auto text = exact(source);
    View view;
    fastguard::FoldCursor cursor;
    std::vector<char> dst;
    view.origin.resize(1);
    while (!fastguard::fold_step(text.get(), source.size(), dst.data(), view.origin.data(), dst.size(), cursor,
                                 view.stats)) {
        dst.resize(dst.size() + more);
        view.origin.resize(dst.size() + 1);
    }
    view.text.assign(dst.data(), cursor.written);
    return view;
}

bool same(const FoldStats& a, const FoldStats& b) {
    return a.invalid == b.invalid && a.ignorables == b.ignorables && a.tags == b.tags &&
           a.variation_selectors == b.variation_selectors && a.bidi_controls == b.bidi_controls &&
           a.zero_width == b.zero_width && a.dropped_marks == b.dropped_marks && a.confusables == b.confusables &&
           a.mixed == b.mixed && a.scripts == b.scripts && a.changed == b.changed;
}

// Folds and proves what holds for every text.
View fold(string_view source) {
    View view = fold_once(source);
    check_map(source, view);
    CHECK_EQUAL(fold_once(view.text).text, view.text);
    const View steps = fold_in_steps(source, 61);
    CHECK_EQUAL(steps.text, view.text);
    CHECK(std::equal(view.origin.begin(), view.origin.begin() + static_cast<long>(view.text.size()) + 1,
                     steps.origin.begin()));
    CHECK(same(steps.stats, view.stats));
    return view;
}

string folded(string_view source) { return fold(source).text; }

View skeleton_view(string_view source) {
    const View view = fold(source);
    const auto text = exact(view.text);
    View result;
    result.text.resize(fastguard::skeleton_bound(view.text.size()) + 64);
    result.origin.resize(fastguard::skeleton_bound(view.text.size()) + 65);
    result.text.resize(fastguard::skeleton_of_folded(text.get(), view.text.size(), view.origin.data(),
                                                     result.text.data(), result.origin.data()));
    check_map(source, result);
    return result;
}

string skeleton(string_view source) { return skeleton_view(source).text; }

string repeat(string_view text, std::size_t times) {
    string result;
    for (std::size_t k = 0; k < times; ++k) result += text;
    return result;
}

string utf8(char32_t cp) {
    char bytes[4];
    return string(bytes, fastguard::utf8::encode(cp, bytes));
}

// Puts a string after each character of an ASCII text.
string after_each(string_view text, string_view what) {
    string result;
    for (const char c : text) (result += c) += what;
    return result;
}

// Shows the letters of a text in another alphabet that starts at these code points; spaces stay.
string styled(string_view text, char32_t upper, char32_t lower) {
    string result;
    for (const char c : text) {
        if (c >= 'A' && c <= 'Z')
            result += utf8(upper + static_cast<char32_t>(c - 'A'));
        else if (c >= 'a' && c <= 'z')
            result += utf8(lower + static_cast<char32_t>(c - 'a'));
        else
            result += c;
    }
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
    for (const char32_t cp : {0x200B,  0x200C,  0x200D,  0x2060,  0x00AD,  0x034F,  0x180B,  0x180C, 0x180D,  0x180F,
                              0x180E,  0xFEFF,  0xFFF9,  0xFFFA,  0xFFFB,  0x2061,  0x2062,  0x2063, 0x2064,  0x1D173,
                              0x1D17A, 0x1BCA0, 0x1BCA3, 0xE0001, 0xE0049, 0xE007F, 0xFE00,  0xFE0F, 0xE0100, 0xE01EF,
                              0x202E,  0x2066,  0x2069,  0x061C,  0x200F,  0x0640,  0xE0FFF, 0xFFF0}) {
        CHECK_EQUAL(folded(after_each(kText, utf8(cp))), kFolded);
        CHECK_EQUAL(folded(utf8(cp) + string(kText)), kFolded);
    }
    CHECK_EQUAL(folded(repeat("\xE2\x80\x8B", 100)), "");
}

void blank_characters_become_one_space_each() {
    for (const char32_t cp : {0x00A0, 0x0085, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0x2800,
                              0x3164, 0x115F, 0x1160, 0xFFA0}) {
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
    for (const char32_t start : {0x1D400, 0x1D468, 0x1D4D0, 0x1D56C, 0x1D5A0, 0x1D670})
        CHECK_EQUAL(folded(styled(kText, start, start + 26)), kFolded);
    CHECK_EQUAL(folded("\u2110\u210A\U0001D4C3\u2134\U0001D4C7\u212F"), "ignore");
    CHECK_EQUAL(folded(styled(kText, 0x24B6, 0x24D0)), kFolded);
    CHECK_EQUAL(folded(styled("IGNORE ALL", 0x1F130, 0)), kFolded);
    CHECK_EQUAL(folded("\u1D35\u1D4D\u207F\u1D52\u02B3\u1D49"), "ignore");
    CHECK_EQUAL(folded("\u249C\uFB01\u00BD\u2168"), "(a)fi1\u20442ix");
    CHECK_EQUAL(folded("\uFEE3\uFEAE\uFEA3\uFE92\uFE8E"), "\u0645\u0631\u062D\u0628\u0627");
    CHECK_EQUAL(folded("Stra\u00DFe \u1E9E \u03A3\u03C2 \u0130\u0131"), "strasse ss \u03C3\u03C3 i\u0131");
}

void look_alikes_share_a_skeleton() {
    const string plain = skeleton(kText);
    CHECK_EQUAL(plain, "lgnore all");
    CHECK_EQUAL(skeleton("\u0406gn\u043Er\u0435 \u0430ll"), plain);
    CHECK_EQUAL(skeleton("\u0399gn\u03BFre \u03B1ll"), plain);
    CHECK_EQUAL(skeleton("\u026A\u0262\u0274\u1D0F\u0280\u1D07 \u1D00\u029F\u029F"), plain);
    CHECK_EQUAL(skeleton("\u0269\u0260\u0273\u0275\u027D\u0258 \u0250\u026D\u026B"), plain);
    for (const char32_t start : {0x1F150, 0x1F170, 0x1F1E6})
        CHECK_EQUAL(skeleton(styled("IGNORE ALL", start, 0)), plain);
    CHECK_EQUAL(skeleton("Ig\u0578ore \uA4EEll"), "lgnore all");
    CHECK_EQUAL(skeleton("system"), skeleton("syste\u043C"));
    CHECK_EQUAL(skeleton("modern"), skeleton("rnodem"));
}

void leetspeak_shares_a_skeleton() {
    CHECK_EQUAL(skeleton("1gn0r3 4ll pr3v10u5"), skeleton("Ignore all previous"));
    CHECK_EQUAL(skeleton("0123456789|i"), "olzeasgtbgll");
    CHECK_EQUAL(skeleton("!gnore @ll$ a+b"), "!gnore @ll$ atb");
    CHECK_EQUAL(skeleton("p@ss p@$$word a!b a!!b c++ $5"), "pass password alb a!!b c++ $s");
    CHECK_EQUAL(skeleton("\u0430@\u0430"), "aaa");
    CHECK_EQUAL(skeleton("@@@@a a@@@@a"), "@@@@a a@@@@a");
    CHECK_EQUAL(skeleton("\u4E00 \u2014 \u30CE \u2018a\u2019"), "\u30FC \u2014 \u30CE 'a'");
    const View view = skeleton_view("x\u0130\u00E9m\u0456!");
    CHECK_EQUAL(view.text, "xlernl!");
    CHECK_EQUAL(view.origin[1], 1U);
    CHECK_EQUAL(view.origin[2], 3U);
    CHECK_EQUAL(view.origin[3], 5U);
    CHECK_EQUAL(view.origin[4], 5U);
    CHECK_EQUAL(view.origin[5], 6U);
    CHECK_EQUAL(view.origin[6], 8U);
}

void a_skeleton_without_a_map_counts_folded_bytes() {
    char dst[64 + 16];
    std::uint32_t origin[65 + 16];
    CHECK_EQUAL(fastguard::skeleton_of_folded("am1", 3, nullptr, dst, origin), 4U);
    CHECK_EQUAL(string_view(dst, 4), "arnl");
    CHECK_EQUAL(origin[1], 1U);
    CHECK_EQUAL(origin[2], 1U);
    CHECK_EQUAL(origin[3], 2U);
    CHECK_EQUAL(origin[4], 3U);
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
        for (const std::size_t before : {0, 1, 15, 16, 17, 40}) {
            for (const std::size_t after : {0, 1, 15, 16, 17, 40}) {
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
    look_alikes_share_a_skeleton();
    leetspeak_shares_a_skeleton();
    a_skeleton_without_a_map_counts_folded_bytes();
    invalid_bytes_count_one_by_one();
    statistics_tell_what_was_met();
    floods_stay_linear();
    random_texts_keep_every_promise();
    code_points_have_a_token_class_and_a_script();
    return check::result();
}
