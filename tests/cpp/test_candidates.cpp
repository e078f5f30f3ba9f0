// The candidate finder on exact cases, against a plain quadratic reference on random text, and on text made to be slow.
#include "fastguard/candidates.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "candidates_reference.h"
#include "check.h"

namespace {

using fastguard::Candidate;
using fastguard::CandidateKind;
using fastguard::ValidatorId;

constexpr std::array kAll{ValidatorId::email,     ValidatorId::ipv6,   ValidatorId::mac,        ValidatorId::iban,
                          ValidatorId::luhn_card, ValidatorId::us_ssn, ValidatorId::phone_e164, ValidatorId::ipv4};

std::uint64_t every_validator() {
    std::uint64_t wanted = 0;
    for (const ValidatorId id : kAll) wanted |= fastguard::validator_bit(id);
    return wanted;
}

struct Masks {
    std::vector<std::uint64_t> digit, at, colon;
    explicit Masks(std::string_view text) : digit((text.size() + 63) / 64), at(digit.size()), colon(digit.size()) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::uint64_t bit = std::uint64_t{1} << i % 64;
            if (text[i] >= '0' && text[i] <= '9') digit[i / 64] |= bit;
            if (text[i] == '@') at[i / 64] |= bit;
            if (text[i] == ':') colon[i / 64] |= bit;
        }
    }
    fastguard::CandidateMasks view() const { return {digit.data(), at.data(), colon.data(), digit.size()}; }
};

std::vector<Candidate> find(std::string_view text, std::uint64_t wanted) {
    const Masks masks(text);
    std::vector<Candidate> found(text.size() / 6 + 1);
    bool truncated = false;
    found.resize(fastguard::find_candidates(text, masks.view(), wanted, found, truncated));
    CHECK(!truncated);
    return found;
}

std::string described(std::string_view text, const std::vector<Candidate>& found) {
    std::string out;
    for (const Candidate& c : found) {
        if (!out.empty()) out += " | ";
        out += fastguard::validator_name(c.accepted);
        out += ' ';
        out += text.substr(c.begin, c.end - c.begin);
    }
    return out;
}

void expect(std::string_view text, std::string_view expected) {
    const std::string actual = described(text, find(text, every_validator()));
    if (actual == expected) return;
    std::cerr << "in \"" << text << "\"\n  found    " << actual << "\n  expected " << expected << '\n';
    ++check::failures;
}

void entities_are_found_in_prose() {
    expect("", "");
    expect("Nothing to see: no numbers here.", "");
    expect("Card 4111 1111 1111 1111, exp 12/27.", "luhn_card 4111 1111 1111 1111");
    expect("4111111111111111", "luhn_card 4111111111111111");
    expect("pay with 4111-1111-1111-1111.", "luhn_card 4111-1111-1111-1111");
    expect("4111 1111 1111 1111 12/27 123", "luhn_card 4111 1111 1111 1111");
    expect("amex 3782 822463 10005!", "luhn_card 3782 822463 10005");
    expect("{\"card\":4111111111111111}", "luhn_card 4111111111111111");
    expect("my SSN is 536-90-4399.", "us_ssn 536-90-4399");
    expect("call +1 (415) 555-2671x12 or 0049 30 901820",
           "phone_e164 +1 (415) 555-2671x12 | phone_e164 0049 30 901820");
    expect("call (+44) 20 7946 0958 now", "phone_e164 (+44) 20 7946 0958");
    expect("tel (+49 30 901820)", "phone_e164 +49 30 901820");
    expect("ping 10.0.0.7, then http://203.0.113.9:8080/x and 10.1.0.0/16",
           "ipv4 10.0.0.7 | ipv4 203.0.113.9 | ipv4 10.1.0.0");
    expect("from 10.0.0.1-10.0.0.9", "ipv4 10.0.0.1");
    expect("IBAN: DE89 3704 0044 0532 0130 00 EUR", "iban DE89 3704 0044 0532 0130 00");
    expect("iban gb29nwbk60161331926819.", "iban gb29nwbk60161331926819");
    expect("write to ann.b+x@mail.example.org.", "email ann.b+x@mail.example.org");
    expect("mailto:ann@example.org?subject=x <bob@example.org>", "email ann@example.org | email bob@example.org");
    expect("wait...me@example.org", "email me@example.org");
    expect("[2001:db8::1]:443 and fe80::1%eth0, ::ffff:192.0.2.1.",
           "ipv6 2001:db8::1 | ipv6 fe80::1 | ipv6 ::ffff:192.0.2.1");
    expect("2001:db8:0:0:1:0:0:1/64: up", "ipv6 2001:db8:0:0:1:0:0:1");
    expect("ether 00:1b:63:84:45:e6, 00-1B-63-84-45-E6, ab1b.6384.45e6",
           "mac 00:1b:63:84:45:e6 | mac 00-1B-63-84-45-E6 | mac ab1b.6384.45e6");
    expect("aa-bb-cc-dd-ee-f1", "mac aa-bb-cc-dd-ee-f1");
    expect("536-90-4399@example.org", "email 536-90-4399@example.org");
    expect(
        "\xC3\xA9"
        "4111111111111111"
        "\xC3\xA9",
        "luhn_card 4111111111111111");
    expect(
        "\xE7\x94\xB5\xE9\x82\xAE"
        "ann@example.org"
        "\xE3\x80\x82",
        "email ann@example.org");
}

void look_alikes_are_left_alone() {
    for (const std::string_view text : {"9b2f1c7e-3d4a-4b6c-4111-111111111111",
                                        "0.4111111111111111",
                                        "x4111111111111111",
                                        "4111111111111111a",
                                        "4111111111111111_1",
                                        "1-4111-1111-1111-1111",
                                        "4111-1111-1111-1111-2",
                                        "12344111111111111111",
                                        "9999 4111 1111 1111 1111 2222",
                                        "abc-4111111111111111",
                                        "2024-01-15 10:30:00",
                                        "at 10:30:45:12",
                                        "536-90-43990",
                                        "1536-90-4399",
                                        "536-90-4399-1",
                                        "12 536 90 4399",
                                        "tel. 4155552671",
                                        "3+14155552671",
                                        "2024-01-15T10:00:00+0200",
                                        "v1.2.3.4",
                                        "version 1.2.3.4",
                                        "Version: \"1.2.3.4\"",
                                        "FileVersion=1.2.3.4",
                                        "1.2.3.4.5",
                                        "Chrome/1.2.3.4",
                                        "pkg-1.2.3.4",
                                        ">=1.2.3.4",
                                        "1.2.3.4-beta",
                                        "1.2.3.4-1",
                                        "127.0.0.1",
                                        "0.0.0.0",
                                        "255.255.255.0",
                                        "std::vector<int> a::b",
                                        "x[1::2] [::2] [100::200]",
                                        "Face::Bead",
                                        "::1 and ::",
                                        "[::1]:80",
                                        "aa:bb:cc:dd:ee:f1:02",
                                        "0x00:1b:63:84:45:e6:",
                                        "image@2x.png",
                                        "react@18.2.0",
                                        "git@github.example:a/b.git",
                                        "https://user:secret@host.example/",
                                        "ssh://bob@host.example",
                                        "@ann at example.org",
                                        "a@b@c.example",
                                        "DE89370400440532013001",
                                        "XDE89370400440532013000",
                                        "1234.5678.9012",
                                        "01:02:03",
                                        "4111 1111 1111 1112"})
        expect(text, "");
    CHECK_EQUAL(described("10:00 49 30 901820", find("10:00 49 30 901820", every_validator())), "");
}

void only_what_is_wanted_is_found() {
    const std::string_view text =
        "a@b.example 10.0.0.7 4111111111111111 536-90-4399 00:1b:63:84:45:e6 2001:db8::1 +49 30 901820 "
        "DE89370400440532013000";
    CHECK_EQUAL(find(text, every_validator()).size(), kAll.size());
    CHECK_EQUAL(find(text, 0).size(), 0U);
    for (const ValidatorId id : kAll) {
        const std::vector<Candidate> found = find(text, fastguard::validator_bit(id));
        CHECK_EQUAL(found.size(), 1U);
        if (found.empty()) continue;
        CHECK_EQUAL(found[0].accepted, id);
        CHECK_EQUAL(found[0].kind, fastguard::candidate_kind(id));
    }
}

void a_full_result_is_reported_as_truncated() {
    const std::string_view text = "10.0.0.7 10.0.0.8 10.0.0.9";
    const Masks masks(text);
    for (std::size_t room = 0; room <= 4; ++room) {
        std::vector<Candidate> found(room);
        bool truncated = false;
        const std::size_t count = fastguard::find_candidates(text, masks.view(), every_validator(), found, truncated);
        CHECK_EQUAL(count, std::min<std::size_t>(room, 3));
        CHECK_EQUAL(truncated, room < 3);
    }
}

// Fragments of entities and of noise, so that a random text comes close to the rules.
std::string random_text(std::mt19937_64& random) {
    static constexpr std::array<std::string_view, 40> kPieces{"4111111111111111",
                                                              "4111 1111 1111 1111",
                                                              "4111-1111-1111-1111",
                                                              "3782 822463 10005",
                                                              "4222222222222",
                                                              "4111",
                                                              "1111",
                                                              "536-90-4399",
                                                              "536 90 4399",
                                                              "10.0.0.7",
                                                              "1.2.3.4",
                                                              "8.8.8.8",
                                                              "+49 30 901820",
                                                              "+1 415 555 2671",
                                                              "+14155552671x12",
                                                              "0049 30 901820",
                                                              "(+44) 20 7946 0958",
                                                              "(0)",
                                                              "00",
                                                              "DE89370400440532013000",
                                                              "DE89 3704 0044 0532 0130 00",
                                                              "NO9386011117947",
                                                              "ann@example.org",
                                                              "@example.org",
                                                              "bob",
                                                              "git@h.example",
                                                              "://",
                                                              "2001:db8::1",
                                                              "::ffff:1.2.3.4",
                                                              "fe80::1",
                                                              "::",
                                                              "00:1b:63:84:45:e6",
                                                              "00-1b-63-84-45-e6",
                                                              "aa1b.6384.45e6",
                                                              "a1-",
                                                              "ff:",
                                                              "version ",
                                                              "12",
                                                              "1",
                                                              "2024-01-15"};
    static constexpr std::string_view kNoise = "0123456789 -.:@+aAbFxXzZ_/(),=\n0 1 .-:@";
    static constexpr std::array<std::string_view, 4> kFew{"0123456789 .-:@+aAZ/(", "014 .-:", "1a@.-", "12ab:."};
    std::string text;
    if (random() % 8 == 0) {
        const std::string_view few = kFew[random() % kFew.size()];
        for (auto n = random() % 60; n != 0; --n) text += few[random() % few.size()];
        return text;
    }
    const auto parts = 1 + random() % 12;
    for (std::uint64_t i = 0; i < parts; ++i) {
        switch (random() % 5) {
            case 0:
            case 3:
                text += kPieces[random() % kPieces.size()];
                break;
            case 1:
                text += kNoise[random() % kNoise.size()];
                break;
            case 2:
                text += " -.:@/,x"[random() % 8];
                break;
            default:
                for (auto n = random() % 6; n != 0; --n) text += kNoise[random() % kNoise.size()];
        }
    }
    return text;
}

void finder_equals_the_plain_reference(int rounds, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::size_t entities = 0;
    for (int round = 0; round < rounds; ++round) {
        std::string text = random_text(random);
        if (random() % 8 == 0) text.insert(0, std::string(random() % 70, ' '));  // across the words of the masks
        const std::uint64_t wanted =
            random() % 4 == 0 ? fastguard::validator_bit(kAll[random() % kAll.size()]) : every_validator();
        const std::string actual = described(text, find(text, wanted));
        const std::vector<Candidate> expected = reference::find_candidates(text, wanted);
        entities += expected.size();
        if (actual == described(text, expected)) continue;
        std::cerr << "round " << round << " in \"" << text << "\"\n  found    " << actual << "\n  expected "
                  << described(text, expected) << '\n';
        if (++check::failures > 20) return;
    }
    CHECK(entities > static_cast<std::size_t>(rounds) / 4);  // the texts do hold entities
}

// Processor time of this thread, so that other work on the machine does not count.
double seconds_for(const std::string& text) {
    const auto now = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    };
    const Masks masks(text);
    std::vector<Candidate> found(text.size() / 6 + 1);
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        bool truncated = false;
        const double start = now();
        static_cast<void>(fastguard::find_candidates(text, masks.view(), every_validator(), found, truncated));
        best = std::min(best, now() - start);
    }
    return best;
}

// Sixteen times the text takes about sixteen times the time, a quadratic finder 256 times. A machine that is busy may
// still give one wrong measurement, so it takes three in a row to say that a finder is not linear.
void time_is_linear_on_text_made_to_be_slow() {
    for (const std::string_view piece : {"1",     "1 ",     "@",    "a@",       "a.b@c.d", ":",
                                         "1:",    "a:1:",   "1.",   "1.1.1.1 ", "00 ",     "+1 1 1 1 1 1 1 1 ",
                                         "4111 ", "4-",     "1-1.", "a1-",      "DE89 ",   "de89",
                                         "ab12.", "+49(0)", "x@a.", "00:1b:",   "((+1",    "fe80::"}) {
        std::string small;
        while (small.size() < (1U << 16)) small += piece;
        std::string large;
        while (large.size() < (1U << 20)) large += piece;
        int wrong = 0;
        while (wrong < 3 && seconds_for(large) > 64 * seconds_for(small)) ++wrong;
        if (wrong == 3) std::cerr << "not linear: \"" << piece << "\"\n", ++check::failures;
    }
}

}  // namespace

int main(int argc, char** argv) {
    entities_are_found_in_prose();
    look_alikes_are_left_alone();
    only_what_is_wanted_is_found();
    a_full_result_is_reported_as_truncated();
    finder_equals_the_plain_reference(argc > 1 ? std::stoi(argv[1]) : 20000,
                                      argc > 2 ? std::stoull(argv[2]) : 20240117);
    time_is_linear_on_text_made_to_be_slow();
    return check::result();
}
