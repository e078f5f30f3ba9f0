// Letters beyond Latin turned round or moved along their alphabet: reversed text in any script that has spaces, Caesar
// and Atbash in Cyrillic, Greek and Hebrew. Words of which none is common speak for it, as in letters.cpp.
#include "codes.h"
#include "words.h"

#include "fastguard/tokenizer.h"
#include "utf8_decode.h"

#include <algorithm>
#include <span>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastWords = 4;  // in a row without a common one
constexpr std::size_t kStretch = 14;    // the same, in a text of more words than kFewWords
constexpr std::size_t kFewWords = 32;
constexpr std::size_t kSample = 16;      // words that are tried
constexpr std::size_t kHopeless = 6;     // of these without a common one end a try
constexpr std::size_t kMostBytes = 48;   // of a word
constexpr std::size_t kLeastCommon = 2;  // common words after the change, and one in kShare
constexpr std::size_t kShare = 5;

// Words that texts are full of, folded: Russian, Ukrainian, Bulgarian; Greek; Hebrew; Arabic, Persian, Urdu; Hindi.
constexpr std::string_view kWords =
    "не на что как это все по но из за то так же от для вы мы он она они был была быть еще уже только или если когда "
    "где кто чтобы при без ты мне меня его ее их нас вас свои свою мои твои этот эта эти этого того после перед теперь "
    "все всех сеичас может можно нужно никогда ничего любые очень до под над между про себя со во ни бы ли да нет "
    "это я и в с у к о а та що як це для від але або та ми ви вони був була було якщо коли де хто щоб без тепер всі "
    "про "
    "се да на за от ще са като или ако все това тези "
    "και το να του η της με που ειναι για σε τα την οι απο δεν θα τον τι οτι τους μια ενα στο στη στην αλλα αν ολα "
    "ολεσ "
    "οπωσ μου σου μασ σασ αυτο αυτα πριν μετα τωρα μην ουτε "
    "של את לא על הוא זה אני כל עם אם מה היא גם יש או כי אבל אתה זאת הם אין לי לך עוד רק כמו אל היה כדי לפני אחרי עכשיו "
    "في من على الى إلى عن هذا هذه ان أن لا ما هو هي كل مع التي الذي كان أو او ثم قد لم لن بعد قبل جميع أنت انت كيف "
    "الان "
    "الآن يا نعم به له لها بين غير دون حتى و از به که این را با است در برای تا هر یا آن ما من شما همه "
    "بود شد کن کنید هم می خود هے کے کی میں سے کو نہیں اور پر یہ "
    "के है और में की को से का यह नहीं पर कि हैं तो भी एक हो ने मैं था कर वह अपने इस सभी जो या मुझे तुम आप अब बिना सब कुछ "
    "करो बताओ जाओ";

class CommonBits {
  public:
    CommonBits() noexcept {
        for (std::size_t at = 0; at < kWords.size();) {
            const std::size_t end = std::min(kWords.find(' ', at), kWords.size());
            std::array<char, kMostBytes + 16> word{};
            const std::size_t size = std::min(end - at, kMostBytes);
            std::copy_n(kWords.data() + at, size, word.data());
            const std::uint64_t hash = hash_bytes(word.data(), size);
            bits_[hash >> 54U] |= wanted(hash);
            at = end + 1;
        }
    }
    [[nodiscard]] bool may_have(std::uint64_t hash) const noexcept {
        return (bits_[hash >> 54U] & wanted(hash)) == wanted(hash);
    }

  private:
    [[nodiscard]] static std::uint64_t wanted(std::uint64_t hash) noexcept {
        return std::uint64_t{1} << (hash >> 48U & 63U) | std::uint64_t{1} << (hash >> 42U & 63U);
    }
    std::array<std::uint64_t, 1024> bits_{};
};
const CommonBits kCommon;

bool is_beyond(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }

// An alphabet of capital or small letters, in its order.
using Alphabet = std::u32string_view;
constexpr std::array<Alphabet, 7> kAlphabets = {U"абвгдежзийклмнопрстуфхцчшщъыьэюя",
                                                U"АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ",
                                                U"абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
                                                U"АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ",
                                                U"αβγδεζηθικλμνξοπρστυφχψω",
                                                U"ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ",
                                                U"אבגדהוזחטיכלמנסעפצקרשת"};

// Alphabets of one script and length: small letters, then capitals (the same where there are none).
struct Pair {
    std::size_t small;
    std::size_t capital;
};
constexpr std::array<Pair, 4> kPairs = {{{2, 3}, {0, 1}, {4, 5}, {6, 6}}};

// The place of each letter in an alphabet: of those from U+0370 to U+06FF, where all alphabets are.
constexpr char32_t kFirstLetter = 0x370;
constexpr char32_t kLettersEnd = 0x700;
constexpr std::uint8_t kNoPlace = 255;
using Places = std::array<std::uint8_t, kLettersEnd - kFirstLetter>;
constexpr auto kPlaces = [] {
    std::array<Places, kPairs.size()> all{};
    for (std::size_t pair = 0; pair < kPairs.size(); ++pair) {
        all[pair].fill(kNoPlace);
        for (const std::size_t which : {kPairs[pair].small, kPairs[pair].capital}) {
            for (std::size_t i = 0; i < kAlphabets[which].size(); ++i) {
                all[pair][kAlphabets[which][i] - kFirstLetter] = static_cast<std::uint8_t>(i);
            }
        }
    }
    return all;
}();
std::uint8_t place_in(std::size_t pair, char32_t letter) noexcept {
    return letter >= kFirstLetter && letter < kLettersEnd ? kPlaces[pair][letter - kFirstLetter] : kNoPlace;
}

// How a letter is changed.
struct Change {
    Pair pair{};
    std::size_t shift = 0;
    bool mirror = false;

    [[nodiscard]] char32_t of(char32_t letter) const noexcept {
        for (const std::size_t which : {pair.small, pair.capital}) {
            const Alphabet alphabet = kAlphabets[which];
            const std::size_t at = alphabet.find(letter);
            if (at != Alphabet::npos) {
                return alphabet[mirror ? alphabet.size() - 1 - at : (at + shift) % alphabet.size()];
            }
        }
        return letter;
    }
};

// As folding leaves a letter of these alphabets.
char32_t folded(char32_t letter) noexcept {
    const bool cyrillic = letter >= 0x410 && letter < 0x430;
    const bool greek = letter >= 0x391 && letter <= 0x3A9;
    letter += cyrillic || greek ? 0x20 : 0;
    return letter == U'й' ? U'и' : letter == U'ё' || letter == U'Ё' ? U'е' : letter == U'ς' ? U'σ' : letter;
}

// visit(code point, begin, end) for each character of valid UTF-8 in [begin, end).
template <class Visit>
void each_character(std::string_view text, std::size_t begin, std::size_t end, const Visit& visit) {
    for (std::size_t at = begin; at < end;) {
        unsigned char four[4] = {};
        std::copy_n(text.data() + at, std::min<std::size_t>(4, text.size() - at), four);
        const utf8::Step step = utf8::decode(four);
        visit(step.cp, at, at + step.length);
        at += step.length;
    }
}

// A word put together of code points.
class Word {
  public:
    void add(char32_t cp) noexcept {
        if (size_ + 4 <= kMostBytes) {
            size_ += utf8::encode(cp, bytes_.data() + size_);
        } else {
            size_ = kMostBytes + 1;
        }
    }
    [[nodiscard]] bool is_common() const noexcept {
        return size_ > 2 && size_ <= kMostBytes && kCommon.may_have(hash_bytes(bytes_.data(), size_));
    }

  private:
    std::array<char, kMostBytes + 16> bytes_;  // not initialised: only what was added counts
    std::size_t size_ = 0;
};

constexpr std::size_t kMostLetters = 34;  // of an alphabet, and one

// The letters of an alphabet twice over, as folding leaves them, in UTF-8: two bytes each.
class FoldedAlphabet {
  public:
    explicit FoldedAlphabet(const Pair& pair) noexcept {
        const Alphabet small = kAlphabets[pair.small];
        for (std::size_t i = 0; i < 2 * small.size(); ++i) {
            char utf8[4] = {};
            (void)utf8::encode(folded(small[i % small.size()]), utf8);
            letters_[i] = {utf8[0], utf8[1]};
        }
    }
    [[nodiscard]] const std::array<char, 2>& operator[](std::size_t i) const noexcept { return letters_[i]; }

  private:
    std::array<std::array<char, 2>, 2 * kMostLetters> letters_{};
};

const std::array<FoldedAlphabet, kPairs.size()> kFoldedAlphabets = {
    FoldedAlphabet(kPairs[0]), FoldedAlphabet(kPairs[1]), FoldedAlphabet(kPairs[2]), FoldedAlphabet(kPairs[3])};

// Which shifts along an alphabet make a common word of a word, as far as its length, its first and its last letter say.
class MovedEnds {
  public:
    explicit MovedEnds(std::size_t pair) noexcept : size_(kAlphabets[kPairs[pair].small].size()) {
        const Alphabet small = kAlphabets[kPairs[pair].small];
        for (std::size_t at = 0; at < kWords.size();) {
            const std::size_t end = std::min(kWords.find(' ', at), kWords.size());
            std::size_t letters = 0;
            char32_t first = 0;
            char32_t last = 0;
            each_character(kWords, at, end, [&](char32_t cp, std::size_t, std::size_t) {
                first = letters++ == 0 ? cp : first;
                last = cp;
            });
            for (std::size_t p = 0; p < size_ && letters <= kMostLength; ++p) {
                for (std::size_t q = 0; q < size_; ++q) {
                    if (folded(small[p]) == first && folded(small[q]) == last) {
                        firsts_[letters][(q + size_ - p) % size_] |= std::uint64_t{1} << p;
                    }
                }
            }
            at = end + 1;
        }
    }

    // Bit s: a shift by s may make a common word of one with so many letters, these at its ends (kNoPlace: not of the
    // alphabet, which no shift changes). A common word is longer than any letter.
    [[nodiscard]] std::uint64_t shifts(std::size_t letters, std::uint8_t first, std::uint8_t last) const noexcept {
        if (letters > kMostLength) {
            return 0;
        }
        if (first == kNoPlace || last == kNoPlace) {
            return all();
        }
        const std::uint64_t firsts = firsts_[letters][(last + size_ - first) % size_];
        return (firsts >> first | firsts << (size_ - first)) & all();
    }

  private:
    static constexpr std::size_t kMostLength = 12;
    [[nodiscard]] std::uint64_t all() const noexcept { return (std::uint64_t{1} << size_) - 1; }

    std::size_t size_;
    std::array<std::array<std::uint64_t, kMostLetters>, kMostLength + 1> firsts_{};
};
const std::array<MovedEnds, kPairs.size()> kMovedEnds = {MovedEnds(0), MovedEnds(1), MovedEnds(2), MovedEnds(3)};

// Words whose letters have been looked up in an alphabet, so that each change of them takes little.
class Sample {
  public:
    explicit Sample(std::size_t pair) noexcept : which_(pair), pair_(kPairs[pair]), alphabet_(kFoldedAlphabets[pair]) {}

    // The letters of the next word; `end_word` behind them.
    void add(char32_t cp) noexcept {
        Letter letter = {place_in(which_, cp), 2, {}};
        if (letter.place == kNoPlace) {
            letter.size = static_cast<std::uint8_t>(utf8::encode(folded(cp), letter.bytes.data()));
        }
        whole_ = whole_ && bytes_ + 4 <= kMostBytes;
        if (whole_) {
            letters_[used_++] = letter;
            bytes_ += letter.size;
        }
    }
    void end_word() noexcept {
        used_ = whole_ ? used_ : ends_[words_];
        ends_[++words_] = used_;
        bytes_ = 0;
        whole_ = true;
    }
    [[nodiscard]] std::size_t words() const noexcept { return words_; }

    // Bit s: a shift by s may make a common word of this one; the others make none of it.
    [[nodiscard]] std::uint64_t shifts(std::size_t word) const noexcept {
        const std::size_t begin = ends_[word];
        const std::size_t end = ends_[word + 1];
        return begin == end ? 0
                            : kMovedEnds[which_].shifts(end - begin, letters_[begin].place, letters_[end - 1].place);
    }

    // Whether a word is common after the change; one that is too long is not.
    [[nodiscard]] bool is_common(std::size_t word, const Change& change) const noexcept {
        std::array<char, kMostBytes + 16> bytes;
        std::size_t size = 0;
        const std::size_t last = kAlphabets[pair_.small].size() - 1;
        for (std::size_t i = ends_[word]; i < ends_[word + 1]; ++i) {
            const Letter& letter = letters_[i];
            if (letter.place == kNoPlace) {
                std::copy_n(letter.bytes.data(), letter.bytes.size(), bytes.data() + size);
                size += letter.size;
            } else {
                const auto& changed = alphabet_[change.mirror ? last - letter.place : letter.place + change.shift];
                std::copy_n(changed.data(), changed.size(), bytes.data() + size);
                size += changed.size();
            }
        }
        return size > 2 && kCommon.may_have(hash_bytes(bytes.data(), size));
    }

  private:
    struct Letter {
        std::uint8_t place;         // in the alphabet
        std::uint8_t size;          // bytes
        std::array<char, 4> bytes;  // of what is no letter of it
    };
    std::size_t which_;
    Pair pair_;
    const FoldedAlphabet& alphabet_;
    std::array<Letter, kSample * kMostBytes> letters_;  // not initialised: only what was added counts
    std::array<std::size_t, kSample + 1> ends_{};
    std::size_t used_ = 0;
    std::size_t words_ = 0;
    std::size_t bytes_ = 0;  // of the word
    bool whole_ = true;      // the word is short enough
};

// Tokens of the reading, those in ASCII among them.
struct Stretch {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t words = 0;  // beyond ASCII
};

class Tries {
  public:
    Tries(const Job& job, const Stretch& stretch) noexcept : job_(job), stretch_(stretch) {}

    void run() {
        if (is_enough(reversed())) {
            keep_reversed();
            return;
        }
        Change best;
        std::size_t most = 0;
        for (std::size_t which = 0; which < kPairs.size(); ++which) {
            const Pair& pair = kPairs[which];
            const std::size_t letters = kAlphabets[pair.small].size();
            if (!holds(which)) {
                continue;
            }
            const Sample sample = sample_of(which);
            const std::uint64_t likely = shifts(sample);
            for (std::size_t shift = 0; shift < letters; ++shift) {  // 0: the mirror image
                if (shift > 0 && (likely >> shift & 1U) == 0) {
                    continue;
                }
                const Change change = {pair, shift, shift == 0};
                const std::size_t found = changed(sample, change);
                best = found > most ? change : best;
                most = std::max(most, found);
            }
        }
        if (is_enough(most)) {
            keep_changed(best);
        }
    }

  private:
    [[nodiscard]] bool is_enough(std::size_t common) const noexcept {
        return common >= kLeastCommon && common * kShare >= std::min(kSample, stretch_.words);
    }
    // visit(token) for the first kSample tokens beyond ASCII; it says how many were common so far (or anything but 0,
    // to go on).
    template <class Visit>
    void each_word(const Visit& visit) const {
        std::size_t seen = 0;
        bool hopeful = true;
        for (std::size_t i = stretch_.begin; i < stretch_.end && seen < kSample && hopeful; ++i) {
            const Token& token = job_.reading.tokens[i];
            if (is_beyond(job_.reading.folded.bytes[token.begin])) {
                ++seen;
                hopeful = visit(token) > 0 || seen < kHopeless;
            }
        }
    }
    [[nodiscard]] std::size_t reversed() const {
        std::size_t common = 0;
        each_word([&](const Token& token) {
            std::array<char32_t, kMostBytes> letters{};
            std::size_t count = 0;
            each_character(job_.reading.folded.bytes, token.begin, token.end,
                           [&](char32_t cp, std::size_t, std::size_t) {
                               if (count < letters.size()) {
                                   letters[count++] = cp;
                               }
                           });
            Word word;
            while (count > 0) {
                word.add(letters[--count]);
            }
            return common += word.is_common() ? 1U : 0U;
        });
        return common;
    }
    [[nodiscard]] Sample sample_of(std::size_t pair) const {
        Sample sample(pair);
        each_word([&](const Token& token) {
            const RawSpan place = raw_span(job_.reading.folded, token.begin, token.end);
            each_character(job_.text(), place.begin, place.end,
                           [&](char32_t cp, std::size_t, std::size_t) { sample.add(cp); });
            sample.end_word();
            return std::size_t{1};
        });
        return sample;
    }
    // Shifts after which one of the first words may be common: the others are hopeless.
    [[nodiscard]] static std::uint64_t shifts(const Sample& sample) noexcept {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < std::min(sample.words(), kHopeless); ++i) {
            all |= sample.shifts(i);
        }
        return all;
    }
    // How many words of the sample are common after the change; what is hopeless is given up.
    [[nodiscard]] static std::size_t changed(const Sample& sample, const Change& change) noexcept {
        std::size_t common = 0;
        for (std::size_t i = 0; i < sample.words() && (common > 0 || i < kHopeless); ++i) {
            common += sample.is_common(i, change) ? 1U : 0U;
        }
        return common;
    }
    // Whether the sample begins with letters of the alphabet.
    [[nodiscard]] bool holds(std::size_t pair) const {
        const Token& token = job_.reading.tokens[stretch_.begin];
        const RawSpan place = raw_span(job_.reading.folded, token.begin, token.end);
        bool any = false;
        each_character(job_.text(), place.begin, place.end,
                       [&](char32_t cp, std::size_t, std::size_t) { any = any || place_in(pair, cp) != kNoPlace; });
        return any;
    }
    [[nodiscard]] RawSpan span() const noexcept {
        const auto tokens = job_.reading.tokens;
        return raw_span(job_.reading.folded, tokens[stretch_.begin].begin, tokens[stretch_.end - 1].end);
    }
    void keep_changed(const Change& change) const {
        if (!job_.children.open(change.mirror ? ViewKind::atbash : ViewKind::caesar)) {
            return;
        }
        const RawSpan all = span();
        each_character(job_.text(), all.begin, all.end, [&](char32_t cp, std::size_t begin, std::size_t end) {
            if (cp == utf8::kInvalid || cp < 0x80) {
                copy(job_, begin, end);
            } else {
                (void)job_.children.put_code_point(change.of(cp), begin, end);
            }
        });
        job_.children.close(job_.text());
    }
    // The whole from its end, and each word from its end: what stands where does not tell which.
    void keep_reversed() const {
        const RawSpan all = span();
        if (job_.children.open(ViewKind::reversed)) {
            put_reversed(all.begin, all.end);
            job_.children.close(job_.text());
        }
        if (!job_.children.open(ViewKind::reversed_words)) {
            return;
        }
        std::size_t at = all.begin;
        for (std::size_t i = stretch_.begin; i < stretch_.end; ++i) {
            const Token& token = job_.reading.tokens[i];
            const RawSpan place = raw_span(job_.reading.folded, token.begin, token.end);
            copy(job_, at, std::max<std::size_t>(at, place.begin));
            put_reversed(place.begin, place.end);
            at = place.end;
        }
        job_.children.close(job_.text());
    }
    void put_reversed(std::size_t begin, std::size_t end) const {
        while (end > begin) {
            std::size_t first = end - 1;
            while (first > begin && end - first < 4 &&
                   (static_cast<unsigned char>(job_.text()[first]) & 0xC0U) == 0x80U) {
                --first;
            }
            for (std::size_t i = first; i < end; ++i) {
                (void)job_.children.put_byte(job_.text()[i], first, end);
            }
            end = first;
        }
    }

    const Job& job_;
    Stretch stretch_;
};

}  // namespace

void decode_letters_beyond(const Job& job) {
    const Reading& reading = job.reading;
    const std::span<const Token> tokens = reading.tokens;
    const std::size_t least = tokens.size() <= kFewWords ? kLeastWords : kStretch;
    Stretch stretch;
    const auto end_stretch = [&](std::size_t next) {
        if (stretch.words >= least) {
            Tries(job, stretch).run();
        }
        stretch = {next, next, 0};
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const bool beyond = is_beyond(reading.folded.bytes[tokens[i].begin]);
        if (beyond && tokens[i].size() <= 2) {  // one letter reads the same from its end
            stretch.end = stretch.words > 0 ? i + 1 : i;
        } else if (beyond ? kCommon.may_have(tokens[i].hash) : stretch.words == 0 || is_common(tokens[i].hash)) {
            end_stretch(i + 1);
        } else if (beyond) {
            stretch.begin = stretch.words == 0 ? i : stretch.begin;
            ++stretch.words;
            stretch.end = i + 1;
        }
    }
    end_stretch(tokens.size());
}

}  // namespace fastguard::decoding
