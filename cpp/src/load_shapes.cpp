// Floods, repetitions and nesting (load.h).
#include "fastguard/load.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace fastguard {
namespace {

constexpr std::size_t kSample = 512;   // bytes between the places where a flood is looked for: half of the shortest
constexpr std::size_t kCompared = 96;  // bytes that must repeat there before it is measured
constexpr std::size_t kFewWords = 64;  // words between samples where many words occurred before,
constexpr std::size_t kComparedWords = 12;
constexpr float kMuchRepeated = 0.7F;     // a share that prose does not reach
constexpr std::size_t kBracketGap = 256;  // bytes without a bracket that end a nest
constexpr std::size_t kTagGap = 64;       // bytes between two tags of one
constexpr std::size_t kLongestTag = 12;   // letters of the names below

// Elements that have no end.
constexpr std::array<std::string_view, 12> kVoid = {"area", "base",  "br",   "col",  "embed",  "hr",
                                                    "img",  "input", "link", "meta", "source", "wbr"};

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }

std::size_t size_of(const LoadSpan& span) noexcept { return span.end - span.begin; }

// How often the text repeats itself `period` places later, around `at`, not before `from`.
template <typename Same>
LoadSpan spread(std::size_t at, std::size_t period, std::size_t from, std::size_t size, const Same& same) noexcept {
    LoadSpan span = {at, at + period};
    while (span.begin > from && same(span.begin - 1, span.begin - 1 + period)) --span.begin;
    while (span.end < size && same(span.end, span.end - period)) ++span.end;
    return span;
}

class Nest {
  public:
    explicit Nest(std::string_view text) noexcept : text_(text) {}

    std::optional<LoadSpan> find() noexcept {
        for (std::size_t at = 0; at < text_.size(); ++at) {
            switch (text_[at]) {
                case '(':
                    if (at > 0 && text_[at - 1] == ':' && (at + 1 == text_.size() || is_space(text_[at + 1]))) break;
                    [[fallthrough]];
                case '[':
                case '{':
                    open(at);
                    break;
                case ')':
                case ']':
                case '}':
                    last_ = at;
                    if (depth_ > 0) --depth_;
                    break;
                case '<':
                    tag(at);
                    break;
                case '\n':
                    quote(at + 1);
                    break;
                default:
                    break;
            }
        }
        quote(0);
        return best_;
    }

  private:
    void keep(std::size_t begin, std::size_t end) noexcept {
        if (!best_ || end - begin > size_of(*best_)) best_ = {begin, end};
    }

    void open(std::size_t at) noexcept {
        if (depth_ == 0 || at - last_ > kBracketGap) {
            begin_ = at;
            depth_ = 0;
        }
        last_ = at;
        if (++depth_ >= kLeastDepth) keep(begin_, at + 1);
    }

    // Opening tags with nothing but their attributes and a few letters between them.
    void tag(std::size_t at) noexcept {
        if (at + 1 >= text_.size()) return;
        if (!is_letter(text_[at + 1])) {
            if (text_[at + 1] == '/') tags_ = 0;
            return;
        }
        std::array<char, kLongestTag> name{};
        std::size_t size = 0;
        while (size < kLongestTag && at + 1 + size < text_.size() && is_letter(text_[at + 1 + size])) {
            name[size] = lower(text_[at + 1 + size]);
            ++size;
        }
        if (std::find(kVoid.begin(), kVoid.end(), std::string_view(name.data(), size)) != kVoid.end()) return;
        if (tags_ == 0 || at - last_tag_ > kTagGap) {
            first_tag_ = at;
            tags_ = 0;
        }
        last_tag_ = at;
        if (++tags_ >= kLeastDepth) keep(first_tag_, at + 1);
    }

    void quote(std::size_t line) noexcept {
        std::size_t marks = 0;
        std::size_t at = line;
        for (; at < text_.size() && (text_[at] == '>' || text_[at] == ' '); ++at) marks += text_[at] == '>' ? 1 : 0;
        if (marks >= kLeastQuoted) keep(line, at);
    }

    std::string_view text_;
    std::optional<LoadSpan> best_;
    std::size_t depth_ = 0, begin_ = 0, last_ = 0;
    std::size_t tags_ = 0, first_tag_ = 0, last_tag_ = 0;
};

}  // namespace

std::optional<LoadSpan> find_flood(std::string_view raw) noexcept {
    std::optional<LoadSpan> best;
    std::size_t from = 0;  // what lies before belongs to a run that was measured
    for (std::size_t at = 0; at + kCompared + kMostUnit <= raw.size(); at += kSample) {
        if (at < from) continue;
        const char* here = raw.data() + at;
        const char* end = here + kMostUnit + 1;
        for (const char* next = here + 1; next < end; ++next) {
            next = static_cast<const char*>(std::memchr(next, *here, static_cast<std::size_t>(end - next)));
            if (next == nullptr) break;
            const auto unit = static_cast<std::size_t>(next - here);
            if (std::memcmp(here, next, kCompared) != 0) continue;
            const LoadSpan run =
                spread(at, unit, from, raw.size(), [raw](std::size_t a, std::size_t b) { return raw[a] == raw[b]; });
            const bool blank = std::all_of(here, next, is_space);
            if (size_of(run) >= (blank ? kLeastBlank : kLeastFlood) && (!best || size_of(run) > size_of(*best))) {
                best = run;
            }
            from = run.end;
            break;
        }
    }
    return best;
}

std::optional<LoadSpan> find_repetition(std::span<const Token> tokens, float repeated) noexcept {
    const auto same = [tokens](std::size_t a, std::size_t b) { return tokens[a].hash == tokens[b].hash; };
    const std::size_t step = repeated >= kMuchRepeated ? kFewWords : kMostPeriod;
    std::optional<LoadSpan> best;
    if (tokens.empty() || tokens.back().end - tokens.front().begin < kLeastRepeated) return best;
    std::size_t from = 0;
    for (std::size_t at = 0; at + kComparedWords < tokens.size(); at += step) {
        if (at < from) continue;
        const std::uint64_t hash = tokens[at].hash;
        const std::size_t last = std::min(at + kMostPeriod, tokens.size() - kComparedWords);
        for (std::size_t next = at + 1; next <= last; ++next) {
            if (tokens[next].hash != hash) continue;
            std::size_t equal = 1;
            while (equal < kComparedWords && same(at + equal, next + equal)) ++equal;
            if (equal < kComparedWords) continue;
            const std::size_t period = next - at;
            const LoadSpan run = spread(at, period, from, tokens.size(), same);
            const LoadSpan bytes = {tokens[run.begin].begin, tokens[run.end - 1].end};
            if (size_of(run) >= kLeastTimes * period && size_of(bytes) >= kLeastRepeated &&
                (!best || size_of(bytes) > size_of(*best))) {
                best = bytes;
            }
            from = std::max(from, run.end - std::min(run.end, period));
            break;
        }
    }
    return best;
}

std::optional<LoadSpan> find_nesting(std::string_view raw, const ByteCounts& counts) noexcept {
    const std::uint64_t other = counts.word + counts.space + counts.control;
    if (raw.size() < other || (raw.size() - other) * 4 < raw.size()) return std::nullopt;
    return Nest(raw).find();
}

}  // namespace fastguard
