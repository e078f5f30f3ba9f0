// Identifiers: entities that are told by a format, a check and the words around them.
//
//   format      how it is written (formats.h), between word boundaries and with a digit in it
//   validators  check digits, ranges, dates: all must accept it
//   context     words of any language that name it; one among the kBefore tokens before it or the kAfter behind it
//               supports the match, and a signature may ask for that
//
// Of matches that overlap one is reported: one with context before one without, then the longer, then the one whose
// context word is nearer, then the earlier signature. Texts without digits cost a read of their digit mask; a number
// that no format can be costs a few table look-ups; context is only looked for where a check has passed.
#pragma once

#include "fastguard/context.h"
#include "fastguard/formats.h"
#include "fastguard/reading.h"
#include "fastguard/validators.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fastguard {

struct IdentifierMatch {
    std::uint32_t signature;
    std::uint32_t begin, end;  // bytes of the view
    bool supported;            // by a word of its context
};

// Immutable after `finish`.
class Identifiers {
  public:
    static constexpr std::size_t kBefore = 10;
    static constexpr std::size_t kAfter = 5;

    // Throws BuildError without id where a format cannot be read.
    void add(std::uint32_t signature, std::span<const std::string> formats, std::vector<ValidatorId> validators,
             std::span<const std::string> folded_context, bool needs_context);
    void finish();

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    // Matches in `view` (raw or folded) of the text of `reading`, in order, without overlap; at most out.size(),
    // `truncated` is set where there are more. `digit` is the view's mask. `sources`: per signature the sources it is
    // on for, of which `source_bit` is asked. Linear. Allocates only to grow `scratch`.
    std::size_t find(const Reading& reading, const View& view, const std::uint64_t* digit,
                     std::span<const std::uint8_t> sources, std::uint8_t source_bit, ContextScratch& scratch,
                     std::span<IdentifierMatch> out, bool& truncated) const;

  private:
    class Search;
    struct Entry {
        std::uint32_t signature;
        std::vector<ValidatorId> validators;
        ConceptId context;
        bool has_context;
        bool needs_context;
    };

    std::vector<Entry> entries_;
    FormatTable formats_;
    ContextWords words_;
};

}  // namespace fastguard
