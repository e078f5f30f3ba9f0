// Words of the vocabulary that are misspelt, spelt as they are meant: "ignroe all previuos instructons".
//
// Only where such words stand close together, or beside a word that something is looked for by, and only they are
// changed. What ordinary misspellings come to is doubted: signatures look at it, the learned score does not. Each word
// that is not common takes some thousand instructions, so the engine asks only where the gate is unsure of the text.
#include "decode/words.h"
#include "fastguard/views.h"

#include <algorithm>
#include <array>

namespace fastguard {
namespace {

constexpr std::size_t kMostCorrected = 64;
constexpr std::size_t kReach = kMaxWithin;  // words from one to the next that belong together

// Ordinary words that are but a letter away from a word of the vocabulary, by chance. In alphabetical order.
constexpr std::string_view kOrdinary =
    "accent analysis analysts analyze apples asset assets banana batches batter battle beach became bedside "
    "bending blockers blocking blonde booked booking breach bridge bullets butter calming calorie camera cameras "
    "cases century certainty chance charge charged chatter cheeks cheque china classes clause commanding commerce "
    "compete competing compute computed confident conform conservation considerate contest continent converts "
    "cooler county creature dancing decide decided decreased denied dinner easier editor entirely estate except "
    "expert experts favorite fellow fellows filler finger fitter flirting fonts forgot formats formulas frames "
    "friction gallon gaming garage genre gentle golden habits hacker handing heading healing heating hiring "
    "historical homes humans hunter identify immense india informative injuries insect interior interval "
    "intervals intro invention invoice james joined killed larger lateral laying liberal listed living lotion "
    "manual maria marked markers marking matter metal miles modules modulo motion moving nation nations nights "
    "noting notion painting parking parting passes passing pasted phase phases plants pointing posed poses prague "
    "printed prints processor promoted promotes promoting promotion protect qualify queen racing ranges ranging "
    "ranking rating reels region regions relative relatives relying reserve reserved resumes retain reuse reward "
    "rolling safely saving scheme seeking selling senior shopping signage sister situation slowing sorted "
    "spending sphere springs staring stars stated stating station stats staying stored stores storing strands "
    "stride strike stripe summaries supreme swing talent tasked teams tested tester texting thinks threads threat "
    "throughput tilted timing tracing tracks traits transit tuesday unsure verses versions waited waiting "
    "whatever wherever wooden writer";
constexpr std::size_t kOrdinaryWords =
    1 + static_cast<std::size_t>(std::count(kOrdinary.begin(), kOrdinary.end(), ' '));
constexpr auto kOrdinaryOnes = [] {
    std::array<std::string_view, kOrdinaryWords> words{};
    std::size_t at = 0;
    for (std::string_view& word : words) {
        const std::size_t end = std::min(kOrdinary.find(' ', at), kOrdinary.size());
        word = kOrdinary.substr(at, end - at);
        at = end + 1;
    }
    return words;
}();
static_assert(std::is_sorted(kOrdinaryOnes.begin(), kOrdinaryOnes.end()));

bool is_ordinary(std::string_view word) noexcept {
    return std::binary_search(kOrdinaryOnes.begin(), kOrdinaryOnes.end(), word);
}

struct Corrected {
    std::size_t token;
    std::string_view meant;
};

class Corrector {
  public:
    Corrector(const Reading& reading, const Vocabulary& words, Children& children) noexcept
        : text_(reading.folded.bytes), reading_(reading), words_(words), children_(children) {}

    void run() {
        for (std::size_t i = 0; i < reading_.tokens.size() && count_ < kMostCorrected; ++i) {
            const Token& token = reading_.tokens[i];
            if (token.size() < Spellings::kLeastMisspelt || token.size() > Spellings::kMostMisspelt ||
                decoding::is_common(token.hash)) {
                continue;
            }
            const std::string_view meant = meant_by(text_.substr(token.begin, token.size()));
            if (!meant.empty()) {
                corrected_[count_++] = {i, meant};
            }
        }
        if (count_ > 0 && is_near() && children_.open(ViewKind::decoded)) {
            put();
            children_.doubt();
            children_.close(reading_.raw.bytes);
        }
    }

  private:
    [[nodiscard]] std::string_view meant_by(std::string_view word) const noexcept {
        if (!std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; })) {
            return {};
        }
        const std::string_view meant = words_.spellings().meant_by(word);
        return meant.empty() || is_ordinary(word) || is_known(word) ? std::string_view() : meant;
    }

    // Whether it is a word of the vocabulary, or a form of one.
    [[nodiscard]] bool is_known(std::string_view word) const noexcept {
        Vocabulary::Walk walk(words_);
        for (std::size_t i = 0; i < word.size(); ++i) {
            if (!walk.step(word[i])) {
                return false;
            }
            if (i + 1 >= Spellings::kLeast && walk.kind() == Vocabulary::Kind::stem) {
                return true;
            }
        }
        return walk.kind() != Vocabulary::Kind::none;
    }

    // Whether another corrected word, or one that a signature is looked for by, is in reach of one of them.
    [[nodiscard]] bool is_near() const noexcept {
        for (std::size_t i = 0; i + 1 < count_; ++i) {
            if (corrected_[i + 1].token - corrected_[i].token <= kReach) {
                return true;
            }
        }
        return std::any_of(reading_.starters.begin(), reading_.starters.end(), [&](const Starter& starter) {
            return std::any_of(corrected_.begin(), corrected_.begin() + static_cast<std::ptrdiff_t>(count_),
                               [&](const Corrected& one) {
                                   const std::size_t at = starter.index();
                                   return at != one.token &&
                                          std::max(at, one.token) - std::min(at, one.token) <= kReach;
                               });
        });
    }

    void copy(std::size_t begin, std::size_t end) { (void)children_.copy(reading_.folded, begin, end); }

    // From the words in reach of the first one to those in reach of the last one.
    void put() {
        const auto tokens = reading_.tokens;
        const std::size_t first = corrected_[0].token > kReach ? corrected_[0].token - kReach : 0;
        const std::size_t last = std::min(tokens.size() - 1, corrected_[count_ - 1].token + kReach);
        std::size_t at = tokens[first].begin;
        for (std::size_t i = 0; i < count_; ++i) {
            const Token& token = tokens[corrected_[i].token];
            copy(at, token.begin);
            const RawSpan place = raw_span(reading_.folded, token.begin, token.end);
            for (const char c : corrected_[i].meant) {
                (void)children_.put_byte(c, place.begin, place.end);
            }
            at = token.end;
        }
        copy(at, tokens[last].end);
    }

    std::string_view text_;
    const Reading& reading_;
    const Vocabulary& words_;
    Children& children_;
    std::array<Corrected, kMostCorrected> corrected_{};
    std::size_t count_ = 0;
};

}  // namespace

void make_misspelt(const Reading& reading, const Vocabulary& words, Children& children) {
    if (reading.tokens.size() > 1 && !words.spellings().empty()) {
        Corrector(reading, words, children).run();
    }
}

}  // namespace fastguard
