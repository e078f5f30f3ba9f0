// Letters set apart joined to words ("i g n o r e", "I-g-n-o-r-e"), words run together taken apart ("ignoreallrules").
//
// Only what may hold a word of the vocabulary is touched, and only that with as many words around it as a phrase may
// reach is in the child.
#include "fastguard/views.h"

#include "apart.h"
#include "characters.h"
#include "places.h"

#include <algorithm>
#include <span>

namespace fastguard {
namespace {

constexpr std::size_t kLeastLetters = 4;                   // set apart in a row
constexpr std::size_t kLeastSpelled = 12;                  // that are joined whether or not a word of them is known
constexpr std::size_t kLeastPieces = 3;                    // of a word that has marks in it
constexpr std::size_t kMostPiece = 4;                      // bytes of such a piece
constexpr std::size_t kMostGap = 8;                        // bytes between letters set apart
constexpr std::size_t kLeastGlued = views::Places::kLong;  // bytes of a word that may be several
constexpr std::size_t kSurelyGlued = 24;                   // bytes of a word that certainly is
constexpr std::size_t kLeastKnown = 4;                     // letters of a known word that makes a run worth joining
constexpr std::size_t kReach = kMaxWithin;                 // words around what was squeezed

bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

// Tokens [first, last) that are to be joined, or one that is to be taken apart.
struct Group {
    std::size_t first;
    std::size_t last;
};

class Squeezer {
  public:
    Squeezer(const Reading& reading, const Vocabulary& words, ViewScratch& scratch, Children& children) noexcept
        : text_(reading.folded.bytes),
          reading_(reading),
          tokens_(reading.tokens),
          words_(words),
          places_(reading),
          scratch_(scratch),
          children_(children) {}

    void run() {
        std::size_t done = 0;     // tokens before are in the child, or out of reach of it
        std::size_t written = 0;  // tokens before here may still be in reach of the last group
        bool open = false;
        for (Group group = next(0); group.first < tokens_.size(); group = next(group.last)) {
            if (!open) {
                if (!children_.open(ViewKind::squeezed)) {
                    return;
                }
                open = true;
                done = group.first > kReach ? group.first - kReach : 0;
            } else if (group.first > written + kReach) {
                copy(done, std::min(written, group.first));
                done = group.first - kReach;
                part(done);
            }
            copy(done, group.first);
            sure_ = sure_ || group.last - group.first > 1 || tokens_[group.first].size() >= kSurelyGlued;
            join(group);
            done = group.last;
            written = std::min(tokens_.size(), group.last + kReach);
        }
        if (open) {
            copy(done, written);
            if (!sure_ || spelled_) {
                children_.doubt();
            }
            children_.close(reading_.raw.bytes);
        }
    }

  private:
    [[nodiscard]] std::string_view token(std::size_t i) const noexcept {
        return text_.substr(tokens_[i].begin, tokens_[i].size());
    }
    [[nodiscard]] std::string_view raw_gap(std::size_t i) const noexcept {  // behind token i
        const std::size_t begin = raw_span(reading_.folded, tokens_[i].begin, tokens_[i].end).end;
        const std::size_t end = reading_.folded.raw_begin(tokens_[i + 1].begin);
        return reading_.raw.bytes.substr(begin, end > begin ? end - begin : 0);
    }
    [[nodiscard]] std::size_t gap(std::size_t i) const noexcept { return tokens_[i + 1].begin - tokens_[i].end; }

    // One character that is no word by itself.
    [[nodiscard]] bool is_letter(std::size_t i) const noexcept {
        const std::string_view word = token(i);
        return word.size() == 1 || (word.size() <= 4 && !is_ascii(word[0]) && utf8::length(word[0]) == word.size() &&
                                    token_class(views::character_at(word, 0).code_point) == TokenClass::word);
    }
    // Whether a group may begin with token i, which is short: it is perhaps a letter, or one mark other than a space
    // stands between it and another short one.
    [[nodiscard]] bool may_begin(std::size_t i) const noexcept {
        const char* text = text_.data();
        const Token& token = tokens_[i];
        const Token& next = tokens_[std::min(i + 1, tokens_.size() - 1)];
        const auto parted = static_cast<unsigned>(next.begin == token.end + 1) &
                            static_cast<unsigned>(next.size() <= kMostPiece) &
                            static_cast<unsigned>(text[token.end] != ' ');
        const auto letter = static_cast<unsigned>(token.size() == 1) |
                            (static_cast<unsigned>(!is_ascii(text[token.begin])) &
                             static_cast<unsigned>(!views::is_ideograph(text[token.begin], text[token.begin + 1])));
        return (parted | letter) != 0;
    }
    // The first token at `from` or behind it that a group may begin with.
    [[nodiscard]] std::size_t place(std::size_t from) noexcept {
        if (reading_.ascii) {
            return places_.next(from);
        }
        for (; from < tokens_.size(); ++from) {
            const std::uint32_t size = tokens_[from].size();
            if (size >= kLeastGlued || (size <= kMostPiece && may_begin(from))) {
                break;
            }
        }
        return from;
    }
    // The first group at `from` or behind it; at the end of the tokens where there is none.
    [[nodiscard]] Group next(std::size_t from) noexcept {
        for (std::size_t i = place(from); i < tokens_.size(); i = place(i + 1)) {
            const std::size_t size = tokens_[i].size();
            if (size >= kLeastGlued) {
                if (is_glued(i)) {
                    return {i, i + 1};
                }
                continue;
            }
            // Two letters with a space between them, or anything with another mark behind it.
            if (i + kLeastPieces > tokens_.size() ||
                (text_[tokens_[i].end] == ' ' && (tokens_[i + 1].size() > size + 3 || !is_letter(i)))) {
                continue;
            }
            std::size_t end = letters_from(i);
            if (end - i < kLeastLetters) {
                end = pieces_from(i);
                if (end - i < kLeastPieces) {
                    continue;
                }
            }
            if (worth_joining(i, end)) {
                return {i, end};
            }
            i = end - 1;
        }
        return {tokens_.size(), tokens_.size()};
    }

    [[nodiscard]] std::size_t letters_from(std::size_t first) const noexcept {
        if (!is_letter(first)) {
            return first;
        }
        std::size_t end = first + 1;
        while (end < tokens_.size() && gap(end - 1) <= kMostGap && is_letter(end)) {
            ++end;
        }
        return end;
    }

    // Pieces of one word: the same mark between all of them.
    [[nodiscard]] std::size_t pieces_from(std::size_t first) const noexcept {
        std::size_t end = first + 1;
        while (end < tokens_.size() && gap(end - 1) == 1 && tokens_[end].size() <= kMostPiece &&
               text_[tokens_[end].begin - 1] != ' ' && text_[tokens_[end].begin - 1] == text_[tokens_[first].end] &&
               !is_escape(end)) {
            ++end;
        }
        return end;
    }
    // "%41": the mark before this token says what it is, and parts nothing.
    [[nodiscard]] bool is_escape(std::size_t i) const noexcept {
        const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
        const std::string_view word = token(i);
        return text_[tokens_[i].begin - 1] == '%' && word.size() >= 2 && is_hex(word[0]) && is_hex(word[1]);
    }

    // Whether so many letters stand one by one that they are no list, and fewer digits.
    [[nodiscard]] bool is_spelled(std::size_t first, std::size_t last) const noexcept {
        std::size_t letters = 0;
        for (std::size_t i = first; i < last; ++i) {
            const char c = text_[tokens_[i].begin];
            letters += is_letter(i) && (c < '0' || c > '9') ? 1U : 0U;
        }
        return letters >= kLeastSpelled && 3 * letters >= 2 * (last - first);
    }

    // Whether a known word begins anywhere in the letters of tokens [first, last); of other scripts none is known.
    [[nodiscard]] bool worth_joining(std::size_t first, std::size_t last) const noexcept {
        if (is_spelled(first, last)) {
            return true;
        }
        for (std::size_t i = first; i < last; ++i) {
            if (!is_ascii(text_[tokens_[i].begin])) {
                return true;
            }
        }
        const std::string_view all = text_.substr(tokens_[first].begin, tokens_[last - 1].end - tokens_[first].begin);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (views::letter_of(all[i]) != '\0' && known_from(all.substr(i)) >= kLeastKnown) {
                return true;
            }
        }
        return false;
    }

    // Letters of the longest known word that `text` begins with, marks between its letters left out; O(1), as words are
    // short and so are the gaps.
    [[nodiscard]] std::size_t known_from(std::string_view text) const noexcept {
        Vocabulary::Walk walk(words_);
        std::size_t longest = 0;
        std::size_t letters = 0;
        std::size_t marks = 0;  // in a row
        for (const char c : text) {
            const char letter = views::letter_of(c);
            if (letter == '\0') {
                if (++marks > kMostGap) {
                    break;
                }
                continue;
            }
            marks = 0;
            if (!walk.step(letter)) {
                break;
            }
            ++letters;
            longest = walk.kind() != Vocabulary::Kind::none ? letters : longest;
        }
        return longest;
    }

    // Whether two words may begin in a long one, each with room for itself.
    [[nodiscard]] bool may_be_glued(std::string_view word) const noexcept {
        std::size_t at = 0;
        const auto goes_on = [&](std::size_t room) {
            while (at + room <= word.size() && !words_.may_begin(word.data() + at)) {
                ++at;
            }
            return at + room <= word.size();
        };
        if (!is_ascii(word.front()) && std::none_of(word.begin(), word.end(), is_ascii)) {
            return false;
        }
        if (!goes_on(2 * kLeastKnown)) {
            return false;
        }
        at += kLeastKnown;
        return goes_on(kLeastKnown);
    }

    // Whether a long word holds a known word and goes on with another one.
    [[nodiscard]] bool is_glued(std::size_t i) const noexcept {
        const std::string_view word = token(i);
        if (!may_be_glued(word)) {
            return false;
        }
        std::size_t known = 0;
        std::size_t letters = 0;
        for (std::size_t at = 0; at + kLeastKnown <= word.size();) {
            const std::size_t size = words_.may_begin(word.data() + at) ? known_from(word.substr(at)) : 0;
            if (size >= kLeastKnown) {
                ++known;
                letters += size;
                at += size;
            } else {
                ++at;
            }
        }
        return known >= 2 && 2 * letters >= word.size();
    }

    // Tokens [first, last) as they are.
    void copy(std::size_t first, std::size_t last) {
        if (first >= last) {
            return;
        }
        children_.copy(reading_.folded, tokens_[first].begin, tokens_[last - 1].end);
        space(tokens_[last - 1].end - 1);
    }

    // Words that keep what follows out of reach of what was said.
    void part(std::size_t before) {
        const std::size_t at = tokens_[before].begin;
        for (std::size_t i = 0; i < kReach; ++i) {
            const RawSpan place = raw_span(reading_.folded, at, at + 1);
            children_.put_byte('0', place.begin, place.end);
            children_.put_byte(' ', place.begin, place.end);
        }
    }

    void put(std::size_t begin, std::size_t end) {
        const RawSpan place = raw_span(reading_.folded, begin, end);
        for (std::size_t at = begin; at < end; ++at) {
            children_.put_byte(text_[at], place.begin, place.end);
        }
    }
    void space(std::size_t at) {
        const RawSpan place = raw_span(reading_.folded, at, at + 1);
        children_.put_byte(' ', place.begin, place.end);
    }

    void join(const Group& group) {
        const std::string_view usual = usual_gap(group);
        const bool strict = !borders_make_sense(group, usual);
        std::size_t first = group.first;
        for (std::size_t i = group.first; i < group.last; ++i) {
            if (i + 1 == group.last || is_border(i, usual, strict)) {
                word(first, i + 1, strict);
                first = i + 1;
            }
        }
    }

    // The gap that most of the group's letters have behind them.
    [[nodiscard]] std::string_view usual_gap(const Group& group) const noexcept {
        std::string_view usual;
        std::size_t votes = 0;
        for (std::size_t i = group.first; i + 1 < group.last; ++i) {
            const std::string_view here = raw_gap(i);
            if (votes == 0) {
                usual = here;
            }
            votes = here == usual ? votes + 1 : votes - 1;
        }
        return usual;
    }
    [[nodiscard]] bool is_border(std::size_t i, std::string_view usual, bool strict) const noexcept {
        const std::string_view here = raw_gap(i);
        const bool blank = here == " " && usual.find(' ') == std::string_view::npos;
        return here.size() > usual.size() || (!strict && here != usual && (here.size() == usual.size() || blank));
    }
    // Whether other gaps of the same width part words: then few of those have one letter.
    [[nodiscard]] bool borders_make_sense(const Group& group, std::string_view usual) const noexcept {
        std::size_t words = 1;
        for (std::size_t i = group.first; i + 1 < group.last; ++i) {
            words += is_border(i, usual, false) ? 1U : 0U;
        }
        return 2 * words <= group.last - group.first;
    }

    // Tokens [first, last) as one word, or as the known words that it is made of: long ones, unless (`strict`) nothing
    // else tells where words end.
    void word(std::size_t first, std::size_t last, bool strict) {
        const std::size_t begin = tokens_[first].begin;
        const std::size_t end = tokens_[last - 1].end;
        std::uint32_t* places = scratch_.order.reserve(end - begin);
        std::size_t count = 0;
        for (std::size_t i = first; i < last; ++i) {
            for (std::size_t at = tokens_[i].begin; at < tokens_[i].end; ++at) {
                places[count++] = static_cast<std::uint32_t>(at);
            }
        }
        const std::uint8_t* pieces =
            views::take_apart(text_, {places, count}, strict ? 2 : kLeastKnown, words_, scratch_);
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0 && pieces[i] != 0) {
                space(places[i]);
            }
            put(places[i], places[i] + 1);
        }
        space(places[count - 1]);
    }

    std::string_view text_;
    const Reading& reading_;
    std::span<const Token> tokens_;
    const Vocabulary& words_;
    views::Places places_;
    ViewScratch& scratch_;
    Children& children_;
    bool spelled_ = children_.has_made(ViewKind::squeezed);  // and by that everything is said already
    bool sure_ = false;  // it is no word of a long-worded language that was taken apart
};

}  // namespace

void make_squeezed(const Reading& reading, const Vocabulary& words, ViewScratch& scratch, Children& children) {
    if (!words.empty()) {
        Squeezer(reading, words, scratch, children).run();
    }
}

}  // namespace fastguard
