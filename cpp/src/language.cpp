#include "fastguard/language.h"

#include "language_table.h"

#include <algorithm>
#include <cmath>

namespace fastguard {
namespace {

struct Range {
    char32_t first;
    char32_t last;
    std::uint8_t script;
};

enum Script : std::uint8_t {
    kLatin,
    kCyrillic,
    kGreek,
    kHebrew,
    kArabic,
    kDevanagari,
    kThai,
    kHan,
    kKana,
    kHangul,
    kOther,
    kScripts
};

constexpr std::array<std::string_view, kScripts> kScriptNames = {
    "Latin", "Cyrillic", "Greek", "Hebrew", "Arabic", "Devanagari", "Thai", "Han", "Kana", "Hangul", ""};
constexpr std::array<std::string_view, kScripts> kOnlyLanguage = {"",   "",   "el", "he", "ar", "hi",
                                                                  "th", "zh", "ja", "ko", ""};

// Letters of the scripts; sorted.
constexpr std::array<Range, 26> kLetters = {{
    {0x41, 0x5A, kLatin},      {0x61, 0x7A, kLatin},      {0xAA, 0xAA, kLatin},        {0xBA, 0xBA, kLatin},
    {0xC0, 0xD6, kLatin},      {0xD8, 0xF6, kLatin},      {0xF8, 0x24F, kLatin},       {0x370, 0x3FF, kGreek},
    {0x400, 0x52F, kCyrillic}, {0x531, 0x587, kOther},    {0x5D0, 0x5EA, kHebrew},     {0x620, 0x64A, kArabic},
    {0x66E, 0x6D3, kArabic},   {0x750, 0x77F, kArabic},   {0x900, 0x963, kDevanagari}, {0x970, 0x97F, kDevanagari},
    {0x980, 0xDFF, kOther},    {0xE01, 0xE3A, kThai},     {0xE40, 0xE4E, kThai},       {0xE80, 0x10FF, kOther},
    {0x1100, 0x11FF, kHangul}, {0x1E00, 0x1EFF, kLatin},  {0x1F00, 0x1FFF, kGreek},    {0x3041, 0x30FF, kKana},
    {0x3400, 0x9FFF, kHan},    {0xAC00, 0xD7A3, kHangul},
}};

int script_of(char32_t letter) noexcept {
    const auto* after = std::upper_bound(kLetters.begin(), kLetters.end(), letter,
                                         [](char32_t value, const Range& range) { return value < range.first; });
    if (after == kLetters.begin() || letter > (after - 1)->last) {
        return letter >= 0x20000 && letter <= 0x3FFFF ? kHan : -1;
    }
    return (after - 1)->script;
}

char32_t lower(char32_t c) noexcept {
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x410 && c <= 0x42F)) {
        return c + 32;
    }
    if (c >= 0x400 && c <= 0x40F) {
        return c + 80;
    }
    const bool even_is_upper = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) ||
                               (c >= 0x1E00 && c <= 0x1EFF) || (c >= 0x460 && c <= 0x52F) || (c >= 0x218 && c <= 0x21B);
    const bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E) || c == 0x1AF;
    if ((even_is_upper && c % 2 == 0) || (odd_is_upper && c % 2 == 1)) {
        return c == 0x130 ? U'i' : c + 1;
    }
    return c == 0x1A0 ? 0x1A1 : c;
}

// Calls `use` with the bucket of each group of one to four letters, borders of words included.
template <typename Use>
void each_bucket(std::u32string_view text, const Use& use) {
    std::array<char32_t, 4> last = {U' ', U' ', U' ', U' '};  // the newest at the end
    std::size_t run = 1;                                      // of `last`, what belongs to this word
    std::size_t letters = 0;
    const auto put = [&](char32_t c) {
        std::rotate(last.begin(), last.begin() + 1, last.end());
        last[3] = c;
        run = std::min<std::size_t>(run + 1, 4);
        std::uint32_t hash = 2166136261U;
        for (std::size_t size = 1; size <= run; ++size) {
            hash = (hash ^ static_cast<std::uint32_t>(last[4 - size])) * 16777619U;
            if (size > 1 || c > 0x7F) {
                use(static_cast<std::uint16_t>((hash ^ (hash >> 15U)) % kLanguageBuckets));
            }
        }
    };
    for (const char32_t c : text) {
        const int script = script_of(c);
        if (script == kLatin || script == kCyrillic) {
            put(lower(c));
            if (++letters >= kLanguageLetters) {
                return;
            }
        } else if (last[3] != U' ') {
            put(U' ');
            run = 1;
        }
    }
    if (last[3] != U' ') {
        put(U' ');
    }
}

int weight_of(char c) noexcept { return c < '\\' ? c - '@' : c - 'A'; }

LanguageGuess by_groups(std::u32string_view text, bool cyrillic, int ukrainian) {
    if (cyrillic && ukrainian != 0) {
        return {ukrainian > 0 ? "uk" : "ru", kScriptNames[kCyrillic], 1.0};
    }
    std::array<double, kGroupedLanguages.size()> sums{};
    each_bucket(text, [&](std::uint16_t bucket) {
        const std::string_view row = kLanguageTable[bucket];
        for (std::size_t i = 0; i < sums.size(); ++i) {
            sums[i] += weight_of(row[i]);
        }
    });
    const std::size_t first = cyrillic ? kFirstCyrillic : 0;
    const std::size_t last = cyrillic ? sums.size() : kFirstCyrillic;
    const auto best = static_cast<std::size_t>(std::max_element(sums.begin() + static_cast<std::ptrdiff_t>(first),
                                                                sums.begin() + static_cast<std::ptrdiff_t>(last)) -
                                               sums.begin());
    double total = 0.0;
    for (std::size_t i = first; i < last; ++i) {
        total += std::exp((sums[i] - sums[best]) * kLanguageScale);
    }
    return {kGroupedLanguages[best], kScriptNames[cyrillic ? kCyrillic : kLatin], 1.0 / total};
}

bool persian(char32_t c) noexcept {
    return c == 0x67E || c == 0x686 || c == 0x698 || c == 0x6AF || c == 0x6CC || c == 0x6A9;
}

bool ends_sentence(char32_t c) noexcept {
    return c == U'\n' || c == U'.' || c == U'!' || c == U'?' || c == 0x3002 || c == 0xFF01 || c == 0xFF1F ||
           c == 0x61F || c == 0x964;
}

bool is_space(char32_t c) noexcept { return c == U' ' || (c >= U'\t' && c <= U'\r'); }

// Whether the white space that ends at `at` follows the end of a sentence or of a line; looks back a few places.
bool ended(std::u32string_view text, std::size_t at) noexcept {
    for (std::size_t back = 0; back < 8; ++back) {
        if (ends_sentence(text[at - back])) {
            return true;
        }
        if (!is_space(text[at - back]) || at == back) {
            return false;
        }
    }
    return false;
}

// Letters that Russian and Ukrainian do not share decide where only one side's occur: 1 Ukrainian, -1 Russian, 0 open.
int ukrainian(std::u32string_view text) noexcept {
    bool yes = false;
    bool no = false;
    for (const char32_t c : text) {
        const char32_t letter = lower(c);
        yes |= letter == 0x456 || letter == 0x457 || letter == 0x454 || letter == 0x491;
        no |= letter == 0x44B || letter == 0x44D || letter == 0x44A || letter == 0x451;
    }
    return (yes ? 1 : 0) - (no ? 1 : 0);
}

}  // namespace

LanguageGuess language_of(std::u32string_view text) {
    std::array<std::size_t, kScripts> counts{};
    std::size_t letters = 0;
    std::size_t of_persian = 0;
    for (const char32_t c : text) {
        const int script = script_of(c);
        if (script >= 0) {
            // A character of Han or Hangul says as much as two or three letters.
            counts[static_cast<std::size_t>(script)] += script == kHan || script == kHangul || script == kKana ? 2 : 1;
            of_persian += persian(c) ? 1U : 0U;
            if (++letters >= kLanguageLetters) {
                break;
            }
        }
    }
    if (letters == 0) {
        return {};
    }
    const std::size_t east = counts[kHan] + counts[kKana];
    const bool japanese = counts[kKana] * 8 > east;
    (japanese ? counts[kKana] : counts[kHan]) = east;
    (japanese ? counts[kHan] : counts[kKana]) = 0;
    const auto script = static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
    if (script == kLatin || script == kCyrillic) {
        return by_groups(text, script == kCyrillic, ukrainian(text));
    }
    std::size_t total = 0;
    for (const std::size_t count : counts) {
        total += count;
    }
    const double share = static_cast<double>(counts[script]) / static_cast<double>(total);
    const bool is_persian = script == kArabic && of_persian * 25 > counts[kArabic];
    return {is_persian ? "fa" : kOnlyLanguage[script], kScriptNames[script], share};
}

std::vector<LanguageSegment> language_segments(std::u32string_view text, std::size_t least) {
    std::vector<LanguageSegment> found;
    std::size_t begin = 0;
    std::size_t letters = 0;  // from `begin` on
    for (std::size_t i = 0; i < text.size(); ++i) {
        letters += script_of(text[i]) >= 0 ? 1U : 0U;
        const bool last = i + 1 == text.size();
        if (!last && (!ends_sentence(text[i]) || is_space(text[i + 1]) || letters < least)) {
            // What is too short to tell grows; white space belongs to what stands before it.
            const bool after_sentence =
                is_space(text[i]) && !is_space(text[i + 1]) && letters >= least && ended(text, i);
            if (!after_sentence) {
                continue;
            }
        }
        if (letters < least && !found.empty()) {
            found.back().end = i + 1;
        } else {
            const LanguageGuess guess = language_of(text.substr(begin, i + 1 - begin));
            if (!found.empty() && found.back().guess.language == guess.language &&
                found.back().guess.script == guess.script) {
                found.back().end = i + 1;
            } else {
                found.push_back({begin, i + 1, guess});
            }
        }
        begin = i + 1;
        letters = 0;
    }
    return found;
}

std::vector<std::uint16_t> language_buckets(std::u32string_view text) {
    std::vector<std::uint16_t> found;
    each_bucket(text, [&](std::uint16_t bucket) { found.push_back(bucket); });
    return found;
}

}  // namespace fastguard
