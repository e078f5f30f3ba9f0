// A stream gives the result of one check and releases the same text, for cuts that the input chooses: the first byte
// says how long the chunks are, the rest is the text, said as often as the second byte says.
#include "fastguard/stream.h"

#include "../cpp/stream_pack.h"
#include "fuzz_input.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

const fastguard::Engine& engine(bool entities) {
    static const fastguard::Engine kMild = stream_pack::engine(true);
    static const fastguard::Engine kStrict = stream_pack::engine(true, true);
    return entities ? kStrict : kMild;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 4096) {
        return 0;
    }
    const std::size_t step = 1 + data[0] % 97U;
    std::string text;
    for (unsigned i = 0; i <= data[1] % 24U; ++i) {
        text.append(fastguard::fuzz::chars(data) + 2, size - 2);
    }
    std::vector<std::size_t> cuts;
    for (std::size_t at = step; at < text.size(); at += step) {
        cuts.push_back(at);
    }
    const fastguard::Engine& judge = engine((data[1] & 0x80U) != 0);
    fastguard::CheckResult expected;
    judge.check(fastguard::Text::utf8(text), 1, fastguard::thread_scratch(), expected);
    for (const fastguard::StreamMode mode : {fastguard::StreamMode::block, fastguard::StreamMode::redact}) {
        fastguard::StreamOptions options;
        options.mode = mode;
        const stream_pack::Streamed whole = stream_pack::run(judge, options, text, {});
        const stream_pack::Streamed made = stream_pack::run(judge, options, text, cuts);
        require(stream_pack::same_result(made.result, expected), "the result is that of one check");
        require(made.released == whole.released && made.blocked == whole.blocked, "cuts change nothing");
        require(mode == fastguard::StreamMode::redact || std::string_view(text).starts_with(made.released),
                "what is released is the begin of the text");
        require(made.blocked || mode == fastguard::StreamMode::redact || made.released == text,
                "what nothing blocks is released whole");
    }
    return 0;
}
