// What the gate is given of a text with children: every word counts once it is undone, wherever it stands, and none
// counts as the code that hid it.
#include "fastguard/engine.h"

#include "check.h"
#include "material.h"

#include <algorithm>
#include <cmath>

namespace {

using fastguard::CheckResult;
using fastguard::Engine;
using fastguard::Gate;
using fastguard::Label;
using fastguard::Pack;
using fastguard::Policy;
using fastguard::Text;
using material::Random;
using std::string;
using std::string_view;

constexpr std::uint8_t kUser = 1;
constexpr float kSilent = -5.0F;  // logit of a text without the word

std::uint16_t word_id(string_view word) {
    string padded(word);
    padded.append(fastguard::kViewPadding, ' ');
    fastguard::Segment segment;
    segment.raw = string_view(padded).substr(0, word.size());
    fastguard::ReadingScratch scratch;
    fastguard::Reading reading;
    fastguard::read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    return reading.ids[0];
}

// A gate that knows one word: its logit is then kSilent + weight / sqrt(ids of the window).
Engine engine_for(string_view word, const Policy& policy = {}, float low = 0.4F, float high = 0.6F) {
    std::vector<std::int16_t> table(fastguard::kGateBuckets * fastguard::kGateLabels);
    table[(word_id(word) & fastguard::kGateMask) * fastguard::kGateLabels] = 30'000;
    Label label;
    label.name = "knows";
    label.bias = kSilent;
    label.low = low;
    label.high = high;
    return {std::make_shared<const Pack>(std::vector<fastguard::SignatureSpec>{}, fastguard::Concepts{}), policy,
            std::make_shared<const Gate>(std::move(table), std::vector<Label>{label}, 0.01F)};
}

CheckResult check_text(const Engine& engine, string_view text) {
    CheckResult result;
    engine.check(Text::utf8(text), kUser, fastguard::thread_scratch(), result);
    return result;
}
float logit(const Engine& engine, string_view text) { return check_text(engine, text).gate_logits[0]; }

string base64(string_view text) {
    constexpr string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    string coded;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8U | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            coded += at + i > text.size() ? '=' : kDigits[group >> (18 - 6 * i) & 63U];
        }
    }
    return coded;
}

string percent(string_view text) {
    constexpr string_view kHex = "0123456789ABCDEF";
    string coded;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        coded += '%';
        coded += kHex[u >> 4U];
        coded += kHex[u & 15U];
    }
    return coded;
}

constexpr std::array<string_view, 12> kWords = {"green", "apples", "fell", "over",  "the",  "stone",
                                                "wall",  "while",  "we",   "slept", "near", "home"};

string prose(Random& random, std::size_t words) {
    string text;
    for (std::size_t i = 0; i < words; ++i) {
        text += kWords[random() % kWords.size()];
        text += random() % 9 == 0 ? ". " : " ";
    }
    return text;
}

void what_is_undone_counts_as_if_it_stood_there() {
    const Engine engine = engine_for("zibbel");
    const string said = "please zibbel the garden gate tonight ";
    CHECK(logit(engine, said) > 0.0F);
    CHECK_EQUAL(logit(engine, base64(said)), logit(engine, said));
    CHECK_EQUAL(logit(engine, percent(said)), logit(engine, said));
    CHECK_EQUAL(logit(engine, base64(percent(said))), logit(engine, said));
    const string before = "Our neighbours sent this letter to us last week: ";
    CHECK_EQUAL(logit(engine, before + base64(said)), logit(engine, before + said));
    CHECK_EQUAL(check_text(engine, base64(said)).gate_windows, 1U);
}

void what_a_child_says_does_not_count_as_the_code_that_carries_it() {
    const Engine engine = engine_for("77");  // all numbers are one word: "%67%72" is full of it
    const string said = "the gardeners bring their ladders at noon";
    CHECK(logit(engine, "my number is 77 or so") > 0.0F);
    CHECK(logit(engine, percent("qxv")) > 0.0F);
    CHECK_EQUAL(logit(engine, percent(said)), logit(engine, said));
}

void a_decoy_silences_nothing() {
    const Engine engine = engine_for("zibbel");
    Random random(11);
    for (int round = 0; round < 400; ++round) {
        std::vector<string> parts;
        for (std::size_t i = 0, count = 1 + random() % 6; i < count; ++i) {
            const string piece = prose(random, 4 + random() % (round % 10 == 0 ? 400 : 30));
            const std::size_t how = random() % 4;
            parts.push_back(how == 0 ? base64(piece) + " " : how == 1 ? percent(piece) + " " : piece);
        }
        const auto join = [&] {
            string text;
            for (const string& part : parts) {
                text += part;
            }
            return text;
        };
        CHECK(logit(engine, join()) < 0.0F);
        const string planted = "now zibbel the lantern ";
        const std::size_t how = random() % 3;
        parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(random() % (parts.size() + 1)),
                     how == 0   ? base64(planted) + " "
                     : how == 1 ? percent(planted) + " "
                                : planted);
        CHECK(logit(engine, join()) > 0.0F);
    }
}

void what_markup_leaves_out_counts() {
    const Engine engine = engine_for("zibbel");
    const string page = "<p>The <b>green</b> apples fell over the wall.</p>";
    CHECK(logit(engine, page) < 0.0F);
    CHECK(logit(engine, page + "<!-- now zibbel the lantern -->") > 0.0F);
    CHECK(logit(engine, "<p title=\"now zibbel the old lantern\">The <b>green</b> apples fell.</p>") > 0.0F);
    CHECK(logit(engine, "<p>The <b>green</b> apples, zib<i>bel</i> the lantern.</p>") > 0.0F);
}

void the_model_is_given_the_windows_of_the_child() {
    const Engine engine = engine_for("zibbel", {}, 0.001F, 1.0F);
    const string said = "please zibbel the garden gate tonight and water the roses before the sun is up again";
    const CheckResult plain = check_text(engine, said);
    const CheckResult coded = check_text(engine, base64(said));
    CHECK(plain.undecided && coded.undecided);
    CHECK_EQUAL(coded.window_scores.size(), 1U);
    CHECK(plain.window_ids == coded.window_ids);
    CHECK(plain.window_dense == coded.window_dense);
}

void with_no_views_the_text_counts_as_it_stands() {
    Policy none;
    none.views = 0;
    const Engine engine = engine_for("zibbel", none);
    CHECK_EQUAL(logit(engine, base64("please zibbel the garden gate")), kSilent);
}

void nothing_is_allocated_after_warm_up() {
    const Engine engine = engine_for("zibbel", {}, 0.001F, 1.0F);
    Random random(12);
    std::vector<string> texts;
    for (int i = 0; i < 30; ++i) {
        const string piece = prose(random, 4 + random() % 3'000);
        texts.push_back(piece + base64(prose(random, 40)) + " " + percent(prose(random, 9)) + " " + base64(piece));
    }
    CheckResult result;
    const auto check_all = [&] {
        for (const string& text : texts) {
            engine.check(Text::utf8(text), kUser, fastguard::thread_scratch(), result);
        }
    };
    check_all();
    const std::uint64_t before = fastguard::allocation_count();
    check_all();
    CHECK_EQUAL(fastguard::allocation_count(), before);
}

}  // namespace

int main() {
    what_is_undone_counts_as_if_it_stood_there();
    what_a_child_says_does_not_count_as_the_code_that_carries_it();
    a_decoy_silences_nothing();
    what_markup_leaves_out_counts();
    the_model_is_given_the_windows_of_the_child();
    with_no_views_the_text_counts_as_it_stands();
    nothing_is_allocated_after_warm_up();
    return check::result();
}
