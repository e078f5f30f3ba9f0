// Pieces of any bytes: within the text, in order, and never more than characters and their decompositions allow.
#include "fastguard/wordpiece.h"

#include "fuzz_input.h"

#include <cstdint>
#include <string>
#include <vector>

namespace {

using fastguard::fuzz::require;

const fastguard::WordPiece& tokenizer() {
    static const fastguard::WordPiece made({"[UNK]", "a", "##a", "aa", "##aa", "b", "##b", ".", "字", "ᄒ", "##ᅡ", "e",
                                            "##e", "\xF0\x9D\x85\xA5", "##\xE3\x80\xAE"},
                                           {});
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fastguard::fuzz::ExactText text(reinterpret_cast<const char*>(data), size, 0);
    std::vector<fastguard::Piece> pieces;
    tokenizer().encode(text.view(), pieces);
    require(pieces.size() <= 3 * size, "at most three pieces a byte");
    std::uint32_t begin = 0;
    for (const fastguard::Piece& piece : pieces) {
        require(piece.id < tokenizer().size(), "ids are those of the vocabulary");
        require(piece.begin < piece.end && piece.end <= size, "pieces lie in the text");
        if (piece.id == 0) {
            require(piece.begin >= begin, "words are in order");
            begin = piece.begin;
        }
    }
    std::vector<fastguard::Piece> again;
    tokenizer().encode(text.view(), again);
    require(again == pieces, "the same text gives the same pieces");
    const std::size_t count = fastguard::piece_windows(pieces.size(), 7, 5);
    require((count - 1) * 5 + 7 >= pieces.size(), "windows cover every piece");
    return 0;
}
