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

using fastguard::first_of;
using fastguard::Prefix;
using material::below;
using material::Random;
using std::string;

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

// Wherever an expression matches, its first bytes are allowed.
void allows_every_match() {
    Random random(20261124);
    const string letters = "abcdABCD= ";
    for (const Expression& expression : expressions()) {
        const auto flags = expression.caseless ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript;
        const std::regex oracle(expression.text, flags);
        const Prefix prefix = first_of(expression.text, expression.caseless);
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
                const bool matches =
                    std::regex_search(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), oracle, context);
                if (matches && !prefix.allows(text, at)) {
                    CHECK_EQUAL(string(expression.text) + " refuses " + text + " at " + std::to_string(at), string());
                }
            }
        }
    }
}

// What one set of bytes for all alternatives would allow: words that begin with one and go on with another.
void keeps_alternatives_apart() {
    const Prefix words = first_of("(?:api|access|secret|private|account|client)[_-]?key", true);
    for (const char* begin : {"api_key", "ApiK", "access", "SECRET", "private", "acco", "client"}) {
        CHECK_EQUAL(words.allows(begin, 0), true);
    }
    for (const char* other : {"pens", "poin", "seve", "accr", "apit", "pic_", "sris"}) {
        CHECK_EQUAL(words.allows(other, 0), false);
    }
}

// More alternatives than forms: the most alike share one, none is lost.
void merges_what_is_most_alike() {
    const Prefix many = first_of("abca|abcb|abcc|abcd|bbbb|cccc|dddd|caca|dbdb|adad|bcbc|cdcd", false);
    for (const char* begin :
         {"abca", "abcb", "abcc", "abcd", "bbbb", "cccc", "dddd", "caca", "dbdb", "adad", "bcbc", "cdcd"}) {
        CHECK_EQUAL(many.allows(begin, 0), true);
    }
    CHECK_EQUAL(many.allows("acab", 0), false);
}

// An expression that the reader does not know may begin with anything; so does one that matches nothing.
void allows_all_of_the_unknown() {
    for (const char* text : {"(?=a)b", "[[:alpha:]]x", "(a", R"(\pL)", ""}) {
        const Prefix unknown = first_of(text, false);
        CHECK_EQUAL(unknown.allows("zzzz", 0), true);
        CHECK_EQUAL(unknown.allows(string("\0\xFF", 2), 1), true);
    }
}

}  // namespace

int main() {
    allows_every_match();
    keeps_alternatives_apart();
    merges_what_is_most_alike();
    allows_all_of_the_unknown();
    return check::result();
}
