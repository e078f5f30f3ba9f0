#include "fastguard/identifiers.h"

#include "candidates_grammar.h"
#include "validators_ascii.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

namespace fastguard {
namespace {

using namespace ascii;

constexpr std::size_t kMostLetters = 40;  // before the first digit of a word
constexpr std::size_t kMostEnds = 24;     // of one beginning
constexpr std::uint32_t kFar = ContextWords::kFar;

char at(std::string_view text, std::size_t i) noexcept { return i < text.size() ? text[i] : ' '; }

bool may_begin(std::string_view text, std::size_t begin) noexcept {
    return candidate::number_may_begin(text, begin) &&
           !(begin > 0 && (text[begin - 1] == '+' || text[begin - 1] == '#'));
}

// "030 901820-Fax": a number may end before a word that says what it is for.
bool before_label(std::string_view text, std::size_t end) noexcept {
    constexpr std::array<std::string_view, 10> kLabels = {"fax",  "office", "home", "work",   "mobile",
                                                          "cell", "tel",    "main", "direct", "phone"};
    if (at(text, end) != '-') return false;
    return std::any_of(kLabels.begin(), kLabels.end(), [&](std::string_view label) {
        for (std::size_t i = 0; i < label.size(); ++i)
            if ((at(text, end + 1 + i) | 0x20) != label[i]) return false;
        return !is_word(at(text, end + 1 + label.size()));
    });
}

// One of a row of numbers: "12 345 678 90" is no "345 678 90".
bool in_row(std::string_view text, std::size_t begin, std::size_t end) noexcept {
    if (text.substr(begin, end - begin).find(' ') == std::string_view::npos) return false;
    return (begin >= 2 && text[begin - 1] == ' ' && is_digit(text[begin - 2]) && is_digit(text[begin])) ||
           (at(text, end) == ' ' && is_digit(at(text, end + 1)));
}

std::size_t view_place(const View& view, std::uint32_t raw) noexcept {
    if (view.origin == nullptr) return raw;
    const std::uint32_t* end = view.origin + view.bytes.size();
    return static_cast<std::size_t>(std::lower_bound(view.origin, end, raw) - view.origin);
}

}  // namespace

void Identifiers::add(std::uint32_t signature, std::span<const std::string> formats,
                      std::vector<ValidatorId> validators, std::span<const std::string> folded_context,
                      bool needs_context) {
    const auto tag = static_cast<std::uint32_t>(entries_.size());
    for (const std::string& format : formats) formats_.add(tag, format);
    ConceptId context = 0;
    if (!folded_context.empty()) context = words_.add(folded_context);
    entries_.push_back({signature, std::move(validators), context, !folded_context.empty(), needs_context});
}

void Identifiers::finish() {
    formats_.finish();
    words_.finish();
}

// One pass over one view.
class Identifiers::Search {
  public:
    Search(const Identifiers& all, const Reading& reading, const View& view, std::span<const std::uint8_t> sources,
           std::uint8_t source_bit, ContextScratch& scratch) noexcept
        : all_(all),
          reading_(reading),
          text_(view.bytes),
          sources_(sources),
          source_bit_(source_bit),
          scratch_(scratch) {}

    // The best match whose first digit is at `digit`; none where `end` is 0.
    IdentifierMatch at_number(std::size_t digit, std::size_t free) {
        best_ = {};
        rank_ = {};
        std::size_t begin = digit;
        while (begin > free && digit - begin < kMostLetters && is_alpha(text_[begin - 1])) --begin;
        if (begin > 0 && is_word(text_[begin - 1])) return best_;  // inside a word, whose first digit was before
        try_at(begin);
        if (begin > free && text_[begin - 1] == '(') try_at(begin - 1);
        const unsigned prefixes = all_.formats_.prefixes();
        for (unsigned parts = 0; parts < 2 && begin > free + 1; ++parts) {  // "M-AB 1234"
            if (prefixes == 0 || (text_[begin - 1] != ' ' && text_[begin - 1] != '-')) break;
            std::size_t first = begin - 1;
            while (first > free && begin - 1 - first <= FormatTable::kMostPrefix && is_alpha(text_[first - 1])) --first;
            if ((prefixes >> (begin - 1 - first) & 1U) == 0) break;
            try_at(first);
            begin = first;
        }
        return best_;
    }

  private:
    struct End {
        std::size_t end;
        const std::uint32_t* tags;
        std::size_t count;
    };
    // Greater is better: supported, length, nearness.
    using Rank = std::tuple<bool, std::size_t, std::uint32_t>;

    void try_at(std::size_t begin) {
        const auto may_end = [&](std::size_t end) {
            return (candidate::number_may_end(text_, end) || before_label(text_, end)) && !in_row(text_, begin, end);
        };
        if (!all_.formats_.may_match(text_, begin, may_end) || !may_begin(text_, begin)) return;
        std::array<End, kMostEnds> ends;  // not initialised
        std::size_t count = 0;
        all_.formats_.match(text_, begin, [&](std::size_t end, std::span<const std::uint32_t> tags) {
            if (count < kMostEnds && may_end(end)) ends[count++] = {end, tags.data(), tags.size()};
        });
        for (std::size_t i = count; i-- > 0;)
            for (const std::uint32_t tag : std::span(ends[i].tags, ends[i].count))
                judge(all_.entries_[tag], begin, ends[i].end);
    }

    void judge(const Entry& entry, std::size_t begin, std::size_t end) {
        if ((sources_[entry.signature] & source_bit_) == 0) return;
        const std::string_view match = text_.substr(begin, end - begin);
        const bool good = std::all_of(entry.validators.begin(), entry.validators.end(),
                                      [match](ValidatorId id) { return validate(id, match); });
        if (!good) return;
        const std::uint32_t distance = entry.has_context ? context_distance(entry.context, begin, end) : kFar;
        const bool supported = distance != kFar;
        if (entry.needs_context && !supported) return;
        const Rank rank{supported, end - begin, kFar - distance};
        if (best_.end != 0 && rank <= rank_) return;
        rank_ = rank;
        best_ = {entry.signature, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), supported};
    }

    std::uint32_t context_distance(ConceptId context, std::size_t begin, std::size_t end) {
        const View& folded = reading_.folded;
        const bool raw = text_.data() != folded.bytes.data();
        const std::size_t from = raw ? view_place(folded, static_cast<std::uint32_t>(begin)) : begin;
        const std::size_t to = raw ? view_place(folded, static_cast<std::uint32_t>(end)) : end;
        return all_.words_.distance(reading_, context, from, to, kBefore, kAfter, scratch_);
    }

    const Identifiers& all_;
    const Reading& reading_;
    std::string_view text_;
    std::span<const std::uint8_t> sources_;
    std::uint8_t source_bit_;
    ContextScratch& scratch_;
    IdentifierMatch best_{};
    Rank rank_;
};

std::size_t Identifiers::find(const Reading& reading, const View& view, const std::uint64_t* digit,
                              std::span<const std::uint8_t> sources, std::uint8_t source_bit, ContextScratch& scratch,
                              std::span<IdentifierMatch> out, bool& truncated) const {
    Search search(*this, reading, view, sources, source_bit, scratch);
    scratch.reset();
    const std::size_t blocks = (view.bytes.size() + kBlockBytes - 1) / kBlockBytes;
    std::size_t count = 0;
    std::size_t free = 0;
    std::uint64_t carry = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
        const std::uint64_t mask = digit[block];
        for (std::uint64_t begins = mask & ~(mask << 1U | carry); begins != 0; begins &= begins - 1) {
            const std::size_t place = block * kBlockBytes + static_cast<std::size_t>(std::countr_zero(begins));
            if (place < free) continue;
            const IdentifierMatch match = search.at_number(place, free);
            if (match.end == 0) continue;
            if (count == out.size()) {
                truncated = true;
                return count;
            }
            out[count++] = match;
            free = match.end;
        }
        carry = mask >> 63U;
    }
    return count;
}

}  // namespace fastguard
