// Formats: the shapes in which identifiers are written ("9{3}-9{2}-9{4}"), compiled into one table.
//
//   9  a digit            A  a letter, either case       X  a letter or a digit
//   _  a space, '-', '.' or '/', the same one at every '_' of the format; `_?` also none at all, at every place
//   [a0-9]  one of these  \c  the character itself        anything else: itself; letters are lower case and mean both
//   ?  {n}  {n,m}         of the element before: optional, n times, n to m times; n + m at most 64
//
// A text is walked from a given byte, one look-up a byte, until no format can match any more: as a format is at most
// kMostBytes long, a walk is bounded, and on most numbers of ordinary text it ends after a few bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fastguard {

class FormatTable {
  public:
    static constexpr std::size_t kMostBytes = 100;
    static constexpr std::size_t kMostPrefix = 5;  // letters before a separator that a format may begin with

    // Adds a format; `tag` is reported where it matches, in ascending order. Throws BuildError without id and field.
    void add(std::uint32_t tag, std::string_view format);

    // Compiles what was added. Throws BuildError where that takes more than 65,534 states.
    void finish();

    // Calls take(end, tags) for every end at which formats match from `begin` on, the shortest first. O(kMostBytes).
    template <class Take>
    void match(std::string_view text, std::size_t begin, Take&& take) const {
        std::size_t state = kStart;
        for (std::size_t i = begin; i < text.size(); ++i) {
            state = next_[state * classes_ + class_of_[static_cast<unsigned char>(text[i])]];
            if (state == kDead) return;
            const Tags& tags = accepted_[state];
            if (tags.count != 0) take(i + 1, std::span(tags_).subspan(tags.begin, tags.count));
        }
    }

    // Whether `check(end)` holds of an end at which formats may match: of any that `match` gives, and of more, since
    // digits are not told apart, nor letters. A small table, for the look at every number. O(kMostBytes).
    template <class Check>
    [[nodiscard]] bool may_match(std::string_view text, std::size_t begin, Check&& check) const {
        std::size_t state = kStart;
        for (std::size_t i = begin; i < text.size(); ++i) {
            state = sketch_[state * kKinds + kind_of(text[i])];
            if (state == kDead) return false;
            if (sketch_accepts_[state] != 0 && check(i + 1)) return true;
        }
        return false;
    }

    [[nodiscard]] bool empty() const noexcept { return accepted_.size() <= 2; }
    [[nodiscard]] std::size_t states() const noexcept { return accepted_.size(); }

    // Bit n: some format begins with n letters (1 to kMostPrefix) and a separator.
    [[nodiscard]] unsigned prefixes() const noexcept { return prefixes_; }

  private:
    static constexpr std::size_t kDead = 0;
    static constexpr std::size_t kStart = 1;

    // Kinds of bytes, for may_match: digits, letters, the usual separators, and all others.
    static constexpr std::size_t kKinds = 8;
    static constexpr auto kKindOf = [] {
        std::array<std::uint8_t, 256> kinds{};
        for (unsigned c = 0; c < 256; ++c) {
            const bool letter = (c | 0x20U) >= 'a' && (c | 0x20U) <= 'z';
            kinds[c] = c >= '0' && c <= '9' ? 0 : letter ? 1 : 2;
        }
        kinds[' '] = 3;
        kinds['-'] = 4;
        kinds['.'] = 5;
        kinds['/'] = 6;
        return kinds;
    }();
    static std::size_t kind_of(char c) noexcept { return kKindOf[static_cast<unsigned char>(c)]; }

    using Set = std::array<std::uint64_t, 4>;  // of bytes
    struct Element {
        Set set;
        bool optional;
        bool joint;  // a '_'
    };
    struct Tags {
        std::uint32_t begin = 0;
        std::uint32_t count = 0;
    };
    // A place in a format: the element that comes next; one behind the last is the end.
    struct Place {
        Set set;
        bool optional;
        bool end;
        std::uint32_t tag;
    };

    static std::vector<Element> parse(std::string_view format);
    void add_places(std::uint32_t tag, const std::vector<Element>& elements, char joint);
    void note_prefix(const std::vector<Element>& elements);
    void make_classes();
    void close(std::vector<std::uint32_t>& places) const;
    void make_sketch();

    std::vector<Place> places_;              // before `finish`
    std::vector<std::uint32_t> beginnings_;  // before `finish`
    std::array<std::uint8_t, 256> class_of_{};
    std::size_t classes_ = 1;
    std::vector<std::uint16_t> next_ = std::vector<std::uint16_t>(2);
    std::vector<Tags> accepted_ = std::vector<Tags>(2);
    std::vector<std::uint32_t> tags_;
    std::vector<std::uint16_t> sketch_ = std::vector<std::uint16_t>(2 * kKinds);  // kKinds a state
    std::vector<std::uint8_t> sketch_accepts_ = std::vector<std::uint8_t>(2);
    unsigned prefixes_ = 0;
};

}  // namespace fastguard
