// Names that links pretend to: well-known brands, and the caller's own hosts.
#pragma once

#include "fastguard/links.h"
#include "host.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fastguard::links {

extern const std::string_view kBrandList;
extern const std::string_view kHonestWords;

// A label of a host (lower case; Unicode, or Punycode behind "xn--") as it looks. `letters` has it in Unicode, folded.
// Both lie in `scratch` until the next call. At most 128 bytes of the label are read. Throws std::bad_alloc.
struct Looks {
    std::string_view letters;
    std::string_view skeleton;
    bool decoded = false;  // was Punycode
    bool latin = false;    // has letters of this script, ASCII or not
    bool other = false;    // has Cyrillic or Greek letters
    bool ascii = true;     // nothing else
};
[[nodiscard]] Looks looks_of(std::string_view label, SkeletonScratch& scratch);

struct Brand {
    std::string label;
    std::string skeleton;
    std::vector<std::string> domains;
    bool distinctive = false;  // no word of any language, and long enough to be told from others by one letter
};

// How a label resembles a brand's.
enum class Likeness : std::uint8_t { none, same, homoglyph, typo };

struct Resemblance {
    Likeness how = Likeness::none;
    std::uint32_t brand = 0;
};

// Immutable.
class Brands {
  public:
    // The built-in list.
    static const Brands& known();

    // Of hosts of the caller: each name's label before its public suffix is a brand.
    explicit Brands(std::span<const std::string> hosts);

    [[nodiscard]] bool empty() const noexcept { return brands_.empty(); }
    [[nodiscard]] const Brand& operator[](std::size_t i) const noexcept { return brands_[i]; }

    // The brand that a host belongs to; -1 for none. A brand's label directly under a country's suffix, .com, .net or
    // .org counts as its own.
    [[nodiscard]] int owner(const Host& host) const noexcept;

    // What a label, or a part of one between hyphens, looks like. `looks` are those of `label`. O(brands) of its
    // length.
    [[nodiscard]] Resemblance resemblance(std::string_view label, const Looks& looks) const noexcept;

    // A brand's domain among the labels of the host, before its registrable domain ends: "paypal.com.evil.example".
    [[nodiscard]] int embedded(const Host& host) const noexcept;

    // The distinctive brand with exactly this label; -1 for none.
    [[nodiscard]] int labelled(std::string_view label) const noexcept;

  private:
    Brands() = default;
    void add(std::string_view line, SkeletonScratch& scratch);
    void finish();

    std::vector<Brand> brands_;
    std::vector<std::pair<std::string, std::uint32_t>> domains_;  // sorted
    std::vector<std::uint32_t> by_skeleton_;  // those of kLeastGlyph letters or more; of the same, in their order
    std::vector<std::uint32_t> by_label_;     // sorted by label
    std::vector<std::uint32_t> by_size_;      // distinctive ones, by size of the label
    std::vector<std::uint32_t> size_begin_;   // in by_size_, of each size
};

// Whether `a` and `b` differ by one letter put in, left out, changed, or by two neighbours changed over, exactly.
[[nodiscard]] bool one_edit(std::string_view a, std::string_view b) noexcept;

}  // namespace fastguard::links
