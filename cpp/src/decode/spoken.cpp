// Codes for people: the spelling alphabet of radio ("India Golf November"), Pig Latin ("ignoreway allway").
#include "codes.h"
#include "words.h"

#include "fastguard/tokenizer.h"

#include <algorithm>
#include <span>

namespace fastguard::decoding {
namespace {

// ---------------------------------------------------------------- spelling alphabet

constexpr std::size_t kLeastSpelled = 8;  // letters in a row
constexpr std::size_t kSpelledStep = 4;   // of so many words one is looked at: a row has two of these

constexpr std::string_view kSpelling =
    "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo "
    "sierra tango uniform victor whiskey xray yankee zulu "
    "alpha bravo charly delta echo foxtrott golf hotel india juliet kilo lima mike november oscar papa quebec romeo "
    "sierra tango uniform viktor whisky xray yankee zulu";

// The letters of words of the alphabet, by the hash of the word.
class SpelledWords {
  public:
    SpelledWords() noexcept {
        std::array<char, kSpelling.size() + 8> padded{};  // hash_bytes reads on
        std::copy(kSpelling.begin(), kSpelling.end(), padded.begin());
        std::size_t index = 0;
        for (std::size_t at = 0; at < kSpelling.size(); ++index) {
            const std::size_t end = std::min(kSpelling.find(' ', at), kSpelling.size());
            const std::uint64_t hash = hash_bytes(padded.data() + at, end - at);
            std::size_t place = hash % kPlaces;
            while (places_[place].letter != '\0' && places_[place].hash != hash) {
                place = (place + 1) % kPlaces;
            }
            places_[place] = {hash, static_cast<char>('a' + index % 26)};
            bits_[hash % kBits / 64] |= std::uint64_t{1} << (hash % 64);
            at = end + 1;
        }
    }
    // 0: it is no word of the alphabet.
    [[nodiscard]] char letter(std::uint64_t hash) const noexcept {
        if ((bits_[hash % kBits / 64] >> (hash % 64) & 1U) == 0) {  // most words, in few lines of the cache
            return '\0';
        }
        std::size_t place = hash % kPlaces;
        while (places_[place].letter != '\0' && places_[place].hash != hash) {
            place = (place + 1) % kPlaces;
        }
        return places_[place].letter;
    }

  private:
    struct Place {
        std::uint64_t hash = 0;
        char letter = '\0';  // 0: nothing is here
    };
    static constexpr std::size_t kPlaces = 512;  // a tenth is taken
    std::array<Place, kPlaces> places_{};
    static constexpr std::size_t kBits = 2048;
    std::array<std::uint64_t, kBits / 64> bits_{};
};

const SpelledWords kSpelledWords;  // of this file alone; nothing is checked before main

// A letter and the tokens that spell it: "x-ray" is two.
struct Spelled {
    char letter = '\0';
    std::size_t next = 0;
};

class Speller {
  public:
    explicit Speller(const Job& job) noexcept : job_(job), tokens_(job.reading.tokens) {}

    void run() {
        for (std::size_t i = kSpelledStep - 1; i < tokens_.size();) {
            if (kSpelledWords.letter(tokens_[i].hash) == '\0') {
                i += kSpelledStep;
                continue;
            }
            std::size_t begin = i;
            while (begin > done_ && (at(begin - 1).letter != '\0' || is_half(begin - 1))) {
                --begin;
            }
            done_ = spell(begin);
            i = std::max(i + kSpelledStep, done_);
        }
    }

  private:
    [[nodiscard]] std::string_view word(std::size_t i) const noexcept {
        return job_.reading.folded.bytes.substr(tokens_[i].begin, tokens_[i].size());
    }
    [[nodiscard]] bool is_half(std::size_t i) const noexcept {
        return word(i) == "x" && i + 1 < tokens_.size() && word(i + 1) == "ray";
    }
    [[nodiscard]] Spelled at(std::size_t i) const noexcept {
        if (is_half(i) || (word(i) == "ray" && i > 0 && is_half(i - 1))) {
            return {'x', word(i) == "x" ? i + 2 : i + 1};
        }
        return {kSpelledWords.letter(tokens_[i].hash), i + 1};
    }
    [[nodiscard]] std::string_view gap_before(std::size_t i) const noexcept {
        const std::size_t begin = tokens_[i - 1].end;
        return job_.reading.folded.bytes.substr(begin, tokens_[i].begin - begin);
    }

    // What stands between most letters: one of the first two gaps.
    [[nodiscard]] std::string_view usual_gap(std::size_t begin, std::size_t end) const noexcept {
        const std::size_t first = at(begin).next;
        const std::size_t second = at(first).next;
        std::size_t more = 0;
        for (std::size_t i = begin + 1; i < end; ++i) {
            more += gap_before(i) == gap_before(second) ? 1U : 0U;
            more -= gap_before(i) == gap_before(first) && more > 0 ? 1U : 0U;
        }
        return gap_before(more > 0 ? second : first);
    }

    // The row that begins at a token: kept, if it is long enough. Returns the token behind it.
    std::size_t spell(std::size_t begin) {
        std::size_t end = begin;
        std::size_t letters = 0;
        for (Spelled spelled = at(end); spelled.letter != '\0'; spelled = at(end)) {
            end = spelled.next;
            ++letters;
            if (end >= tokens_.size()) {
                break;
            }
        }
        if (letters < kLeastSpelled || !job_.children.open(ViewKind::decoded)) {
            return end;
        }
        const std::string_view usual = usual_gap(begin, end);
        for (std::size_t i = begin; i < end;) {
            const Spelled spelled = at(i);
            const RawSpan place = raw_span(job_.reading.folded, tokens_[i].begin, tokens_[spelled.next - 1].end);
            // Words are parted by something else than letters are.
            if (i > begin && gap_before(i) != usual) {
                (void)job_.children.put_byte(' ', place.begin, place.end);
            }
            (void)job_.children.put_byte(spelled.letter, place.begin, place.end);
            i = spelled.next;
        }
        job_.children.close(job_.text());
        return end;
    }

    const Job& job_;
    std::span<const Token> tokens_;
    std::size_t done_ = 0;
};

// ---------------------------------------------------------------- Pig Latin

constexpr std::size_t kLeastPig = 3;  // words in a row that end with -ay
constexpr std::size_t kPigStep = 3;   // of so many words one is looked at
constexpr std::size_t kMostPig = 32;  // bytes of a word

bool is_vowel(char c) noexcept { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

// Where the letters of a word come from: the word before -ay, turned by some letters.
struct Pig {
    std::size_t size = 0;   // letters of the word
    std::size_t moved = 0;  // of these, from the end to the front
};

bool is_common_turned(std::string_view stem, const Pig& pig) noexcept {
    std::array<char, kMostPig> word{};
    const std::string_view letters = stem.substr(0, pig.size);
    std::rotate_copy(letters.begin(), letters.end() - static_cast<std::ptrdiff_t>(pig.moved), letters.end(),
                     word.begin());
    return pig.size > 1 && is_common_word({word.data(), pig.size});
}

// The likeliest word that a word in -ay was: one that is common; else the one whose consonants may begin a word.
Pig unturned(std::string_view word, bool& common) noexcept {
    const std::string_view stem = word.substr(0, word.size() - 2);
    common = true;
    const bool marked = stem.size() > 2 && (stem.back() == 'w' || stem.back() == 'y' || stem.back() == 'h');
    const Pig whole = {stem.size() - (marked ? 1 : 0), 0};
    if (marked && is_common_turned(stem, whole)) {
        return whole;
    }
    std::size_t consonants = 0;
    while (consonants + 1 < stem.size() && consonants < 4 && !is_vowel(stem[stem.size() - 1 - consonants])) {
        ++consonants;
        if (is_common_turned(stem, {stem.size(), consonants})) {
            return {stem.size(), consonants};
        }
    }
    common = false;
    if (marked && is_vowel(stem[0])) {
        return whole;
    }
    const bool two = consonants >= 2 && (stem.back() == 'r' || stem.back() == 'l' || stem.back() == 'h');
    return {stem.size(), two ? 2U : std::min<std::size_t>(consonants, 1)};
}

class PigLatin {
  public:
    explicit PigLatin(const Job& job) noexcept : job_(job), tokens_(job.reading.tokens) {}

    void run() {
        std::size_t done = 0;
        for (std::size_t i = kPigStep - 1; i < tokens_.size(); i = std::max(i + kPigStep, done)) {
            if (!is_pig(i)) {
                continue;
            }
            std::size_t begin = i;
            std::size_t end = i + 1;
            while (begin > done && is_pig(begin - 1)) {
                --begin;
            }
            while (end < tokens_.size() && is_pig(end)) {
                ++end;
            }
            done = end;
            if (end - begin >= kLeastPig) {
                keep(begin, end);
            }
        }
    }

  private:
    [[nodiscard]] std::string_view word(std::size_t i) const noexcept {
        return job_.reading.folded.bytes.substr(tokens_[i].begin, tokens_[i].size());
    }
    [[nodiscard]] bool is_pig(std::size_t i) const noexcept {
        const char* end = job_.reading.folded.bytes.data() + tokens_[i].end;
        return end[-1] == 'y' && tokens_[i].size() > 3 && end[-2] == 'a' && tokens_[i].size() <= kMostPig;
    }

    void keep(std::size_t begin, std::size_t end) {
        std::size_t letters = 0;
        std::size_t known = 0;
        std::size_t plain = 0;
        for (std::size_t i = begin; i < end; ++i) {
            bool common = false;
            (void)unturned(word(i), common);
            letters += tokens_[i].size();
            known += common ? tokens_[i].size() : 0;
            plain += is_common(tokens_[i].hash) ? tokens_[i].size() : 0;
        }
        if (known * 2 < letters || known < 2 * plain || !job_.children.open(ViewKind::decoded)) {
            return;
        }
        for (std::size_t i = begin; i < end; ++i) {
            bool common = false;
            const Pig pig = unturned(word(i), common);
            for (std::size_t at = 0; at < pig.size; ++at) {
                const std::size_t from = tokens_[i].begin + (at + pig.size - pig.moved) % pig.size;
                const RawSpan place = raw_span(job_.reading.folded, from, from + 1);
                (void)job_.children.put_byte(job_.reading.folded.bytes[from], place.begin, place.end);
            }
            if (i + 1 < end) {
                const RawSpan gap = raw_span(job_.reading.folded, tokens_[i].end - 1, tokens_[i].end);
                (void)job_.children.put_byte(' ', gap.begin, gap.end);
            }
        }
        job_.children.close(job_.text());
    }

    const Job& job_;
    std::span<const Token> tokens_;
};

}  // namespace

void decode_spelling(const Job& job) { Speller(job).run(); }
void decode_pig_latin(const Job& job) { PigLatin(job).run(); }

}  // namespace fastguard::decoding
