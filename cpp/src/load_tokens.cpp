// The estimate of tokens (load.h). Costs in thousandths of a token, fitted to o200k_base by least squares of the
// relative error over prose in forty languages, chat and code.
#include "fastguard/load.h"

#include "utf8_decode.h"

#include <algorithm>
#include <array>

namespace fastguard {
namespace {

enum class Kind : std::uint8_t {
    latin,
    greek,
    cyrillic,
    hebrew,
    arabic,
    indic,
    thai,
    kana,
    han,
    hangul,
    mark,         // belongs to the letter before it
    punctuation,  // beyond ASCII: counted with the letter before it
    other,        // symbols, emoji, scripts that are rare in vocabularies
};
constexpr std::size_t kLetterKinds = 10;

struct Range {
    char32_t end;
    Kind kind;
};

// What lies below `end` and not below that of the row before.
constexpr std::array<Range, 32> kRanges = {{
    {0x250, Kind::latin},        {0x300, Kind::other},   {0x370, Kind::mark},         {0x400, Kind::greek},
    {0x530, Kind::cyrillic},     {0x590, Kind::other},   {0x600, Kind::hebrew},       {0x780, Kind::arabic},
    {0x900, Kind::other},        {0xE00, Kind::indic},   {0xE80, Kind::thai},         {0x1E00, Kind::other},
    {0x1F00, Kind::latin},       {0x2000, Kind::greek},  {0x2070, Kind::punctuation}, {0x3000, Kind::other},
    {0x3040, Kind::punctuation}, {0x3100, Kind::kana},   {0x3400, Kind::other},       {0xA000, Kind::han},
    {0xAC00, Kind::other},       {0xD7B0, Kind::hangul}, {0xFB50, Kind::other},       {0xFE00, Kind::arabic},
    {0xFE70, Kind::other},       {0xFF00, Kind::arabic}, {0xFF66, Kind::punctuation}, {0xFFA0, Kind::kana},
    {0x20000, Kind::other},      {0x30000, Kind::han},   {0x40000, Kind::other},      {0x110000, Kind::other},
}};

Kind kind_of(char32_t c) noexcept {
    const auto* row = std::upper_bound(kRanges.begin(), kRanges.end(), c,
                                       [](char32_t value, const Range& r) { return value < r.end; });
    return row == kRanges.end() ? Kind::other : row->kind;
}

// A word costs `word`, and `letter` for each letter behind the first `free`.
struct WordCost {
    std::uint32_t word;
    std::uint32_t letter;
    std::uint32_t free;
};

// In the order of Kind; Latin words have costs of their own below.
constexpr std::array<WordCost, kLetterKinds> kWords = {{{0, 0, 0},
                                                        {1247, 394, 3},
                                                        {1729, 31, 3},
                                                        {1301, 448, 3},
                                                        {1123, 325, 3},
                                                        {884, 421, 3},
                                                        {574, 403, 0},
                                                        {999, 431, 0},
                                                        {281, 748, 0},
                                                        {700, 814, 1}}};
constexpr std::uint32_t kDigits = 1850;  // for every three of a number
constexpr std::uint32_t kLine = 1629;
constexpr std::uint32_t kSpaces = 1000;   // more than one
constexpr std::uint32_t kSigns = 494;     // a run of punctuation,
constexpr std::uint32_t kSign = 469;      // each further one that differs from the one before it,
constexpr std::uint32_t kSameSign = 322;  // or does not
constexpr std::uint32_t kSymbol = 1487;
constexpr std::uint32_t kAccent = 457;  // a Latin word with a letter beyond ASCII
constexpr std::uint32_t kRare = 600;    // a Cyrillic word with a letter that Russian does not have
constexpr WordCost kCapitals = {930, 661, 3};
constexpr std::uint32_t kShort = 7;  // letters up to which a word is short

// Latin words: in English, of which vocabularies hold whole words, and in other languages.
struct LatinCost {
    std::uint32_t word, fourth, eighth;  // the word, each letter from the fourth to the seventh, each from the eighth
};
constexpr LatinCost kEnglish = {985, 0, 175};
constexpr LatinCost kForeign = {588, 348, 100};
constexpr std::uint64_t kEnglishShare = 8;  // one word in so many is one of those below

// Frequent English words of at most five letters, as they lie in a number; sorted at compile time.
constexpr std::uint64_t packed(std::string_view word) noexcept {
    std::uint64_t value = 0;
    for (const char c : word) value = value << 8U | static_cast<unsigned char>(c);
    return value;
}
constexpr auto kCommon = [] {
    std::array<std::uint64_t, 45> words = {
        packed("the"),  packed("of"),    packed("and"),   packed("to"),   packed("in"),    packed("is"),
        packed("you"),  packed("that"),  packed("it"),    packed("for"),  packed("on"),    packed("with"),
        packed("as"),   packed("are"),   packed("be"),    packed("this"), packed("was"),   packed("have"),
        packed("or"),   packed("at"),    packed("by"),    packed("not"),  packed("from"),  packed("your"),
        packed("can"),  packed("an"),    packed("if"),    packed("will"), packed("do"),    packed("what"),
        packed("all"),  packed("which"), packed("their"), packed("has"),  packed("would"), packed("there"),
        packed("we"),   packed("when"),  packed("use"),   packed("how"),  packed("more"),  packed("about"),
        packed("they"), packed("but"),   packed("our")};
    std::sort(words.begin(), words.end());
    return words;
}();

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_upper(char32_t c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) noexcept { return (static_cast<unsigned char>(c) | 0x20U) - 'a' < 26U; }
bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

// Adds up a text under both readings of its Latin words; which holds is known at the end.
class Meter {
  public:
    explicit Meter(std::string_view text) noexcept : text_(text) {}

    // Reads the next piece; false at the end.
    bool next() noexcept {
        if (at_ >= text_.size()) return false;
        const char c = text_[at_];
        if (is_digit(c)) {
            const std::size_t size = run([](char d) { return is_digit(d); });
            both((size + 2) / 3 * kDigits);
        } else if (c == '\n') {
            run([](char d) { return d == '\n' || is_blank(d); });
            both(kLine);
        } else if (is_blank(c)) {
            both(run(is_blank) > 1 ? kSpaces : 0);
        } else if (static_cast<unsigned char>(c) < 0x80 && !is_letter(c)) {
            signs();
        } else {
            letters();
        }
        return true;
    }

    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    [[nodiscard]] bool english() const noexcept { return common_ * kEnglishShare >= words_ && words_ != 0; }
    [[nodiscard]] std::uint64_t cost(bool english) const noexcept { return shared_ + (english ? english_ : foreign_); }

  private:
    void both(std::uint64_t milli) noexcept { shared_ += milli; }

    template <typename Is>
    std::size_t run(const Is& is) noexcept {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is(text_[at_])) ++at_;
        return at_ - begin;
    }

    void signs() noexcept {
        both(kSigns);
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (static_cast<unsigned char>(c) >= 0x80 || is_letter(c) || is_digit(c) || c == '\n' || is_blank(c))
                return;
            both(c == text_[at_ - 1] ? kSameSign : kSign);
        }
    }

    [[nodiscard]] utf8::Step step() const noexcept {
        std::array<unsigned char, 4> bytes{};
        const std::size_t left = std::min<std::size_t>(4, text_.size() - at_);
        for (std::size_t i = 0; i < left; ++i) bytes[i] = static_cast<unsigned char>(text_[at_ + i]);
        return utf8::decode(bytes.data());
    }

    // The word of one script that begins here, or the sign.
    void letters() noexcept {
        const utf8::Step first = step();
        const Kind kind = kind_of(first.cp);
        if (static_cast<std::size_t>(kind) >= kLetterKinds) {
            both(kind == Kind::other ? kSymbol : 0);
            at_ += first.length;
            return;
        }
        if (kind == Kind::latin) {
            latin();
            return;
        }
        std::uint32_t count = 0;
        bool rare = false;
        while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x80) {
            const utf8::Step now = step();
            const Kind its = kind_of(now.cp);
            if (its != kind && its != Kind::mark) break;
            ++count;
            rare = rare || (kind == Kind::cyrillic && (now.cp < 0x410 || now.cp > 0x44F) && now.cp != 0x451);
            at_ += now.length;
        }
        both(rare ? kRare : 0);
        const WordCost& costs = kWords[static_cast<std::size_t>(kind)];
        both(costs.word + std::uint64_t{costs.letter} * (count > costs.free ? count - costs.free : 0));
    }

    // A Latin word, in parts that begin with a capital: "HTTPServer" is two.
    void latin() noexcept {
        std::uint64_t key = 0;
        std::uint32_t size = 0;
        std::uint32_t capitals = 0;  // of the part, at its beginning
        std::uint32_t rest = 0;      // letters of the part behind them
        bool accent = false;
        const auto close = [&] {
            part(capitals, rest, accent);
            capitals = rest = 0;
            accent = false;
        };
        while (at_ < text_.size()) {
            const char c = text_[at_];
            const bool ascii = static_cast<unsigned char>(c) < 0x80;
            if (ascii && !is_letter(c)) break;
            const utf8::Step now = step();
            if (const Kind its = kind_of(now.cp); its != Kind::latin && its != Kind::mark) break;
            if (is_upper(now.cp)) {
                if (rest != 0) close();
                ++capitals;
            } else {
                if (capitals > 1 && rest == 0) {  // the last capital begins the next part
                    part(capitals - 1, 0, accent);
                    capitals = 1;
                }
                ++rest;
                accent = accent || !ascii;
            }
            key = size < 5 ? key << 8U | static_cast<unsigned char>(c | 0x20) : ~std::uint64_t{0};
            ++size;
            at_ += now.length;
        }
        close();
        ++words_;
        common_ += std::binary_search(kCommon.begin(), kCommon.end(), key) ? 1U : 0U;
    }

    void part(std::uint32_t capitals, std::uint32_t rest, bool accent) noexcept {
        const std::uint32_t size = capitals + rest;
        if (accent) both(kAccent);
        if (rest == 0 && capitals > 1) {
            both(kCapitals.word + std::uint64_t{kCapitals.letter} * (std::clamp(size, 3U, kShort) - kCapitals.free));
            return;
        }
        const auto add = [size](const LatinCost& costs, std::uint64_t& sum) {
            sum += costs.word + std::uint64_t{costs.fourth} * (std::clamp(size, 3U, kShort) - 3U) +
                   std::uint64_t{costs.eighth} * (std::max(size, kShort) - kShort);
        };
        add(kEnglish, english_);
        add(kForeign, foreign_);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint64_t shared_ = 0, english_ = 0, foreign_ = 0;
    std::uint64_t words_ = 0, common_ = 0;
};

}  // namespace

TokenCost token_cost(std::string_view utf8, std::optional<std::uint64_t> limit_milli) noexcept {
    Meter meter(utf8);
    while (meter.next()) {
    }
    const bool english = meter.english();
    TokenCost result;
    result.milli = meter.cost(english);
    if (limit_milli && result.milli > *limit_milli) {
        Meter again(utf8);
        std::size_t begin = 0;
        while (again.next() && again.cost(english) <= *limit_milli) {
            begin = again.at();
        }
        result.passed = {begin, again.at()};
    }
    return result;
}

std::uint64_t estimate_tokens(const Text& text, Buffer<char>& buffer) {
    SegmentReader reader(text, ~std::uint64_t{0}, buffer);
    std::uint64_t milli = 0;
    std::uint64_t counted = 0;  // bytes of the text
    for (Segment segment; reader.next(segment);) {
        const auto skip = static_cast<std::size_t>(counted - segment.begin.byte);
        milli += token_cost(segment.raw.substr(skip)).milli;
        counted = segment.begin.byte + segment.raw.size();
    }
    return (milli + 500) / 1000;
}

}  // namespace fastguard
