// What is known of how common concepts are changes what is asked first, never the answer.
#include "fastguard/phrases.h"

#include "check.h"
#include "material.h"

#include <algorithm>

namespace {

using fastguard::ConceptId;
using fastguard::ConceptTable;
using fastguard::Phrase;
using fastguard::PhraseMatcher;
using material::Random;

// Whichever concepts are said to be common, and however often some are.
void possible_is_what_has_all_that_a_phrase_needs() {
    Random random(5);
    std::size_t yes = 0;
    for (int round = 0; round < 20000; ++round) {
        fastguard::Commonness commonness{};
        for (std::size_t id = 0; id < commonness.size(); id += 1 + random() % 3) {
            commonness[id] = static_cast<float>(random() % 5) * 0.5F;
        }
        std::vector<Phrase> phrases(random() % 6);
        for (Phrase& phrase : phrases) {
            for (std::size_t slots = 1 + random() % fastguard::kMaxSlots; slots > 0; --slots) {
                phrase.slots.push_back(
                    static_cast<ConceptId>(random() % 12 * 23));  // in each of the four words of a set
            }
        }
        fastguard::ConceptSet concepts;
        for (std::size_t n = random() % 12; n > 0; --n) {
            concepts.add(static_cast<ConceptId>(random() % 12 * 23));
        }
        const bool expected = std::any_of(phrases.begin(), phrases.end(), [&](const Phrase& phrase) {
            return std::all_of(phrase.slots.begin(), phrase.slots.end(),
                               [&](ConceptId id) { return concepts.has(id); });
        });
        CHECK_EQUAL(PhraseMatcher(phrases, commonness).possible(concepts), expected);
        CHECK_EQUAL(PhraseMatcher(phrases).possible(concepts), expected);
        yes += expected ? 1U : 0U;
    }
    CHECK(yes > 2000 && yes < 18000);
}

void a_concept_of_common_words_is_more_common() {
    ConceptTable table;
    table.add(0, "the");
    table.add(1, "zwieback");
    table.add(2, "the the the");
    table.add(3, "zwieback");
    table.add(3, "knusper*");
    table.finish();
    const fastguard::Commonness& common = table.commonness();
    CHECK(common[0] > common[1] && common[1] > common[2]);
    CHECK(common[3] > common[1] && common[3] < common[0]);
    CHECK_EQUAL(common[4], 0.0F);
}

}  // namespace

int main() {
    possible_is_what_has_all_that_a_phrase_needs();
    a_concept_of_common_words_is_more_common();
    return check::result();
}
