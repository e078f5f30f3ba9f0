// The caller's text, borrowed as it lies in memory, and the pieces in which it is read.
//
// A text of any length is read in segments of about 64 KB that overlap, so that the memory of a check is bounded by a
// constant per thread. A segment is UTF-8; for a Python str that is not ASCII it is made from the str's own units, so
// no second copy stays on the object.
#pragma once

#include "fastguard/scratch.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard {

enum class TextKind : std::uint8_t {
    ascii,   // bytes, known to be ASCII
    utf8,    // bytes, of which nothing is known
    latin1,  // code points of 1 byte
    ucs2,    // code points of 2 bytes (not UTF-16: a surrogate is a lone one)
    ucs4,    // code points of 4 bytes
};

struct Text {
    TextKind kind = TextKind::ascii;
    const void* data = nullptr;
    std::size_t units = 0;  // bytes, or code points of the str

    // Whether `data` is UTF-8 (or looks like it) already.
    [[nodiscard]] bool is_bytes() const noexcept { return kind == TextKind::ascii || kind == TextKind::utf8; }
    [[nodiscard]] static Text utf8(std::string_view bytes) noexcept {
        return {TextKind::utf8, bytes.data(), bytes.size()};
    }
};

// Units [begin, begin + count) of a text that is not bytes, as UTF-8; a lone surrogate becomes U+FFFD and is added to
// `surrogates`. `out` has room for 4 * count + kTranscodeSlack (transcode.h) bytes. Returns the bytes written.
// O(count).
std::size_t transcode(const Text& text, std::size_t begin, std::size_t count, char* out,
                      std::size_t& surrogates) noexcept;

inline constexpr std::size_t kSegmentBytes = 64 * 1024;
inline constexpr std::size_t kOverlapBytes = 4 * 1024;

// A place in the caller's text in the three units that callers count in.
struct TextPlace {
    std::uint64_t byte = 0;  // UTF-8; a lone surrogate counts 3
    std::uint64_t code_point = 0;
    std::uint64_t utf16 = 0;

    bool operator==(const TextPlace&) const = default;
};

struct Segment {
    std::string_view raw;        // UTF-8; borrowed from the text, or from the buffer given to the reader
    TextPlace begin;             // of raw
    bool first = true;           // begins where the text begins
    bool last = true;            // ends where the text (or its limit) ends
    std::size_t surrogates = 0;  // lone surrogates, each replaced by U+FFFD
};

// Where the segment that begins with `rest` ends, and where the next one begins, in bytes of it. `rest` is all that is
// left of the text, or at least kCutLookahead bytes of that; of it at most `allowed` bytes may be read. The answer
// depends on the text alone, not on how much more than that of it is known.
struct SegmentCut {
    std::size_t end;
    std::size_t next;
    bool last;       // nothing follows
    bool truncated;  // because of `allowed`
};
inline constexpr std::size_t kCutWindow = 512;  // how far a cut looks for a space
inline constexpr std::size_t kCutLookahead = kSegmentBytes + kOverlapBytes + kCutWindow + 4;
[[nodiscard]] SegmentCut cut_segment(std::string_view rest, std::uint64_t allowed) noexcept;

// A cut at or a little before byte `at` of a text, not before `lowest`: before a space if there is one within
// kCutWindow, else on the border of a character.
[[nodiscard]] std::size_t cut_before(const char* bytes, std::size_t at, std::size_t lowest) noexcept;

// Walks over a text segment by segment. Cuts lie before a space where there is one near, and never inside a character;
// they are the same for every kind that a text may have.
class SegmentReader {
  public:
    // Reads at most `max_bytes` of the text as UTF-8. `buffer` is used for texts that are not UTF-8 already.
    SegmentReader(const Text& text, std::uint64_t max_bytes, Buffer<char>& buffer) noexcept;

    // False at the end. Throws std::bad_alloc when `buffer` cannot grow.
    bool next(Segment& segment);

    // Whether the text was longer than `max_bytes`; known once `next` is at the end.
    [[nodiscard]] bool truncated() const noexcept { return truncated_; }

  private:
    // What is left of the text from unit `at_` on, or enough of it to cut.
    [[nodiscard]] std::string_view look_ahead();

    Text text_;
    std::uint64_t max_bytes_;
    Buffer<char>& buffer_;
    std::size_t at_ = 0;  // unit where the next segment begins
    TextPlace place_;     // of it
    bool done_ = false;
    bool started_ = false;
    bool truncated_ = false;
};

// The place of byte `at` of `segment`. O(at).
[[nodiscard]] TextPlace place_in(const Segment& segment, std::size_t at) noexcept;

}  // namespace fastguard
