// One engine serves many threads: what they find is what one thread finds, also while engines come and go.
#include "fastguard/engine.h"

#include "check.h"
#include "material.h"

#include <atomic>
#include <set>
#include <thread>

namespace {

using fastguard::CheckResult;
using fastguard::Engine;
using fastguard::Pack;
using fastguard::Policy;
using fastguard::SignatureKind;
using fastguard::SignatureSpec;
using fastguard::Text;
using material::Random;
using std::string;

constexpr std::size_t kThreads = 8;
constexpr std::uint8_t kUser = 1;

std::shared_ptr<const Pack> make_pack(const string& word) {
    SignatureSpec pattern;
    pattern.id = "secret.test.key";
    pattern.category = 4;
    pattern.severity = 2;
    pattern.views = 3;
    pattern.pattern = word + "-[0-9]{4}";
    SignatureSpec phrase;
    phrase.id = "prompt_injection.test.phrase";
    phrase.severity = 2;
    phrase.kind = SignatureKind::phrase;
    phrase.views = 6;
    phrase.slots = {"ignore", "rule"};
    phrase.within = 4;
    return std::make_shared<Pack>(std::vector<SignatureSpec>{pattern, phrase},
                                  fastguard::Concepts{{"ignore", {"ignore"}}, {"rule", {"rule*"}}});
}

std::shared_ptr<const fastguard::Gate> make_gate() {
    std::vector<std::int16_t> table(fastguard::kGateBuckets * fastguard::kGateLabels);
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = static_cast<std::int16_t>(static_cast<int>(i * 2654435761U % 201) - 100);
    }
    return std::make_shared<fastguard::Gate>(std::move(table), std::vector<fastguard::Label>(2), 0.01F);
}

std::vector<string> make_texts() {
    Random random(1);
    std::vector<string> texts;
    for (std::size_t i = 0; i < 200; ++i) {
        string text = i % 2 == 0 ? material::random_ascii(random, random() % 3000)
                                 : material::random_unicode(random, random() % 1000);
        text += i % 3 == 0 ? " key-1234 " : i % 3 == 1 ? " 1gn0re the ru1es " : " ignore my rules ";
        text += material::random_ascii(random, i % 40 == 0 ? 80'000 : random() % 500);
        texts.push_back(std::move(text));
    }
    return texts;
}

bool same(const CheckResult& a, const CheckResult& b) {
    return a.action == b.action && a.score == b.score && a.level == b.level && a.findings == b.findings &&
           a.categories == b.categories && a.truncated == b.truncated && a.degraded == b.degraded &&
           a.invalid == b.invalid && a.undecided == b.undecided && a.gate_logits == b.gate_logits &&
           a.window_ids == b.window_ids;
}

template <class Work>
void in_threads(Work work) {
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back(work, t);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

void threads_that_share_an_engine_find_what_one_finds() {
    const Engine engine(make_pack("key"), Policy(), make_gate());
    const std::vector<string> texts = make_texts();
    std::vector<CheckResult> expected(texts.size());
    std::size_t findings = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        engine.check(Text::utf8(texts[i]), kUser, fastguard::thread_scratch(), expected[i]);
        findings += expected[i].findings.size();
    }
    CHECK(findings > texts.size() / 2);
    std::atomic<int> wrong = 0;
    in_threads([&](std::size_t thread) {
        CheckResult result;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const std::size_t at = (i * 7 + thread * 31) % texts.size();
            engine.check(Text::utf8(texts[at]), kUser, fastguard::thread_scratch(), result);
            wrong += same(result, expected[at]) ? 0 : 1;
        }
    });
    CHECK_EQUAL(wrong.load(), 0);
}

void each_thread_has_a_scratch_of_its_own() {
    std::array<const void*, kThreads> scratches{};
    std::atomic<std::size_t> arrived = 0;
    in_threads([&](std::size_t thread) {
        scratches[thread] = &fastguard::thread_scratch();
        CHECK(scratches[thread] == &fastguard::thread_scratch());
        arrived.fetch_add(1);
        while (arrived.load() < kThreads) {
            std::this_thread::yield();
        }
    });
    CHECK_EQUAL(std::set<const void*>(scratches.begin(), scratches.end()).size(), kThreads);
}

// A reload: threads go on with scratches that knew other packs, whose memory may be that of the new one.
void engines_may_come_and_go_under_living_scratches() {
    const std::shared_ptr<const Pack> packs[] = {make_pack("key"), make_pack("token"), make_pack("[kt]ey")};
    std::atomic<int> wrong = 0;
    in_threads([&](std::size_t thread) {
        CheckResult result;
        for (std::size_t round = 0; round < 60; ++round) {
            const std::size_t which = (round + thread) % 3;
            const Engine engine(packs[which], Policy(), nullptr);
            engine.check(Text::utf8("token-1234 and key-1234"), kUser, fastguard::thread_scratch(), result);
            const bool good = result.findings.size() == 1 && result.findings[0].begin.byte == (which == 1 ? 0U : 15U);
            wrong += good ? 0 : 1;
        }
    });
    CHECK_EQUAL(wrong.load(), 0);
    for (int round = 0; round < 20; ++round) {
        const string word = "word" + std::to_string(round);
        const Engine engine(make_pack(word), Policy(), nullptr);
        CheckResult result;
        engine.check(Text::utf8("a " + word + "-1234"), kUser, fastguard::thread_scratch(), result);
        CHECK_EQUAL(result.findings.size(), 1U);
    }
}

void the_first_use_may_be_in_many_threads_at_once() {
    std::atomic<int> wrong = 0;
    in_threads([&](std::size_t) {
        const std::string_view name = fastguard::active_kernel().name;
        wrong += name.empty() || fastguard::available_kernels().empty() || !fastguard::scanner_usable() ? 1 : 0;
    });
    CHECK_EQUAL(wrong.load(), 0);
}

}  // namespace

int main() {
    the_first_use_may_be_in_many_threads_at_once();
    threads_that_share_an_engine_find_what_one_finds();
    each_thread_has_a_scratch_of_its_own();
    engines_may_come_and_go_under_living_scratches();
    return check::result();
}
