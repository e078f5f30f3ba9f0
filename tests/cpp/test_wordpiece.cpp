// Pieces of words: cut greedily, cleaned as BERT's normaliser does, with the bytes that each stands for.
#include "fastguard/wordpiece.h"

#include "check.h"
#include "fastguard/error.h"

#include <string>
#include <vector>

namespace {

using fastguard::Piece;
using fastguard::WordPiece;
using std::string;

const std::vector<string> kPieces = {"[UNK]", "un", "##believ", "##able", "!", "a", "##a", "cafe", "ᄒ", "##ᅡ", "字"};

string shown(const WordPiece& tokenizer, const std::vector<string>& vocabulary, std::string_view text) {
    std::vector<Piece> pieces;
    tokenizer.encode(text, pieces);
    string out;
    for (const Piece& piece : pieces) {
        out += vocabulary[piece.id] + "@" + std::to_string(piece.begin) + "-" + std::to_string(piece.end) + " ";
    }
    return out;
}

string shown(std::string_view text) { return shown(WordPiece(kPieces, {}), kPieces, text); }

string error_of(const std::vector<string>& vocabulary) {
    try {
        const WordPiece tokenizer(vocabulary, {});
    } catch (const fastguard::BuildError& error) {
        return error.field() + " " + error.what();
    }
    return "";
}

void pieces_are_the_longest_that_fit() {
    CHECK_EQUAL(shown("Unbelievable!"), "un@0-2 ##believ@2-8 ##able@8-12 !@12-13 ");
    CHECK_EQUAL(shown("unbelievably un"), "[UNK]@0-12 un@13-15 ");
    CHECK_EQUAL(shown(""), "");
    CHECK_EQUAL(shown(" \t\r\n "), "");
}

void places_are_those_of_the_callers_bytes() {
    CHECK_EQUAL(shown("CAF\xC3\x89"), "cafe@0-5 ");
    CHECK_EQUAL(shown("cafe\xCC\x81 a"), "cafe@0-4 a@7-8 ");  // the accent apart
    CHECK_EQUAL(shown("u\xE2\x80\x8Bn"), "un@0-5 ");          // a zero-width space inside
    CHECK_EQUAL(shown("\xED\x95\x98"), "ᄒ@0-3 ##ᅡ@0-3 ");    // a syllable is two letters
    CHECK_EQUAL(shown("a\xE5\xAD\x97"
                      "a"),
                "a@0-1 字@1-4 a@4-5 ");  // Han stands alone
    CHECK_EQUAL(shown("\xFF"
                      "a\xC3"),
                "a@1-2 ");  // no valid UTF-8: gone
}

void long_words_are_unknown_and_nothing_is_cut_off() {
    CHECK_EQUAL(shown(string(100, 'a')).substr(0, 14), "a@0-1 ##a@1-2 ");
    CHECK_EQUAL(shown(string(101, 'a')), "[UNK]@0-101 ");
    CHECK_EQUAL(shown(string(100000, 'a') + " a"), "[UNK]@0-100000 a@100001-100002 ");
}

void cased_text_keeps_accents_and_capitals() {
    const std::vector<string> vocabulary = {"[UNK]", "É", "E", "e", "##t"};
    const WordPiece cased(vocabulary, {.uncased = false, .unknown = "[UNK]", .prefix = "##", .longest_word = 100});
    CHECK_EQUAL(shown(cased, vocabulary, "Ét Et et"), "É@0-2 ##t@2-3 E@4-5 ##t@5-6 e@7-8 ##t@8-9 ");
}

void windows_cover_every_piece() {
    for (std::size_t pieces = 0; pieces < 300; ++pieces) {
        const std::size_t count = fastguard::piece_windows(pieces, 126, 94);
        CHECK((count - 1) * 94 + 126 >= pieces);
        CHECK(count == 1 || (count - 2) * 94 + 126 < pieces);
    }
}

void a_vocabulary_that_cannot_be_used_is_refused() {
    CHECK_EQUAL(error_of({}), "vocabulary lacks the unknown piece '[UNK]'");
    CHECK_EQUAL(error_of({"[UNK]", "a", "a"}), "vocabulary piece 2 is piece 1 again");
    CHECK_EQUAL(error_of({"[UNK]", ""}), "vocabulary piece 1 is empty");
    CHECK_EQUAL(error_of({"a", "##a"}), "vocabulary lacks the unknown piece '[UNK]'");
    CHECK_EQUAL(error_of({"[UNK]", "##", "#"}), "");
    CHECK_EQUAL(error_of({"[UNK]", string(9U << 20U, 'a')}), "vocabulary has 9437189 bytes, more than 8 MiB");
}

}  // namespace

int main() {
    pieces_are_the_longest_that_fit();
    places_are_those_of_the_callers_bytes();
    long_words_are_unknown_and_nothing_is_cut_off();
    cased_text_keeps_accents_and_capitals();
    windows_cover_every_piece();
    a_vocabulary_that_cannot_be_used_is_refused();
    return check::result();
}
