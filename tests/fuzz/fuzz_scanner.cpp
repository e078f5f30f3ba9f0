// Patterns: what the main pass reports has a span, what has a span was reported, spans lie apart in the text.
#include "fastguard/scanner.h"

#include "fuzz_input.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

const fastguard::Scanner& scanner() {
    static const std::vector<fastguard::PatternSpec> kPatterns = {
        {"a", R"(\b(?:AKIA|ASIA)[0-9A-Z]{4}\b)", false},
        {"b", R"(password\s*[=:]\s*\S{4,12})", true},
        {"c", R"(<\|(?:im_start|im_end)\|>)", false},
        {"d", R"(ab+c)", true},
    };
    static const fastguard::Scanner kScanner(kPatterns);
    return kScanner;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fastguard::PatternScratch scratch;
    scanner().prepare(scratch);
    const fastguard::fuzz::ExactText text(fastguard::fuzz::chars(data), size);
    require(scanner().scan(text.view(), scratch), "a scan succeeds");
    const std::vector<std::uint32_t> hits(scratch.hits.data(), scratch.hits.data() + scratch.hit_count);
    for (std::uint32_t pattern = 0; pattern < scanner().size(); ++pattern) {
        bool truncated = false;
        scratch.work = ~std::size_t{0};  // whatever it costs
        const std::span<const fastguard::PatternSpan> spans =
            scanner().spans(pattern, text.view(), size + 1, scratch, truncated);
        require(!truncated, "there are no more spans than bytes");
        const auto count = std::count(hits.begin(), hits.end(), pattern);
        require(count == (spans.empty() ? 0 : 1), "the main pass reports each pattern that has a span, once");
        std::uint32_t end = 0;
        for (const fastguard::PatternSpan& span : spans) {
            require(span.begin >= end && span.begin < span.end && span.end <= size, "spans lie in the text and apart");
            end = span.end;
        }
    }
    return 0;
}
