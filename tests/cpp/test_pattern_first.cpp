// What a match can begin with: every place where a match begins is allowed, and alternatives are kept apart.
#include "pattern_first.h"

#include "check.h"
#include "material.h"

#include <string>
#include <vector>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of std::regex itself, when a sanitizer is on
#endif
#include <regex>

namespace {

using fastguard::match_bytes;
using fastguard::MatchBytes;
using fastguard::Prefix;
using material::below;
using material::Random;
using std::string;
using std::string_view;

struct Expression {
    const char* text;
    bool caseless;
};

// The syntax of packs: alternatives, classes, repetition, anchors, escapes; beginnings shorter than a prefix as well.
const std::vector<Expression>& expressions() {
    static const std::vector<Expression> kExpressions = {
        {"abc", false},
        {"abc", true},
        {"a|bc|dab|cabd|ddd", false},
        {"(?:ab|cd){2}a?", false},
        {"(?:a|b|c|d)(?:ab|cd|ba|dc)d", false},
        {"[a-c]?d{1,3}", false},
        {"[^a]b*c", false},
        {R"(\bcab\b|\Bda)", false},
        {"a?b?c?d?a", false},
        {"(?:a|ab|abc|abcd|b|bc|bcd|c|cd|d)=", false},
        {"(?:aa|bb|cc|dd|ab|bc|cd|da|ac|bd)=", true},
        {R"(\w{2}\d?=|=\W)", false},
        {".{0,2}d", false},
        {"a*", false},
        {R"(\x61[\x62-\x63]+?)", true},
    };
    return kExpressions;
}

// Wherever an expression matches, its first bytes are allowed there, and all its bytes inside.
void allows_every_match() {
    Random random(20261124);
    const string letters = "abcdABCD= ";
    for (const Expression& expression : expressions()) {
        const auto flags = expression.caseless ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript;
        const std::regex oracle(expression.text, flags);
        const MatchBytes bytes = match_bytes(expression.text, expression.caseless);
        for (int round = 0; round < 400; ++round) {
            string text;
            for (std::size_t i = below(random, 8); i > 0; --i) {
                text.push_back(letters[below(random, letters.size())]);
            }
            for (std::size_t at = 0; at < text.size(); ++at) {
                auto context = std::regex_constants::match_continuous;
                if (at > 0) {
                    context |= std::regex_constants::match_prev_avail;
                }
                std::smatch match;
                const bool matches = std::regex_search(text.cbegin() + static_cast<std::ptrdiff_t>(at), text.cend(),
                                                       match, oracle, context);
                if (matches && !bytes.first.allows(text, at)) {
                    CHECK_EQUAL(string(expression.text) + " refuses " + text + " at " + std::to_string(at), string());
                }
                for (const char c : matches ? match.str() : string()) {
                    CHECK_EQUAL(bytes.inside[static_cast<unsigned char>(c)], true);
                }
            }
        }
    }
}

// What one set of bytes for all alternatives would allow: words that begin with one and go on with another.
void keeps_alternatives_apart() {
    const Prefix words = match_bytes("(?:api|access|secret|private|account|client)[_-]?key", true).first;
    for (const char* begin : {"api_key", "ApiK", "access", "SECRET", "private", "acco", "client"}) {
        CHECK_EQUAL(words.allows(begin, 0), true);
    }
    for (const char* other : {"pens", "poin", "seve", "accr", "apit", "pic_", "sris"}) {
        CHECK_EQUAL(words.allows(other, 0), false);
    }
}

// More alternatives than forms: the most alike share one, none is lost.
void merges_what_is_most_alike() {
    const Prefix many = match_bytes("abca|abcb|abcc|abcd|bbbb|cccc|dddd|caca|dbdb|adad|bcbc|cdcd", false).first;
    for (const char* begin :
         {"abca", "abcb", "abcc", "abcd", "bbbb", "cccc", "dddd", "caca", "dbdb", "adad", "bcbc", "cdcd"}) {
        CHECK_EQUAL(many.allows(begin, 0), true);
    }
    CHECK_EQUAL(many.allows("acab", 0), false);
}

// Bytes that stand in no part of an expression part its matches.
void knows_what_no_match_holds() {
    const fastguard::ByteSet inside = match_bytes(R"((?i)key[\w-]*["']?[ \t]*[:=]+[ \t]*[^\s,;]{8,})", false).inside;
    for (const char c : string_view("kK_9-\"' \t:=/(")) {
        CHECK_EQUAL(inside[static_cast<unsigned char>(c)], true);
    }
    for (const char c : string_view("\n\r,;")) {
        CHECK_EQUAL(inside[static_cast<unsigned char>(c)], false);
    }
}

// An expression that the reader does not know may begin with anything; so does one that matches nothing.
void allows_all_of_the_unknown() {
    for (const char* text : {"(?=a)b", "[[:alpha:]]x", "(a", R"(\pL)", ""}) {
        const MatchBytes unknown = match_bytes(text, false);
        CHECK_EQUAL(unknown.first.allows("zzzz", 0), true);
        CHECK_EQUAL(unknown.first.allows(string("\0\xFF", 2), 1), true);
        CHECK_EQUAL(unknown.inside.all(), !string_view(text).empty());  // of nothing no byte
    }
}

}  // namespace

int main() {
    allows_every_match();
    keeps_alternatives_apart();
    merges_what_is_most_alike();
    knows_what_no_match_holds();
    allows_all_of_the_unknown();
    return check::result();
}
