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

    [[nodiscard]] bool empty() const noexcept { return accepted_.size() <= 2; }
    [[nodiscard]] std::size_t states() const noexcept { return accepted_.size(); }

    // Bit n: some format begins with n letters (1 to kMostPrefix) and a separator.
    [[nodiscard]] unsigned prefixes() const noexcept { return prefixes_; }

  private:
    static constexpr std::size_t kDead = 0;
    static constexpr std::size_t kStart = 1;

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

    std::vector<Place> places_;              // before `finish`
    std::vector<std::uint32_t> beginnings_;  // before `finish`
    std::array<std::uint8_t, 256> class_of_{};
    std::size_t classes_ = 1;
    std::vector<std::uint16_t> next_ = std::vector<std::uint16_t>(2);
    std::vector<Tags> accepted_ = std::vector<Tags>(2);
    std::vector<std::uint32_t> tags_;
    unsigned prefixes_ = 0;
};

}  // namespace fastguard
