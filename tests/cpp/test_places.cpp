// Places at which letters set apart or words run together may begin: those of the header's words, token by token.
#include "views/places.h"

#include "check.h"
#include "material.h"

namespace {

using fastguard::Reading;
using fastguard::ReadingScratch;
using fastguard::Token;
using fastguard::views::Places;
using material::Random;
using std::string;
using std::string_view;

bool is_space(char c) { return string_view(" \t\n\v\f\r").find(c) != string_view::npos; }

// Whether a group may begin with token `i`.
bool may_begin(string_view text, std::span<const Token> tokens, std::size_t i) {
    const Token& token = tokens[i];
    if (token.size() >= Places::kLong) {
        return true;
    }
    if (token.size() == 1) {
        for (std::size_t j = i + 1; j < tokens.size() && tokens[j].begin - token.begin <= Places::kReach; ++j) {
            if (tokens[j].size() == 1) {
                return true;
            }
        }
    }
    return token.size() <= 4 && i + 1 < tokens.size() && tokens[i + 1].begin == token.end + 1 &&
           !is_space(text[token.end]);
}

void check_places(string_view text) {
    ReadingScratch scratch;
    Reading reading;
    fastguard::Segment segment;
    segment.raw = text;
    fastguard::read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    Places places(reading);
    std::vector<std::size_t> given;
    for (std::size_t at = places.next(0); at < reading.tokens.size(); at = places.next(at + 1)) {
        given.push_back(at);
    }
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < reading.tokens.size(); ++i) {
        if (may_begin(text, reading.tokens, i)) {
            expected.push_back(i);
        }
    }
    // Across two borders of blocks a letter may count as one that stands alone: more places are no error, fewer are.
    CHECK(std::includes(given.begin(), given.end(), expected.begin(), expected.end()));
    CHECK(given.size() <= expected.size() + text.size() / 64 + 1);
}

void every_place_is_given() {
    Random random(7);
    const string_view letters[] = {"abc.-_ ", "a ", "aaaaaaaaaaaaaaaaaaaa ", "ab\n\t.", "a1!@"};
    for (int round = 0; round < 3000; ++round) {
        const string_view alphabet = letters[static_cast<std::size_t>(round) % std::size(letters)];
        string text(random() % 400, ' ');
        for (char& c : text) {
            c = alphabet[random() % alphabet.size()];
        }
        check_places(text);
    }
    check_places("");
    check_places("a");
    check_places(string(63, ' ') + "a b c d");
    check_places(string(60, ' ') + "ab-cd-ef and incomprehensibilities");
}

void places_already_passed_are_not_given() {
    ReadingScratch scratch;
    Reading reading;
    fastguard::Segment segment;
    segment.raw = "incomprehensible words, incomprehensible words";
    fastguard::read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    Places places(reading);
    CHECK_EQUAL(places.next(1), 2U);
    CHECK_EQUAL(places.next(3), reading.tokens.size());
}

}  // namespace

int main() {
    every_place_is_given();
    places_already_passed_are_not_given();
    return check::result();
}
