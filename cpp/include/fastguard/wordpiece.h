// The tokenizer of BERT: a text to pieces of words out of a vocabulary, equal to PyPI's `tokenizers`.
//
//   WordPiece tokenizer(pieces, {});                    // once; immutable; shared by all threads
//   std::vector<Piece> found;
//   tokenizer.encode("Unbelievable!", found);           // un ##believ ##able !
//
// Steps: controls and format characters go; Han characters stand alone; uncased: canonical decomposition, accents
// (category Mn) dropped, small letters; cut at white space and around punctuation; each word is the longest piece that
// begins it, then the longest that goes on ("##"), and so on. A word that pieces do not cover, or of more than
// `longest_word` characters, is one unknown piece. Names of special pieces in a text ("[SEP]") are text like any other.
// Bytes that are no valid UTF-8 count as U+FFFD, which goes.
//
// Nothing is ever cut off. Time is linear in the text: a word is bounded, and so is a piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fastguard {

// A piece and the bytes of the text that it stands for.
struct Piece {
    std::uint32_t id = 0;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;

    bool operator==(const Piece&) const = default;
};

struct WordPieceOptions {
    bool uncased = true;  // drop accents and capitals
    std::string unknown = "[UNK]";
    std::string prefix = "##";       // of pieces that go on with a word
    std::size_t longest_word = 100;  // characters
};

// Where windows of `width` pieces begin, each `stride` further, until every piece is in one; one window at least.
[[nodiscard]] std::size_t piece_windows(std::size_t pieces, std::size_t width, std::size_t stride) noexcept;

class WordPiece {
  public:
    // `vocabulary[id]` is the piece. Throws BuildError: no piece, an empty one, one twice, no unknown, too many.
    WordPiece(const std::vector<std::string>& vocabulary, WordPieceOptions options);

    // Appends the pieces of `text` (less than 4 GB). Throws std::bad_alloc.
    void encode(std::string_view text, std::vector<Piece>& pieces) const;

    [[nodiscard]] std::size_t size() const noexcept { return count_; }

  private:
    struct Slot {
        std::uint32_t key = 0;  // node << 8 | byte, 0: empty
        std::uint32_t next = 0;
    };
    class Reader;

    void add(std::string_view piece, std::uint32_t id);
    [[nodiscard]] std::uint32_t& edge(std::uint32_t node, unsigned char byte);
    [[nodiscard]] std::uint32_t follow(std::uint32_t node, unsigned char byte) const noexcept;
    [[nodiscard]] std::size_t slot_of(std::uint32_t key) const noexcept;

    WordPieceOptions options_;
    std::size_t count_ = 0;
    std::uint32_t unknown_ = 0;
    std::vector<Slot> slots_;          // edges of the trie, open addressing, a power of two
    std::vector<std::uint32_t> ends_;  // per node: id + 1 of the piece that ends here, or 0
};

}  // namespace fastguard
