// A small pack and policy for tests of streams: a key and an address to redact, words that block.
#pragma once

#include "fastguard/stream.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stream_pack {

inline constexpr std::uint8_t kInjection = 0;
inline constexpr std::uint8_t kPii = 3;
inline constexpr std::uint8_t kSecret = 4;
inline constexpr std::uint8_t kRaw = 1;
inline constexpr std::uint8_t kFolded = 2;
inline constexpr std::uint8_t kSkeleton = 4;

inline std::vector<fastguard::SignatureSpec> signatures() {
    std::vector<fastguard::SignatureSpec> all(4);
    all[0].id = "secret.test.key";
    all[0].category = kSecret;
    all[0].severity = 2;
    all[0].pattern = R"(\bkey-[0-9]{6}\b)";
    all[0].views = kRaw;
    all[1].id = "secret.test.block";
    all[1].category = kSecret;
    all[1].severity = 2;
    all[1].pattern = R"(BEGIN KEY[A-Za-z0-9\s]{8,}(?:END KEY)?)";
    all[1].views = kRaw;
    all[2].id = "pii.contact.email";
    all[2].category = kPii;
    all[2].severity = 2;
    all[2].kind = fastguard::SignatureKind::candidate;
    all[2].candidate = "email";
    all[2].validators = {"email"};
    all[2].views = kRaw | kFolded;
    all[3].id = "prompt_injection.override.ignore";
    all[3].category = kInjection;
    all[3].severity = 3;
    all[3].kind = fastguard::SignatureKind::phrase;
    all[3].slots = {"verb", "noun"};
    all[3].within = 6;
    all[3].views = kFolded | kSkeleton;
    return all;
}

// `blocking`: injections block; secrets and addresses do where `entities` says so. `views`: of injections.
inline fastguard::Engine engine(bool blocking, bool entities = false, std::uint8_t views = kFolded | kSkeleton) {
    const fastguard::Concepts concepts = {{"verb", {"ignore", "vergiss", "忽略"}},
                                          {"noun", {"instruct*", "anweisung*", "指令"}}};
    fastguard::Policy policy;
    for (auto& source : policy.actions) {
        source[kInjection].block = blocking ? 3 : 0;
        source[kSecret].block = entities ? 3 : 0;
        source[kPii].block = entities ? 3 : 0;
        source[kPii].flag = 4;
    }
    std::vector<fastguard::SignatureSpec> all = signatures();
    all.back().views = views;
    return {std::make_shared<const fastguard::Pack>(std::move(all), concepts), policy, nullptr};
}

struct Streamed {
    std::string released;
    fastguard::CheckResult result;
    bool blocked = false;
};

// Feeds `text` in parts that end at `cuts`, which rise.
inline Streamed run(const fastguard::Engine& engine, const fastguard::StreamOptions& options, std::string_view text,
                    const std::vector<std::size_t>& cuts) {
    Streamed made;
    fastguard::Stream stream(engine, options);
    fastguard::Scratch& scratch = fastguard::thread_scratch();
    std::size_t begin = 0;
    for (const std::size_t end : cuts) {
        stream.feed(text.substr(begin, end - begin), false, scratch, made.released);
        begin = end;
    }
    stream.feed(text.substr(begin), false, scratch, made.released);
    (void)stream.judge(scratch);
    stream.finish(scratch, made.released);
    made.result = stream.result();
    made.blocked = stream.blocked();
    return made;
}

// Whether a stream's result is that of one check, but for what it says of the stream itself.
inline bool same_result(const fastguard::CheckResult& stream, const fastguard::CheckResult& check) {
    const auto own = static_cast<std::uint8_t>(fastguard::Truncated::stream_window);
    const bool said = (stream.truncated & own) != 0;
    return stream.findings == check.findings && stream.categories == check.categories && stream.score == check.score &&
           stream.level == check.level && (stream.truncated & ~own) == check.truncated &&
           stream.action == (said ? std::max(check.action, fastguard::Action::escalate) : check.action);
}

}  // namespace stream_pack
