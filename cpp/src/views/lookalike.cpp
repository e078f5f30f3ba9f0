// Letters of other alphabets, circled letters and digits as the plain letters that they stand for.
//
// The skeleton of normalizer.h makes every look-alike the same letter, so that words can be compared; this makes words
// of a text that can be read: "1" is i or l, whichever gives a word.
#include "fastguard/views.h"

#include "../decode/words.h"
#include "../unicode_tables.h"
#include "characters.h"

#include <algorithm>
#include <array>
#include <bit>

namespace fastguard {
namespace {

constexpr std::size_t kLeastLooks = 3;    // different characters that stand for letters
constexpr std::uint32_t kLeastLeet = 4;   // positions (leet_positions) that are a clue
constexpr std::size_t kLeastWords = 2;    // words of digits and letters that are common words
constexpr std::size_t kLeetShare = 8;     // one word in so many has digits and letters
constexpr std::size_t kMostLooked = 512;  // words looked at before it is decided
constexpr std::size_t kMostWord = 32;     // bytes of a word with digits

// What bytes of a folded word are.
enum class Kind : std::uint8_t { none, letter, sign, beyond };
constexpr auto kKinds = [] {
    std::array<Kind, 256> kinds{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool sign = (c >= '0' && c <= '9') || c == '@' || c == '$' || c == '!' || c == '|' || c == '+';
        kinds[c] = c >= 0x80 ? Kind::beyond : sign ? Kind::sign : c >= 'a' && c <= 'z' ? Kind::letter : Kind::none;
    }
    return kinds;
}();
Kind kind_of(char c) noexcept { return kKinds[static_cast<unsigned char>(c)]; }
bool is_ascii_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }

// Characters whose skeleton is l that look like an i.
bool is_i(char32_t cp) noexcept {
    constexpr std::array<char32_t, 16> kLikeI = {0x0131, 0x0269, 0x026A, 0x037A, 0x03B9, 0x0456, 0x0457, 0x1D09,
                                                 0x1D7B, 0x1D7C, 0x2373, 0xA647, 0xAB75, 0x13A5, 0x10BD, 0x118C3};
    return std::find(kLikeI.begin(), kLikeI.end(), cp) != kLikeI.end();
}

// Letters of African and other alphabets and of phonetic writing, but for small capitals and two that pass for a and g.
bool is_of_alphabet(char32_t cp) noexcept {
    constexpr std::array<char32_t, 11> kPlain = {0x0251, 0x0261, 0x0262, 0x026A, 0x0274, 0x0280,
                                                 0x028F, 0x0299, 0x029C, 0x029F, 0x0269};
    return cp >= 0x0100 && cp < 0x02B0 && std::find(kPlain.begin(), kPlain.end(), cp) == kPlain.end();
}

// The letter that a character beyond ASCII looks like; 0: none.
char letter_of(char32_t cp) noexcept {
    const bool chinese = cp >= 0x4E00 && cp < 0xA000;  // none of these looks like a letter
    if (cp >= unicode::kLimit || chinese) {
        return '\0';
    }
    // Circled, squared and regional letters: the skeleton does not tell i from l.
    if (cp >= 0x2000) {
        for (const char32_t first : {U'\U0001F150', U'\U0001F170', U'\U0001F1E6', U'\U0001F130', U'\U0000249C'}) {
            if (cp >= first && cp < first + 26) {
                return static_cast<char>('a' + (cp - first));
            }
        }
    }
    const std::uint32_t entry = unicode::skeleton_entry(cp);
    const std::uint32_t size = entry >> unicode::kSkeletonLength & 63U;
    if ((entry & (unicode::kSkeletonIdentity | unicode::kSkeletonPooled)) != 0 || size > 2 || is_of_alphabet(cp)) {
        return '\0';
    }
    if (is_i(cp)) {
        return 'i';
    }
    if (size == 2) {
        return (entry & 0xFFFFU) == ('r' | 'n' << 8) ? 'm' : '\0';
    }
    const char letter = static_cast<char>(entry & 0xFFU);
    return is_ascii_letter(letter) ? letter : '\0';
}

// The letter that a digit or sign stands for; 0: none.
char letter_of_sign(char c) noexcept {
    constexpr std::string_view kSigns = "0123456789@$!|+";
    constexpr std::string_view kLetters = "oizeasgtbgasilt";
    const std::size_t at = kSigns.find(c);
    return at == std::string_view::npos ? '\0' : kLetters[at];
}
bool is_i_or_l(char c) noexcept { return c == '1' || c == '!' || c == '|'; }

// A word of the folded view, and what it is made of.
struct Word {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t ascii = 0;  // letters
    std::size_t signs = 0;  // digits and signs that stand for letters
    std::size_t looks = 0;  // characters that stand for letters
    std::size_t other = 0;  // characters beyond ASCII that do not
    bool tail = true;       // all digits stand at its end: "mp3", "covid19"

    [[nodiscard]] bool mixed() const noexcept { return looks > 0 && other == 0 && ascii > 0; }
    [[nodiscard]] bool dressed() const noexcept { return looks > 0 && other == 0; }
    [[nodiscard]] bool leet() const noexcept {
        return looks == 0 && other == 0 && signs > 0 && ascii > 0 && !tail && end - begin <= kMostWord;
    }
};

// Whether no letter of the text belongs to another alphabet.
bool is_latin(const Reading& reading) noexcept {
    constexpr auto kLatin = 1U << static_cast<unsigned>(Script::latin) | 1U << static_cast<unsigned>(Script::none);
    return (reading.stats.scripts & ~kLatin) == 0;
}

// Whether so many words of an ASCII text may have digits or signs before letters in them that they stand for letters
// (Looker::decide): of each such word, one stands right before a letter.
bool may_be_spelt_with_signs(const Reading& reading) noexcept {
    const ByteMasks& masks = reading.raw_masks;
    const std::size_t blocks = (reading.raw.bytes.size() + kBlockBytes - 1) / kBlockBytes;
    std::size_t pairs = 0;
    std::size_t words = 0;
    std::uint64_t sign_before = 0;  // whether the block before ends with one
    std::uint64_t word_before = 0;
    for (std::size_t i = 0; i < blocks; ++i) {
        const std::uint64_t sign = masks.digit[i] | masks.leet[i];
        const std::uint64_t letter = masks.word[i] & ~masks.digit[i];
        const std::uint64_t word = sign | letter;
        pairs += static_cast<std::size_t>(std::popcount(letter & (sign << 1U | sign_before)));
        words += static_cast<std::size_t>(std::popcount(word & ~(word << 1U | word_before)));
        sign_before = sign >> 63U;
        word_before = word >> 63U;
    }
    return pairs >= kLeastWords && (words > kMostLooked || pairs * kLeetShare >= words);
}

class Looker {
  public:
    Looker(const Reading& reading, Children& children) noexcept
        : reading_(reading), text_(reading.folded.bytes), children_(children) {}

    void run() {
        decide();
        if ((!letters_ && !signs_) || !children_.open(ViewKind::skeleton)) {
            return;
        }
        std::size_t at = 0;
        for (Word word = next(0); word.begin < text_.size(); word = next(word.end)) {
            copy(at, word.begin);
            at = word.end;
            if (letters_ && (word.mixed() || (whole_ && word.dressed()))) {
                dress_down(word);
            } else if (signs_ && (word.leet() || (numbers_ && word.ascii == 0 && word.signs > 0 && word.other == 0 &&
                                                  word.end - word.begin <= kMostWord))) {
                spell(word);
            } else {
                copy(word.begin, word.end);
            }
        }
        copy(at, text_.size());
        children_.close(reading_.raw.bytes);
    }

  private:
    // The first word at `from` or behind it; one at the end of the text where there is none.
    [[nodiscard]] Word next(std::size_t from) const noexcept {
        Word word;
        word.begin = from;
        while (word.begin < text_.size() && kind_of(text_[word.begin]) == Kind::none) {
            ++word.begin;
        }
        word.end = word.begin;
        while (word.end < text_.size()) {
            const Kind kind = kind_of(text_[word.end]);
            if (kind == Kind::none) {
                break;
            }
            if (kind != Kind::beyond) {
                const bool letter = kind == Kind::letter;
                word.tail = word.tail && !(letter && word.signs > 0);
                word.ascii += letter ? 1U : 0U;
                word.signs += letter ? 0U : 1U;
                ++word.end;
                continue;
            }
            const views::Character character = views::character_at(text_, word.end);
            ++(letter_of(character.code_point) != '\0' ? word.looks : word.other);
            word.end = character.end;
        }
        return word;
    }

    // Whether letters beyond ASCII, and whether digits, stand for letters in this text.
    void decide() noexcept {
        std::uint32_t looks = 0;  // a bit per letter that is stood for
        std::size_t mixed = 0;
        std::size_t foreign = 0;
        std::size_t leet = 0;
        std::size_t spelled = 0;
        std::size_t count = 0;
        for (Word word = next(0); word.begin < text_.size() && count < kMostLooked; word = next(word.end), ++count) {
            mixed += word.mixed() ? 1U : 0U;
            foreign += word.other > 0 ? 1U : 0U;
            if (word.dressed()) {
                looks |= letters_in(word);
            }
            if (word.leet()) {
                ++leet;
                std::array<char, kMostWord> letters{};
                spelled += best_spelling(word, letters) ? 1U : 0U;
            }
        }
        const bool latin_alone = is_latin(reading_) || borrows_letters(reading_.stats, reading_.counts.high);
        letters_ = static_cast<std::size_t>(std::popcount(looks)) >= kLeastLooks && (mixed > 0 || latin_alone);
        whole_ = latin_alone || foreign <= mixed;
        signs_ = spelled >= kLeastWords && spelled * 3 >= leet && leet * kLeetShare >= count;
        numbers_ = leet * 4 >= count;
    }

    [[nodiscard]] std::uint32_t letters_in(const Word& word) const noexcept {
        std::uint32_t letters = 0;
        for (std::size_t at = word.begin; at < word.end;) {
            const views::Character character = views::character_at(text_, at);
            const char letter = character.code_point < 0x80 ? '\0' : letter_of(character.code_point);
            letters |= letter == '\0' ? 0U : 1U << static_cast<unsigned>(letter - 'a');
            at = character.end;
        }
        return letters;
    }

    // What a word with digits says: i or l for each 1, so that it is a common word if it can be. Whether it is one.
    bool best_spelling(const Word& word, std::array<char, kMostWord>& letters) const noexcept {
        const std::size_t size = word.end - word.begin;
        std::array<std::size_t, 3> choices{};
        std::size_t count = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const char c = text_[word.begin + i];
            letters[i] = is_ascii_letter(c) ? c : letter_of_sign(c);
            if (is_i_or_l(c) && count < choices.size()) {
                choices[count++] = i;
            }
        }
        for (unsigned choice = 0; choice < 1U << count; ++choice) {
            for (std::size_t k = 0; k < count; ++k) {
                letters[choices[k]] = (choice >> k & 1U) != 0 ? 'l' : 'i';
            }
            if (decoding::is_common_word({letters.data(), size})) {
                return true;
            }
        }
        for (std::size_t k = 0; k < count; ++k) {
            letters[choices[k]] = text_[word.begin + choices[k]] == '|' ? 'l' : 'i';
        }
        return false;
    }

    void put(char c, std::size_t begin, std::size_t end) {
        const RawSpan place = raw_span(reading_.folded, begin, end);
        children_.put_byte(c, place.begin, place.end);
    }
    void copy(std::size_t begin, std::size_t end) { (void)children_.copy(reading_.folded, begin, end); }
    void dress_down(const Word& word) {
        for (std::size_t at = word.begin; at < word.end;) {
            const views::Character character = views::character_at(text_, at);
            const char letter = character.code_point < 0x80 ? '\0' : letter_of(character.code_point);
            if (letter == '\0') {
                copy(at, character.end);
            } else {
                put(letter, at, character.end);
            }
            at = character.end;
        }
    }
    void spell(const Word& word) {
        std::array<char, kMostWord> letters{};
        (void)best_spelling(word, letters);
        for (std::size_t at = word.begin; at < word.end; ++at) {
            // A sign at the end of a word is one: "hello!".
            const bool mark = text_[at] == '!' && at + 1 == word.end;
            put(mark ? '!' : letters[at - word.begin], at, at + 1);
        }
    }

    const Reading& reading_;
    std::string_view text_;
    Children& children_;
    bool letters_ = false;  // letters beyond ASCII stand for plain ones
    bool whole_ = false;    // in words that have no plain ones, too
    bool signs_ = false;    // digits and signs stand for letters
    bool numbers_ = false;  // in words that have no letters, too
};

}  // namespace

void make_lookalike(const Reading& reading, Children& children) {
    if (children.has_made(ViewKind::flipped)) {  // those letters stand on their heads
        return;
    }
    const bool letters =
        !reading.ascii && reading.stats.confusables >= kLeastLooks &&
        (reading.stats.mixed || is_latin(reading) || borrows_letters(reading.stats, reading.counts.high));
    const bool signs = reading.leet >= kLeastLeet && (!reading.ascii || may_be_spelt_with_signs(reading));
    if (letters || signs) {
        Looker(reading, children).run();
    }
}

}  // namespace fastguard
