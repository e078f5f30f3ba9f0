// Languages: any code points have an answer of known names, segments cover the text without a gap, the same twice.
#include "fastguard/language.h"

#include "fuzz_input.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

namespace {

using fastguard::LanguageGuess;
using fastguard::LanguageSegment;
using fastguard::fuzz::require;

void check_guess(const LanguageGuess& guess) {
    require(guess.confidence >= 0.0 && guess.confidence <= 1.0, "a confidence is a share");
    require(guess.language.empty() || !guess.script.empty(), "a language has a script");
    require(guess.language.size() <= 3, "a language is named by its code");
}

bool same(const LanguageGuess& a, const LanguageGuess& b) {
    return a.language == b.language && a.script == b.script && a.confidence == b.confidence;
}

void check_segments(std::u32string_view text, std::size_t least) {
    std::size_t at = 0;
    for (const LanguageSegment& segment : fastguard::language_segments(text, least)) {
        require(segment.begin == at && segment.end > segment.begin, "segments follow each other");
        check_guess(segment.guess);
        at = segment.end;
    }
    require(at == text.size() || at == 0, "and cover the text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A first byte says how wide characters are, so that both letters and any 32 bits are met.
    if (size == 0) {
        return 0;
    }
    const std::size_t width = data[0] % 3 == 0 ? 4 : data[0] % 3 == 1 ? 2 : 1;
    const std::size_t count = (size - 1) / width;
    const auto text = std::make_unique<char32_t[]>(count);
    for (std::size_t i = 0; i < count; ++i) {
        char32_t cp = 0;
        for (std::size_t byte = 0; byte < width; ++byte) {
            cp = cp << 8U | data[1 + i * width + byte];
        }
        text[i] = cp;
    }
    const std::u32string_view view(text.get(), count);
    const LanguageGuess guess = fastguard::language_of(view);
    check_guess(guess);
    require(same(guess, fastguard::language_of(view)), "the same text has the same language");
    check_segments(view, 20);
    check_segments(view, data[0]);
    const auto buckets = fastguard::language_buckets(view);
    require(std::all_of(buckets.begin(), buckets.end(),
                        [](std::uint16_t bucket) { return bucket < fastguard::kLanguageBuckets; }),
            "buckets are those of the table");
    return 0;
}
