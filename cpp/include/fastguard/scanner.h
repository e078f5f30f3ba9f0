// Patterns: regular expressions over the bytes of a view, all in one pass.
//
// The main pass asks only which patterns occur (no start of match, each pattern reported once): that is what keeps it
// near 2 ns a byte for any number of patterns. Where one occurs, a second pass gives every end of a match, for all
// patterns at once; where a match begins is found by trying the places before an end whose bytes can begin one. (Libhs
// can report starts itself, but refuses a quarter of the patterns of the default pack for it: "Pattern is too large".)
// Hyperscan or Vectorscan does both; nothing else in the engine knows them.
#pragma once

#include "fastguard/pattern_ends.h"
#include "fastguard/scratch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fastguard {

struct PatternSpec {
    std::string id;  // for messages
    std::string expression;
    bool caseless = false;
};

struct PatternInfo {
    std::string error;  // empty where the expression can be read
    unsigned min_width = 0;
    std::optional<unsigned> max_width;  // none: not limited
    bool matches_empty = false;
};

// What libhs says of an expression without compiling it.
[[nodiscard]] PatternInfo pattern_info(const std::string& expression, bool caseless);

// Why a pattern does not compile; empty where it does. Takes as long as the compilation. For lint.
[[nodiscard]] std::string compile_error(const std::string& expression, bool caseless);

// Version of libhs as it names itself. Serialized databases are good for this version only.
[[nodiscard]] std::string scanner_version();

// False where this CPU cannot run libhs (no SSE4.2 on x86): a Pack then refuses to build with a clear error.
[[nodiscard]] bool scanner_usable() noexcept;

struct PatternSpan {
    std::uint32_t begin;  // bytes of the scanned text
    std::uint32_t end;
};

// Working memory of libhs and the results of a scan, part of a Scratch.
class PatternScratch {
  public:
    PatternScratch() noexcept;
    ~PatternScratch();
    PatternScratch(const PatternScratch&) = delete;
    PatternScratch& operator=(const PatternScratch&) = delete;

    Buffer<std::uint32_t> hits;
    std::size_t hit_count = 0;
    Buffer<std::uint32_t> first_ends;  // by pattern: where a match of it ends, for the patterns in `hits`
    std::size_t work = 0;              // bytes that may still be scanned to find the places of matches
    PatternEnds ends;                  // of the text scanned last, where `ends_known`
    bool ends_known = false;
    bool ends_cut = false;  // there were too many
    Buffer<PatternSpan> spans;
    Buffer<char> front;  // the beginning of a text behind a byte that it does not have

    // Takes from `work`; false where there is not enough left.
    bool spend(std::size_t bytes) noexcept {
        const bool enough = bytes <= work;
        work = enough ? work - bytes : 0;
        return enough;
    }

    struct Impl;
    // Precondition: `make_impl` was called.
    Impl& impl() noexcept { return *impl_; }
    // The same, made where there is none yet: at the first use, so that a scratch may be made without memory. Throws
    // std::bad_alloc.
    Impl& make_impl();

  private:
    std::unique_ptr<Impl> impl_;
};

// Compiled patterns. Immutable; shared by all threads, each with its own PatternScratch.
class Scanner {
  public:
    static constexpr std::size_t kMaxSpans = 8192;  // that `spans` gives at most

    // Compiles, which takes some milliseconds a pattern. Throws BuildError that names the pattern.
    explicit Scanner(std::span<const PatternSpec> patterns);

    // Loads what `serialize` of a scanner for the same patterns gave. Throws DatabaseError on anything else that libhs
    // notices; damaged data must be kept from it by a checksum.
    Scanner(std::span<const PatternSpec> patterns, std::string_view serialized);

    ~Scanner();
    Scanner(const Scanner&) = delete;
    Scanner& operator=(const Scanner&) = delete;

    [[nodiscard]] std::string serialize() const;
    [[nodiscard]] std::size_t size() const noexcept;

    // Makes `scratch` fit for this scanner. Cheap when it already is. Throws std::bad_alloc.
    void prepare(PatternScratch& scratch) const;

    // Which patterns occur in `text`, each once, in `scratch.hits`; false where libhs failed. O(size).
    bool scan(std::string_view text, PatternScratch& scratch) const noexcept;

    // Matches of one pattern in order, without overlap: for each end not yet covered the leftmost begin, from there the
    // longest match (as far as its ends lie less than twice as far as the one before, or 256 bytes). At most `limit`,
    // which is at most kMaxSpans; `truncated` is set where there are more, and where the places of all matches of one
    // `scan` cost more than a multiple of the text: then what was not placed is given up, but for the end of one match.
    // `pattern` is a hit of the last `scan`, `text` what it scanned. Valid until the next call with this scratch.
    // O(size).
    std::span<const PatternSpan> spans(std::uint32_t pattern, std::string_view text, std::size_t limit,
                                       PatternScratch& scratch, bool& truncated) const noexcept;

  private:
    struct Impl;

    // All ends of matches in `text`, into `scratch.ends`, once for each `scan`.
    void find_ends(std::string_view text, PatternScratch& scratch) const noexcept;

    std::unique_ptr<Impl> impl_;
};

}  // namespace fastguard
