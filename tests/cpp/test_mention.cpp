// A mention is one wherever its words stand, and no byte and no token outside the text is looked at.
#include "fastguard/mention.h"

#include "check.h"
#include "material.h"

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
    mentions.finish();
    return mentions;
}

// Whether `match` is a mention between `before` and `behind`.
bool mentioned(const Mentions& mentions, const string& before, const string& behind, string_view match = "drop it") {
    static ReadingScratch scratch;
    static PhraseScratch phrases;
    const string text = before + string(match) + behind;
    fastguard::Segment segment;
    segment.raw = text;
    Reading reading;
    fastguard::read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    return mentions.is_mention(reading, before.size(), before.size() + match.size(), phrases);
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
        const bool first = mentions.is_mention(reading, at, at + 7, phrases);
        CHECK_EQUAL(mentions.is_mention(reading, at, at + 7, phrases), first);
        found += first ? 1 : 0;
    }
    CHECK(found > 1000 && found < 19000);
}

void what_has_no_word_is_no_mention() {
    const Mentions mentions = make_mentions();
    CHECK(!mentioned(mentions, "they write ", " is known", "<|>"));
    CHECK(!mentioned(mentions, "the phrase \"", "\"", "!"));
}

}  // namespace

int main() {
    the_words_stand_so_near_and_no_further();
    any_surroundings_give_one_answer();
    what_has_no_word_is_no_mention();
    return check::result();
}
