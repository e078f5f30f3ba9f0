// Patterns: spans as trying every substring gives them, serialized databases that load or are refused, never a crash.
#include "fastguard/scanner.h"

#include "check.h"
#include "fastguard/error.h"
#include "material.h"

#include <algorithm>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of std::regex itself, when a sanitizer is on
#endif
#include <regex>

namespace {

using fastguard::DatabaseError;
using fastguard::PatternScratch;
using fastguard::PatternSpan;
using fastguard::PatternSpec;
using fastguard::Scanner;
using material::Random;
using std::string;
using std::string_view;

using Spans = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

const std::vector<PatternSpec>& patterns() {
    static const std::vector<PatternSpec> kPatterns = {
        {"one", "ab+c", false},
        {"two", "(?:ab|cd){2}", false},
        {"three", "a[bc]{1,3}d?", true},
        {"four", R"(\bcab\b)", false},
        {"five", "b.{0,3}d", false},
        {"six", "aa", false},
        {"seven", R"(d\s*[=:]\s*a)", true},
        {"eight", "^ab+", false},
        {"nine", "ca|b{2}d?", true},
    };
    return kPatterns;
}

// For each end not yet covered the leftmost begin, from there the longest match; every substring is tried.
Spans plain_spans(const PatternSpec& pattern, const string& text) {
    const auto flags = pattern.caseless ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript;
    const std::regex whole("(?:" + pattern.expression + ")", flags);
    const auto matches = [&](std::size_t begin, std::size_t end) {
        auto context = std::regex_constants::match_default;
        if (begin > 0) {
            context |= std::regex_constants::match_prev_avail;  // the byte before decides about \b
        }
        const bool word_after = end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0);
        if (word_after) {
            context |= std::regex_constants::match_not_eow;
        }
        return std::regex_match(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                text.begin() + static_cast<std::ptrdiff_t>(end), whole, context);
    };
    Spans spans;
    std::size_t free = 0;
    for (std::size_t end = 1; end <= text.size(); ++end) {
        for (std::size_t begin = free; begin < end; ++begin) {
            if (!matches(begin, end)) {
                continue;
            }
            std::size_t longest = text.size();
            while (!matches(begin, longest)) {
                --longest;
            }
            spans.emplace_back(begin, longest);
            free = longest;
            end = longest;
            break;
        }
    }
    return spans;
}

Spans spans_of(const Scanner& scanner, std::uint32_t pattern, string_view text, PatternScratch& scratch) {
    bool truncated = false;
    Spans spans;
    CHECK(scanner.scan(text, scratch));
    scratch.work = ~std::size_t{0};  // whatever it costs
    for (const PatternSpan& span : scanner.spans(pattern, text, 1000, scratch, truncated)) {
        spans.emplace_back(span.begin, span.end);
    }
    CHECK(!truncated);
    return spans;
}

std::vector<std::uint32_t> hits_of(const Scanner& scanner, string_view text, PatternScratch& scratch) {
    CHECK(scanner.scan(text, scratch));
    std::vector<std::uint32_t> hits(scratch.hits.data(), scratch.hits.data() + scratch.hit_count);
    std::sort(hits.begin(), hits.end());
    return hits;
}

void check_text(const Scanner& scanner, const string& text, PatternScratch& scratch) {
    const std::vector<std::uint32_t> hits = hits_of(scanner, text, scratch);
    CHECK(std::adjacent_find(hits.begin(), hits.end()) == hits.end());
    for (std::uint32_t i = 0; i < scanner.size(); ++i) {
        const Spans expected = plain_spans(patterns()[i], text);
        CHECK_EQUAL(std::binary_search(hits.begin(), hits.end(), i), !expected.empty());
        if (spans_of(scanner, i, text, scratch) != expected) {
            CHECK_EQUAL(text, "spans of " + patterns()[i].expression);
        }
    }
}

void random_texts_have_the_spans_of_every_substring() {
    Random random(1);
    const Scanner scanner(patterns());
    PatternScratch scratch;
    scanner.prepare(scratch);
    for (int round = 0; round < 600 && check::failures < 10; ++round) {
        string text;
        for (std::size_t size = random() % 24; size > 0; --size) {
            text += string_view("aaabbbcccdddAB =:")[random() % 17];
        }
        check_text(scanner, text, scratch);
    }
}

void matches_at_the_edges_of_text_and_blocks_are_found() {
    const Scanner scanner(patterns());
    PatternScratch scratch;
    scanner.prepare(scratch);
    for (const std::size_t before : {0U, 1U, 15U, 16U, 31U, 32U, 61U, 62U, 63U, 64U, 65U, 127U, 128U, 4095U, 4096U}) {
        for (const std::size_t after : {0U, 1U, 63U, 64U, 500U}) {
            const string text = string(before, '.') + "abbc" + string(after, '.');
            const Spans expected = {{static_cast<std::uint32_t>(before), static_cast<std::uint32_t>(before + 4)}};
            const std::vector<std::uint32_t> hits = hits_of(scanner, text, scratch);
            CHECK(std::binary_search(hits.begin(), hits.end(), 0U));
            CHECK(spans_of(scanner, 0, text, scratch) == expected);
        }
    }
}

// An end that lies twice as far as the last one, and beyond 256 bytes, is of another match.
void a_match_goes_on_while_its_ends_follow_closely() {
    const std::vector<PatternSpec> open = {{"open", "a[a-y ]*z", false}};
    const Scanner scanner(open);
    PatternScratch scratch;
    scanner.prepare(scratch);
    const auto ends_at = [](std::initializer_list<std::size_t> ends) {
        string text = "a" + string(2000, 'b');
        for (const std::size_t end : ends) {
            text[end - 1] = 'z';
        }
        return text;
    };
    const std::vector<PatternSpec> any = {{"any", "a[a-z ]*z", false}};
    const Scanner all(any);
    all.prepare(scratch);
    CHECK(spans_of(scanner, 0, ends_at({200}), scratch) == (Spans{{0, 200}}));
    CHECK(spans_of(all, 0, ends_at({10, 250}), scratch) == (Spans{{0, 250}}));
    CHECK(spans_of(all, 0, ends_at({10, 200, 500, 1000, 1900}), scratch) == (Spans{{0, 1900}}));
    CHECK(spans_of(all, 0, ends_at({10, 600}), scratch) == (Spans{{0, 10}}));
}

void nul_bytes_and_newlines_are_bytes_like_others() {
    const Scanner scanner(patterns());
    PatternScratch scratch;
    scanner.prepare(scratch);
    const string text("\0\0abc\0b\0\nd", 10);
    CHECK(spans_of(scanner, 0, text, scratch) == (Spans{{2, 5}}));
    CHECK(spans_of(scanner, 4, text, scratch) == (Spans{{6, 10}}));
}

void an_empty_text_and_an_empty_scanner_find_nothing() {
    PatternScratch scratch;
    const Scanner nothing{std::span<const PatternSpec>()};
    nothing.prepare(scratch);
    CHECK_EQUAL(nothing.size(), 0U);
    CHECK(hits_of(nothing, "abc", scratch).empty());
    CHECK(nothing.serialize().empty());
    const Scanner scanner(patterns());
    scanner.prepare(scratch);
    CHECK(hits_of(scanner, "", scratch).empty());
    CHECK(spans_of(scanner, 0, "", scratch).empty());
}

void a_flood_of_matches_stops_at_the_limit_and_says_so() {
    const Scanner scanner(patterns());
    PatternScratch scratch;
    scanner.prepare(scratch);
    string flood;
    for (int i = 0; i < 10'000; ++i) {
        flood += "abc ";
    }
    bool truncated = false;
    CHECK(scanner.scan(flood, scratch));
    const auto spans = scanner.spans(0, flood, 100, scratch, truncated);
    CHECK(truncated);
    CHECK_EQUAL(spans.size(), 100U);
    for (std::uint32_t i = 0; i < spans.size(); ++i) {
        CHECK_EQUAL(spans[i].begin, 4 * i);
        CHECK_EQUAL(spans[i].end, 4 * i + 3);
    }
    truncated = false;
    CHECK(scanner.scan(string_view(flood).substr(0, 400), scratch));
    CHECK_EQUAL(scanner.spans(0, string_view(flood).substr(0, 400), 100, scratch, truncated).size(), 100U);
    CHECK(!truncated);
}

// Many patterns, each of which occurs all over a long text: the ends of all come from one pass, none is given up.
void many_patterns_in_a_long_text_are_all_placed() {
    std::vector<PatternSpec> many;
    many.reserve(120);
    for (int i = 0; i < 120; ++i) {
        many.push_back({"p" + std::to_string(i), "k" + std::to_string(i) + "=[a-z]{8,}", false});
    }
    const Scanner scanner(many);
    PatternScratch scratch;
    scanner.prepare(scratch);
    string text;
    std::vector<Spans> expected(many.size());
    for (int round = 0; round < 25; ++round) {
        for (std::size_t i = 0; i < many.size(); ++i) {
            const auto begin = static_cast<std::uint32_t>(text.size());
            text += "k" + std::to_string(i) + "=" + string(8 + (i + static_cast<std::size_t>(round)) % 9, 'v');
            expected[i].emplace_back(begin, static_cast<std::uint32_t>(text.size()));
            text += i % 3 == 0 ? "\n" : ", ";
        }
    }
    CHECK_EQUAL(hits_of(scanner, text, scratch).size(), many.size());
    for (std::uint32_t i = 0; i < many.size(); ++i) {
        bool truncated = false;
        Spans spans;
        for (const PatternSpan& span : scanner.spans(i, text, Scanner::kMaxSpans, scratch, truncated)) {
            spans.emplace_back(span.begin, span.end);
        }
        CHECK(!truncated);
        CHECK(spans == expected[i]);
    }
}

// Each `x` may begin the match that the only `z` ends, and none does: ever more is tried before the text is given up.
void what_costs_too_much_is_given_up_and_says_so() {
    const std::vector<PatternSpec> costly = {{"costly", "x[a-y]{500,900}q[a-y]*z", false}, {"easy", "key", false}};
    const Scanner scanner(costly);
    PatternScratch scratch;
    scanner.prepare(scratch);
    string text = "key ";
    for (int i = 0; i < 60; ++i) {
        text += string(1000, 'x') + "y" + string(600, 'a') + "q" + string(40, 'x') + "z ";
    }
    CHECK_EQUAL(hits_of(scanner, text, scratch).size(), 2U);
    const std::size_t before = scratch.work;
    bool truncated = false;
    const auto spans = scanner.spans(0, text, 100, scratch, truncated);
    CHECK(truncated);
    CHECK(!spans.empty());
    CHECK(scratch.work < before);
    for (const PatternSpan& span : spans) {
        CHECK(span.begin < span.end && span.end <= text.size() && text[span.end - 1] == 'z');
    }
    // What is left does not suffice to look for the other one: where one match of it ends is known from the scan.
    scratch.work = 0;
    truncated = false;
    const auto easy = scanner.spans(1, text, 100, scratch, truncated);
    CHECK(truncated);
    CHECK_EQUAL(easy.size(), 1U);
    CHECK(easy[0].begin == 0 && easy[0].end == 3);
}

void one_scratch_serves_several_scanners() {
    PatternScratch scratch;
    const Scanner first(patterns());
    first.prepare(scratch);
    std::vector<PatternSpec> more;
    more.reserve(40);
    for (int i = 0; i < 40; ++i) {
        more.push_back({"p" + std::to_string(i), "key" + std::to_string(i) + "[a-z]{4,9}", false});
    }
    const Scanner second(more);
    second.prepare(scratch);
    for (int round = 0; round < 3; ++round) {
        CHECK(hits_of(first, "xx abc", scratch) == (std::vector<std::uint32_t>{0, 2}));
        CHECK(hits_of(second, "key7abcd key39wxyz", scratch) == (std::vector<std::uint32_t>{7, 39}));
        first.prepare(scratch);
    }
}

void a_serialized_scanner_finds_the_same() {
    const Scanner scanner(patterns());
    const string bytes = scanner.serialize();
    CHECK(!bytes.empty());
    const Scanner loaded(patterns(), bytes);
    CHECK_EQUAL(loaded.size(), scanner.size());
    CHECK(loaded.serialize() == bytes);
    Random random(2);
    PatternScratch scratch;
    loaded.prepare(scratch);
    for (int round = 0; round < 100; ++round) {
        string text;
        for (std::size_t size = random() % 24; size > 0; --size) {
            text += string_view("aaabbbcccdddAB =:")[random() % 17];
        }
        check_text(loaded, text, scratch);
    }
}

bool refused(std::span<const PatternSpec> specs, string_view bytes) {
    // A copy of exactly this size: a sanitizer sees every read past it.
    const std::unique_ptr<char[]> copy(new char[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), copy.get());
    try {
        const Scanner scanner(specs, string_view(copy.get(), bytes.size()));
        return false;
    } catch (const DatabaseError&) {
        return true;
    }
}

void truncated_databases_are_refused() {
    const string bytes = Scanner(patterns()).serialize();
    for (std::size_t size = 0; size < bytes.size(); size += 1 + (size > 64 && size + 64 < bytes.size() ? 61 : 0)) {
        CHECK(refused(patterns(), string_view(bytes).substr(0, size)));
    }
    CHECK(refused(patterns(), bytes + '\0'));
    CHECK(refused(patterns(), bytes + bytes));
}

void databases_of_other_patterns_are_refused() {
    const string bytes = Scanner(patterns()).serialize();
    std::vector<PatternSpec> fewer(patterns().begin(), patterns().end() - 1);
    std::vector<PatternSpec> more = patterns();
    more.push_back({"new", "xyz", false});
    CHECK(refused(fewer, bytes));
    CHECK(refused(more, bytes));
    CHECK(refused({}, bytes));
    CHECK(!refused({}, ""));
    CHECK(refused(patterns(), ""));
}

// Sizes that point anywhere, and bytes that libhs does not know. (Damage that it does not notice is the business of the
// checksum of the cache.)
void damaged_databases_do_not_crash() {
    const string bytes = Scanner(patterns()).serialize();
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7}, bytes.size() + std::uint64_t{1}, ~std::uint64_t{0},
          ~std::uint64_t{0} - 7, std::uint64_t{1} << 63U}) {
        string damaged = bytes;
        std::memcpy(damaged.data(), &size, sizeof size);
        CHECK(refused(patterns(), damaged));
    }
    string magic = bytes;
    magic[8] = static_cast<char>(magic[8] ^ 1);
    CHECK(refused(patterns(), magic));
    string version = bytes;
    version[12] = static_cast<char>(version[12] ^ 1);
    CHECK(refused(patterns(), version));
    Random random(3);
    int accepted = 0;
    for (int round = 0; round < 2000; ++round) {
        string damaged = bytes;
        const std::size_t at = random() % damaged.size();
        damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1U << random() % 8));
        accepted += refused(patterns(), damaged) ? 0 : 1;
    }
    CHECK(accepted < 200);
}

void a_pattern_that_does_not_compile_is_named() {
    for (const string expression : {"a(?=b)", "(a", "a{3,1}", R"(\p{Nothing}x)", "(a)\\1"}) {
        try {
            const std::vector<PatternSpec> specs = {{"good", "abc", false}, {"bad.one", expression, false}};
            const Scanner scanner(specs);
            CHECK_EQUAL(expression, "an expression that is refused");
        } catch (const fastguard::BuildError& error) {
            CHECK_EQUAL(error.id(), "bad.one");
            CHECK_EQUAL(error.field(), "pattern");
            CHECK(!string(error.what()).empty());
        }
    }
}

void pattern_info_says_widths_and_errors() {
    const fastguard::PatternInfo info = fastguard::pattern_info("ab{2,3}c", false);
    CHECK_EQUAL(info.error, "");
    CHECK_EQUAL(info.min_width, 4U);
    CHECK(info.max_width == std::optional<unsigned>(5));
    CHECK(!info.matches_empty);
    CHECK(!fastguard::pattern_info("a+", false).max_width);
    CHECK(fastguard::pattern_info("a*", false).matches_empty);
    CHECK(!fastguard::pattern_info("(a", false).error.empty());
}

}  // namespace

int main() {
    CHECK(fastguard::scanner_usable());
    CHECK(!fastguard::scanner_version().empty());
    random_texts_have_the_spans_of_every_substring();
    matches_at_the_edges_of_text_and_blocks_are_found();
    nul_bytes_and_newlines_are_bytes_like_others();
    a_match_goes_on_while_its_ends_follow_closely();
    an_empty_text_and_an_empty_scanner_find_nothing();
    a_flood_of_matches_stops_at_the_limit_and_says_so();
    many_patterns_in_a_long_text_are_all_placed();
    what_costs_too_much_is_given_up_and_says_so();
    one_scratch_serves_several_scanners();
    a_serialized_scanner_finds_the_same();
    truncated_databases_are_refused();
    databases_of_other_patterns_are_refused();
    damaged_databases_do_not_crash();
    a_pattern_that_does_not_compile_is_named();
    pattern_info_says_widths_and_errors();
    return check::result();
}
