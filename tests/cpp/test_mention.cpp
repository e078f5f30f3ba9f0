// A mention is one wherever its words stand, and no byte and no token outside the text is looked at.
#include "fastguard/mention.h"

#include "check.h"
#include "material.h"

#include <array>
#include <span>
#include <string>
#include <vector>

namespace {

using fastguard::Mentions;
using fastguard::MentionWords;
using fastguard::PhraseScratch;
using fastguard::Reading;
using fastguard::ReadingScratch;
using material::below;
using material::Random;
using std::string;
using std::string_view;

Mentions make_mentions() {
    Mentions mentions;
    mentions.add(MentionWords::quoting, "the phrase");
    mentions.add(MentionWords::reporting, "they write");
    mentions.add(MentionWords::judging, "is known");
    mentions.add(MentionWords::obeying, "obey");
    mentions.add(MentionWords::discussing, "article");
    mentions.add(MentionWords::commanding, "your rule");
    mentions.finish();
    return mentions;
}

// Whether `match` is a mention between `before` and `behind`.
bool mentioned(const Mentions& mentions, const string& before, const string& behind, string_view match = "drop it",
               bool spoken = true) {
    static ReadingScratch scratch;
    static PhraseScratch phrases;
    const string text = before + string(match) + behind;
    fastguard::Segment segment;
    segment.raw = text;
    Reading reading;
    fastguard::read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    return mentions.is_mention(reading, before.size(), before.size() + match.size(), spoken, phrases);
}

string words(std::size_t count) {
    string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += "xy ";
    }
    return text;
}

void the_words_stand_so_near_and_no_further() {
    const Mentions mentions = make_mentions();
    for (std::size_t gap = 0; gap < 2 * Mentions::kNear; ++gap) {
        // The clause has two words, and its first one counts.
        CHECK_EQUAL(mentioned(mentions, "they write " + words(gap), ""), gap + 2 <= Mentions::kNear);
        CHECK_EQUAL(mentioned(mentions, "the phrase " + words(gap) + "\"", "\""), gap + 2 <= Mentions::kNear);
        CHECK_EQUAL(mentioned(mentions, "\"", "\" " + words(gap) + "the phrase"), gap < Mentions::kNear);
        CHECK_EQUAL(mentioned(mentions, "", " " + words(gap) + "is known"), gap < Mentions::kAfter);
        CHECK_EQUAL(mentioned(mentions, "they write ", " " + words(gap) + "obey"), gap >= Mentions::kNear);
    }
    for (std::size_t inside = 1; inside < 2 * Mentions::kMostQuoted; ++inside) {
        const string padding(inside, '-');
        const bool fits = inside + string_view("drop it").size() <= Mentions::kMostQuoted;
        CHECK_EQUAL(mentioned(mentions, "the phrase \"a" + padding.substr(1), "\""), fits);
        CHECK_EQUAL(mentioned(mentions, "the phrase \"", padding + "\""), fits);
    }
}

void any_surroundings_give_one_answer() {
    const Mentions mentions = make_mentions();
    const std::vector<string> pieces = {
        "\"", "'", "`",           "\u201C",    "\u201D",      "\u201E", "\u00AB", "\u00BB", "\u300C", "\u300D", ".",
        " ",  "a", "the phrase ", " is known", "they write ", " obey ", "\u5FFD", "\u3002", "\u0301", "!"};
    Random random(7);
    std::size_t found = 0;
    for (int round = 0; round < 20000; ++round) {
        string before;
        string behind;
        for (std::size_t n = below(random, 12); n > 0; --n) {
            before += pieces[below(random, pieces.size())];
        }
        for (std::size_t n = below(random, 12); n > 0; --n) {
            behind += pieces[below(random, pieces.size())];
        }
        ReadingScratch scratch;
        PhraseScratch phrases;
        string text = before;
        text += "drop it";
        text += behind;
        fastguard::Segment segment;
        segment.raw = text;
        Reading reading;
        fastguard::read_segment(segment, fastguard::WordTables::none(), scratch, reading);
        const std::size_t at = reading.folded.bytes.find("drop it");
        if (at == string_view::npos) {
            continue;  // a mark behind it changed its last letter
        }
        const bool first = mentions.is_mention(reading, at, at + 7, true, phrases);
        CHECK_EQUAL(mentions.is_mention(reading, at, at + 7, true, phrases), first);
        found += first ? 1 : 0;
    }
    CHECK(found > 1000 && found < 19000);
}

void what_has_no_word_is_no_mention() {
    const Mentions mentions = make_mentions();
    CHECK(!mentioned(mentions, "they write ", " is known", "<|>"));
    CHECK(!mentioned(mentions, "the phrase \"", "\"", "!"));
}

// The quotations that a text talks about.
void data_and_syntax_discuss_nothing() {
    const Mentions mentions = make_mentions();
    const auto in_data = [&](const string& before, const string& behind) {
        return mentioned(mentions, before, behind, "drop it", false);
    };
    CHECK(mentioned(mentions, "an article on \"", "\""));
    CHECK(!in_data("an article on \"", "\""));
    CHECK(in_data("the phrase \"", "\""));  // what announces a quotation does so anywhere
    CHECK(!mentioned(mentions, R"({"article": ")", R"("})"));
    CHECK(mentioned(mentions, R"({"the phrase": ")", R"("})"));
}

std::vector<string> talked_about(const Mentions& mentions, string_view text) {
    static ReadingScratch scratch;
    static PhraseScratch phrases;
    fastguard::Segment segment;
    const string copy(text);
    segment.raw = copy;
    Reading reading;
    fastguard::read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    std::array<fastguard::Part, Mentions::kMostQuotations> parts{};
    const std::size_t count = mentions.talked_about(reading, std::span(parts), phrases);
    CHECK(count <= parts.size());
    std::vector<string> found;
    for (std::size_t i = 0; i < count; ++i) {
        CHECK(parts[i].begin < parts[i].end && parts[i].end <= reading.folded.bytes.size());
        CHECK(i == 0 || parts[i - 1].end <= parts[i].begin);
        found.emplace_back(reading.folded.bytes.substr(parts[i].begin, parts[i].end - parts[i].begin));
    }
    return found;
}

void a_text_talks_about_what_it_announces() {
    const Mentions mentions = make_mentions();
    const std::vector<string> one = {"\"drop it now\""};
    const std::vector<string> none;
    CHECK(talked_about(mentions, "an article on \"drop it now\"") == one);
    CHECK(talked_about(mentions, "\"drop it now\" is known") == one);
    CHECK(talked_about(mentions, "an article on \"drop it\"") == none);  // two words say nothing
    CHECK(talked_about(mentions, "a poem on \"drop it now\"") == none);
    CHECK(talked_about(mentions, "an article on \"drop it now\" is your rule") == none);
    CHECK(talked_about(mentions, "your rule: an article on \"drop it now\"") == none);
    CHECK(talked_about(mentions, "an article on \"drop it now\" " + words(300) + "obey") == none);
    CHECK(talked_about(mentions, "an article on \"obey your rule\"") == std::vector<string>{"\"obey your rule\""});
    CHECK(talked_about(mentions, "an article on \"drop it now") == none);
    CHECK(talked_about(mentions, "an article on ```\ndrop it now\n```") == std::vector<string>{"``` drop it now ```"});
    CHECK(talked_about(mentions, "an article on \u00AB drop it now \u00BB") ==
          std::vector<string>{"\u00AB drop it now \u00BB"});
    // Marks of JSON quote nobody.
    CHECK(talked_about(mentions, R"({"article": "drop it now"})") == none);
    CHECK(talked_about(mentions, R"({"a": 1, "article" : "drop it now", "b": 2})") == none);
    CHECK(talked_about(mentions, R"({"article": ["drop it now", 1]})") == none);
    CHECK(talked_about(mentions, R"(article: ["first it was", 2, "drop it now"])") == none);
    CHECK(talked_about(mentions, R"(an article with: "drop it now", and more)") == one);
    // A list is announced as a whole.
    const string list = "an article " + words(9) + R"("drop it now", "drop it all" and "drop that too")";
    CHECK_EQUAL(talked_about(mentions, list).size(), 3U);
    CHECK_EQUAL(talked_about(mentions, "an article on \"drop it now\" " + words(11) + "\"drop it all\"").size(), 1U);
    for (std::size_t gap = 0; gap < 2 * Mentions::kNear; ++gap) {
        const bool near = gap < Mentions::kNear;
        CHECK_EQUAL(talked_about(mentions, "article " + words(gap) + "\"drop it now\"") == one, near);
        CHECK_EQUAL(talked_about(mentions, "\"drop it now\" " + words(gap) + "article") == one, near);
    }
}

// Whatever a text is made of, what is found are quotations of it (see talked_about), and never more than there is room
// for.
void any_text_gives_quotations_of_it() {
    const Mentions mentions = make_mentions();
    const std::vector<string> pieces = {"\"",          "'",        "`",      "```",      "\u201C", "\u201D", "\u201E",
                                        "\u00AB",      "\u00BB",   "\u300C", "\u300D",   ".",      " ",      "\n",
                                        "drop it now", "article ", " obey ", "is known", "\u5FFD", "\u0301", "A"};
    Random random(11);
    std::size_t some = 0;
    for (int round = 0; round < 20000; ++round) {
        string text;
        for (std::size_t n = below(random, 24); n > 0; --n) {
            text += pieces[below(random, pieces.size())];
        }
        const std::vector<string> found = talked_about(mentions, text);
        CHECK(talked_about(mentions, text) == found);
        some += found.empty() ? 0 : 1;
    }
    CHECK(some > 500 && some < 15000);
}

}  // namespace

int main() {
    data_and_syntax_discuss_nothing();
    a_text_talks_about_what_it_announces();
    any_text_gives_quotations_of_it();
    the_words_stand_so_near_and_no_further();
    any_surroundings_give_one_answer();
    what_has_no_word_is_no_mention();
    return check::result();
}
