// Every kernel gives what the scalar one gives, at every alignment, in place or not, without a step past the end.
#include "fastguard/features.h"
#include "fastguard/kernels.h"

#include "fuzz_input.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

struct Classified {
    std::vector<char> folded;
    fastguard::fuzz::ExactMasks masks;
    fastguard::ByteCounts counts;

    bool operator==(const Classified&) const = default;
};

Classified classify(const fastguard::Kernel& kernel, std::string_view text) {
    Classified result{
        std::vector<char>(fastguard::fuzz::block_room(text.size())), fastguard::fuzz::ExactMasks(text.size()), {}};
    kernel.classify(text.data(), text.size(), result.folded.data(), result.masks.masks(), result.counts);
    result.folded.resize(text.size());
    return result;
}

void check_in_place(const fastguard::Kernel& kernel, std::string_view text, const Classified& expected) {
    std::vector<char> bytes(fastguard::fuzz::block_room(text.size()));
    std::copy(text.begin(), text.end(), bytes.begin());
    fastguard::fuzz::ExactMasks masks(text.size());
    fastguard::ByteCounts counts;
    kernel.classify(bytes.data(), text.size(), bytes.data(), masks.masks(), counts);
    bytes.resize(text.size());
    require(bytes == expected.folded && masks == expected.masks && counts == expected.counts, "in place as beside");
}

// The whole pass over words, with weights and a filter that follow from the text.
struct Words {
    std::vector<fastguard::Token> tokens;
    std::vector<std::uint16_t> ids;
    std::vector<fastguard::GateBlock> blocks;
    std::vector<fastguard::Starter> starters;
    std::uint32_t longest = 0;
    std::uint32_t glued = 0;
    std::uint32_t distinct = 0;
};

Words read_words(const fastguard::Kernel& kernel, std::string_view text, const Classified& classified) {
    static const auto rows = [] {
        std::vector<std::int16_t> made(fastguard::kGateBuckets * fastguard::kGateLabels);
        for (std::size_t i = fastguard::kGateLabels; i < made.size(); ++i) {
            made[i] = static_cast<std::int16_t>(i * 40503U);
        }
        return made;
    }();
    static const auto toxicity = [] {
        std::vector<std::int8_t> made(fastguard::kGateBuckets);
        for (std::size_t i = 1; i < made.size(); ++i) {
            made[i] = static_cast<std::int8_t>(i * 40503U >> 8U);
        }
        return made;
    }();
    static const auto filter = [] {
        fastguard::WordFilter made;
        for (std::uint64_t i = 1; i < 20'000; ++i) {
            made.add_word(i * 0x9E3779B97F4A7C15U);
            made.add_pair(i * 0xD6E8FEB86659FD93U);
            made.add_stem(static_cast<std::uint32_t>(i * 40503U));
        }
        return made;
    }();
    const fastguard::fuzz::ExactText padded(text.data(), text.size(), fastguard::kBlockBytes);
    fastguard::fuzz::ExactMasks masks = classified.masks;
    Words result;
    result.tokens.resize(fastguard::token_bound(text.size()));
    result.tokens.resize(kernel.find_runs(masks.masks().word, text.size(), result.tokens.data()));
    result.ids.resize(result.tokens.size() * fastguard::kFeatureSlots);
    result.blocks.resize(std::max<std::size_t>(1, (result.tokens.size() + 63) / fastguard::kStrideTokens));
    result.starters.resize(result.tokens.size() + 1);
    fastguard::WordPass pass{padded.view().data(),
                             result.tokens.data(),
                             result.tokens.size(),
                             {rows.data(), fastguard::kGateMask, fastguard::kGateLabels, toxicity.data()},
                             &filter,
                             result.ids.data(),
                             result.blocks.data(),
                             result.starters.data(),
                             0,
                             0,
                             0,
                             0};
    kernel.read_words(pass, classified.counts.high == 0);
    result.starters.resize(pass.starter_count);
    result.longest = pass.longest;
    result.glued = pass.glued;
    result.distinct = pass.distinct;
    return result;
}

bool same(const Words& a, const Words& b) {
    const auto same_token = [](const fastguard::Token& x, const fastguard::Token& y) {
        return x.hash == y.hash && x.begin == y.begin && x.end == y.end;
    };
    const auto same_block = [](const fastguard::GateBlock& x, const fastguard::GateBlock& y) {
        return x.sums == y.sums && x.count == y.count && x.toxicity == y.toxicity;
    };
    return std::equal(a.tokens.begin(), a.tokens.end(), b.tokens.begin(), b.tokens.end(), same_token) &&
           std::equal(a.blocks.begin(), a.blocks.end(), b.blocks.begin(), b.blocks.end(), same_block) &&
           a.ids == b.ids && a.starters == b.starters && a.longest == b.longest && a.glued == b.glued &&
           a.distinct == b.distinct;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto kernels = fastguard::available_kernels();
    const fastguard::Kernel& scalar = *kernels.back();
    require(scalar.name == "scalar", "the last kernel is the scalar one");
    // The first byte chooses where the text begins in its allocation; it always ends where the allocation ends.
    const std::size_t shift = data[0] % fastguard::kBlockBytes;
    const fastguard::fuzz::ExactText room(fastguard::fuzz::chars(data), size);
    const std::string_view text = room.view().substr(std::min(shift, size));
    const Classified expected = classify(scalar, text);
    const Words words = read_words(scalar, text, expected);
    for (const fastguard::Kernel* kernel : kernels) {
        require(classify(*kernel, text) == expected, "classes of the scalar kernel");
        check_in_place(*kernel, text, expected);
        require(same(read_words(*kernel, text, expected), words), "words of the scalar kernel");
    }
    return 0;
}
