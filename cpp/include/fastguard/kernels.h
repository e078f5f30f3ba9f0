// The loops that run over every byte or every feature, once per instruction set.
//
// Each kernel is a set of pure functions with one signature; `scalar` is the readable one and the oracle of the others.
// The best kernel that the CPU has is chosen once, at first use. FASTGUARD_KERNEL=scalar|avx2|avx512|neon forces one.
// AVX-512 is never chosen by itself: where it was measured it made the code around it slower (the clock drops).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard {

// One bit per byte of a text: bit i of word i / 64. Bits past the end of the text are 0.
struct ByteMasks {
    std::uint64_t* word;   // ASCII letters and digits, and every byte >= 0x80
    std::uint64_t* high;   // bytes >= 0x80
    std::uint64_t* digit;  // 0-9
    std::uint64_t* at;     // @
    std::uint64_t* colon;  // :
    std::uint64_t* leet;   // @ $ ! | +
    std::uint64_t* space;  // space and \t \n \v \f \r
    std::uint64_t* upper;  // A-Z

    // Masks of `blocks` words each in one array of kCount * blocks words.
    static constexpr std::size_t kCount = 8;
    [[nodiscard]] static ByteMasks in(std::uint64_t* base, std::size_t blocks) noexcept {
        return {base,
                base + blocks,
                base + 2 * blocks,
                base + 3 * blocks,
                base + 4 * blocks,
                base + 5 * blocks,
                base + 6 * blocks,
                base + 7 * blocks};
    }
};

// Bytes that disguises are made with: whether a text has one is known from ByteCounts::marks, a bit for each of these.
inline constexpr std::string_view kMarkBytes = "%&\\=+\"'<*`~_]\r$\xE2";

// The bits of these bytes, each one of kMarkBytes.
[[nodiscard]] constexpr std::uint32_t mark_bits(std::string_view bytes) noexcept {
    std::uint32_t bits = 0;
    for (const char byte : bytes) {
        bits |= std::uint32_t{1} << kMarkBytes.find(byte);
    }
    return bits;
}

// How many bytes of each class a text has, and which marks.
struct ByteCounts {
    std::uint64_t upper = 0;    // A-Z
    std::uint64_t digit = 0;    // 0-9
    std::uint64_t word = 0;     // as ByteMasks::word
    std::uint64_t high = 0;     // >= 0x80
    std::uint64_t space = 0;    // as ByteMasks::space
    std::uint64_t newline = 0;  // \n
    std::uint64_t control = 0;  // other C0 controls and DEL
    std::uint64_t markup = 0;   // < > { } [ ] | ` # * = / and backslash
    std::uint32_t marks = 0;    // bit i: there is a byte kMarkBytes[i]

    [[nodiscard]] bool has(std::uint32_t any_of) const noexcept { return (marks & any_of) != 0; }

    bool operator==(const ByteCounts&) const = default;
};

inline constexpr std::size_t kBlockBytes = 64;

// Rows of the gate's table have this many weights, one per label; those of a gate with few labels half as many, so that
// the table takes half the cache.
inline constexpr std::size_t kGateLabels = 8;
inline constexpr std::size_t kFewLabels = kGateLabels / 2;

// Words whose ids are summed up together; windows are made of such blocks.
inline constexpr std::size_t kStrideTokens = 64;

struct Token {
    std::uint64_t hash;
    std::uint32_t begin;  // bytes of the view
    std::uint32_t end;

    [[nodiscard]] std::uint32_t size() const noexcept { return end - begin; }
};

// What the gate's rows of kStrideTokens words add up to, how many features those words have, and what their weights of
// toxicity add up to.
struct GateBlock {
    std::array<std::int32_t, kGateLabels> sums;
    std::uint32_t count;
    std::int32_t toxicity;
};

// Which words may begin an entry of a concept: by the hash of a word that is one, by the first four bytes of one that
// begins as an entry does, and by the hash of a pair of words that several entries begin with (tokenizer.h). Two bits
// of one 64-bit place stand for each.
class WordFilter {
  public:
    // What may have been added, a bit each.
    static constexpr std::uint32_t kWord = 1;
    static constexpr std::uint32_t kStem = 2;
    static constexpr std::uint32_t kPair = 4;

    void add_word(std::uint64_t hash) noexcept { words_[word_place(hash)] |= bit(hash) | bit(hash >> 6U); }
    void add_stem(std::uint32_t head) noexcept {
        const std::uint32_t key = spread(head);
        stems_[key >> 24U] |= bit(key >> 18U) | bit(key >> 12U);
    }
    void add_pair(std::uint64_t hash) noexcept { pairs_[hash >> 53U] |= bit(hash >> 47U) | bit(hash >> 41U); }

    // kWord and kStem for the word with this hash and these first four bytes.
    [[nodiscard]] std::uint32_t maybe(std::uint64_t hash, std::uint32_t head) const noexcept {
        const std::uint32_t key = spread(head);
        const std::uint64_t word = words_[word_place(hash)];
        const std::uint64_t stem = stems_[key >> 24U];
        return both(word, hash, hash >> 6U) | (both(stem, key >> 18U, key >> 12U) << 1U);
    }
    // kPair for the pair with this hash.
    [[nodiscard]] std::uint32_t maybe_pair(std::uint64_t hash) const noexcept {
        return both(pairs_[hash >> 53U], hash >> 47U, hash >> 41U) << 2U;
    }

  private:
    static constexpr std::size_t kWords = 1024;
    static constexpr std::size_t kStems = 256;
    static constexpr std::size_t kPairs = 2048;

    [[nodiscard]] static std::size_t word_place(std::uint64_t hash) noexcept { return (hash >> 12U) % kWords; }
    [[nodiscard]] static std::uint64_t bit(std::uint64_t at) noexcept { return std::uint64_t{1} << (at % 64U); }
    [[nodiscard]] static std::uint32_t both(std::uint64_t bits, std::uint64_t a, std::uint64_t b) noexcept {
        return static_cast<std::uint32_t>((bits >> (a % 64U)) & (bits >> (b % 64U)) & 1U);
    }
    [[nodiscard]] static std::uint32_t spread(std::uint32_t head) noexcept {
        return (head ^ 0x5BD1E995U) * 0x9E3779B1U;
    }

    std::array<std::uint64_t, kWords> words_{};
    std::array<std::uint64_t, kStems> stems_{};
    std::array<std::uint64_t, kPairs> pairs_{};
};

// A word that an entry may begin with.
struct Starter {
    std::uint32_t value;  // index << 3 | what the filter said

    [[nodiscard]] std::uint32_t index() const noexcept { return value >> 3U; }
    [[nodiscard]] bool may(std::uint32_t what) const noexcept { return (value & what) != 0; }
    bool operator==(const Starter&) const = default;
};

// A gate's table, row-major: the row of an id is id & mask, row 0 is 0.
struct GateRows {
    const std::int16_t* weights;
    std::uint16_t mask;
    std::uint16_t width;          // kGateLabels or kFewLabels
    const std::int8_t* toxicity;  // a weight a row (toxicity.h), that of row 0 is 0

    [[nodiscard]] const std::int16_t* of(std::uint16_t id) const noexcept {
        return weights + static_cast<std::size_t>(id & mask) * width;
    }
};

// Everything that is asked of a text's words, in one pass over them.
struct WordPass {
    // In. `text` may be read 8 bytes past its end.
    const char* text;
    Token* tokens;  // begin and end are there, hash is filled in
    std::size_t count;
    GateRows rows;
    const WordFilter* filter;
    // Out.
    std::uint16_t* ids;  // kFeatureSlots a word: see features.h
    GateBlock* blocks;   // one per kStrideTokens words begun, at least one
    Starter* starters;   // the words that the filter lets through; room for count + 1
    std::size_t starter_count;
    std::uint32_t longest;   // bytes of the longest word
    std::uint32_t distinct;  // different hashes, modulo 1024, of the first kRepeatWords words
    std::uint32_t glued;     // bytes of words longer than kGluedBytes
};
inline constexpr std::uint32_t kGluedBytes = 24;
inline constexpr std::size_t kRepeatWords = 512;

struct Kernel {
    std::string_view name;

    // Lower-cases ASCII letters, turns ASCII white space into spaces, marks and counts the classes.
    // `folded` has room for `size` rounded up to 64 bytes and may be `source` itself if that has the room too;
    // never reads `source` past `size`. Adds to `counts`. Writes ceil(size / 64) words of each mask. O(size).
    void (*classify)(const char* source, std::size_t size, char* folded, const ByteMasks& masks,
                     ByteCounts& counts) noexcept;

    // Begin and end of each run of set bits of `word`, a mask of `size` bytes; returns how many. `out` has room for one
    // more than there are. O(size / 64 + runs).
    std::size_t (*find_runs)(const std::uint64_t* word, std::size_t size, Token* out) noexcept;

    // Fills in what WordPass says. `ascii`: no word has a byte >= 0x80. O(words).
    void (*read_words)(WordPass& pass, bool ascii) noexcept;
};

// Kernels that this build has and this CPU can run, best first.
[[nodiscard]] std::span<const Kernel* const> available_kernels() noexcept;

// The kernel in use. Lock-free; the first call reads FASTGUARD_KERNEL (an unknown or unusable name is ignored).
[[nodiscard]] const Kernel& active_kernel() noexcept;

// Makes `name` the kernel of the whole process; false where it is unknown or this CPU lacks it. For tests.
bool set_active_kernel(std::string_view name) noexcept;

}  // namespace fastguard
