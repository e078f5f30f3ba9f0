// Text whose characters stand one by one, the same mark or blank between all of them: "I g n o r e   a l l",
// "I.g.n.o.r.e a.l.l", a letter a line. What it says is known without knowing its words.
#include "fastguard/views.h"

#include "characters.h"

#include <algorithm>
#include <array>
#include <bit>

namespace fastguard {
namespace {

constexpr std::size_t kLeastApart = 10;   // characters with the mark between them
constexpr std::size_t kMostMarks = 8;     // different marks that are counted
constexpr std::size_t kLongestWord = 24;  // bytes
constexpr std::size_t kLeastWords = 3;
constexpr float kShortWords = 3.7F / 16.0F;  // of word_length: less than any language has on average, or nearly
constexpr std::size_t kWordLength = 14;      // of kDenseNames
static_assert(kDenseNames[kWordLength] == "word_length");

bool is_blank(char32_t cp) noexcept { return cp == ' ' || (cp >= '\t' && cp <= '\r'); }
bool is_mark(char32_t cp) noexcept { return cp < 0x300 || cp > 0x36F; }  // else an accent: part of its letter
bool is_unit(char32_t cp) noexcept { return !is_blank(cp); }
bool is_letter(char32_t cp) noexcept {
    return cp >= 0x80 ? token_class(cp) != TokenClass::separator : (cp | 0x20U) - 'a' < 26U;
}

bool has_short_words(const Reading& reading) noexcept {
    if (reading.ascii) {
        return reading.dense[kWordLength] < kShortWords;
    }
    std::size_t bytes = 0;
    for (const Token& token : reading.tokens) {
        bytes += token.size();
    }
    return static_cast<float>(bytes) < 16.0F * kShortWords * static_cast<float>(reading.tokens.size());
}

// At least half of what stands apart is letters: of a text in ASCII, so many are words of one byte.
bool may_stand_apart(const Reading& reading) noexcept {
    const std::size_t blocks = reading.ascii ? (reading.raw.bytes.size() + kBlockBytes - 1) / kBlockBytes : 0;
    std::size_t alone = 0;
    for (std::size_t i = 0; i < blocks && alone < kLeastApart / 2; ++i) {
        const std::uint64_t word = reading.raw_masks.word[i];
        alone += static_cast<std::size_t>(std::popcount(word & ~(word << 1U) & ~(word >> 1U)));
    }
    return !reading.ascii || alone >= kLeastApart / 2;
}

class Speller {
    struct Mark {
        char32_t mark = 0;
        std::size_t count = 0;
        std::size_t first = 0;
        std::size_t last = 0;
    };

  public:
    Speller(std::string_view text, Children& children) noexcept : text_(text), children_(children) {}

    void run(bool ascii) {
        find_mark(ascii);
        const std::size_t begin = begin_;
        const std::size_t end = end_;
        if (apart_ < kLeastApart || (!measure(0, text_.size()) && !measure(begin, end)) ||
            !children_.open(ViewKind::squeezed)) {
            return;
        }
        put_letters();
        if (!has_words(children_.opened())) {  // nothing tells where words end
            children_.drop();
            return;
        }
        children_.vouch();
        children_.close(text_);
    }

  private:
    // Whether blanks part some of it into words, whatever else there is.
    static bool has_words(std::string_view said) noexcept {
        std::size_t words = 0;
        for (std::size_t at = 0; at < said.size();) {
            const std::size_t end = std::min(said.size(), said.find(' ', at));
            words += end - at <= kLongestWord ? 1U : 0U;
            at = end + 1;
        }
        return words >= kLeastWords;
    }

    // The character at `at`, with the place of what follows up to the next one that is no accent.
    [[nodiscard]] views::Character next(std::size_t at, std::size_t end) const noexcept {
        views::Character here = views::character_at(text_, at);
        while (here.end < end && (text_[here.end] == '\xCC' || text_[here.end] == '\xCD')) {  // as accents begin
            const views::Character behind = views::character_at(text_, here.end);
            if (is_mark(behind.code_point)) {
                break;
            }
            here.end = behind.end;
        }
        return here;
    }
    // Calls visit(character) for each character but accents.
    template <class Visit>
    void each(std::size_t begin, std::size_t end, const Visit& visit) const {
        for (std::size_t at = begin; at < end;) {
            const views::Character here = next(at, end);
            at = here.end;
            visit(here);
        }
    }
    // Of a row of Chinese characters at `at`, where the last three of them begin: no mark is among them.
    [[nodiscard]] std::size_t skip_ideographs(std::size_t at) const noexcept {
        const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(text_[i]); };
        std::size_t end = at;
        while (end + 3 <= text_.size() && views::is_ideograph(text_[end], text_[end + 1]) &&
               (byte(end + 1) & 0xC0U) == 0x80U && (byte(end + 2) & 0xC0U) == 0x80U) {
            end += 3;
        }
        return end - std::min<std::size_t>(end - at, 9);
    }

    // Notes that `mark`, which ends at `last`, stands two after itself; `first`: two characters before that.
    void count_mark(char32_t mark, std::size_t first, std::size_t last) noexcept {
        auto* found = std::find_if(marks_.begin(), marks_.end(),
                                   [mark](const Mark& one) { return one.mark == mark || one.count == 0; });
        if (found != marks_.end()) {
            found->first = found->count == 0 ? first : found->first;
            found->mark = mark;
            found->last = last;
            ++found->count;
        }
    }
    static bool may_be_mark(char32_t cp) noexcept { return !is_letter(cp) && (cp < '0' || cp > '9'); }

    void count_marks_of_ascii() noexcept {
        for (std::size_t i = 1; i < text_.size(); ++i) {
            const char two_before = i > 1 ? text_[i - 2] : '\0';
            const auto cp = static_cast<unsigned char>(text_[i]);
            if (text_[i] == two_before && text_[i - 1] != text_[i] && may_be_mark(cp) &&
                !is_blank(static_cast<unsigned char>(text_[i - 1]))) {
                count_mark(cp, i - std::min<std::size_t>(i, 3), i + 1);
            }
        }
    }
    void count_marks() noexcept {
        std::array<views::Character, 3> last{};  // the last three, the oldest first
        for (std::size_t at = 0; at < text_.size();) {
            const views::Character here = next(skip_ideographs(at), text_.size());
            at = here.end;
            const char32_t cp = here.code_point;
            const bool alternates =
                last[1].code_point == cp && last[2].code_point != cp && !is_blank(last[2].code_point);
            if (alternates && may_be_mark(cp)) {
                count_mark(cp, last[0].begin, here.end);
            }
            last = {last[1], last[2], here};
        }
    }

    // The character that stands two after itself most often, no letter or digit.
    void find_mark(bool ascii) noexcept {
        if (ascii) {
            count_marks_of_ascii();
        } else {
            count_marks();
        }
        const auto& best = *std::max_element(marks_.begin(), marks_.end(),
                                             [](const Mark& a, const Mark& b) { return a.count < b.count; });
        mark_ = best.mark;
        apart_ = best.count;
        begin_ = best.first;
        end_ = best.last;
        if (end_ < text_.size()) {  // the character behind the last mark
            end_ = views::character_at(text_, end_).end;
        }
    }

    // Whether most characters of [begin, end) stand apart, and most of them are letters; then it is what is put
    // together.
    bool measure(std::size_t begin, std::size_t end) {
        begin_ = begin;
        end_ = end;
        blanks_ = false;
        std::size_t units = 0;
        std::size_t letters = 0;
        std::size_t words = 0;
        bool before = false;
        each(begin_, end_, [&](const views::Character& here) {
            const char32_t cp = here.code_point;
            const bool unit = is_unit(cp) && cp != mark_;
            units += unit ? 1U : 0U;
            words += unit && !before ? 1U : 0U;
            letters += is_letter(cp) ? 1U : 0U;
            blanks_ = blanks_ || (is_blank(cp) && cp != mark_);
            before = unit;
        });
        return 10 * words >= 8 * units && 2 * letters >= units;
    }

    void put_letters() {
        const bool blank = is_blank(mark_) || !blanks_;  // more than one mark parts words
        std::size_t marks = 0;
        bool apart = true;
        each(begin_, end_, [&](const views::Character& here) {
            const char32_t cp = here.code_point;
            // A mark that no blank is parts letters alone, however often it stands there ("**i****g**").
            if (cp == mark_ && (!blank || (marks == 0 && !apart))) {
                ++marks;
                return;
            }
            const bool parts = is_blank(cp) || (cp == mark_ && blank);
            if (parts && apart) {
                return;
            }
            if (parts) {
                children_.put_byte(' ', here.begin, here.end);
            } else {
                for (std::size_t at = here.begin; at < here.end; ++at) {
                    children_.put_byte(text_[at], here.begin, here.end);
                }
            }
            apart = parts;
            marks = 0;
        });
    }

    std::string_view text_;
    Children& children_;
    std::array<Mark, kMostMarks> marks_{};  // that are counted
    char32_t mark_ = 0;
    std::size_t apart_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool blanks_ = false;  // stand between words, beside the mark
};

}  // namespace

void make_spelled(const Reading& reading, Children& children) {
    if (reading.tokens.size() >= kLeastApart && has_short_words(reading) && may_stand_apart(reading)) {
        Speller(reading.raw.bytes, children).run(reading.ascii);
    }
}

}  // namespace fastguard
